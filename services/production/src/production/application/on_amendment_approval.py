"""React to the approval of an amendment: the amendment is applied, or nothing changes. The end of an approval
counts even if its opening has not arrived. An amendment that has ended does not change any more."""

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
    # A person who asks for changes wants to see another amendment.
    ChangesRequested: AmendmentState.REJECTED,
    ApprovalNotOpened: AmendmentState.NOT_APPROVED,
    ApprovalCancelled: AmendmentState.NOT_APPROVED,
    ApprovalExpired: AmendmentState.NOT_APPROVED,
}


async def on_amendment_approval_opened(ports: Ports, event: ApprovalOpened) -> None:
    """Record the approval of the amendment. A duplicate event changes nothing."""
    found = await _amendment(ports, event.subject_id)
    if found is not None:
        ports.prices.update_amendment(found[1].opened(event.approval_id))


async def on_amendment_decided(ports: Ports, event: Ended, by: UUID | None) -> None:
    """Apply or end the amendment. Nothing happens for a duplicate event, for an amendment that has lapsed, or
    for an approval of other terms."""
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
    """Restore what was approved before, unless the order has ended, another amendment was approved since, or
    the quantity may not change any more. A duplicate event changes nothing."""
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
    """Return the amendment with its order, locked. Return None if it is none of this tenant's: then the event
    is not about an amendment made here."""
    known = await ports.prices.find_amendment(amendment_id)
    if known is None:
        return None
    order = await order_of_job_to_change(ports, known.job_id)
    amendment = await ports.prices.find_amendment(amendment_id)
    assert amendment is not None
    return order, amendment


async def _planned(ports: Ports, order: FullOrder, amendment: Amendment) -> tuple[Job, Kind | None, Schedule]:
    """Return the line with the kind and the schedule by which another quantity of it is planned."""
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
    """Save what is approved now. If the job has its economics, publish the order's new value for the ERP."""
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
    """Build the record of the change, used if the quantity changes."""
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
