"""A supplier quotes or declines to quote. Until the deadline they may change their answer."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.brief import QuotationAnswered
from optima_kit.actor import Actor
from optima_kit.refusals import Absent, Stale

from ..domain.quotations import Answer, QuotationRequest, Quote
from .ports import Ports


async def answer_request(
    ports: Ports,
    actor: Actor,
    quotation_id: UUID,
    expected_version: int | None,
    *,
    quote: Quote | None = None,
    reason: str | None = None,
) -> QuotationRequest:
    """Store the supplier's quote or, if there is none, that they decline and why. Return the request with
    only the supplier's own quotation. The event says that there is an answer; its content stays in this
    service."""
    request = await own_quotation_to_change(ports, actor, quotation_id)
    (own,) = request.quotations
    if expected_version is not None and expected_version != own.version:
        raise Stale("stale_version", field="If-Match")
    request.take(own, Answer(ports.now, actor.person_id, quote, reason))
    await ports.quotations.insert_answer(own)
    await ports.quotations.update_request(request)
    answered = QuotationAnswered(
        brief_id=request.brief_id,
        quotation_id=quotation_id,
        supplier_id=own.supplier_id,
        asked_by=request.asked_by,
        title=request.title,
        declined=quote is None,
    )
    ports.outbox.add(answered, subject=quotation_id, correlation=request.brief_id)
    return request


async def own_quotation_to_change(ports: Ports, actor: Actor, quotation_id: UUID) -> QuotationRequest:
    """Return the request with only the supplier's own quotation, and lock its brief. Raises Absent if the
    quotation is another supplier's."""
    known = await ports.quotations.find_quotation(actor.person_id, quotation_id)
    if known is None:
        raise Absent("quotation_absent")
    await ports.briefs.lock_brief(known.brief_id)
    request = await ports.quotations.find_quotation(actor.person_id, quotation_id)
    assert request is not None
    return request
