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
from optima_kit.ids import new_id

from ..domain.amendments import Amendment, AmendmentState
from ..domain.changes import OrderChange, with_amendment, without_amendment
from ..domain.job import Job
from ..domain.kinds import Kind
from ..domain.order import FullOrder
from ..domain.plan import Schedule
from .access import order_of_job_to_change
from .end_amendments import end_amendment, end_lapsed_amendments
from .ports import Ports
from .save_order_change import save_order_change
from .set_economics import tell_changed_costs, tell_order_valued

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
    job, kind, schedule = await _planned(ports, order, amendment)
    after = with_amendment(order, job, amendment, kind=kind, schedule=schedule)
    state = AmendmentState.LAPSED if after is order else AmendmentState.APPLIED
    end_amendment(ports, order.order, amendment, state, by=by)
    change = _change(ports, order, amendment, amendment.requested_by, amendment.reason)
    _save(ports, order, after, change, by, told_as="Variazione approvata")


async def on_amendment_revoked(ports: Ports, event: ApprovalRevoked, by: UUID | None) -> None:
    """What was approved before counts again, unless the order has ended, another was approved since, or the
    quantity may not change any more. Again: nothing."""
    found = await _amendment(ports, event.subject_id)
    if found is None or found[1].state is not AmendmentState.APPLIED:
        return
    order, amendment = found
    job, kind, schedule = await _planned(ports, order, amendment)
    after = without_amendment(order, job, amendment, kind=kind, schedule=schedule)
    if after is order:
        return
    end_amendment(ports, order.order, amendment, AmendmentState.REVOKED, by=by, because=event.reason)
    change = _change(ports, order, amendment, by or amendment.requested_by, event.reason)
    _save(ports, order, after, change, by, told_as="Variazione revocata")


async def _amendment(ports: Ports, amendment_id: UUID) -> tuple[FullOrder, Amendment] | None:
    """With its order locked. None: of another tenant's making, which no event of ours is."""
    known = await ports.prices.find_amendment(amendment_id)
    if known is None:
        return None
    order = await order_of_job_to_change(ports, known.job_id)
    amendment = await ports.prices.find_amendment(amendment_id)
    assert amendment is not None
    return order, amendment


async def _planned(ports: Ports, order: FullOrder, amendment: Amendment) -> tuple[Job, Kind | None, Schedule]:
    """The line, and by what another quantity of it is planned anew."""
    job = order.job(amendment.job_id)
    kinds = await ports.kinds.list_named([job.item.kind])
    return job, kinds.get(job.item.kind), ports.schedule(order.order.deadline)


def _save(
    ports: Ports,
    before: FullOrder,
    after: FullOrder,
    change: OrderChange,
    by: UUID | None,
    *,
    told_as: str,
) -> None:
    """What is approved now, and what follows for a job that has its economics: the ERP is told."""
    if after is before:
        return
    assert change.job_id is not None
    was, job = before.job(change.job_id), after.job(change.job_id)
    price_changed = was.item.approved_unit_price != job.item.approved_unit_price
    if price_changed:
        assert job.item.item_id is not None
        assert job.item.approved_unit_price is not None
        ports.prices.update_approved(job.item.item_id, job.item.approved_unit_price)
    if was.item.quantity != job.item.quantity:
        save_order_change(ports, before, after, change, told_as=told_as)
    else:
        tell_changed_costs(ports, before, after, by)
        ports.orders.update_order(before, after)
        end_lapsed_amendments(ports, after)
    if job.economics is not None:
        tell_order_valued(ports, after)


def _change(ports: Ports, order: FullOrder, amendment: Amendment, by: UUID, because: str) -> OrderChange:
    """Of the quantity, where it changes."""
    was = order.job(amendment.job_id)
    return OrderChange(
        id=new_id(),
        order_id=was.order_id,
        changed_at=ports.now,
        changed_by=by,
        reason=because,
        job_id=was.id,
        quantity_before=was.item.quantity,
        deliveries_before=was.item.deliveries,
    )
