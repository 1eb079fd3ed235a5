"""The endpoints. Each parses, calls its use case, and answers with what the reader may see."""

from __future__ import annotations

from uuid import UUID

from optima_kit.file_names import BEGINNINGS
from optima_kit.http import Call, Content, Page, PageQuery, Reply, Routes

from ..application.attach_file import attach_file, detach_file
from ..application.cancel_brief import cancel_brief
from ..application.comment_brief import comment_brief, edit_comment
from ..application.copy_brief import copy_brief
from ..application.draft_brief import draft_typed_brief
from ..application.ports import Ports
from ..application.price_brief import price_brief
from ..application.read import briefs
from ..application.read.story import BriefStoryView, read_story
from ..application.read.views import (
    BriefCountsView,
    BriefSummaryView,
    BriefView,
    CommentView,
    ItemProgressView,
    ReadMarkerView,
    RevisionView,
    TransitionView,
)
from ..application.read_comments import read_comments
from ..application.revise_brief import revise_brief
from ..application.submit_brief import submit_brief
from ..domain.brief import Brief
from ..domain.content import Attachment
from ..domain.rules import MAX_ATTACHMENT_BYTES
from .requests import (
    AttachmentQuery,
    BriefFilters,
    BriefsQuery,
    CancelBrief,
    CommentBrief,
    DraftBrief,
    PriceBrief,
    ReadComments,
    ReviseBrief,
    StoryQuery,
    SubmitBrief,
)

routes = Routes()


async def _shown(call: Call[Ports], brief: Brief, location: str | None = None) -> Reply[BriefView]:
    view = await briefs.show_brief(call.ports, call.actor, brief)
    return Reply(view, version=view.version, location=location)


@routes.post("/v1/briefs", privilege="brief.create", status=201)
async def draft(call: Call[Ports], body: DraftBrief) -> Reply[BriefView]:
    """Draft a brief"""
    brief = await draft_typed_brief(call.ports, call.actor, body.content(), body.type, body.form)
    return await _shown(call, brief, location=f"/v1/briefs/{brief.brief_id}")


@routes.get("/v1/briefs", privilege="brief.read")
async def list_briefs(call: Call[Ports], query: BriefsQuery) -> Page[BriefSummaryView]:
    """List the briefs that the caller may see, newest first or by rising deadline"""
    return await briefs.list_briefs(
        call.ports,
        call.actor,
        query,
        by_deadline=query.sort == "deadline",
        states=query.state.split(",") if query.state else None,
        text=query.text,
        **query.wanted(call.actor.person_id),
    )


@routes.get("/v1/brief-counts", privilege="brief.read")
async def count_briefs(call: Call[Ports], query: BriefFilters) -> BriefCountsView:
    """Count the briefs that the caller may see by state, each to 1,000 at most"""
    return await briefs.count_briefs(call.ports, call.actor, **query.wanted(call.actor.person_id))


@routes.get("/v1/briefs/{brief_id}", privilege="brief.read")
async def read(call: Call[Ports], brief_id: UUID) -> Reply[BriefView]:
    """Read a brief

    Its requester sees the draft; others see the revision that was last submitted. Prices are shown only to
    callers with `brief.price.read`."""
    view = await briefs.read_brief(call.ports, call.actor, brief_id)
    return Reply(view, version=view.version)


@routes.get("/v1/briefs/{brief_id}/story", privilege="brief.read")
async def tell_story(call: Call[Ports], brief_id: UUID, query: StoryQuery) -> BriefStoryView:
    """Read a brief with its type, progress, history, comments, proofs, budget and requests for quotation

    Of each list, the first `limit` are shown. What the caller may not read is absent."""
    return await read_story(call.ports, call.actor, brief_id, PageQuery(limit=query.limit))


@routes.put("/v1/briefs/{brief_id}", privilege="brief.create", if_match="required")
async def revise(call: Call[Ports], brief_id: UUID, body: ReviseBrief) -> Reply[BriefView]:
    """Replace a draft's content"""
    brief = await revise_brief(
        call.ports, call.actor, brief_id, call.expected_version, body.content(), body.form, body.kept_items()
    )
    return await _shown(call, brief)


@routes.post("/v1/briefs/{brief_id}/submission", privilege="brief.submit", if_match="optional")
async def submit(call: Call[Ports], brief_id: UUID, body: SubmitBrief) -> Reply[BriefView]:
    """Submit a draft for approval: its revision is frozen"""
    brief = await submit_brief(call.ports, call.actor, brief_id, call.expected_version, body.process)
    return await _shown(call, brief)


@routes.put("/v1/briefs/{brief_id}/prices", privilege="brief.price", if_match="optional")
async def price(call: Call[Ports], brief_id: UUID, body: PriceBrief) -> Reply[BriefView]:
    """Price a submitted revision: all its items, VAT excluded"""
    prices = [(line.item_id, line.unit_price) for line in body.lines]
    brief = await price_brief(call.ports, call.actor, brief_id, call.expected_version, body.revision, prices)
    return await _shown(call, brief)


