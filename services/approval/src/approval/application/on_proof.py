"""Opens an approval for each version of a proof, and stops it when the next version is submitted or the
review ends without a decision, for example because the brief is cancelled."""

from __future__ import annotations

from typing import Any

from optima_contracts.brief import ProofReviewEnded, ProofSubmitted
from optima_kit.refusals import NotYet

from ..domain import engine
from ..domain.directory import Directory
from ..domain.subjects import person_content
from .cancel_approval import cancel_approval
from .open_approval import open_approval
from .ports import Ports

SUBJECT_TYPE = "proof"


async def on_proof_submitted(ports: Ports, event: ProofSubmitted, sequence: int) -> None:
    """Open an approval for a version of a proof, after stopping one of an earlier version. A duplicate or an
    earlier version than the known one changes nothing. People approve the file, so the file's hash is the
    content's hash. Raises NotYet if one of the people is not known yet."""
    newest = await ports.approvals.lock_newest(SUBJECT_TYPE, event.proof_id)
    if newest is not None and newest.approval.subject_revision >= event.version:
        return
    directory = await ports.directories.read()
    for person_id in (event.requester_id, *event.reviewer_ids):
        if directory.person(person_id) is None:
            raise NotYet(f"person {person_id} not known yet")
    if newest is not None and newest.approval.state == "open":
        await cancel_approval(ports, newest, "superseded")
    content = _judged_content(event, directory)
    subject = engine.Subject(
        SUBJECT_TYPE, event.proof_id, event.version, event.requester_id, content, event.sha256
    )
    await open_approval(ports, event.process, subject, event.brief_id, sequence)


async def on_proof_review_ended(ports: Ports, event: ProofReviewEnded) -> None:
    """Stop the approval of a proof whose review ended without a verdict. A verdict, which follows from this
    service's own decision, a duplicate or an event about an earlier version changes nothing. Raises NotYet if
    the version has not been submitted yet."""
    if event.outcome != "not_reviewed":
        return
    newest = await ports.approvals.lock_newest(SUBJECT_TYPE, event.proof_id)
    if newest is None or newest.approval.subject_revision < event.version:
        raise NotYet(f"version {event.version} of proof {event.proof_id} not submitted yet")
    if newest.approval.subject_revision == event.version and newest.approval.state == "open":
        await cancel_approval(ports, newest, "withdrawn")


def _judged_content(event: ProofSubmitted, directory: Directory) -> dict[str, Any]:
    told = event.model_dump(
        mode="json",
        include={"number", "title", "version", "file_name", "media_type", "size", "sha256", "due_on"},
        exclude_none=True,
    )
    return {
        **told,
        "requester": person_content(directory, str(event.requester_id)),
        "reviewers": [person_content(directory, str(each)) for each in event.reviewer_ids],
    }
