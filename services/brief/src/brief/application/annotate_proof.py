"""People who see a brief and may comment annotate its proofs, and answer, resolve and reopen annotations."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from uuid import UUID

from optima_contracts.brief import ProofAnnotated
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, WrongState

from ..domain.proofs import (
    MAX_ANNOTATIONS,
    MAX_REPLIES,
    Annotation,
    Area,
    Proof,
    Reply,
    annotation_may_be_settled,
    mark_lies_on_the_page,
    version_may_be_annotated,
)
from .ports import Ports
from .submit_proof import proof_to_change


async def annotate_proof(
    ports: Ports, actor: Actor, proof_id: UUID, version: int, page: int, area: Area, text: str
) -> tuple[Proof, Annotation]:
    """Annotate a version that is in review. The text stays in this service; the event contains only the
    annotation's id."""
    _, proof = await proof_to_change(ports, actor, proof_id)
    found = proof.version(version)
    version_may_be_annotated(proof, found)
    mark_lies_on_the_page(found, page, area)
    if len(await ports.proofs.list_annotations(proof_id, version, None, MAX_ANNOTATIONS)) >= MAX_ANNOTATIONS:
        raise WrongState("annotations_too_many", limit=MAX_ANNOTATIONS)
    annotation = Annotation(
        annotation_id=new_id(),
        proof_id=proof_id,
        version=version,
        page=page,
        area=area,
        text=text,
        author_id=actor.person_id,
        author_name=actor.name,
        at=ports.now,
    )
    ports.proofs.insert_annotation(annotation)
    _tell(ports, proof, annotation, "annotated")
    return proof, annotation


async def answer_annotation(
    ports: Ports, actor: Actor, annotation_id: UUID, text: str
) -> tuple[Proof, Annotation]:
    proof, annotation = await _annotation_to_change(ports, actor, annotation_id)
    if len(annotation.replies) >= MAX_REPLIES:
        raise WrongState("replies_too_many", limit=MAX_REPLIES)
    reply = Reply(actor.person_id, actor.name, text, ports.now)
    ports.proofs.insert_reply(annotation_id, reply)
    _tell(ports, proof, annotation, "answered")
    return proof, replace(annotation, replies=(*annotation.replies, reply))


async def settle_annotation(
    ports: Ports, actor: Actor, annotation_id: UUID, *, resolved: bool
) -> tuple[Proof, Annotation]:
    """Resolve an annotation or reopen it. If it is in that state already, nothing happens."""
    proof, annotation = await _annotation_to_change(ports, actor, annotation_id)
    if resolved == (annotation.resolved_at is not None):
        return proof, annotation
    after = replace(
        annotation,
        resolved_at=ports.now if resolved else None,
        resolved_by=actor.person_id if resolved else None,
    )
    ports.proofs.update_annotation(after)
    _tell(ports, proof, after, "resolved" if resolved else "reopened")
    return proof, after


async def _annotation_to_change(ports: Ports, actor: Actor, annotation_id: UUID) -> tuple[Proof, Annotation]:
    known = await ports.proofs.find_annotation(annotation_id)
    if known is None:
        raise Absent("annotation_absent")
    try:
        _, proof = await proof_to_change(ports, actor, known.proof_id)
    except Absent as absent:
        raise Absent("annotation_absent") from absent
    annotation_may_be_settled(proof, known.version)
    annotation = await ports.proofs.find_annotation(annotation_id)
    assert annotation is not None
    return proof, annotation


def _tell(
    ports: Ports,
    proof: Proof,
    annotation: Annotation,
    act: Literal["annotated", "answered", "resolved", "reopened"],
) -> None:
    annotated = ProofAnnotated(
        brief_id=proof.brief_id,
        proof_id=proof.proof_id,
        version=annotation.version,
        annotation_id=annotation.annotation_id,
        act=act,
    )
    ports.outbox.add(annotated, subject=proof.proof_id, correlation=proof.brief_id)
