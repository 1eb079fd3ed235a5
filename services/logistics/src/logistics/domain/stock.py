"""The warehouse ledger. Stock is the sum of its movements; no number is ever overwritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from optima_kit.refusals import Invalid, WrongState

from .orders import Order, OrderLine, line_must_not_be_closed, order_must_not_be_cancelled


class Kind(StrEnum):
    RECEIPT = "receipt"
    """Finished goods enter."""
    PURCHASE = "purchase"
    """Goods of an article enter, under the transport document of whoever sent them."""
    ALLOCATION = "allocation"
    """Goods of an article become those of an order's line from stock, or the article's again."""
    ISSUE = "issue"
    """Goods leave with a transport document."""
    ARRIVAL = "arrival"
    """Goods that left another warehouse of ours are here: all that its document says."""
    RETURN = "return"
    """Goods that had left are back: refused, or their document was voided."""
    FOUND = "found"
    """There is more than the ledger said."""
    MISSING = "missing"
    """There is less than the ledger said."""
    DAMAGED = "damaged"
    """Goods are there and of no use any more."""
    ADJUSTMENT = "adjustment"
    """A difference of either sign, as corrections were written before each had a kind of its own."""


Difference = Literal["found", "missing", "damaged"]

DIFFERENCES: Final[Mapping[Kind, Difference]] = {
    Kind.FOUND: "found",
    Kind.MISSING: "missing",
    Kind.DAMAGED: "damaged",
}
"""What may be seen in a warehouse that its ledger did not say."""

FINDABLE: Final = Decimal("0.1")
"""By what part more than was produced or received may be found: others count too, and not always rightly."""


OLDEST_DOCUMENT: Final = timedelta(days=366)
"""Of goods that come in: a document that was on its way for longer is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Movement:
    movement_id: UUID
    warehouse: str
    job_id: UUID
    kind: Kind
    quantity: Decimal
    """Signed: what leaves is negative."""
    shipment_id: UUID | None = None
    reason: str | None = None
    receipt_id: UUID | None = None
    count_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """Where the goods of one order or account are, as read under its lock."""

    on_hand: Mapping[tuple[str, UUID], Decimal] = field(default_factory=dict)
    """By warehouse and job."""
    reserved: Mapping[tuple[str, UUID], Decimal] = field(default_factory=dict)
    """By warehouse and job: what shipments that have no transport document yet hold."""
    received: Mapping[UUID, Decimal] = field(default_factory=dict)
    """By job: the sum of receipts and purchases or, of a line from stock, of what is set aside for it."""
    counted: Mapping[UUID, Decimal] = field(default_factory=dict)
    """By job: by how much counts have come out above or below the ledger."""
    committed: Mapping[tuple[UUID, str], Decimal] = field(default_factory=dict)
    """By job and destination: what shipments that close order lines prepare, carry or have delivered."""
    in_transit: Mapping[tuple[UUID, str], Decimal] = field(default_factory=dict)
    """By job and destination: what left under a document and has not arrived."""
    with_third_parties: Mapping[tuple[UUID, str], Decimal] = field(default_factory=dict)
    """By job and destination: what is ours at somebody else's place."""
    since: Mapping[UUID, datetime] = field(default_factory=dict)
    """By job: when goods of it first came into a warehouse."""
    held: Mapping[tuple[str, UUID], Decimal] = field(default_factory=dict)
    """By warehouse and job: what is held back for its quality."""

    def in_stock(self, warehouse: str, job_id: UUID) -> Decimal:
        return self.on_hand.get((warehouse, job_id), Decimal(0))

    def received_of(self, job_id: UUID) -> Decimal:
        """Not below zero: what a count found beyond what was set aside for a line is released, too."""
        return max(self.received.get(job_id, Decimal(0)), Decimal(0))

    def free(self, warehouse: str, job_id: UUID) -> Decimal:
        """What a new shipment may take; below zero when an adjustment took what was reserved or held."""
        return self.usable(warehouse, job_id) - self.reserved.get((warehouse, job_id), Decimal(0))

    def held_back(self, warehouse: str, job_id: UUID) -> Decimal:
        return self.held.get((warehouse, job_id), Decimal(0))

    def usable(self, warehouse: str, job_id: UUID) -> Decimal:
        """What lies there and is not held back; below zero as above."""
        return self.in_stock(warehouse, job_id) - self.held_back(warehouse, job_id)

    def receivable(self, order: Order, line: OrderLine) -> Decimal:
        """How much of a line may still enter a warehouse."""
        if order.cancelled or line.article_id is not None:
            return Decimal(0)
        return (line.produced or Decimal(0)) - self.received_of(line.job_id)

    def allocatable(self, order: Order, line: OrderLine) -> Decimal:
        """How much of a line from stock is still to be set aside."""
        if order.cancelled or line.closed or line.article_id is None:
            return Decimal(0)
        return line.quantity - self.received_of(line.job_id)

    def releasable(self, order: Order, line: OrderLine) -> Mapping[str, Decimal]:
        """By warehouse: what was set aside for a line, and is not needed there any more."""
        if line.article_id is None or not (order.cancelled or line.closed):
            return {}
        places = [warehouse for warehouse, job_id in self.on_hand if job_id == line.job_id]
        free = {warehouse: self.free(warehouse, line.job_id) for warehouse in places}
        return {warehouse: quantity for warehouse, quantity in free.items() if quantity > 0}

    def after(self, movement: Movement) -> Goods:
        """With what is set aside for a line, or no longer is."""
        place, job_id = (movement.warehouse, movement.job_id), movement.job_id
        on_hand = self.in_stock(*place) + movement.quantity
        received = self.received_of(job_id) + movement.quantity
        return replace(
            self,
            on_hand={**self.on_hand, place: on_hand},
            received={**self.received, job_id: received},
        )

    def gone_after(self, movements: Sequence[Movement]) -> set[UUID]:
        """The jobs among `movements` of which nothing lies anywhere once these are recorded."""
        left = dict(self.on_hand)
        for movement in movements:
            place = movement.warehouse, movement.job_id
            left[place] = left.get(place, Decimal(0)) + movement.quantity
        lying = {job_id for (_, job_id), quantity in left.items() if quantity}
        return {movement.job_id for movement in movements} - lying

    def remaining(self, line: OrderLine, destination: str) -> Decimal:
        """How much of a line is still to be shipped to `destination`."""
        if line.deliveries:
            taken = self.committed.get((line.job_id, destination), Decimal(0))
        else:
            taken = sum((q for (job, _), q in self.committed.items() if job == line.job_id), Decimal(0))
        return line.ordered_for(destination) - taken


