"""The requester cancels a brief, as long as no goods have left."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor

from ..domain.brief import Brief
from ..domain.lifecycle import AuditContext
from .access import own_brief_to_change
from .ports import Ports
from .tell_cancelled import tell_cancelled


async def cancel_brief(
    ports: Ports, actor: Actor, brief_id: UUID, expected_version: int | None, reason: str
) -> Brief:
    """Cancel the brief. Approval, production and logistics then stop what they can. If goods had left without
    this service knowing, logistics refuses the cancellation and the brief goes on in delivery."""
    brief = await own_brief_to_change(ports, actor, brief_id, expected_version)
    context = AuditContext(ports.now, actor.person_id)
    left = brief.cancel(reason, context)
    await ports.briefs.update_brief(brief)
    await tell_cancelled(ports, brief, reason, left, context)
    return brief
