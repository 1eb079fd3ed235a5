"""Endpoints for proofs: submit versions, look at their pages, and annotate them."""

from __future__ import annotations

from uuid import UUID

from optima_kit.file_names import BEGINNINGS
from optima_kit.http import Call, Content, Created, Page, PageQuery, Routes

from ..application.annotate_proof import annotate_proof, answer_annotation, settle_annotation
from ..application.attach_file import SentFile
from ..application.ports import Ports
from ..application.read import proofs
from ..application.read.proof_views import AnnotationView, ProofView
from ..application.submit_proof import submit_proof, submit_proof_version
from ..domain.rules import MAX_ATTACHMENT_BYTES
from .requests import (
    AnnotateProof,
    AnswerAnnotation,
    PreviewQuery,
    ProofQuery,
    SettleAnnotation,
    VersionQuery,
)

proof_routes = Routes()


@proof_routes.post(
    "/v1/briefs/{brief_id}/proofs",
    privilege="approval.open",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MAX_ATTACHMENT_BYTES,
)
async def post_proof(call: Call[Ports], brief_id: UUID, query: ProofQuery, body: bytes) -> Created[ProofView]:
    """Submit a proof of a brief for review: PDF, PNG or JPEG, at most 10 MiB

    What is reviewed and approved is exactly this file."""
    file = SentFile(query.name, call.media_type, body)
    brief, proof = await submit_proof(call.ports, call.actor, brief_id, query.title, file, query.review())
    view = await proofs.show_proof(call.ports, call.actor, brief, proof)
    return Created(view, f"/v1/proofs/{proof.proof_id}")


@proof_routes.get("/v1/briefs/{brief_id}/proofs", privilege="brief.read")
async def list_proofs(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[ProofView]:
    """List a brief's proofs with their versions, oldest first"""
    return await proofs.list_proofs(call.ports, call.actor, brief_id, query)


@proof_routes.get("/v1/proofs/{proof_id}", privilege="brief.read")
async def read_proof(call: Call[Ports], proof_id: UUID) -> ProofView:
    """Read a proof with its versions and their verdicts"""
    return await proofs.read_proof(call.ports, call.actor, proof_id)


@proof_routes.post(
    "/v1/proofs/{proof_id}/versions",
    privilege="approval.open",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MAX_ATTACHMENT_BYTES,
)
async def post_proof_version(
    call: Call[Ports], proof_id: UUID, query: VersionQuery, body: bytes
) -> ProofView:
    """Submit the next version of a proof for review; the version before it no longer counts"""
    file = SentFile(query.name, call.media_type, body)
    brief, proof = await submit_proof_version(call.ports, call.actor, proof_id, file, query.review())
    return await proofs.show_proof(call.ports, call.actor, brief, proof)


@proof_routes.get("/v1/proofs/{proof_id}/versions/{version}/file", privilege="brief.read")
async def download_proof(call: Call[Ports], proof_id: UUID, version: int) -> Content:
    """Download the file of a version"""
    file, data = await proofs.read_file(call.ports, call.actor, proof_id, version)
    return Content(data, file.media_type, file.name)


@proof_routes.get("/v1/proofs/{proof_id}/versions/{version}/pages/{page}", privilege="brief.read")
async def look_at_page(
    call: Call[Ports], proof_id: UUID, version: int, page: int, query: PreviewQuery
) -> Content:
    """Look at a page of a version, as WebP"""
    image = await proofs.read_page(call.ports, call.actor, proof_id, version, page, thumbnail=query.thumbnail)
    return Content(image, "image/webp", f"{version}-{page}.webp", inline=True)


@proof_routes.get("/v1/proofs/{proof_id}/versions/{version}/annotations", privilege="brief.read")
async def list_annotations(
    call: Call[Ports], proof_id: UUID, version: int, query: PageQuery
) -> Page[AnnotationView]:
    """List the marks on a version with what was answered, oldest first"""
    return await proofs.list_annotations(call.ports, call.actor, proof_id, version, query)


@proof_routes.post(
    "/v1/proofs/{proof_id}/versions/{version}/annotations", privilege="brief.comment", status=201
)
async def post_annotation(
    call: Call[Ports], proof_id: UUID, version: int, body: AnnotateProof
) -> AnnotationView:
    """Mark a place on a page of a version that is in review, with a remark about it"""
    proof, made = await annotate_proof(
        call.ports, call.actor, proof_id, version, body.page, body.area.area(), body.text
    )
    return await proofs.show_annotation(call.ports, call.actor, proof, made)


@proof_routes.post("/v1/annotations/{annotation_id}/replies", privilege="brief.comment", status=201)
async def post_reply(call: Call[Ports], annotation_id: UUID, body: AnswerAnnotation) -> AnnotationView:
    """Answer a mark on the newest version of a proof"""
    proof, made = await answer_annotation(call.ports, call.actor, annotation_id, body.text)
    return await proofs.show_annotation(call.ports, call.actor, proof, made)


@proof_routes.put("/v1/annotations/{annotation_id}/resolution", privilege="brief.comment")
async def put_resolution(call: Call[Ports], annotation_id: UUID, body: SettleAnnotation) -> AnnotationView:
    """Settle a mark on the newest version of a proof, or open it again"""
    proof, made = await settle_annotation(call.ports, call.actor, annotation_id, resolved=body.resolved)
    return await proofs.show_annotation(call.ports, call.actor, proof, made)
