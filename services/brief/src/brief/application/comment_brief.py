"""People who see a brief and may comment write comments, and may change them for a few minutes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from optima_contracts.brief import BriefCommented, BriefCommentEdited
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid

from ..domain.brief import Brief
from ..domain.comments import Comment, edited
from .ports import Ports
from .read.access import person_sees_brief, visible_brief


async def comment_brief(
    ports: Ports, actor: Actor, brief_id: UUID, text: str, mentioned_ids: Sequence[UUID]
) -> Comment:
    """Comment on a brief in any state. The text stays in this service; the event contains only the comment's
    id."""
    brief = await visible_brief(ports, actor, brief_id)
    mentioned = await _who_may_be_mentioned(ports, brief, mentioned_ids)
    comment = Comment(new_id(), actor.person_id, actor.name, text, ports.now, mentioned)
    await ports.briefs.insert_comment(brief_id, comment)
    commented = BriefCommented(
        brief_id=brief_id, comment_id=comment.comment_id, mentioned_ids=list(mentioned)
    )
    ports.outbox.add(commented, subject=brief_id, correlation=brief_id)
    return comment


async def edit_comment(
    ports: Ports, actor: Actor, brief_id: UUID, comment_id: UUID, text: str, mentioned_ids: Sequence[UUID]
) -> Comment:
    """Change a comment. Only its author may, within five minutes. The former text stays readable."""
    brief = await visible_brief(ports, actor, brief_id)
    comment = await ports.briefs.find_comment(brief_id, comment_id)
    if comment is None:
        raise Absent("comment_absent")
    mentioned = await _who_may_be_mentioned(ports, brief, mentioned_ids, already=comment.mentioned_ids)
    after = edited(comment, text, mentioned, by=actor.person_id, now=ports.now)
    await ports.briefs.insert_comment_edit(brief_id, after)
    newly = [person_id for person_id in mentioned if person_id not in comment.mentioned_ids]
    told = BriefCommentEdited(brief_id=brief_id, comment_id=comment_id, mentioned_ids=newly)
    ports.outbox.add(told, subject=brief_id, correlation=brief_id)
    return after


async def _who_may_be_mentioned(
    ports: Ports, brief: Brief, ids: Sequence[UUID], *, already: Collection[UUID] = ()
) -> tuple[UUID, ...]:
    """Return the mentioned people, each once. People mentioned `already` stay, even if they have left since.
    Raises Invalid if somebody is unknown or may not see the brief. The refusal does not name the person,
    because that would reveal who may see what."""
    mentioned = tuple(dict.fromkeys(ids))
    for person_id in mentioned:
        if person_id in already:
            continue
        person = await ports.directory.find_person(person_id)
        if person is None or not person_sees_brief(person, brief):
            raise Invalid("mention_not_possible", field="mentioned_ids")
    return mentioned
