"""Submit a proof of a brief, or its next version, for review."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_contracts.brief import ProofReviewEnded, ProofSubmitted
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid, WrongState

from ..domain.brief import Brief
from ..domain.content import Attachment
from ..domain.proofs import MAX_PROOFS, Proof, ProofVersion, proofs_may_be_submitted
from .access import brief_to_change
from .attach_file import SentFile, file_is_what_it_says
from .ports import Ports
from .read.access import may_review, seen

PREVIEW: Final = "proof.preview"


class RenderPreview(BaseModel):
    proof_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Review:
    """How a version of a proof is to be reviewed."""

    process: str
    reviewer_ids: Sequence[UUID] = ()
    due_on: date | None = None


async def submit_proof(
    ports: Ports, actor: Actor, brief_id: UUID, title: str, file: SentFile, review: Review
) -> tuple[Brief, Proof]:
    """Submit the first version of a proof. Only the approval service knows whether the process exists: if it
    cannot open a review, the review ends without a verdict."""
    brief = await brief_to_change(ports, actor, brief_id)
    if len(await ports.proofs.list_proofs(brief_id, None, MAX_PROOFS)) >= MAX_PROOFS:
        raise WrongState("proofs_too_many", limit=MAX_PROOFS)
    proof = Proof(new_id(), brief_id, title)
    ports.proofs.insert_proof(proof)
    await _submit(ports, actor, brief, proof, file, review)
    return brief, proof


async def submit_proof_version(
    ports: Ports, actor: Actor, proof_id: UUID, file: SentFile, review: Review
) -> tuple[Brief, Proof]:
    """Submit the next version of a proof. The version before it no longer counts, and its review ends."""
    brief, proof = await proof_to_change(ports, actor, proof_id)
    before = proof.newest
    await _submit(ports, actor, brief, proof, file, review)
    ports.proofs.update_version(proof_id, before)
    return brief, proof


async def proof_to_change(ports: Ports, actor: Actor, proof_id: UUID) -> tuple[Brief, Proof]:
    """Return a proof and its brief, locked. Raises Absent if the actor may not see the brief."""
    known = await ports.proofs.find_proof(proof_id)
    if known is None:
        raise Absent("proof_absent")
    try:
        brief = seen(actor, await ports.briefs.lock_brief(known.brief_id))
    except Absent as absent:
        raise Absent("proof_absent") from absent
    proof = await ports.proofs.find_proof(proof_id)
    assert proof is not None
    return brief, proof


async def _submit(
    ports: Ports, actor: Actor, brief: Brief, proof: Proof, file: SentFile, review: Review
) -> None:
    file_is_what_it_says(file.data, file.media_type)
    proofs_may_be_submitted(brief)
    for reviewer_id in review.reviewer_ids:
        reviewer = await ports.directory.find_person(reviewer_id)
        if reviewer is None or not may_review(reviewer, brief):
            raise Invalid("reviewer_cannot_review", field="reviewer_ids")
    sent = Attachment(
        attachment_id=new_id(),
        name=file.name,
        media_type=file.media_type,
        size=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
    )
    version = proof.submit(
        sent, review.process, review.reviewer_ids, review.due_on, at=ports.now, by=actor.person_id
    )
    ports.proofs.insert_version(proof.proof_id, version, file.data)
    wanted = RenderPreview(proof_id=proof.proof_id, version=version.version)
    ports.jobs.schedule(PREVIEW, wanted, key=f"{proof.proof_id}:{version.version}")
    submitted = ProofSubmitted(
        brief_id=brief.brief_id,
        proof_id=proof.proof_id,
        version=version.version,
        number=brief.number,
        title=proof.title,
        file_name=sent.name,
        media_type=sent.media_type,
        size=sent.size,
        sha256=sent.sha256,
        process=review.process,
        requester_id=actor.person_id,
        reviewer_ids=list(version.reviewer_ids),
        due_on=review.due_on,
    )
    ports.outbox.add(submitted, subject=proof.proof_id, correlation=brief.brief_id)


def tell_of_end(ports: Ports, brief: Brief, proof: Proof, version: ProofVersion) -> None:
    """Publish that the version's review is over, with its outcome."""
    ended = ProofReviewEnded.model_validate(
        {
            "brief_id": brief.brief_id,
            "proof_id": proof.proof_id,
            "version": version.version,
            "number": brief.number,
            "title": proof.title,
            "sha256": version.file.sha256,
            "outcome": version.state.value,
            "requester_id": version.submitted_by,
        }
    )
    ports.outbox.add(ended, subject=proof.proof_id, correlation=brief.brief_id)