def receive(
    order: Order, goods: Goods, *, movement_id: UUID, warehouse: str, job_id: UUID, quantity: Decimal
) -> Movement:
    """Finished goods of a completed job enter a warehouse, at most as much as was produced."""
    order_must_not_be_cancelled(order.number, order.cancelled)
    line = order.lines[job_id]
    if line.article_id is not None:
        raise WrongState("line_from_stock", field="job_id")
    if line.produced is None:
        raise WrongState("job_not_completed", field="job_id")
    left = goods.receivable(order, line)
    if quantity > left:
        raise WrongState("quantity_beyond_produced", field="quantity", left=left)
    return Movement(movement_id, warehouse, job_id, Kind.RECEIPT, quantity)


def adjust(
    order: Order,
    goods: Goods,
    *,
    movement_id: UUID,
    warehouse: str,
    job_id: UUID,
    kind: Difference,
    quantity: Decimal,
    reason: str,
) -> Movement:
    """Stock is set right by what was found, is missing or was damaged, with the reason. It never falls below
    zero, and no more is found than can have been made."""
    if quantity == 0:
        raise Invalid("difference_zero", field="quantity")
    if kind == "found":
        must_be_findable(order, job_id, goods, quantity, field="quantity")
        return Movement(movement_id, warehouse, job_id, Kind.FOUND, quantity, reason=reason)
    in_stock = goods.in_stock(warehouse, job_id)
    if quantity > in_stock:
        raise WrongState("stock_not_enough", field="quantity", stock=in_stock)
    return Movement(movement_id, warehouse, job_id, Kind(kind), -quantity, reason=reason)


