"""Creates a webhook, whose receiver then gets every new event."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid

from ..domain.webhooks import Webhook, address_is_free, there_is_room_for_a_webhook
from .ports import Ports
from .schedules import begin_checks, schedule_deliveries
from .webhook_facts import tell_of_change
from .webhook_secrets import new_secret


@dataclass(frozen=True, slots=True)
class WebhookWithSecret:
    webhook: Webhook
    secret_id: UUID
    secret: str
    """The secret's text. It is shown only this once."""


async def set_up_webhook(
    ports: Ports,
    actor: Actor,
    *,
    url: str,
    types: tuple[str, ...],
    description: str,
    after: UUID | None,
    from_the_beginning: bool,
) -> WebhookWithSecret:
    """Create a webhook, which may see what the actor may see, now and later. It delivers what follows the
    event `after`, or everything if `from_the_beginning`, or otherwise only future events. Raises Forbidden
    without `trail.read_all`, and Invalid if `after` is not in the trail."""
    actor.require("trail.read_all")
    await ports.webhooks.lock_all()
    there_is_room_for_a_webhook(await ports.webhooks.count())
    address_is_free(await ports.webhooks.find_by_url(url))
    webhook = Webhook(
        id=new_id(),
        owner_id=actor.person_id,
        privileges=actor.privileges,
        url=url,
        types=types,
        description=description,
        position=await place_of(ports, after, from_the_beginning=from_the_beginning),
    )
    await ports.webhooks.insert(webhook)
    secret_id, secret = await new_secret(ports, webhook.id)
    tell_of_change(ports, webhook, "created")
    schedule_deliveries(ports, webhook)
    begin_checks(ports)
    return WebhookWithSecret(webhook, secret_id, secret)


async def place_of(ports: Ports, after: UUID | None, *, from_the_beginning: bool) -> int:
    """Return the number of the entry after which a webhook goes on: that of the event `after`, 0 for the
    beginning or, by default, that of the newest entry."""
    if after is not None and from_the_beginning:
        raise Invalid("two_places", field="from_the_beginning")
    if after is not None:
        number = await ports.trail.number_of(after)
        if number is None:
            raise Invalid("event_absent", field="after")
        return number
    return 0 if from_the_beginning else (await ports.trail.head()).number
