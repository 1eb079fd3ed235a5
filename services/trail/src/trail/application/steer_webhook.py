"""Stop a webhook for a while, let it go on, send it to another place of the trail, or take it away."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain.webhooks import Webhook
from .ports import Ports
from .schedules import owe_deliveries, owe_look
from .set_up_webhook import place_of
from .webhook_facts import tell_of_change
from .webhook_of import webhook_of


async def pause_webhook(ports: Ports, actor: Actor, webhook_id: UUID) -> Webhook:
    """Raises WrongState unless it is active."""
    paused = (await webhook_of(ports, actor, webhook_id)).paused()
    await ports.webhooks.update(paused)
    tell_of_change(ports, paused, "paused")
    return paused


async def resume_webhook(ports: Ports, actor: Actor, webhook_id: UUID) -> Webhook:
    """It tells on from where it stood: nothing is left out. Raises WrongState while it is active."""
    resumed = (await webhook_of(ports, actor, webhook_id)).resumed()
    await ports.webhooks.update(resumed)
    tell_of_change(ports, resumed, "resumed")
    owe_deliveries(ports, resumed)
    owe_look(ports)
    return resumed


async def move_webhook(
    ports: Ports, actor: Actor, webhook_id: UUID, *, after: UUID | None, from_the_beginning: bool
) -> Webhook:
    """It goes on after that event, or from the beginning, or with what is still to come."""
    webhook = await webhook_of(ports, actor, webhook_id)
    moved = webhook.moved(await place_of(ports, after, from_the_beginning=from_the_beginning))
    await ports.webhooks.update(moved)
    tell_of_change(ports, moved, "moved")
    owe_deliveries(ports, moved)
    return moved


async def delete_webhook(ports: Ports, actor: Actor, webhook_id: UUID) -> None:
    """With its secrets and its log."""
    webhook = await webhook_of(ports, actor, webhook_id)
    await ports.webhooks.delete(webhook_id)
    tell_of_change(ports, webhook, "deleted")
