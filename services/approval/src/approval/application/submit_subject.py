"""Submits a subject of any declared type for approval, and amends it while its approval is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Forbidden, Invalid, Stale, WrongState

from ..domain import engine
from ..domain.subjects import ENTER_BY_EVENT, changed_fields
from .open_approval import open_approval
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, running_process
from .recording import record_change
from .subject_content import complete_content, hash_of, judged_beforehand


@dataclass(frozen=True, slots=True)
class Submission:
    process: str
    subject_id: UUID
    revision: int
    content: dict[str, Any]
    requester: UUID | None
    """The requester, if not the actor. Only a machine client may submit for somebody else."""


async def submit_subject(ports: Ports, actor: Actor, submission: Submission) -> StoredApproval:
    """Submit a subject and open its approval. An open approval of an earlier revision is not stopped: it has
    to be recalled first, and until then the submission is refused."""
    requester = submission.requester or actor.person_id
    if requester != actor.person_id and actor.kind != "service":
        raise Forbidden("submits_for_another", field="requester_id")
    directory = await ports.directories.read()
    if directory.person(requester) is None:
        raise Invalid("person_unknown", field="requester_id", name=str(requester))
    draft = await ports.processes.find(submission.process)
    process = await ports.processes.version(draft.key, draft.published) if draft and draft.published else None
    if process is None or draft is None or draft.retired_at is not None:
        raise Invalid("process_unknown", field="process", process=submission.process)
    if process.subject.key in ENTER_BY_EVENT:
        raise WrongState("brief_submits_itself", field="process")
    newest = await ports.approvals.lock_newest(process.subject.key, submission.subject_id)
    if newest is not None:
        owner = directory.in_place_of(newest.approval.requester)
        if owner != requester:
            raise Absent("approval_absent")
        if newest.approval.state == "open":
            raise WrongState("subject_in_approval", field="subject_id")
        if newest.approval.subject_revision >= submission.revision:
            raise WrongState("revision_known", field="revision", newest=newest.approval.subject_revision)
    content = await complete_content(ports, process.submitted, submission.content, requester, directory)
    dated = engine.dated(process, content, ports.now, directory)
    process = await judged_beforehand(ports, process, dated)
    engine.every_choice_takes_a_case(process, dated)
    subject = engine.Subject(
        process.subject.key,
        submission.subject_id,
        submission.revision,
        requester,
        content,
        hash_of(content),
    )
    story = newest.correlation if newest is not None else None
    return await open_approval(ports, submission.process, subject, story, 0, process)


async def amend_subject(
    ports: Ports, actor: Actor, approval_id: UUID, content: dict[str, Any], expected_version: int | None
) -> StoredApproval:
    """Replace the content of an open approval. Only the steps that have judged a changed field begin again.
    An unchanged content changes nothing."""
    stored = await locked_visible_approval(ports, actor, approval_id)
    approval = stored.approval
    directory = await ports.directories.read()
    if directory.in_place_of(approval.requester) != actor.person_id and actor.kind != "service":
        raise Forbidden("only_requester_amends")
    if approval.subject_type in ENTER_BY_EVENT:
        raise WrongState("brief_amends_itself")
    if expected_version is not None and stored.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    process = await running_process(ports, approval)
    complete = await complete_content(ports, process.submitted, content, approval.requester, directory)
    if approval.state == "open" and not changed_fields(process.subject, approval.content, complete):
        return stored
    dated = engine.dated(process, {**complete, **approval.filled}, ports.now, directory)
    process = await judged_beforehand(ports, process, dated)
    result = engine.amend(approval, process, complete, hash_of(complete), ports.now, directory)
    return await record_change(ports, process, stored, result)
