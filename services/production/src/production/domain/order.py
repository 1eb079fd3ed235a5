"""An order: what is to be made and delivered. Its state follows from its jobs and shipments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_kit.refusals import Invalid, WrongState

from .job import ENDED, Item, Job
from .machine import JobState, OrderState
from .shipments import GOODS_OUT, Shipment, ShipmentState

ORDERS_ZONE: Final = ZoneInfo("Europe/Rome")
"""The time zone in which a day ends and, with the year, the numbering of orders begins again."""


@dataclass(frozen=True, slots=True)
class Order:
    id: UUID
    number: str
    brief_id: UUID | None
    """None if backoffice wrote the order itself."""
    title: str
    customer: str | None
    deadline: date
    state: OrderState
    confirmed_at: datetime
    started_at: datetime | None = None
    ready_at: datetime | None = None
    """When the last job was done."""
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None
    goods_have_left: bool = False
    """Whether logistics refused a cancellation because goods had left. It may know that before the departure
    is reported here."""
    version: int = 1

    @property
    def correlation_id(self) -> UUID:
        """The brief that the order belongs to, or the order itself."""
        return self.brief_id or self.id


@dataclass(frozen=True, slots=True)
class LineProgress:
    """How far one job has come. Quantities are in the job's unit."""

    state: JobState
    ordered: Decimal
    produced: Decimal | None
    shipped: Decimal
    """What left under a valid document, including what was delivered."""
    delivered: Decimal
    closed: bool = False
    """Whether the line was closed short, before all that was due had left."""
    from_stock: bool = False
    """Whether the line is taken from stock, so that nothing of it is made."""

    @property
    def due(self) -> Decimal | None:
        """The quantity to deliver: as ordered, or as produced if that is less; None until it is made. For a
        closed line it is what was shipped.

        A shortfall is always within the tolerance, because completion refuses anything less.
        """
        if self.closed:
            return self.shipped
        return None if self.produced is None else min(self.ordered, self.produced)


@dataclass(frozen=True, slots=True)
class FullOrder:
    """An order and its contents, read under its lock."""

    order: Order
    jobs: tuple[Job, ...]
    """The jobs that were asked for, in full."""
    lines: Mapping[UUID, LineProgress]
    """How far each job of the order has come, by the job's id."""
    documents: bool = False
    """Whether a document was ever issued for its goods."""

    @property
    def progress(self) -> list[LineProgress]:
        return list(self.lines.values())

    def job(self, job_id: UUID) -> Job:
        return next(job for job in self.jobs if job.id == job_id)

    def with_jobs(self, *changed: Job) -> FullOrder:
        """Return the order after some of its jobs changed."""
        now = {job.id: job for job in changed}
        lines = {id_: _after(line, now.get(id_)) for id_, line in self.lines.items()}
        return replace(self, jobs=tuple(now.get(job.id, job) for job in self.jobs), lines=lines)

    def with_shipment(self, shipment: Shipment) -> FullOrder:
        """Return the order with one more shipment. Goods count as shipped once their document is issued, and
        delivered goods as shipped and delivered. Refused and voided shipments came back and do not count."""
        if shipment.state not in GOODS_OUT:
            return self
        delivered = shipment.state is ShipmentState.DELIVERED
        lines = {}
        for id_, line in self.lines.items():
            sent = shipment.quantities.get(id_, Decimal(0))
            arrived = sent if delivered else Decimal(0)
            lines[id_] = replace(line, shipped=line.shipped + sent, delivered=line.delivered + arrived)
        return replace(self, lines=lines)


def _after(line: LineProgress, job: Job | None) -> LineProgress:
    if job is None:
        return line
    return replace(
        line,
        state=job.state,
        ordered=job.item.quantity,
        produced=job.produced,
        closed=job.closed_because is not None,
    )


def order_number(year: int, progressive: int) -> str:
    return f"O-{year}-{progressive:04d}"


def numbering_year(now: datetime) -> int:
    return now.astimezone(ORDERS_ZONE).year


def state_of(order: Order, lines: list[LineProgress]) -> OrderState:
    """Return the state that follows from jobs and shipments. Cancelled and delivered are final here."""
    if order.state in (OrderState.CANCELLED, OrderState.DELIVERED):
        return order.state
    if all(line.due is not None and line.delivered >= line.due for line in lines):
        return OrderState.DELIVERED
    if all(line.due is not None and line.shipped >= line.due for line in lines):
        return OrderState.SHIPPED
    if any(line.shipped > 0 for line in lines):
        return OrderState.PARTIALLY_SHIPPED
    if all(_is_over(line) for line in lines):
        return OrderState.READY
    if order.started_at or _work_has_begun(lines):
        return OrderState.IN_PRODUCTION
    return OrderState.CONFIRMED


