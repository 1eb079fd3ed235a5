"""The warehouse ledger. Stock is the sum of its movements; no number is ever overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from optima_kit.refusals import Invalid, WrongState

from .orders import Order, OrderLine, order_must_not_be_cancelled


class Kind(StrEnum):
    RECEIPT = "receipt"
    """Finished goods enter."""
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
"""By what part more than was produced may be found: production counts too, and not always rightly."""


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


@dataclass(frozen=True, slots=True)
class Goods:
    """Where the goods of one order are, as read under the order's lock."""

    on_hand: Mapping[tuple[str, UUID], Decimal] = field(default_factory=dict)
    """By warehouse and job."""
    reserved: Mapping[tuple[str, UUID], Decimal] = field(default_factory=dict)
    """By warehouse and job: what shipments that have no transport document yet hold."""
    received: Mapping[UUID, Decimal] = field(default_factory=dict)
    """By job: the sum of receipts."""
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

    def in_stock(self, warehouse: str, job_id: UUID) -> Decimal:
        return self.on_hand.get((warehouse, job_id), Decimal(0))

    def received_of(self, job_id: UUID) -> Decimal:
        return self.received.get(job_id, Decimal(0))

    def free(self, warehouse: str, job_id: UUID) -> Decimal:
        """What a new shipment may take; below zero when an adjustment took reserved goods."""
        return self.in_stock(warehouse, job_id) - self.reserved.get((warehouse, job_id), Decimal(0))

    def receivable(self, order: Order, line: OrderLine) -> Decimal:
        """How much of a line may still enter a warehouse."""
        if order.cancelled:
            return Decimal(0)
        return (line.produced or Decimal(0)) - self.received_of(line.job_id)

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
        must_be_findable(order.lines[job_id], goods, quantity, field="quantity")
        return Movement(movement_id, warehouse, job_id, Kind.FOUND, quantity, reason=reason)
    in_stock = goods.in_stock(warehouse, job_id)
    if quantity > in_stock:
        raise WrongState("stock_not_enough", field="quantity", stock=in_stock)
    return Movement(movement_id, warehouse, job_id, Kind(kind), -quantity, reason=reason)


def must_be_findable(line: OrderLine, goods: Goods, quantity: Decimal, *, field: str) -> None:
    """Goods of a job that made none, or far more than it made, are not found: they come by a receipt."""
    if line.produced is None:
        raise WrongState("job_not_completed", field=field)
    known = goods.received_of(line.job_id) + goods.counted.get(line.job_id, Decimal(0))
    left = line.produced * (1 + FINDABLE) - known
    if quantity > left:
        raise WrongState("quantity_beyond_findable", field=field, left=max(left, Decimal(0)))


def written(quantity: Decimal) -> str:
    """A quantity as events and refusals write it: no exponent, no superfluous zeros."""
    return f"{quantity.normalize():f}"
