"""End amendments, with their approval or because what they would change has changed or ended."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.economics import AmendmentEnded
from optima_contracts.money import money_text
from optima_contracts.quantities import quantity_text

from ..domain.amendments import Amendment, AmendmentState
from ..domain.changes import amendment_fits
from ..domain.order import FullOrder, Order
from .ports import Ports


def end_lapsed_amendments(ports: Ports, order: FullOrder) -> None:
    """End the amendments in approval that no longer fit the order, so that nobody has to decide them any
    more."""
    for job in order.jobs:
        if job.amendment and not amendment_fits(order, job, job.amendment):
            end_amendment(ports, order.order, job.amendment, AmendmentState.LAPSED)


def end_amendment(
    ports: Ports,
    order: Order,
    amendment: Amendment,
    state: AmendmentState,
    *,
    by: UUID | None = None,
    because: str | None = None,
) -> None:
    ended = amendment.ended(state, at=ports.now, by=by, because=because)
    ports.prices.update_amendment(ended)
    event = AmendmentEnded.model_validate(
        {
            "amendment_id": ended.id,
            "order_id": order.id,
            "job_id": ended.job_id,
            "brief_id": order.brief_id,
            "number": order.number,
            "outcome": state.value,
            "unit_price": money_text(ended.unit_price),
            "quantity_after": ended.other and quantity_text(ended.other.quantity),
            "content_hash": ended.content_hash,
            "requester_id": ended.requested_by,
        }
    )
    ports.outbox.add(event, subject=ended.id, correlation=order.correlation_id)
