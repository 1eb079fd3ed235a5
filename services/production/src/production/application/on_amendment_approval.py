"""Approval decides on an amendment: it counts, or nothing changes. Each end is taken also when the opening
has not been heard of; of an amendment that has ended, it changes nothing."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from optima_contracts.approval import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalNotOpened,
    ApprovalOpened,
    ApprovalRevoked,
    Approved,
    ChangesRequested,
    Rejected,
)

from ..domain.amendments import Amendment, AmendmentState
from ..domain.job import Job, with_amendment, without_amendment
from ..domain.order import FullOrder
from .access import order_of_job_to_change
from .end_amendments import end_amendment
from .ports import Ports
from .set_economics import note_economics, tell_economics_set, tell_order_valued

SUBJECT_TYPE: Final = "order_amendment"

Ended = ApprovalNotOpened | Approved | Rejected | ChangesRequested | ApprovalCancelled | ApprovalExpired

_STATES: Final[dict[type[Ended], AmendmentState]] = {
    Rejected: AmendmentState.REJECTED,
    # Whoever asks for changes wants to see another amendment.
    ChangesRequested: AmendmentState.REJECTED,
    ApprovalNotOpened: AmendmentState.NOT_APPROVED,
    ApprovalCancelled: AmendmentState.NOT_APPROVED,
    ApprovalExpired: AmendmentState.NOT_APPROVED,
}


async def on_amendment_approval_opened(ports: Ports, event: ApprovalOpened) -> None:
    """Again: nothing."""
    found = await _amendment(ports, event.subject_id)
    if found is not None:
        ports.prices.update_amendment(found[1].opened(event.approval_id))


async def on_amendment_decided(ports: Ports, event: Ended, by: UUID | None) -> None:
    """Again, after the amendment lapsed, or an approval of other terms: nothing."""
    found = await _amendment(ports, event.subject_id)
    if found is None or found[1].state is not AmendmentState.IN_APPROVAL:
        return
    order, amendment = found
    amendment = amendment.opened(event.approval_id)
    if not isinstance(event, Approved):
        end_amendment(ports, order.order, amendment, _STATES[type(event)], by=by, because=event.reason)
        return
    if event.content_hash != amendment.content_hash:
        return
    before = order.job(amendment.job_id)
    after = with_amendment(before, amendment, order.order.state)
    state = AmendmentState.LAPSED if after == before else AmendmentState.APPLIED
    end_amendment(ports, order.order, amendment, state, by=by)
    _save(ports, order, before, after, by)


async def on_amendment_revoked(ports: Ports, event: ApprovalRevoked, by: UUID | None) -> None:
    """The price that was approved before counts again, unless the order has ended, or another was approved
    since. Again: nothing."""
    found = await _amendment(ports, event.subject_id)
    if found is None or found[1].state is not AmendmentState.APPLIED:
        return
    order, amendment = found
    before = order.job(amendment.job_id)
    after = without_amendment(before, amendment, order.order.state)
    if after == before:
        return
    end_amendment(ports, order.order, amendment, AmendmentState.REVOKED, by=by, because=event.reason)
    _save(ports, order, before, after, by)


async def _amendment(ports: Ports, amendment_id: UUID) -> tuple[FullOrder, Amendment] | None:
    """With its order locked. None: of another tenant's making, which no event of ours is."""
    known = await ports.prices.find_amendment(amendment_id)
    if known is None:
        return None
    order = await order_of_job_to_change(ports, known.job_id)
    amendment = await ports.prices.find_amendment(amendment_id)
    assert amendment is not None
    return order, amendment


def _save(ports: Ports, order: FullOrder, before: Job, after: Job, by: UUID | None) -> None:
    """The approved price, and what follows for a job that has its economics: the ERP is told."""
    if after == before:
        return
    assert after.item.item_id is not None
    assert after.item.approved_unit_price is not None
    ports.prices.update_approved(after.item.item_id, after.item.approved_unit_price)
    full = order.with_jobs(after)
    ports.orders.update_order(order, full)
    if after.economics is not None:
        note_economics(ports, after, by)
        tell_economics_set(ports, full.order, after)
        tell_order_valued(ports, full)
