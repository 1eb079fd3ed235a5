"""The requester replaces a draft's content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from optima_contracts.brief import BriefRevised
from optima_kit.actor import Actor

from ..domain.brief import Brief
from ..domain.content import Content
from .access import own_brief_to_change
from .draft_brief import with_answers
from .ports import Ports


async def revise_brief(
    ports: Ports,
    actor: Actor,
    brief_id: UUID,
    expected_version: int | None,
    content: Content,
    answers: Mapping[str, Any],
    kept_items: Collection[UUID],
) -> Brief:
    """Replace the draft's content. `kept_items` are the ids that `content` takes over from the draft.
    Attachments and the type with which the brief began stay as they are."""
    brief = await own_brief_to_change(ports, actor, brief_id, expected_version)
    draft = brief.open_draft()
    begun = {"type_key": draft.type_key, "type_version": draft.type_version}
    content = await with_answers(ports, content.model_copy(update=begun), answers)
    brief.revise(content, kept_items, ports.now)
    await ports.briefs.update_brief(brief)
    revised = BriefRevised(brief_id=brief_id, revision=brief.revision, title=content.title)
    ports.outbox.add(revised, subject=brief_id, correlation=brief_id)
    return brief
