"""Endpoints for requests for quotation, for purchasing and for the suppliers whom it asks."""

from __future__ import annotations

from uuid import UUID

from optima_kit.file_names import BEGINNINGS
from optima_kit.http import Call, Content, Page, Reply, Routes

from ..application.answer_request import answer_request
from ..application.attach_file import SentFile
from ..application.award_request import award_request
from ..application.ports import Ports
from ..application.read import quotations
from ..application.read.quotation_views import (
    QuotationRequestSummaryView,
    QuotationRequestView,
    QuotationSummaryView,
    QuotationView,
)
from ..application.request_quotations import ask_more_suppliers, cancel_request, request_quotations
from ..application.send_quotation_file import send_quotation_file, take_back_quotation_file
from ..domain.quotations import QuotationRequest
from ..domain.rules import MAX_ATTACHMENT_BYTES
from .requests import (
    AskMoreSuppliers,
    AttachmentQuery,
    AwardRequest,
    CancelRequest,
    DeclineToQuote,
    QuotationsQuery,
    RequestQuotations,
    RequestsQuery,
    SubmitQuote,
)

quotation_routes = Routes()


async def _shown(
    call: Call[Ports], request: QuotationRequest, location: str | None = None
) -> Reply[QuotationRequestView]:
    view = await quotations.show_request(call.ports, call.actor, request)
    return Reply(view, version=view.version, location=location)


async def _own(call: Call[Ports], request: QuotationRequest) -> Reply[QuotationView]:
    view = await quotations.show_quotation(call.ports, call.actor, request)
    return Reply(view, version=view.version)


@quotation_routes.post("/v1/briefs/{brief_id}/quotation-requests", privilege="brief.price", status=201)
async def ask_suppliers(
    call: Call[Ports], brief_id: UUID, body: RequestQuotations
) -> Reply[QuotationRequestView]:
    """Ask suppliers for quotes of a submitted brief's items, until a deadline

    Each supplier sees what is asked for and their own quote, and learns nothing of other suppliers."""
    made = await request_quotations(
        call.ports, call.actor, brief_id, body.title, body.note, body.due_at, body.supplier_ids
    )
    return await _shown(call, made, f"/v1/quotation-requests/{made.request_id}")


@quotation_routes.get("/v1/quotation-requests", privilege="brief.price.read")
async def list_requests(call: Call[Ports], query: RequestsQuery) -> Page[QuotationRequestSummaryView]:
    """List the requests for quotation of briefs that the caller may see, newest first"""
    return await quotations.list_requests(
        call.ports, call.actor, query, brief_id=query.brief_id, open_only=query.open
    )


@quotation_routes.get("/v1/quotation-requests/{request_id}", privilege="brief.price.read")
async def read_request(call: Call[Ports], request_id: UUID) -> Reply[QuotationRequestView]:
    """Read a request for quotation with all quotes side by side"""
    view = await quotations.read_request(call.ports, call.actor, request_id)
    return Reply(view, version=view.version)


@quotation_routes.post("/v1/quotation-requests/{request_id}/suppliers", privilege="brief.price")
async def ask_more(
    call: Call[Ports], request_id: UUID, body: AskMoreSuppliers
) -> Reply[QuotationRequestView]:
    """Ask more suppliers, as long as the deadline lies ahead"""
    return await _shown(call, await ask_more_suppliers(call.ports, call.actor, request_id, body.supplier_ids))


@quotation_routes.post(
    "/v1/quotation-requests/{request_id}/award", privilege="brief.price", if_match="optional"
)
async def award_quotation_request(
    call: Call[Ports], request_id: UUID, body: AwardRequest
) -> Reply[QuotationRequestView]:
    """Choose a quotation for all items, or one for each: the brief is priced accordingly

    This is possible after the deadline, or once all suppliers have answered."""
    choices = [(line.item_id, line.quotation_id) for line in body.lines]
    prices = [(line.item_id, line.unit_price) for line in body.prices]
    made = await award_request(call.ports, call.actor, request_id, call.expected_version, choices, prices)
    return await _shown(call, made)


