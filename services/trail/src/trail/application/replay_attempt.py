"""Delivers the event of one attempt once more."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from .ports import Ports
from .read.access import read_scope_of
from .schedules import schedule_redelivery
from .webhook_of import webhook_of


async def replay_attempt(ports: Ports, actor: Actor, webhook_id: UUID, attempt_id: UUID) -> None:
    """Schedule another delivery of an attempt's event for now, in whatever state the webhook is. The
    webhook's position in the trail stays. Raises Absent for an attempt that the actor may not see."""
    await webhook_of(ports, actor, webhook_id)
    attempt = await ports.webhooks.find_attempt(webhook_id, attempt_id, read_scope_of(actor))
    if attempt is None:
        raise Absent("attempt_absent")
    schedule_redelivery(ports, attempt)
