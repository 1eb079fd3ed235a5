"""Read requests for quotation: purchasing sees all quotes side by side, a supplier sees only their own.

The view for a supplier is built from their own quotation and the request, which contains nothing about
others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from optima_contracts.money import amount_of
from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.quotations import Comparison, Quotation, QuotationRequest, QuotedLine, compare
from ...domain.rules import day_in_rome
from ..attach_file import SentFile
from ..ports import Ports, RequestFilters
from .access import actions_on_quotation, actions_on_request, sees_prices, sees_request
from .catalogue import catalogue_offers
from .purchases import last_paid_of
from .quotation_views import (
    AwardedItemView,
    ComparedQuotationView,
    QuotationFileView,
    QuotationRequestSummaryView,
    QuotationRequestView,
    QuotationSummaryView,
    QuotationView,
    QuotedItemView,
    QuotedLineView,
    QuoteView,
)

Names = Mapping[UUID, str]

# --- what purchasing sees


async def list_requests(
    ports: Ports, actor: Actor, query: PageQuery, *, brief_id: UUID | None, open_only: bool
) -> Page[QuotationRequestSummaryView]:
    """List requests, newest first."""
    own = actor.person_id if actor.may("brief.read") else None
    filters = RequestFilters(own, actor.may("brief.read_all"), brief_id, open_only, query.after(UUID))
    found = await ports.quotations.list_requests(filters, query.rows)
    names = await ports.directory.names(request.asked_by for request in found)
    return page_of(
        query,
        found,
        lambda request: QuotationRequestSummaryView(**_summary(request, names)),
        lambda request: request.request_id,
    )


async def read_request(ports: Ports, actor: Actor, request_id: UUID) -> QuotationRequestView:
    """Read one request. Raises Absent if the reader may not see its brief."""
    request = await ports.quotations.find_request(request_id)
    if request is None or not sees_request(actor, request):
        raise Absent("request_absent")
    return await show_request(ports, actor, request)


async def read_file_of_request(ports: Ports, actor: Actor, request_id: UUID, file_id: UUID) -> SentFile:
    """Read a file of any of the request's quotations. Raises Absent if the reader may not see the brief."""
    request = await ports.quotations.find_request(request_id)
    return await _read_file(ports, request if request and sees_request(actor, request) else None, file_id)


async def show_request(ports: Ports, actor: Actor, request: QuotationRequest) -> QuotationRequestView:
    """Build the view of a loaded request. Quotes are included if the actor may see prices."""
    people = [request.asked_by, *(quotation.supplier_id for quotation in request.quotations)]
    names = await ports.directory.names(people)
    return QuotationRequestView(
        **_summary(request, names),
        version=request.version,
        revision=request.revision,
        note=request.note,
        reason=request.reason,
        needed_by=request.needed_by,
        items=list(request.items),
        actions=actions_on_request(actor, request, ports.now),
        **(_compared(ports, request, names) if sees_prices(actor) else {}),
        last_paid=await last_paid_of(ports, actor, request),
        catalogue=await catalogue_offers(
            ports, actor, {item.item_id: (item.article, item.quantity) for item in request.items}
        ),
    )


def _compared(ports: Ports, request: QuotationRequest, names: Names) -> dict[str, Any]:
    comparison = compare(request, day_in_rome(ports.now))
    suppliers = {each.quotation_id: _person(each.supplier_id, names) for each in request.quotations}
    return {
        "quotations": [_beside(ports, request, each, comparison, names) for each in request.quotations],
        "split_total": comparison.split_total,
        "awarded": [
            AwardedItemView(item_id=item_id, quotation_id=id_, supplier=suppliers[id_])
            for item_id, id_ in request.awarded.items()
        ],
    }


def _beside(
    ports: Ports, request: QuotationRequest, quotation: Quotation, comparison: Comparison, names: Names
) -> ComparedQuotationView:
    quote, answer = quotation.quote, quotation.answer
    return ComparedQuotationView(
        id=quotation.quotation_id,
        supplier=_person(quotation.supplier_id, names),
        state=request.state_of(quotation, ports.now),
        answered_at=answer.at if answer else None,
        declined_because=answer.reason if answer else None,
        lines=[
            _quoted_item(request, line, quotation.quotation_id in comparison.best.get(line.item_id, ()))
            for line in (quote.lines if quote else ())
        ],
        note=quote.note if quote else None,
        files=_files(quotation),
        valid_until=quote.valid_until if quote else None,
        valid=quotation.holds(day_in_rome(ports.now)),
        supplier_left=quotation.supplier_left,
        lead_time_days=max((line.lead_time_days for line in quote.lines), default=None) if quote else None,
        total=comparison.totals.get(quotation.quotation_id),
        best_total=quotation.quotation_id in comparison.best_whole,
    )


