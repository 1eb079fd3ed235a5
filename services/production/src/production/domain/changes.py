"""What may change of an order after its confirmation: its deadline, and its lines' quantities and
destinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from optima_kit.refusals import Invalid, WrongState

from .economics import PricePolicy, price_is_within_bounds
from .job import Delivery, Item, Job, none_of_it_is_outside, with_shares_for
from .kinds import Kind
from .machine import Change, OrderState, refusal_of
from .order import FullOrder, LineProgress, deadline_is_not_past, deliveries_add_up
from .plan import Schedule


@dataclass(frozen=True, slots=True)
class OrderChange:
    """As it is kept: who changed what, and why."""

    id: UUID
    order_id: UUID
    changed_at: datetime
    changed_by: UUID
    reason: str
    deadline_before: date | None = None
    """None where it is about a line."""
    job_id: UUID | None = None
    quantity_before: Decimal | None = None
    deliveries_before: tuple[Delivery, ...] = ()


def with_deadline(
    order: FullOrder, deadline: date, kinds: Mapping[str, Kind], schedule: Schedule, now: datetime
) -> FullOrder:
    """Work that is not over is planned anew, for the other deadline."""
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
    """The order with so much of the job, for these destinations."""
    item = replace(job.item, quantity=quantity, deliveries=deliveries)
    if item == job.item:
        raise Invalid("nothing_changed", field="quantity")
    if quantity != job.item.quantity:
        quantity_may_change(order, job)
        quantity_is_as_approved(job.item, quantity, policy)
        job = with_shares_for(job, quantity)
        if job.economics is not None:
            price_is_within_bounds(job.economics, quantity)
    else:
        destinations_may_change(order, job)
    deliveries_add_up(item, "deliveries")
    changed = _planned(replace(job, item=item, version=job.version + 1), kind, schedule)
    after = replace(order.order, version=order.order.version + 1)
    return replace(order, order=after).with_jobs(changed)


def deadline_may_change(order: OrderState) -> None:
    _table_allows(Change.DEADLINE, order)


def quantity_may_change(order: FullOrder, job: Job) -> None:
    """Within what was begun: as long as nothing of it was handed in, and none of it is outside."""
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
    """Less may be ordered than was approved with a brief; more, within the tenant's tolerance of prices."""
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
    """By its kind as it is now, where that has the same phases; what is over keeps its days."""
    if kind is None or {step.key for step in kind.phases} != {phase.key for phase in job.phases}:
        return job
    periods = schedule.periods(kind.phases, job.item.quantity)
    phases = tuple(
        phase if phase.completed_at else replace(phase, planned=periods[phase.key]) for phase in job.phases
    )
    return job if phases == job.phases else replace(job, phases=phases, version=job.version + 1)
