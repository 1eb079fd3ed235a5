"""Changes a webhook's address, description and types of events."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Stale

from ..domain.webhooks import Webhook, address_is_free
from .ports import Ports
from .schedules import schedule_deliveries
from .webhook_facts import tell_of_change
from .webhook_of import webhook_of


async def revise_webhook(
    ports: Ports,
    actor: Actor,
    webhook_id: UUID,
    expected_version: int,
    *,
    url: str,
    types: tuple[str, ...],
    description: str,
) -> Webhook:
    """Change a webhook and make the actor its owner. Otherwise the actor could have events sent to an address
    of their own that they may not see. Raises Forbidden if the actor may not read the whole trail, and Stale
    if the webhook has another version than the expected one."""
    actor.require("trail.read_all")
    await ports.webhooks.lock_all()
    webhook = await webhook_of(ports, actor, webhook_id)
    if webhook.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    address_is_free(await ports.webhooks.find_by_url(url), webhook)
    revised = webhook.revised(
        owner_id=actor.person_id,
        privileges=actor.privileges,
        url=url,
        types=types,
        description=description,
    )
    await ports.webhooks.update(revised)
    tell_of_change(ports, revised, "revised")
    schedule_deliveries(ports, revised)
    return revised