@routes.post("/v1/briefs/{brief_id}/cancellation", privilege="brief.cancel", if_match="optional")
async def cancel(call: Call[Ports], brief_id: UUID, body: CancelBrief) -> Reply[BriefView]:
    """Cancel the caller's own brief, as long as no goods have left"""
    brief = await cancel_brief(call.ports, call.actor, brief_id, call.expected_version, body.reason)
    return await _shown(call, brief)


@routes.get("/v1/briefs/{brief_id}/revisions", privilege="brief.read")
async def list_revisions(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[RevisionView]:
    """List a brief's frozen revisions, oldest first"""
    return await briefs.list_revisions(call.ports, call.actor, brief_id, query)


@routes.get("/v1/briefs/{brief_id}/revisions/{revision}", privilege="brief.read")
async def read_revision(call: Call[Ports], brief_id: UUID, revision: int) -> RevisionView:
    """Read a frozen revision"""
    return await briefs.read_revision(call.ports, call.actor, brief_id, revision)


@routes.post("/v1/briefs/{brief_id}/copy", privilege="brief.create", status=201)
async def copy(call: Call[Ports], brief_id: UUID) -> Reply[BriefView]:
    """Begin a draft of the caller's own with the content of a brief, without its deadline and files"""
    brief = await copy_brief(call.ports, call.actor, brief_id)
    return await _shown(call, brief, f"/v1/briefs/{brief.brief_id}")


@routes.get("/v1/briefs/{brief_id}/progress", privilege="brief.read")
async def list_progress(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[ItemProgressView]:
    """List how far each item of a brief has come: ordered, produced, shipped, delivered"""
    return await briefs.list_progress(call.ports, call.actor, brief_id, query)


@routes.get("/v1/briefs/{brief_id}/history", privilege="brief.read")
async def list_history(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[TransitionView]:
    """List every change of a brief's state, oldest first: when, by whom, why"""
    return await briefs.list_history(call.ports, call.actor, brief_id, query)


@routes.post(
    "/v1/briefs/{brief_id}/attachments",
    privilege="brief.create",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MAX_ATTACHMENT_BYTES,
)
async def attach(call: Call[Ports], brief_id: UUID, query: AttachmentQuery, body: bytes) -> Reply[Attachment]:
    """Attach a file to a draft: PDF, PNG or JPEG, at most 10 MiB"""
    brief, attachment = await attach_file(call.ports, call.actor, brief_id, query.name, call.media_type, body)
    location = f"/v1/briefs/{brief_id}/attachments/{attachment.attachment_id}"
    return Reply(attachment, version=brief.version, location=location)


@routes.get("/v1/briefs/{brief_id}/attachments/{attachment_id}", privilege="brief.read")
async def download(call: Call[Ports], brief_id: UUID, attachment_id: UUID) -> Content:
    """Download an attachment"""
    file = await briefs.read_file(call.ports, call.actor, brief_id, attachment_id)
    return Content(file.data, file.attachment.media_type, file.attachment.name)


@routes.delete("/v1/briefs/{brief_id}/attachments/{attachment_id}", privilege="brief.create")
async def detach(call: Call[Ports], brief_id: UUID, attachment_id: UUID) -> Reply[BriefView]:
    """Remove an attachment from a draft; revisions that were submitted with it keep it"""
    return await _shown(call, await detach_file(call.ports, call.actor, brief_id, attachment_id))


@routes.post("/v1/briefs/{brief_id}/comments", privilege="brief.comment", status=201)
async def comment(call: Call[Ports], brief_id: UUID, body: CommentBrief) -> CommentView:
    """Comment on a brief, for all who see it, or for some of them"""
    made = await comment_brief(call.ports, call.actor, brief_id, body.text, body.mentioned_ids)
    return await briefs.show_comment(call.ports, call.actor, made)


@routes.put("/v1/briefs/{brief_id}/comments/{comment_id}", privilege="brief.comment")
async def put_comment(call: Call[Ports], brief_id: UUID, comment_id: UUID, body: CommentBrief) -> CommentView:
    """Change the caller's own comment, within five minutes; its former text is kept"""
    made = await edit_comment(call.ports, call.actor, brief_id, comment_id, body.text, body.mentioned_ids)
    return await briefs.show_comment(call.ports, call.actor, made)


@routes.get("/v1/briefs/{brief_id}/comments", privilege="brief.read")
async def list_comments(call: Call[Ports], brief_id: UUID, query: PageQuery) -> Page[CommentView]:
    """List a brief's comments, oldest first"""
    return await briefs.list_comments(call.ports, call.actor, brief_id, query)


@routes.put("/v1/briefs/{brief_id}/read-marker", privilege="brief.read")
async def put_read_marker(call: Call[Ports], brief_id: UUID, body: ReadComments) -> ReadMarkerView:
    """Record how far the caller has read a brief's comments; their marker never goes back"""
    unread = await read_comments(call.ports, call.actor, brief_id, body.comment_id)
    return briefs.show_unread(unread, body.comment_id)
