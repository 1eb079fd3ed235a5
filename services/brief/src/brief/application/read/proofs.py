"""Read proofs, their files, pages and annotations. People who may see a brief may see its proofs; each
function raises Absent for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.brief import Brief
from ...domain.content import Attachment
from ...domain.proofs import Annotation, PreviewState, Proof, ProofVersion
from ..ports import Ports
from .access import (
    actions_on_annotation,
    actions_on_proof,
    actions_on_version,
    seen,
    visible_brief,
)
from .proof_views import (
    AnnotationView,
    AreaView,
    ProofFileView,
    ProofVersionView,
    ProofView,
    ReplyView,
)

Names = Mapping[UUID, str]


async def list_proofs(ports: Ports, actor: Actor, brief_id: UUID, query: PageQuery) -> Page[ProofView]:
    """List a brief's proofs, oldest first."""
    return await show_proofs(ports, actor, await visible_brief(ports, actor, brief_id), query)


async def show_proofs(ports: Ports, actor: Actor, brief: Brief, query: PageQuery) -> Page[ProofView]:
    """List the proofs of a loaded brief that the reader may see."""
    found = await ports.proofs.list_proofs(brief.brief_id, query.after(UUID), query.rows)
    names = await ports.directory.names(each for proof in found for each in _people_in(proof))
    return page_of(
        query, found, lambda proof: _proof(actor, brief, proof, names), lambda proof: proof.proof_id
    )


async def read_proof(ports: Ports, actor: Actor, proof_id: UUID) -> ProofView:
    brief, proof = await _visible_proof(ports, actor, proof_id)
    return await show_proof(ports, actor, brief, proof)


async def show_proof(ports: Ports, actor: Actor, brief: Brief, proof: Proof) -> ProofView:
    """Build the view of a loaded proof."""
    return _proof(actor, brief, proof, await ports.directory.names(_people_in(proof)))


async def read_file(ports: Ports, actor: Actor, proof_id: UUID, version: int) -> tuple[Attachment, bytes]:
    _, proof = await _visible_proof(ports, actor, proof_id)
    file = proof.version(version).file
    data = await ports.proofs.find_file(proof_id, version)
    assert data is not None
    return file, data


async def read_page(
    ports: Ports, actor: Actor, proof_id: UUID, version: int, page: int, *, thumbnail: bool
) -> bytes:
    """Read the picture of a page, in WebP. Raises Absent, with the code `preview_pending` while it is being
    made."""
    _, proof = await _visible_proof(ports, actor, proof_id)
    found = proof.version(version)
    if found.preview is PreviewState.PENDING:
        raise Absent("preview_pending")
    if not 1 <= page <= found.pages:
        raise Absent("proof_page_absent")
    image = await ports.proofs.find_page(proof_id, version, page, thumbnail=thumbnail)
    assert image is not None
    return image


async def list_annotations(
    ports: Ports, actor: Actor, proof_id: UUID, version: int, query: PageQuery
) -> Page[AnnotationView]:
    """List the annotations of a version, oldest first."""
    _, proof = await _visible_proof(ports, actor, proof_id)
    proof.version(version)
    found = await ports.proofs.list_annotations(proof_id, version, query.after(UUID), query.rows)
    names = await ports.directory.names(each.resolved_by for each in found)
    return page_of(
        query, found, lambda each: _annotation(actor, proof, each, names), lambda each: each.annotation_id
    )


async def show_annotation(ports: Ports, actor: Actor, proof: Proof, annotation: Annotation) -> AnnotationView:
    """Build the view of a loaded annotation."""
    return _annotation(actor, proof, annotation, await ports.directory.names([annotation.resolved_by]))


async def _visible_proof(ports: Ports, actor: Actor, proof_id: UUID) -> tuple[Brief, Proof]:
    proof = await ports.proofs.find_proof(proof_id)
    if proof is None:
        raise Absent("proof_absent")
    try:
        return seen(actor, await ports.briefs.find_brief(proof.brief_id)), proof
    except Absent as absent:
        raise Absent("proof_absent") from absent


def _people_in(proof: Proof) -> Iterator[UUID | None]:
    for version in proof.versions:
        yield version.submitted_by
        yield version.ended_by
        yield from version.reviewer_ids


def _proof(actor: Actor, brief: Brief, proof: Proof, names: Names) -> ProofView:
    return ProofView(
        id=proof.proof_id,
        brief_id=proof.brief_id,
        title=proof.title,
        state=proof.newest.state,
        versions=[_version(actor, proof, version, names) for version in reversed(proof.versions)],
        actions=actions_on_proof(actor, brief),
    )


def _version(actor: Actor, proof: Proof, version: ProofVersion, names: Names) -> ProofVersionView:
    file = version.file
    return ProofVersionView(
        version=version.version,
        file=ProofFileView(name=file.name, media_type=file.media_type, size=file.size, sha256=file.sha256),
        state=version.state,
        process=version.process,
        reviewers=[PersonView(id=each, name=names.get(each)) for each in version.reviewer_ids],
        due_on=version.due_on,
        submitted_at=version.submitted_at,
        submitted_by=PersonView(id=version.submitted_by, name=names.get(version.submitted_by)),
        approval_id=version.approval_id,
        reason=version.reason,
        ended_at=version.ended_at,
        ended_by=PersonView.of(version.ended_by, names),
        preview=version.preview,
        pages=version.pages,
        actions=actions_on_version(actor, proof, version),
    )


def _annotation(actor: Actor, proof: Proof, annotation: Annotation, names: Names) -> AnnotationView:
    area = annotation.area
    return AnnotationView(
        id=annotation.annotation_id,
        page=annotation.page,
        area=AreaView(x=area.x, y=area.y, width=area.width, height=area.height),
        text=annotation.text,
        author=PersonView(id=annotation.author_id, name=annotation.author_name or None),
        at=annotation.at,
        resolved_at=annotation.resolved_at,
        resolved_by=PersonView.of(annotation.resolved_by, names),
        replies=[
            ReplyView(
                author=PersonView(id=each.author_id, name=each.author_name or None),
                text=each.text,
                at=each.at,
            )
            for each in annotation.replies
        ],
        actions=actions_on_annotation(actor, proof, annotation),
    )
