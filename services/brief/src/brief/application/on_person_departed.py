"""Hand over the briefs of a person who has left the company to their successor."""

from __future__ import annotations

from optima_contracts.brief import BriefHandedOver
from optima_contracts.identity import PersonDeparted

from ..domain.lifecycle import AuditContext
from .ports import Ports


async def on_person_departed(ports: Ports, event: PersonDeparted, context: AuditContext) -> None:
    """Make the successor the requester of the person's briefs that are under way. Briefs that are over keep
    their requester. A duplicate or a late event finds no briefs to hand over."""
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