@quotation_routes.post(
    "/v1/quotation-requests/{request_id}/cancellation", privilege="brief.price", if_match="optional"
)
async def cancel_quotation_request(
    call: Call[Ports], request_id: UUID, body: CancelRequest
) -> Reply[QuotationRequestView]:
    """Cancel a request for quotation"""
    made = await cancel_request(call.ports, call.actor, request_id, call.expected_version, body.reason)
    return await _shown(call, made)


@quotation_routes.get("/v1/quotations", privilege="quotation.submit")
async def list_quotations(call: Call[Ports], query: QuotationsQuery) -> Page[QuotationSummaryView]:
    """List what the caller is asked to quote, newest first"""
    return await quotations.list_quotations(call.ports, call.actor, query, open_only=query.open)


@quotation_routes.get("/v1/quotations/{quotation_id}", privilege="quotation.submit")
async def read_quotation(call: Call[Ports], quotation_id: UUID) -> Reply[QuotationView]:
    """Read what the caller is asked to quote, and their newest answer"""
    view = await quotations.read_quotation(call.ports, call.actor, quotation_id)
    return Reply(view, version=view.version)


@quotation_routes.put(
    "/v1/quotations/{quotation_id}/quote", privilege="quotation.submit", if_match="optional"
)
async def submit_quote(call: Call[Ports], quotation_id: UUID, body: SubmitQuote) -> Reply[QuotationView]:
    """Quote what the caller is asked for, or change the quote, until the deadline"""
    made = await answer_request(
        call.ports, call.actor, quotation_id, call.expected_version, quote=body.quote()
    )
    return await _own(call, made)


@quotation_routes.post(
    "/v1/quotations/{quotation_id}/files",
    privilege="quotation.submit",
    status=201,
    consumes=tuple(BEGINNINGS),
    max_bytes=MAX_ATTACHMENT_BYTES,
)
async def send_file(
    call: Call[Ports], quotation_id: UUID, query: AttachmentQuery, body: bytes
) -> Reply[QuotationView]:
    """Add a file to the caller's own quotation, until the deadline: PDF, PNG or JPEG, at most 10 MiB"""
    sent = SentFile(query.name, call.media_type, body)
    request, file = await send_quotation_file(call.ports, call.actor, quotation_id, sent)
    view = await quotations.show_quotation(call.ports, call.actor, request)
    location = f"/v1/quotations/{quotation_id}/files/{file.file_id}"
    return Reply(view, version=view.version, location=location)


@quotation_routes.get("/v1/quotations/{quotation_id}/files/{file_id}", privilege="quotation.submit")
async def download_own_file(call: Call[Ports], quotation_id: UUID, file_id: UUID) -> Content:
    """Download a file of the caller's own quotation"""
    file = await quotations.read_own_file(call.ports, call.actor, quotation_id, file_id)
    return Content(file.data, file.media_type, file.name)


@quotation_routes.delete("/v1/quotations/{quotation_id}/files/{file_id}", privilege="quotation.submit")
async def take_back_file(call: Call[Ports], quotation_id: UUID, file_id: UUID) -> Reply[QuotationView]:
    """Take back a file of the caller's own quotation, until the deadline"""
    return await _own(call, await take_back_quotation_file(call.ports, call.actor, quotation_id, file_id))


@quotation_routes.get("/v1/quotation-requests/{request_id}/files/{file_id}", privilege="brief.price.read")
async def download_file(call: Call[Ports], request_id: UUID, file_id: UUID) -> Content:
    """Download a file that a supplier sent with their quotation"""
    file = await quotations.read_file_of_request(call.ports, call.actor, request_id, file_id)
    return Content(file.data, file.media_type, file.name)


@quotation_routes.post(
    "/v1/quotations/{quotation_id}/decline", privilege="quotation.submit", if_match="optional"
)
async def decline(call: Call[Ports], quotation_id: UUID, body: DeclineToQuote) -> Reply[QuotationView]:
    """Decline to quote, for a reason"""
    made = await answer_request(
        call.ports, call.actor, quotation_id, call.expected_version, reason=body.reason
    )
    return await _own(call, made)
