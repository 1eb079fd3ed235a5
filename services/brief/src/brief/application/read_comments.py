"""Somebody has read a brief's comments."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.brief import BriefCommentsRead
from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.comments import MOST_UNREAD
from .ports import Ports, UnreadComments
from .read.access import visible_brief


async def read_comments(ports: Ports, actor: Actor, brief_id: UUID, comment_id: UUID) -> UnreadComments:
    """Record that the actor has read the comments up to this one. Return what is still unread. If the actor
    had read further before, nothing changes and no event is published."""
    await visible_brief(ports, actor, brief_id)
    if await ports.briefs.find_comment(brief_id, comment_id) is None:
        raise Absent("comment_absent")
    moved = await ports.briefs.upsert_comments_read(brief_id, actor.person_id, comment_id, ports.now)
    unread = (await ports.briefs.list_unread_comments(actor.person_id, [brief_id], MOST_UNREAD))[brief_id]
    if moved:
        told = BriefCommentsRead(brief_id=brief_id, comment_id=comment_id, all_read=unread.count == 0)
        ports.outbox.add(told, subject=brief_id, correlation=brief_id)
    return unread