def must_be_findable(order: Order, job_id: UUID, goods: Goods, quantity: Decimal, *, field: str) -> None:
    """Goods of a job that made none, or far more than were made or received, are not found: they come by a
    receipt."""
    received = goods.received_of(job_id)
    line = order.lines[job_id]
    came = received if order.is_account or line.article_id is not None else line.produced
    if came is None:
        raise WrongState("job_not_completed", field=field)
    left = came * (1 + FINDABLE) - received - goods.counted.get(job_id, Decimal(0))
    if quantity > left:
        raise WrongState("quantity_beyond_findable", field=field, left=max(left, Decimal(0)))


def allocation(
    line: OrderLine, warehouse: str, quantity: Decimal, new_id: Callable[[], UUID]
) -> tuple[Movement, Movement]:
    """So much of an article is set aside for the line or, below zero, is the article's again: a movement of
    the line's goods, and as much of the article's the other way."""
    assert line.article_id is not None
    return (
        Movement(new_id(), warehouse, line.job_id, Kind.ALLOCATION, quantity),
        Movement(new_id(), warehouse, line.article_id, Kind.ALLOCATION, -quantity),
    )


def must_be_allocatable(
    order: Order, line: OrderLine, goods: Goods, stock: Goods, warehouse: str, quantity: Decimal
) -> None:
    """`goods`: of the line; `stock`: of its article. No more is set aside than was ordered and is free."""
    order_must_not_be_cancelled(order.number, order.cancelled)
    if line.article_id is None:
        raise WrongState("line_not_from_stock", field="job_id")
    line_must_not_be_closed(order, line.job_id, "job_id")
    left = goods.allocatable(order, line)
    if quantity > left:
        raise WrongState("quantity_beyond_ordered", field="quantity", left=max(left, Decimal(0)))
    free = max(stock.free(warehouse, line.article_id), Decimal(0))
    if quantity > free:
        raise WrongState("goods_not_free", field="quantity", free=free, warehouse=warehouse)


def must_be_releasable(
    order: Order, line: OrderLine, goods: Goods, warehouse: str, quantity: Decimal
) -> None:
    """What is set aside for a line that is still to be shipped stays there."""
    if line.article_id is None:
        raise WrongState("line_not_from_stock", field="job_id")
    if not (order.cancelled or line.closed):
        raise WrongState("line_open", field="job_id")
    free = goods.releasable(order, line).get(warehouse, Decimal(0))
    if quantity > free:
        raise WrongState("goods_not_free", field="quantity", free=free, warehouse=warehouse)


@dataclass(frozen=True, slots=True)
class SupplierReceipt:
    """Goods that came in under the transport document of whoever sent them: a supplier, or their owner."""

    receipt_id: UUID
    supplier: str
    """Code of a destination."""
    number: str
    """Of the supplier's DDT."""
    date: date
    """Of that DDT."""
    warehouse: str


def receipt_of(
    receipt_id: UUID, supplier: str, number: str, on: date, warehouse: str, *, today: date
) -> SupplierReceipt:
    """`today`: the tenant's. Raises Invalid for a document from the future, or a year old."""
    if not today - OLDEST_DOCUMENT <= on <= today:
        raise Invalid("supplier_document_date", field="date", today=today)
    return SupplierReceipt(receipt_id, supplier, number, on, warehouse)


def purchase(
    *, movement_id: UUID, warehouse: str, article_id: UUID, quantity: Decimal, receipt_id: UUID
) -> Movement:
    """Goods of an article enter, as much as their document says."""
    return Movement(movement_id, warehouse, article_id, Kind.PURCHASE, quantity, receipt_id=receipt_id)


def written(quantity: Decimal) -> str:
    """A quantity as events and refusals write it: no exponent, no superfluous zeros."""
    return f"{quantity.normalize():f}"
