"""Marketing drafts a brief."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optima_contracts.brief import BriefDrafted
from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.brief import Brief
from ..domain.content import Content
from ..domain.forms import Form, filled_in
from ..domain.lifecycle import AuditContext
from ..domain.rules import brief_number, day_in_rome
from ..domain.types import may_begin_with
from .ports import Ports


async def draft_typed_brief(
    ports: Ports, actor: Actor, content: Content, type_key: str | None, answers: Mapping[str, Any]
) -> Brief:
    """Draft a brief with the newest version of the type that `type_key` names, if any. The type must be
    offered."""
    if type_key is not None:
        begun = may_begin_with(await ports.types.find_type(type_key))
        content = content.model_copy(update={"type_key": begun.key, "type_version": begun.version})
    return await draft_brief(ports, actor, await with_answers(ports, content, answers))


async def with_answers(ports: Ports, content: Content, answers: Mapping[str, Any]) -> Content:
    """Return the content with the answers to its type's form. Raises Violations if the form, or the absence
    of a type, does not allow an answer."""
    form = await form_for(ports, content)
    return content.model_copy(update={"form": filled_in(form, answers)})


async def form_for(ports: Ports, content: Content) -> Form:
    """Return the form of the type version with which the brief began, or an empty form if it has no type."""
    if content.type_key is None:
        return Form({}, {})
    begun = await ports.types.find_type(content.type_key, content.type_version)
    assert begun is not None, "versions of types stay"
    return begun.form


async def draft_brief(ports: Ports, actor: Actor, content: Content) -> Brief:
    """Create a brief with the tenant's next number of the year."""
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
