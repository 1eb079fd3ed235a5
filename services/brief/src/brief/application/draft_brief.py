"""Marketing drafts a brief."""

from __future__ import annotations

from optima_contracts.brief import BriefDrafted
from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.brief import Brief
from ..domain.content import Content
from ..domain.lifecycle import AuditContext
from ..domain.rules import brief_number, day_in_rome
from .ports import Ports


async def draft_brief(ports: Ports, actor: Actor, content: Content) -> Brief:
    """The new brief, with the tenant's next number of the year."""
    year = day_in_rome(ports.now).year
    brief = Brief.drafted(
        brief_id=new_id(),
        number=brief_number(year, await ports.briefs.next_brief_number(year)),
        requester_id=actor.person_id,
        requester_name=actor.name,
        unit_id=actor.unit_id,
        content=content,
        context=AuditContext(ports.now, actor.person_id),
    )
    await ports.briefs.insert_brief(brief)
    drafted = BriefDrafted(
        brief_id=brief.brief_id,
        number=brief.number,
        title=content.title,
        requester_id=brief.requester_id,
        unit_id=brief.unit_id,
    )
    ports.outbox.add(drafted, subject=brief.brief_id, correlation=brief.brief_id)
    return brief
