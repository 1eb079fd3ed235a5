"""The endpoints. Each parses, calls its use case, and shows the outcome as the caller may see it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from optima_kit.http import (
    Call,
    Content,
    Page,
    PageQuery,
    Reply,
    Routes,
    page_of,
)

from ..application import queries
from ..application.access import visible_brief
from ..application.attach_file import attach_file, detach_file
from ..application.cancel_brief import cancel_brief
from ..application.comment_brief import comment_brief
from ..application.draft_brief import draft_brief
from ..application.ports import Ports
from ..application.price_brief import price_brief
from ..application.revise_brief import revise_brief
from ..application.submit_brief import submit_brief
from ..domain.brief import Brief
from ..domain.content import Attachment
from ..domain.rules import MAGIC_BYTES, MAX_ATTACHMENT_BYTES
from .views import (
    AttachmentQuery,
    BriefsQuery,
    BriefView,
    CancelBrief,
    CommentBrief,
    CommentView,
    DraftBrief,
    MoveView,
    PriceBrief,
    ReviseBrief,
    RevisionView,
    SubmitBrief,
    SummaryView,
    brief_view,
    comment_view,
    move_view,
    revision_view,
    summary_view,
)

routes = Routes()


def _shown(call: Call[Ports], brief: Brief) -> Reply[BriefView]:
    return Reply(brief_view(call.actor, brief), version=brief.version)


@routes.post("/v1/briefs", privilege="brief.create", status=201)
async def draft(call: Call[Ports], body: DraftBrief) -> Reply[BriefView]:
    """Draft a brief"""
    brief = await draft_brief(call.ports, call.actor, body.content())
    view = brief_view(call.actor, brief)
    return Reply(view, version=brief.version, location=f"/v1/briefs/{brief.brief_id}")


@routes.get("/v1/briefs", privilege="brief.read")
async def list_briefs(call: Call[Ports], query: BriefsQuery) -> Page[SummaryView]:
    """List the briefs that the caller may see, newest first"""
    found = await queries.list_briefs(
        call.ports,
        call.actor,
        own_only=query.requester is not None,
        state=query.state,
        text=query.text,
        before=query.after(UUID),
        limit=query.rows,
    )
    return page_of(query, found, summary_view, lambda row: row.brief_id)


@routes.get("/v1/briefs/{brief_id}", privilege="brief.read")
async def read(call: Call[Ports], brief_id: UUID) -> Reply[BriefView]:
    """Read a brief

    Its requester sees the draft, others the revision that was last submitted. Prices are shown with
    `brief.price.read` alone."""
    return _shown(call, await visible_brief(call.ports, call.actor, brief_id))


@routes.put("/v1/briefs/{brief_id}", privilege="brief.create", if_match=True)
async def revise(call: Call[Ports], brief_id: UUID, body: ReviseBrief) -> Reply[BriefView]:
    """Replace a draft's content"""
    brief = await revise_brief(
        call.ports, call.actor, brief_id, call.expected_version, body.content(), body.kept_items()
    )
    return _shown(call, brief)


@routes.post("/v1/briefs/{brief_id}/submission", privilege="brief.submit")
async def submit(call: Call[Ports], brief_id: UUID, body: SubmitBrief) -> Reply[BriefView]:
    """Submit a draft for approval: its revision is frozen"""
    return _shown(
        call, await submit_brief(call.ports, call.actor, brief_id, call.expected_version, body.process)
    )


@routes.put("/v1/briefs/{brief_id}/prices", privilege="brief.price")
async def price(call: Call[Ports], brief_id: UUID, body: PriceBrief) -> Reply[BriefView]:
    """Price a submitted revision: all its items, VAT excluded"""
    prices = [(line.item_id, Decimal(line.unit_price)) for line in body.lines]
    brief = await price_brief(call.ports, call.actor, brief_id, call.expected_version, body.revision, prices)
    return _shown(call, brief)


@routes.post("/v1/briefs/{brief_id}/cancellation", privilege="brief.cancel")
async def cancel(call: Call[Ports], brief_id: UUID, body: CancelBrief) -> Reply[BriefView]:
    """Cancel one's own brief, as long as no goods have left"""
    return _shown(
        call, await cancel_brief(call.ports, call.actor, brief_id, call.expected_version, body.reason)
    )


@routes.get("/v1/briefs/{brief_id}/revisions", privilege="brief.read")
async def list_revisions(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[RevisionView]:
    """List a brief's frozen revisions, the first first"""
    found = await queries.list_revisions(call.ports, call.actor, brief_id, query.after(int) or 0, query.rows)
    return page_of(
        query, found, lambda row: revision_view(call.actor, row), lambda row: row.revision.revision
    )


@routes.get("/v1/briefs/{brief_id}/revisions/{revision}", privilege="brief.read")
async def read_revision(call: Call[Ports], brief_id: UUID, revision: int) -> RevisionView:
    """Read a frozen revision"""
    return revision_view(call.actor, await queries.read_revision(call.ports, call.actor, brief_id, revision))


@routes.get("/v1/briefs/{brief_id}/history", privilege="brief.read")
async def list_history(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[MoveView]:
    """List every change of a brief's state, the first first: when, by whom, why"""
    found = await queries.list_history(call.ports, call.actor, brief_id, query.after(int) or 0, query.rows)
    return page_of(query, found, lambda row: move_view(row[1]), lambda row: row[0])


@routes.post(
    "/v1/briefs/{brief_id}/attachments",
    privilege="brief.create",
    status=201,
    consumes=tuple(MAGIC_BYTES),
    max_bytes=MAX_ATTACHMENT_BYTES,
)
async def attach(call: Call[Ports], brief_id: UUID, query: AttachmentQuery, body: bytes) -> Reply[Attachment]:
    """Attach a file to a draft: PDF, PNG or JPEG, at most 10 MiB"""
    media_type = call.headers["Content-Type"].partition(";")[0].strip().lower()
    brief, attachment = await attach_file(call.ports, call.actor, brief_id, query.name, media_type, body)
    location = f"/v1/briefs/{brief_id}/attachments/{attachment.attachment_id}"
    return Reply(attachment, version=brief.version, location=location)


@routes.get("/v1/briefs/{brief_id}/attachments/{attachment_id}", privilege="brief.read")
async def download(call: Call[Ports], brief_id: UUID, attachment_id: UUID) -> Content:
    """Download an attachment"""
    file = await queries.read_file(call.ports, call.actor, brief_id, attachment_id)
    return Content(file.data, file.attachment.media_type, file.attachment.name)


@routes.delete("/v1/briefs/{brief_id}/attachments/{attachment_id}", privilege="brief.create")
async def detach(call: Call[Ports], brief_id: UUID, attachment_id: UUID) -> Reply[BriefView]:
    """Take an attachment out of a draft; revisions that were submitted with it keep it"""
    return _shown(call, await detach_file(call.ports, call.actor, brief_id, attachment_id))


@routes.post("/v1/briefs/{brief_id}/comments", privilege="brief.comment", status=201)
async def comment(call: Call[Ports], brief_id: UUID, body: CommentBrief) -> CommentView:
    """Comment a brief"""
    return comment_view(await comment_brief(call.ports, call.actor, brief_id, body.text))


@routes.get("/v1/briefs/{brief_id}/comments", privilege="brief.read")
async def list_comments(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[CommentView]:
    """List a brief's comments, the oldest first"""
    found = await queries.list_comments(call.ports, call.actor, brief_id, query.after(UUID), query.rows)
    return page_of(query, found, comment_view, lambda row: row.comment_id)