def advanced(order: Order, lines: list[LineProgress], now: datetime) -> Order:
    """Return the order after its jobs or shipments changed; the same object if nothing follows from the
    change."""
    state = state_of(order, lines)
    if state is OrderState.CANCELLED:
        return order
    begun = _work_has_begun(lines)
    made = all(_is_over(line) for line in lines)
    after = replace(
        order,
        state=state,
        started_at=order.started_at or (now if begun else None),
        ready_at=order.ready_at or (now if made else None),
        delivered_at=order.delivered_at or (now if state is OrderState.DELIVERED else None),
    )
    return order if after == order else replace(after, version=order.version + 1)


def _work_has_begun(lines: list[LineProgress]) -> bool:
    return any(line.state in (JobState.RUNNING, JobState.DONE) and not line.from_stock for line in lines)


def _is_over(line: LineProgress) -> bool:
    return line.state is JobState.DONE or line.closed


def nothing_can_be_delivered(lines: list[LineProgress]) -> bool:
    """Tell whether nothing is left to deliver: every line was closed before anything of it had left, or after
    all of it came back."""
    return all(line.closed and line.shipped == 0 for line in lines)


def something_is_due(line: LineProgress) -> bool:
    """Tell whether closing the line short would change anything."""
    return not line.closed and (line.due is None or line.shipped < line.due)


def deadline_is_not_past(deadline: date, now: datetime) -> None:
    today = now.astimezone(ORDERS_ZONE).date()
    if deadline < today:
        raise Invalid("deadline_past", field="deadline", today=today)


def deliveries_fit_their_item(index: int, item: Item) -> None:
    """Refuse destinations that do not add up to the ordered quantity: the rest could never be delivered.
    `index` is the item's position in the document."""
    deliveries_add_up(item, f"items[{index}].deliveries")


def deliveries_add_up(item: Item, field: str) -> None:
    sent = sum((delivery.quantity for delivery in item.deliveries), Decimal(0))
    if item.deliveries and sent != item.quantity:
        raise Invalid("deliveries_differ_from_quantity", field=field, sent=sent, quantity=item.quantity)


def goods_have_left(order: Order, lines: list[LineProgress]) -> bool:
    delivered = order.state is OrderState.DELIVERED
    return order.goods_have_left or delivered or any(line.shipped > 0 for line in lines)


def order_may_be_cancelled(order: Order, lines: list[LineProgress]) -> None:
    if order.state is OrderState.CANCELLED:
        raise WrongState("order_cancelled", number=order.number)
    if goods_have_left(order, lines):
        raise WrongState("goods_have_left", number=order.number)


def order_may_be_closed(order: FullOrder) -> None:
    order_has_not_ended(order.order)
    if not any(something_is_due(line) for line in order.progress):
        raise WrongState("nothing_to_close", number=order.order.number)


def line_may_be_closed(order: FullOrder, job: Job) -> None:
    order_has_not_ended(order.order)
    if job.closed_because is not None:
        raise WrongState("job_closed")
    if not something_is_due(order.lines[job.id]):
        raise WrongState("nothing_to_close", number=order.order.number)


def order_has_not_ended(order: Order) -> None:
    if order.state in ENDED:
        raise WrongState("order_ended")


def cancelled(order: Order, lines: list[LineProgress], reason: str, now: datetime) -> Order:
    order_may_be_cancelled(order, lines)
    return replace(
        order,
        state=OrderState.CANCELLED,
        cancelled_at=now,
        cancellation_reason=reason,
        version=order.version + 1,
    )


def may_be_cancelled(order: Order, lines: list[LineProgress]) -> bool:
    return order.state is not OrderState.CANCELLED and not goods_have_left(order, lines)


def after_return_of_goods(order: Order) -> Order:
    """Return the order after everything that had left has come back: it may be cancelled again."""
    if not order.goods_have_left:
        return order
    return replace(order, goods_have_left=False, version=order.version + 1)


def after_refused_cancellation(order: Order, *, goods_are_out: bool = True) -> Order:
    """Return the order after logistics refused its cancellation because goods had left. An order that was
    stopped goes on."""
    if order.state is OrderState.DELIVERED:
        return order
    after = replace(order, goods_have_left=order.goods_have_left or goods_are_out)
    if order.state is OrderState.CANCELLED:
        resumed = OrderState.IN_PRODUCTION if order.started_at else OrderState.CONFIRMED
        after = replace(after, state=resumed, cancelled_at=None, cancellation_reason=None)
    return order if after == order else replace(after, version=order.version + 1)
