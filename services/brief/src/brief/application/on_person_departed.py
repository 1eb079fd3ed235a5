"""Somebody left: their briefs that are under way have who took over as requester from now on."""

from __future__ import annotations

from optima_contracts.brief import BriefHandedOver
from optima_contracts.identity import PersonDeparted

from ..domain.lifecycle import AuditContext
from .ports import Ports


async def on_person_departed(ports: Ports, event: PersonDeparted, context: AuditContext) -> None:
    """Briefs that are over keep the name of who asked for them. A duplicate, or a departure that is told
    late, finds no more of theirs."""
    for brief_id in await ports.briefs.lock_briefs_under_way_of(event.person_id):
        brief = await ports.briefs.lock_brief(brief_id)
        assert brief is not None
        brief.hand_over(event.successor_id, event.successor_name or "", context)
        await ports.briefs.update_brief(brief)
        fact = BriefHandedOver(
            brief_id=brief_id,
            number=brief.number,
            from_person_id=event.person_id,
            to_person_id=event.successor_id,
        )
        ports.outbox.add(fact, subject=brief_id, correlation=brief_id)
