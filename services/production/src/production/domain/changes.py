"""Changes of an order after its confirmation: its deadline, and the quantities and destinations of its lines;
after a new approval, also the prices and quantities that were approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, WrongState

from .amendments import Amendment, OtherQuantity
from .deliveries import Delivery
from .economics import PricePolicy, price, price_is_within_bounds, total_is_within_bounds
from .job import ENDED, Item, Job
from .job_changes import economics_may_change, with_approved_price, with_bought_quantities
from .kinds import Kind
from .machine import Change, JobState, OrderState, refusal_of
from .order import FullOrder, LineProgress, deadline_is_not_past, deliveries_add_up
from .phase_rules import none_of_it_is_outside
from .plan import Schedule
from .shares import with_shares_for


@dataclass(frozen=True, slots=True)
class OrderChange:
    """The record of a change: who changed what, and why."""

    id: UUID
    order_id: UUID
    changed_at: datetime
    changed_by: UUID
    reason: str
    deadline_before: date | None = None
    """None if the change is about a line."""
    job_id: UUID | None = None
    quantity_before: Decimal | None = None
    deliveries_before: tuple[Delivery, ...] = ()


def with_deadline(
    order: FullOrder, deadline: date, kinds: Mapping[str, Kind], schedule: Schedule, now: datetime
) -> FullOrder:
    """Return the order with another deadline. Work that is not over is planned again for it."""
    deadline_may_change(order.order.state)
    if deadline == order.order.deadline:
        raise Invalid("nothing_changed", field="deadline")
    deadline_is_not_past(deadline, now)
    after = replace(order.order, deadline=deadline, version=order.order.version + 1)
    jobs = [_planned(job, kinds.get(job.item.kind), schedule) for job in order.jobs]
    return replace(order, order=after).with_jobs(*jobs)


def with_line(
    order: FullOrder,
    job: Job,
    quantity: Decimal,
    deliveries: tuple[Delivery, ...],
    *,
    kind: Kind | None,
    schedule: Schedule,
    policy: PricePolicy,
) -> FullOrder:
    """Return the order with this quantity of the job, for these destinations."""
    item = replace(job.item, quantity=quantity, deliveries=deliveries)
    if item == job.item:
        raise Invalid("nothing_changed", field="quantity")
    if quantity != job.item.quantity:
        quantity_may_change(order, job)
        quantity_is_as_approved(job.item, quantity, policy)
    else:
        destinations_may_change(order, job)
    return _with_item(order, job, item, kind, schedule)


def _with_item(order: FullOrder, job: Job, item: Item, kind: Kind | None, schedule: Schedule) -> FullOrder:
    deliveries_add_up(item, "deliveries")
    changed = replace(job, item=item, version=job.version + 1)
    if item.quantity != job.item.quantity:
        changed = with_bought_quantities(job, with_shares_for(changed, item.quantity))
        if job.economics is not None:
            price_is_within_bounds(job.economics, item.quantity)
    changed = _planned(changed, kind, schedule)
    after = replace(order.order, version=order.order.version + 1)
    return replace(order, order=after).with_jobs(changed)


# What was approved with a brief can only be amended: it has to be approved again.


def price_may_be_amended(order: FullOrder, job: Job) -> None:
    _amendment_may_be_requested(order, job)
    if job.item.approved_unit_price is None:
        raise WrongState("price_was_not_approved")


def quantity_may_be_amended(order: FullOrder, job: Job) -> None:
    """Refuse unless the line's price is known, because the people who approve read the amount. Raises
    WrongState."""
    _amendment_may_be_requested(order, job)
    if job.item.item_id is None:
        raise WrongState("quantity_was_not_approved")
    if _price_of(job) is None:
        raise WrongState("economics_not_set")
    quantity_may_change(order, job)


def may_have_been_amended(job: Job) -> bool:
    """Tell whether the job comes from a brief and has a known price."""
    return job.item.item_id is not None and _price_of(job) is not None


def _amendment_may_be_requested(order: FullOrder, job: Job) -> None:
    """Refuse a second amendment while one is in approval."""
    economics_may_change(order.order.state, job)
    if job.closed_because is not None:
        raise WrongState("job_closed")
    if job.amendment is not None:
        raise WrongState("amendment_open")


def price_to_amend(job: Job) -> Decimal:
    """Return the price that holds now: the approved one or, if none was approved, that of its economics."""
    held = _price_of(job)
    assert held is not None, "of a line of which something may be amended"
    return held


def _price_of(job: Job) -> Decimal | None:
    if job.item.approved_unit_price is not None:
        return job.item.approved_unit_price
    return job.economics.unit_price if job.economics else None


def other_quantity(job: Job, quantity: Decimal, deliveries: tuple[Delivery, ...] | None) -> OtherQuantity:
    """Build the new quantity of a line. If `deliveries` is None, all of it goes where the line goes: to its
    one destination, or anywhere."""
    item = job.item
    if deliveries is None:
        alone = len(item.deliveries) == 1
        deliveries = (replace(item.deliveries[0], quantity=quantity),) if alone else item.deliveries
    return OtherQuantity(quantity, deliveries, item.deliveries, item.confirmed or item.quantity)


def amended(
    order: FullOrder, job: Job, amendment: Amendment, *, kind: Kind | None, schedule: Schedule
) -> FullOrder:
    """Return the order with the amendment applied. Raises a Refusal if that is no longer possible."""
    after = replace(job, amendment=None)
    if amendment.changes_price:
        after = with_approved_price(after, amendment.unit_price)
    if amendment.other is None:
        full = order.with_jobs(after)
    else:
        quantity_may_change(order, job)
        other = amendment.other
        item = replace(
            after.item, quantity=other.quantity, deliveries=other.deliveries, confirmed=other.quantity
        )
        full = _with_item(order, after, item, kind, schedule)
    _value_is_within_bounds(full)
    return full


def with_amendment(
    order: FullOrder, job: Job, amendment: Amendment, *, kind: Kind | None, schedule: Schedule
) -> FullOrder:
    """Return the order with what was approved, or the same order if the amendment doesn't fit any more."""
    if not _is_as_it_was(order.order.state, job, amendment):
        return order
    try:
        return amended(order, job, amendment, kind=kind, schedule=schedule)
    except Refusal:
        return order


