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
from .places import Pick, Place, lot_must_fit, take


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
    RELOCATION = "relocation"
    """Goods change their location within a warehouse: two movements that add up to nothing."""
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
    location: str = ""
    lot: str = ""

    @property
    def place(self) -> Place:
        return Place(self.warehouse, self.job_id, self.location, self.lot)


@dataclass(frozen=True, slots=True)
class Goods:
    """Where the goods of one order or account are, as read under its lock."""

    on_hand: Mapping[Place, Decimal] = field(default_factory=dict)
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
    held: Mapping[Place, Decimal] = field(default_factory=dict)
    """What of it is held back for its quality."""
    picked: Mapping[Place, Decimal] = field(default_factory=dict)
    """What of it shipments without a document have picked by name."""
    expiry: Mapping[tuple[UUID, str], date] = field(default_factory=dict)
    """By job and lot, of those that expire."""
    _on_hand: Mapping[tuple[str, UUID], Decimal] = field(init=False, repr=False, compare=False)
    _held: Mapping[tuple[str, UUID], Decimal] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_on_hand", _by_warehouse(self.on_hand))
        object.__setattr__(self, "_held", _by_warehouse(self.held))

    def in_stock(self, warehouse: str, job_id: UUID) -> Decimal:
        """Over all locations and lots, here and below."""
        return self._on_hand.get((warehouse, job_id), Decimal(0))

    def warehouses_of(self, job_id: UUID) -> list[str]:
        """In which some of it lies or has lain."""
        return [warehouse for warehouse, job in self._on_hand if job == job_id]

    def received_of(self, job_id: UUID) -> Decimal:
        """Not below zero: what a count found beyond what was set aside for a line is released, too."""
        return max(self.received.get(job_id, Decimal(0)), Decimal(0))

    def free(self, warehouse: str, job_id: UUID) -> Decimal:
        """What a new shipment may take; below zero when an adjustment took what was reserved or held."""
        return self.usable(warehouse, job_id) - self.reserved.get((warehouse, job_id), Decimal(0))

    def held_back(self, warehouse: str, job_id: UUID) -> Decimal:
        return self._held.get((warehouse, job_id), Decimal(0))

    def usable(self, warehouse: str, job_id: UUID) -> Decimal:
        """What lies there and is not held back; below zero as above."""
        return self.in_stock(warehouse, job_id) - self.held_back(warehouse, job_id)

    def at(self, place: Place) -> Decimal:
        return self.on_hand.get(place, Decimal(0))

    def held_at(self, place: Place) -> Decimal:
        return self.held.get(place, Decimal(0))

    def usable_at(self, place: Place) -> Decimal:
        """What lies in this place, is not held back and is not picked by name."""
        return self.at(place) - self.held_at(place) - self.picked.get(place, Decimal(0))

    def free_at(self, place: Place) -> Decimal:
        """Of what is usable in this place, what no shipment needs: it may be taken from any place."""
        return min(self.usable_at(place), self.free(place.warehouse, place.job_id))

    def places_of(self, warehouse: str, job_id: UUID) -> list[Place]:
        """In which some of it lies."""
        return [
            place
            for place, there in self.on_hand.items()
            if (place.warehouse, place.job_id) == (warehouse, job_id) and there
        ]

    def place_named(
        self, warehouse: str, job_id: UUID, location: str | None, lot: str | None, *, held: bool = False
    ) -> Place:
        """The place that a client means, who need not name what leaves no choice. `held`: of what is held
        back. Raises Invalid where there are several."""
        fits = [
            place
            for place in self.places_of(warehouse, job_id)
            if (location is None or place.location == location)
            and (lot is None or place.lot == lot)
            and (not held or self.held_at(place) > 0)
        ]
        if len(fits) > 1:
            several = "location" if len({place.location for place in fits}) > 1 else "lot"
            named = sorted({getattr(place, several) or "–" for place in fits})
            raise Invalid(f"{several}_not_named", field=several, places=", ".join(named))
        return fits[0] if fits else Place(warehouse, job_id, location or "", lot or "")

    def take(self, warehouse: str, job_id: UUID, quantity: Decimal, today: date) -> list[Pick]:
        """What to take of it where nobody says: of what is usable, first what expires first."""
        there = {place: self.usable_at(place) for place in self.places_of(warehouse, job_id)}
        return take(there, self.expiry, quantity, today)

    def receivable(self, order: Order, line: OrderLine) -> Decimal:
        """How much of a line may still enter a warehouse. What was found of it before it was received is part
        of it: together they are no more than may be found beyond what was made."""
        if order.cancelled or line.article_id is not None:
            return Decimal(0)
        made, received = line.made or Decimal(0), self.received_of(line.job_id)
        left = made * (1 + FINDABLE) - received - self.counted.get(line.job_id, Decimal(0))
        return max(min(made - received, left), Decimal(0))

    def allocatable(self, order: Order, line: OrderLine) -> Decimal:
        """How much of a line from stock is still to be set aside."""
        if order.cancelled or line.closed or line.article_id is None:
            return Decimal(0)
        return line.quantity - self.received_of(line.job_id)

    def releasable(self, order: Order, line: OrderLine) -> Mapping[str, Decimal]:
        """By warehouse: what was set aside for a line, and is not needed there any more."""
        if line.article_id is None or not (order.cancelled or line.closed):
            return {}
        free = {warehouse: self.free(warehouse, line.job_id) for warehouse in self.warehouses_of(line.job_id)}
        return {warehouse: quantity for warehouse, quantity in free.items() if quantity > 0}

    def after(self, movement: Movement) -> Goods:
        """With what is set aside for a line, or no longer is."""
        place, job_id = movement.place, movement.job_id
        on_hand = self.at(place) + movement.quantity
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
            left[movement.place] = left.get(movement.place, Decimal(0)) + movement.quantity
        lying = {place.job_id for place, quantity in left.items() if quantity}
        return {movement.job_id for movement in movements} - lying

    def remaining(self, line: OrderLine, destination: str) -> Decimal:
        """How much of a line is still to be shipped to `destination`."""
        if line.deliveries:
            taken = self.committed.get((line.job_id, destination), Decimal(0))
        else:
            taken = sum((q for (job, _), q in self.committed.items() if job == line.job_id), Decimal(0))
        return line.ordered_for(destination) - taken


