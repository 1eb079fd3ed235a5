"""Whoever sees a brief and may comment says something about it."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.brief import BriefCommented
from optima_kit.actor import Actor
from optima_kit.ids import new_id

from .ports import Comment, Ports
from .read.access import visible_brief


async def comment_brief(ports: Ports, actor: Actor, brief_id: UUID, text: str) -> Comment:
    """Possible in every state. The text stays in this service: the event names the comment alone."""
    await visible_brief(ports, actor, brief_id)
    comment = Comment(new_id(), actor.person_id, actor.name, text, ports.now)
    await ports.briefs.insert_comment(brief_id, comment)
    commented = BriefCommented(brief_id=brief_id, comment_id=comment.comment_id)
    ports.outbox.add(commented, subject=brief_id, correlation=brief_id)
    return comment
