"""Purchasing requests quotations for a submitted brief's items, asks further suppliers, or cancels the
request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from optima_contracts.brief import QuotationClosed, QuotationRequested
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid, Stale

from ..domain.brief import Brief
from ..domain.quotations import QuotationRequest, request_for
from .access import brief_to_change
from .ports import Ports
from .read.access import sees_request


async def request_quotations(
    ports: Ports,
    actor: Actor,
    brief_id: UUID,
    title: str,
    note: str,
    due_at: datetime,
    supplier_ids: Sequence[UUID],
) -> QuotationRequest:
    """Request quotations for the brief's items. Suppliers see `title`, `note` and the items, and nothing else
    of the brief."""
    brief = await brief_to_change(ports, actor, brief_id)
    request = request_for(
        brief.content_to_price(),
        brief_id=brief_id,
        request_id=new_id(),
        number=brief.number,
        requester_id=brief.requester_id,
        revision=brief.revision,
        title=title,
        note=note,
        due_at=due_at,
        at=ports.now,
        by=actor.person_id,
    )
    await ports.quotations.insert_request(request)
    await _ask(ports, request, supplier_ids)
    return request


async def ask_more_suppliers(
    ports: Ports, actor: Actor, request_id: UUID, supplier_ids: Sequence[UUID]
) -> QuotationRequest:
    _, request = await request_to_change(ports, actor, request_id)
    await _ask(ports, request, supplier_ids)
    return request


async def cancel_request(
    ports: Ports, actor: Actor, request_id: UUID, expected_version: int | None, reason: str
) -> QuotationRequest:
    _, request = await request_to_change(ports, actor, request_id, expected_version)
    request.cancel(reason)
    await ports.quotations.update_request(request)
    tell_suppliers(ports, request)
    return request


async def request_to_change(
    ports: Ports, actor: Actor, request_id: UUID, expected_version: int | None = None
) -> tuple[Brief, QuotationRequest]:
    """Return a request and its brief, locked. The lock keeps answers, awards and changes of the brief from
    interfering. Raises Absent if the actor may not see the brief, and Stale if the request no longer has the
    version that they saw."""
    known = await ports.quotations.find_request(request_id)
    brief = await ports.briefs.lock_brief(known.brief_id) if known else None
    request = await ports.quotations.find_request(request_id)
    if brief is None or request is None or not sees_request(actor, request):
        raise Absent("request_absent")
    if expected_version is not None and expected_version != request.version:
        raise Stale("stale_version", field="If-Match")
    return brief, request


def tell_suppliers(ports: Ports, request: QuotationRequest) -> None:
    """Publish to each supplier, with their own quotation as subject, that the request is over."""
    for quotation in request.quotations:
        closed = QuotationClosed(
            brief_id=request.brief_id,
            quotation_id=quotation.quotation_id,
            supplier_id=quotation.supplier_id,
            title=request.title,
            awarded_item_ids=[
                item_id for item_id, chosen in request.awarded.items() if chosen == quotation.quotation_id
            ],
        )
        ports.outbox.add(closed, subject=quotation.quotation_id, correlation=request.brief_id)


async def _ask(ports: Ports, request: QuotationRequest, supplier_ids: Sequence[UUID]) -> None:
    for supplier_id in supplier_ids:
        supplier = await ports.directory.find_person(supplier_id)
        if supplier is None or not supplier.active or "quotation.submit" not in supplier.privileges:
            raise Invalid("supplier_cannot_quote", field="supplier_ids")
    asked = request.ask(supplier_ids, [new_id() for _ in supplier_ids], ports.now)
    await ports.quotations.insert_quotations(request.request_id, asked)
    await ports.quotations.update_request(request)
    for quotation in asked:
        requested = QuotationRequested(
            brief_id=request.brief_id,
            quotation_id=quotation.quotation_id,
            supplier_id=quotation.supplier_id,
            title=request.title,
            due_at=request.due_at,
        )
        ports.outbox.add(requested, subject=quotation.quotation_id, correlation=request.brief_id)