def _by_warehouse(places: Mapping[Place, Decimal]) -> Mapping[tuple[str, UUID], Decimal]:
    sums: dict[tuple[str, UUID], Decimal] = {}
    for place, quantity in places.items():
        key = place.warehouse, place.job_id
        sums[key] = sums.get(key, Decimal(0)) + quantity
    return sums


def movement_in(
    place: Place,
    movement_id: UUID,
    kind: Kind,
    quantity: Decimal,
    *,
    reason: str | None = None,
    receipt_id: UUID | None = None,
    count_id: UUID | None = None,
) -> Movement:
    return Movement(
        movement_id,
        place.warehouse,
        place.job_id,
        kind,
        quantity,
        reason=reason,
        receipt_id=receipt_id,
        count_id=count_id,
        location=place.location,
        lot=place.lot,
    )


def receive(order: Order, goods: Goods, *, movement_id: UUID, place: Place, quantity: Decimal) -> Movement:
    """Finished goods of a job enter a warehouse, at most as much as is finished of it."""
    job_id = place.job_id
    order_must_not_be_cancelled(order.number, order.cancelled)
    line = order.lines[job_id]
    if line.article_id is not None:
        raise WrongState("line_from_stock", field="job_id")
    if line.made is None:
        raise WrongState("job_not_completed", field="job_id")
    left = goods.receivable(order, line)
    if quantity > left:
        raise WrongState("quantity_beyond_produced", field="quantity", left=left)
    return movement_in(place, movement_id, Kind.RECEIPT, quantity)


def adjust(
    order: Order,
    goods: Goods,
    *,
    movement_id: UUID,
    place: Place,
    kind: Difference,
    quantity: Decimal,
    reason: str,
) -> Movement:
    """Stock is set right by what was found, is missing or was damaged, with the reason. It falls below zero
    in no place, and no more is found than can have been made."""
    if quantity == 0:
        raise Invalid("difference_zero", field="quantity")
    if kind == "found":
        lot_must_fit(order.lines[place.job_id].tracked, place.lot, field="lot")
        must_be_findable(order, place.job_id, goods, quantity, field="quantity")
        return movement_in(place, movement_id, Kind.FOUND, quantity, reason=reason)
    if quantity > goods.at(place):
        raise WrongState("stock_not_enough", field="quantity", stock=goods.at(place))
    return movement_in(place, movement_id, Kind(kind), -quantity, reason=reason)


def relocation(
    goods: Goods,
    place: Place,
    to_location: str,
    quantity: Decimal,
    new_id: Callable[[], UUID],
    *,
    held: bool,
) -> tuple[Movement, Movement]:
    """Out of one location into another of the same warehouse. `held`: of what is held back, which stays so;
    otherwise of what is not, and what a shipment has picked by name stays for it."""
    if to_location == place.location:
        raise Invalid("location_is_origin", field="to_location")
    left = goods.held_at(place) if held else goods.usable_at(place)
    if quantity > left:
        code = "quantity_beyond_held" if held else "goods_not_there"
        raise WrongState(code, field="quantity", left=max(left, Decimal(0)))
    there = replace(place, location=to_location)
    return (
        movement_in(place, new_id(), Kind.RELOCATION, -quantity),
        movement_in(there, new_id(), Kind.RELOCATION, quantity),
    )


def must_be_findable(order: Order, job_id: UUID, goods: Goods, quantity: Decimal, *, field: str) -> None:
    """Goods of a job that made none, or far more than were made or received, are not found: they come by a
    receipt."""
    received = goods.received_of(job_id)
    line = order.lines[job_id]
    came = received if order.is_account or line.article_id is not None else line.made
    if came is None:
        raise WrongState("job_not_completed", field=field)
    left = came * (1 + FINDABLE) - received - goods.counted.get(job_id, Decimal(0))
    if quantity > left:
        raise WrongState("quantity_beyond_findable", field=field, left=max(left, Decimal(0)))


def allocation(
    line: OrderLine, pick: Pick, warehouse: str, new_id: Callable[[], UUID], *, back: bool = False
) -> tuple[Movement, Movement]:
    """So much of an article is set aside for the line or, `back`, is the article's again: a movement of the
    line's goods, and as much of the article's the other way, in the same place."""
    assert line.article_id is not None
    quantity = -pick.quantity if back else pick.quantity
    of_line = replace(pick, job_id=line.job_id).place(warehouse)
    of_article = replace(pick, job_id=line.article_id).place(warehouse)
    return (
        movement_in(of_line, new_id(), Kind.ALLOCATION, quantity),
        movement_in(of_article, new_id(), Kind.ALLOCATION, -quantity),
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


def purchase(*, movement_id: UUID, place: Place, quantity: Decimal, receipt_id: UUID) -> Movement:
    """Goods of an article enter, as much as their document says."""
    return movement_in(place, movement_id, Kind.PURCHASE, quantity, receipt_id=receipt_id)
