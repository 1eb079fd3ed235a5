"""People comment on a step, or ask somebody a question about it, while the step goes on waiting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from optima_contracts.approval import CommentAnswered, Commented
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Forbidden, Invalid, WrongState

from ..domain.process import Process
from .facts import recipients
from .ports import Comment, Ports, StoredApproval
from .read.access import locked_visible_approval, may_answer, may_comment, running_process, visible_approval


async def comment(
    ports: Ports, actor: Actor, approval_id: UUID, step: str, text: str, to_person: UUID | None
) -> Comment:
    """Add a comment to a step. With `to_person` it is a question to that person, who must be the requester or
    somebody who is or was asked about the approval."""
    stored = await locked_visible_approval(ports, actor, approval_id)
    approval = stored.approval
    process = await running_process(ports, approval)
    if approval.state != "open":
        raise WrongState("approval_ended", state=approval.state)
    directory = await ports.directories.read()
    if not may_comment(directory, process, approval, actor, ports):
        raise Forbidden("comments_of_concerned_alone")
    if step not in approval.steps:
        raise Invalid("step_unknown", field="step", step=step)
    if to_person is not None and (
        to_person == actor.person_id or not await ports.approvals.concerns(approval_id, to_person)
    ):
        raise Invalid("question_to_unconcerned", field="to_person_id")
    written = Comment(new_id(), approval_id, step, actor.person_id, text, to_person, ports.now)
    await ports.comments.add(written)
    asked = [part.person for part in approval.steps[step].parts.values() if part.state == "requested"]
    readers = [directory.in_place_of(approval.requester), *asked] if to_person is None else [to_person]
    fact = Commented(
        approval_id=approval_id,
        step=step,
        comment_id=written.id,
        person_id=actor.person_id,
        to_person_id=to_person,
        recipients=recipients(readers, directory, actor.person_id),
        **_named(stored, process, step),
    )
    ports.outbox.add(fact, subject=approval_id, correlation=stored.correlation)
    return written


async def answer_comment(
    ports: Ports, actor: Actor, approval_id: UUID, comment_id: UUID, text: str
) -> Comment:
    """Answer a question, also after the approval has ended. Only the person who was asked, or their
    successor, may answer it, and only once."""
    stored = await visible_approval(ports, actor, approval_id)
    asked = await ports.comments.lock(approval_id, comment_id)
    if asked is None:
        raise Absent("comment_absent")
    directory = await ports.directories.read()
    if not may_answer(directory, asked, actor):
        raise Forbidden("question_to_another")
    if asked.answer is not None:
        raise WrongState("question_answered")
    answered = replace(asked, answer=text, answered_by=actor.person_id, answered_at=ports.now)
    await ports.comments.save_answer(answered)
    process = await running_process(ports, stored.approval)
    fact = CommentAnswered(
        approval_id=approval_id,
        step=asked.step,
        comment_id=comment_id,
        person_id=actor.person_id,
        recipients=recipients([asked.person_id], directory, actor.person_id),
        **_named(stored, process, asked.step),
    )
    ports.outbox.add(fact, subject=approval_id, correlation=stored.correlation)
    return answered


def _named(stored: StoredApproval, process: Process, step: str) -> dict[str, Any]:
    known = process.steps.get(step)
    return {"title": stored.title or None, "step_name": known.name or None if known is not None else None}
