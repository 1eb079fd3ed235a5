"""Pauses, resumes, moves and deletes webhooks."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain.webhooks import Webhook
from .ports import Ports
from .schedules import begin_checks, schedule_deliveries
from .set_up_webhook import place_of
from .webhook_facts import tell_of_change
from .webhook_of import webhook_of


async def pause_webhook(ports: Ports, actor: Actor, webhook_id: UUID) -> Webhook:
    """Pause a webhook. Raises WrongState unless it is active."""
    paused = (await webhook_of(ports, actor, webhook_id)).paused()
    await ports.webhooks.update(paused)
    tell_of_change(ports, paused, "paused")
    return paused


async def resume_webhook(ports: Ports, actor: Actor, webhook_id: UUID) -> Webhook:
    """Resume a webhook at the place where it stopped, so that no event is left out. Raises WrongState if it
    is active."""
    resumed = (await webhook_of(ports, actor, webhook_id)).resumed()
    await ports.webhooks.update(resumed)
    tell_of_change(ports, resumed, "resumed")
    schedule_deliveries(ports, resumed)
    begin_checks(ports)
    return resumed


async def move_webhook(
    ports: Ports, actor: Actor, webhook_id: UUID, *, after: UUID | None, from_the_beginning: bool
) -> Webhook:
    """Move a webhook: it goes on after the event `after`, from the beginning, or by default with future
    events."""
    webhook = await webhook_of(ports, actor, webhook_id)
    moved = webhook.moved(await place_of(ports, after, from_the_beginning=from_the_beginning))
    await ports.webhooks.update(moved)
    tell_of_change(ports, moved, "moved")
    schedule_deliveries(ports, moved)
    return moved


async def delete_webhook(ports: Ports, actor: Actor, webhook_id: UUID) -> None:
    """Delete a webhook together with its secrets and its delivery log."""
    webhook = await webhook_of(ports, actor, webhook_id)
    await ports.webhooks.delete(webhook_id)
    tell_of_change(ports, webhook, "deleted")