def _quoted_item(request: QuotationRequest, line: QuotedLine, best: bool) -> QuotedItemView:
    quantity = next(item.quantity for item in request.items if item.item_id == line.item_id)
    price = line.unit_price(quantity)
    return QuotedItemView(
        **_quoted(line),
        unit_price=price,
        amount=amount_of(quantity, price) if price is not None else None,
        best=best,
    )


def _summary(request: QuotationRequest, names: Names) -> dict[str, Any]:
    return {
        "id": request.request_id,
        "brief_id": request.brief_id,
        "number": request.number,
        "title": request.title,
        "state": request.state,
        "due_at": request.due_at,
        "asked_at": request.asked_at,
        "asked_by": _person(request.asked_by, names),
    }


# --- what a supplier sees


async def list_quotations(
    ports: Ports, actor: Actor, query: PageQuery, *, open_only: bool
) -> Page[QuotationSummaryView]:
    """List the reader's own quotations, newest first."""
    found = await ports.quotations.list_quotations(
        actor.person_id, open_only=open_only, before=query.after(UUID), limit=query.rows
    )
    return page_of(
        query,
        found,
        lambda request: QuotationSummaryView(**_asked(ports, request)),
        lambda request: request.quotations[0].quotation_id,
    )


async def read_quotation(ports: Ports, actor: Actor, quotation_id: UUID) -> QuotationView:
    """Read one quotation. Raises Absent if it is not the reader's own."""
    request = await ports.quotations.find_quotation(actor.person_id, quotation_id)
    if request is None:
        raise Absent("quotation_absent")
    return await show_quotation(ports, actor, request)


async def show_quotation(ports: Ports, actor: Actor, request: QuotationRequest) -> QuotationView:
    """Build the view of the one quotation that the request contains."""
    (own,) = request.quotations
    quote, answer = own.quote, own.answer
    shown = None
    if quote is not None:
        lines = [QuotedLineView(**_quoted(line)) for line in quote.lines]
        shown = QuoteView(lines=lines, valid_until=quote.valid_until, note=quote.note)
    return QuotationView(
        **_asked(ports, request),
        version=own.version,
        note=request.note,
        asked_by=_person(request.asked_by, await ports.directory.names([request.asked_by])),
        items=list(request.items),
        quote=shown,
        declined_because=answer.reason if answer else None,
        answered_at=answer.at if answer else None,
        files=_files(own),
        awarded_item_ids=[id_ for id_, chosen in request.awarded.items() if chosen == own.quotation_id],
        actions=actions_on_quotation(actor, request, ports.now),
    )


async def read_own_file(ports: Ports, actor: Actor, quotation_id: UUID, file_id: UUID) -> SentFile:
    """Read a file of a quotation. Raises Absent if the quotation is not the reader's own."""
    return await _read_file(
        ports, await ports.quotations.find_quotation(actor.person_id, quotation_id), file_id
    )


def _files(quotation: Quotation) -> list[QuotationFileView]:
    return [
        QuotationFileView(
            id=file.file_id,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            sha256=file.sha256,
            sent_at=file.sent_at,
        )
        for file in quotation.files
    ]


async def _read_file(ports: Ports, request: QuotationRequest | None, file_id: UUID) -> SentFile:
    quotations = request.quotations if request else []
    file = next((each for own in quotations for each in own.files if each.file_id == file_id), None)
    data = await ports.quotations.find_file_data(file_id) if file else None
    if file is None or data is None:
        raise Absent("quotation_file_absent")
    return SentFile(file.name, file.media_type, data)


def _asked(ports: Ports, request: QuotationRequest) -> dict[str, Any]:
    (own,) = request.quotations
    return {
        "id": own.quotation_id,
        "title": request.title,
        "state": request.state_of(own, ports.now),
        "due_at": request.due_at,
        "needed_by": request.needed_by,
        "asked_at": own.asked_at,
    }


def _quoted(line: QuotedLine) -> dict[str, Any]:
    return {"item_id": line.item_id, "breaks": list(line.breaks), "lead_time_days": line.lead_time_days}


def _person(person_id: UUID, names: Names) -> PersonView:
    return PersonView(id=person_id, name=names.get(person_id))