def without_amendment(
    order: FullOrder, job: Job, amendment: Amendment, *, kind: Kind | None, schedule: Schedule
) -> FullOrder:
    """Return the order with the former price and quantity, because the approval of the amendment was revoked.
    A price or quantity that has changed since stays, and so does a quantity that may not change any more.
    Returns the same order if nothing changes."""
    if order.order.state in ENDED:
        return order
    after = order
    if amendment.changes_price and job.item.approved_unit_price == amendment.unit_price:
        job = with_approved_price(job, amendment.unit_price_before)
        after = order.with_jobs(job)
    other = amendment.other
    if other is None or (job.item.quantity, job.item.deliveries) != (other.quantity, other.deliveries):
        return after
    item = replace(
        job.item,
        quantity=amendment.quantity,
        deliveries=other.deliveries_before,
        confirmed=other.confirmed_before,
    )
    try:
        quantity_may_change(after, job)
        return _with_item(after, job, item, kind, schedule)
    except Refusal:
        return after


def amendment_fits(order: FullOrder, job: Job, amendment: Amendment) -> bool:
    """Tell whether what the amendment changes is still as it was when requested, and may still change."""
    if not _is_as_it_was(order.order.state, job, amendment):
        return False
    if amendment.other is None:
        return True
    try:
        quantity_may_change(order, job)
    except Refusal:
        return False
    return True


def _is_as_it_was(order: OrderState, job: Job, amendment: Amendment) -> bool:
    return (
        order not in ENDED
        and job.state is not JobState.CANCELLED
        and job.closed_because is None
        and job.item.quantity == amendment.quantity
        and _price_of(job) == amendment.unit_price_before
        and (amendment.other is None or job.item.deliveries == amendment.other.deliveries_before)
    )


def _value_is_within_bounds(order: FullOrder) -> None:
    valued = [price(job.economics, job.item.quantity) for job in order.jobs if job.economics]
    total_is_within_bounds(sum(valued, Decimal(0)))


def deadline_may_change(order: OrderState) -> None:
    _table_allows(Change.DEADLINE, order)


def quantity_may_change(order: FullOrder, job: Job) -> None:
    """Refuse unless none of the line's work was handed in and none of it is outside. Raises WrongState."""
    _table_allows(Change.QUANTITY, order.order.state, job)
    if job.item.article_id is not None:
        raise WrongState("quantity_from_stock")
    destinations_may_change(order, job)
    for phase in job.phases:
        if phase.quantity is not None or phase.made_so_far is not None:
            raise WrongState("work_handed_in", phase=phase.name)
        none_of_it_is_outside(phase)


def destinations_may_change(order: FullOrder, job: Job) -> None:
    _table_allows(Change.DESTINATIONS, order.order.state, job)
    if job.closed_because is not None:
        raise WrongState("job_closed")
    if _has_left(order.lines[job.id]):
        raise WrongState("goods_of_line_have_left", number=order.order.number)


def quantity_is_as_approved(item: Item, quantity: Decimal, policy: PricePolicy) -> None:
    """Refuse more than was approved with a brief plus the tenant's tolerance for prices. Less is allowed."""
    if item.item_id is None or item.confirmed is None:
        return
    most = item.confirmed * (100 + policy.tolerance_percent) / 100
    if quantity > most:
        raise Invalid("quantity_not_approved", field="quantity", approved=item.confirmed, most=most)


def _has_left(line: LineProgress) -> bool:
    return line.shipped > 0


def _table_allows(change: Change, order: OrderState, job: Job | None = None) -> None:
    if refused := refusal_of(change, order, job.state if job else None):
        raise WrongState(refused.code)


def _planned(job: Job, kind: Kind | None, schedule: Schedule) -> Job:
    """Return the job planned by its kind as it is now, if that has the same phases. Phases that are over keep
    their days."""
    if kind is None or {step.key for step in kind.phases} != {phase.key for phase in job.phases}:
        return job
    periods = schedule.periods(kind.phases, job.item.quantity)
    phases = tuple(
        phase if phase.completed_at else replace(phase, planned=periods[phase.key]) for phase in job.phases
    )
    return job if phases == job.phases else replace(job, phases=phases, version=job.version + 1)
