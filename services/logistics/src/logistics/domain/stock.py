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
    """Finished goods come in."""
    PURCHASE = "purchase"
    """Goods of an article come in under the transport document of the sender."""
    ALLOCATION = "allocation"
    """Goods of an article are set aside for an order's line from stock, or given back to the article."""
    ISSUE = "issue"
    """Goods leave with a transport document."""
    ARRIVAL = "arrival"
    """Goods from another warehouse of ours have arrived: everything that the document lists."""
    RETURN = "return"
    """Goods that had left are back: they were refused, their document was voided, or they were sent back
    after the delivery."""
    FOUND = "found"
    """There is more than the ledger says."""
    MISSING = "missing"
    """There is less than the ledger says."""
    DAMAGED = "damaged"
    """Goods are there but no longer usable."""
    RELOCATION = "relocation"
    """Goods change their location within a warehouse: two movements whose sum is zero."""
    ADJUSTMENT = "adjustment"
    """A difference of either sign. Corrections were written so before each kind of difference had its own."""


Difference = Literal["found", "missing", "damaged"]

DIFFERENCES: Final[Mapping[Kind, Difference]] = {
    Kind.FOUND: "found",
    Kind.MISSING: "missing",
    Kind.DAMAGED: "damaged",
}
"""The kinds of difference between a warehouse and its ledger that people may report."""

FINDABLE: Final = Decimal("0.1")
"""The part by which finds may exceed what was produced or received: other people count too, and not always
correctly."""


OLDEST_DOCUMENT: Final = timedelta(days=366)
"""The greatest age of a supplier's document when its goods come in: an older date is a typing error."""


@dataclass(frozen=True, slots=True)
class Movement:
    movement_id: UUID
    warehouse: str
    job_id: UUID
    kind: Kind
    quantity: Decimal
    """Signed: negative for what leaves."""
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
    """Where the goods of one order or account are, read under its lock."""

    on_hand: Mapping[Place, Decimal] = field(default_factory=dict)
    reserved: Mapping[tuple[str, UUID], Decimal] = field(default_factory=dict)
    """By warehouse and job: what is held for shipments that have no transport document yet."""
    received: Mapping[UUID, Decimal] = field(default_factory=dict)
    """By job: the sum of receipts and purchases or, for a line from stock, of what is set aside for it."""
    counted: Mapping[UUID, Decimal] = field(default_factory=dict)
    """By job: how far counts came out above or below the ledger."""
    committed: Mapping[tuple[UUID, str], Decimal] = field(default_factory=dict)
    """By job and destination: what shipments that close order lines are preparing, carry or have
    delivered."""
    in_transit: Mapping[tuple[UUID, str], Decimal] = field(default_factory=dict)
    """By job and destination: what left under a document and has not arrived."""
    with_third_parties: Mapping[tuple[UUID, str], Decimal] = field(default_factory=dict)
    """By job and destination: goods of ours at somebody else's place."""
    since: Mapping[UUID, datetime] = field(default_factory=dict)
    """By job: when goods of it first came into a warehouse."""
    held: Mapping[Place, Decimal] = field(default_factory=dict)
    """The part of `on_hand` that is held back for its quality."""
    picked: Mapping[Place, Decimal] = field(default_factory=dict)
    """The part of `on_hand` that people chose for shipments that have no document yet."""
    expiry: Mapping[tuple[UUID, str], date] = field(default_factory=dict)
    """By job and lot, for lots that expire."""
    _on_hand: Mapping[tuple[str, UUID], Decimal] = field(init=False, repr=False, compare=False)
    _held: Mapping[tuple[str, UUID], Decimal] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_on_hand", _by_warehouse(self.on_hand))
        object.__setattr__(self, "_held", _by_warehouse(self.held))

    def in_stock(self, warehouse: str, job_id: UUID) -> Decimal:
        """Return the quantity over all locations and lots of a warehouse."""
        return self._on_hand.get((warehouse, job_id), Decimal(0))

    def warehouses_of(self, job_id: UUID) -> list[str]:
        """List the warehouses in which some of the job's goods lie or have lain."""
        return [warehouse for warehouse, job in self._on_hand if job == job_id]

    def received_of(self, job_id: UUID) -> Decimal:
        """Return what was received of a job, at least zero. It could fall below zero because goods that a
        count found beyond what was set aside for a line are released, too."""
        return max(self.received.get(job_id, Decimal(0)), Decimal(0))

    def free(self, warehouse: str, job_id: UUID) -> Decimal:
        """Return what a new shipment may take. It is negative if an adjustment took what was reserved or held
        back."""
        return self.usable(warehouse, job_id) - self.reserved.get((warehouse, job_id), Decimal(0))

    def held_back(self, warehouse: str, job_id: UUID) -> Decimal:
        return self._held.get((warehouse, job_id), Decimal(0))

    def usable(self, warehouse: str, job_id: UUID) -> Decimal:
        """Return what lies there and is not held back. It is negative if an adjustment took what was held
        back."""
        return self.in_stock(warehouse, job_id) - self.held_back(warehouse, job_id)

    def at(self, place: Place) -> Decimal:
        return self.on_hand.get(place, Decimal(0))

    def held_at(self, place: Place) -> Decimal:
        return self.held.get(place, Decimal(0))

    def usable_at(self, place: Place) -> Decimal:
        """Return what lies in this place, is not held back and was not chosen for a shipment."""
        return self.at(place) - self.held_at(place) - self.picked.get(place, Decimal(0))

    def free_at(self, place: Place) -> Decimal:
        """Return what is usable in this place and that no shipment needs. Shipments whose places nobody chose
        may take goods from any place."""
        return min(self.usable_at(place), self.free(place.warehouse, place.job_id))

    def places_of(self, warehouse: str, job_id: UUID) -> list[Place]:
        """List the places in which some of the job's goods lie."""
        return [
            place
            for place, there in self.on_hand.items()
            if (place.warehouse, place.job_id) == (warehouse, job_id) and there
        ]

    def place_named(
        self, warehouse: str, job_id: UUID, location: str | None, lot: str | None, *, held: bool = False
    ) -> Place:
        """Return the place that a client means. The client may leave out location and lot if only one fits.
        `held` restricts the choice to places with goods that are held back. Raises Invalid if several places
        fit."""
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
        """Choose what to take if nobody says from where: of the usable goods, those that expire first."""
        there = {place: self.usable_at(place) for place in self.places_of(warehouse, job_id)}
        return take(there, self.expiry, quantity, today)

    def receivable(self, order: Order, line: OrderLine) -> Decimal:
        """Return how much of a line may still enter a warehouse. What a count found before the goods were
        received counts as received: both together may not exceed what may be found beyond what was made."""
        if order.cancelled or line.article_id is not None:
            return Decimal(0)
        made, received = line.made or Decimal(0), self.received_of(line.job_id)
        left = made * (1 + FINDABLE) - received - self.counted.get(line.job_id, Decimal(0))
        return max(min(made - received, left), Decimal(0))

    def allocatable(self, order: Order, line: OrderLine) -> Decimal:
        """Return how much of a line from stock is still to be set aside."""
        if order.cancelled or line.closed or line.article_id is None:
            return Decimal(0)
        return line.quantity - self.received_of(line.job_id)

    def releasable(self, order: Order, line: OrderLine) -> Mapping[str, Decimal]:
        """Return by warehouse what was set aside for a line and is no longer needed there."""
        if line.article_id is None or not (order.cancelled or line.closed):
            return {}
        free = {warehouse: self.free(warehouse, line.job_id) for warehouse in self.warehouses_of(line.job_id)}
        return {warehouse: quantity for warehouse, quantity in free.items() if quantity > 0}

    def after(self, movement: Movement) -> Goods:
        """Return the goods after a movement that sets some aside for a line or gives them back."""
        place, job_id = movement.place, movement.job_id
        on_hand = self.at(place) + movement.quantity
        received = self.received_of(job_id) + movement.quantity
        return replace(
            self,
            on_hand={**self.on_hand, place: on_hand},
            received={**self.received, job_id: received},
        )

    def gone_after(self, movements: Sequence[Movement]) -> set[UUID]:
        """Return the jobs among `movements` of which no goods lie anywhere once these are recorded."""
        left = dict(self.on_hand)
        for movement in movements:
            left[movement.place] = left.get(movement.place, Decimal(0)) + movement.quantity
        lying = {place.job_id for place, quantity in left.items() if quantity}
        return {movement.job_id for movement in movements} - lying

    def remaining(self, line: OrderLine, destination: str) -> Decimal:
        """Return how much of a line is still to be shipped to `destination`."""
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
    """Let finished goods of a job enter a warehouse, at most as much as was finished and not yet received."""
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
    """Correct the stock by what was found, is missing or was damaged, with the reason. No place falls below
    zero, and no more is found than can have been made."""
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
    """Move goods from one location to another of the same warehouse. `held` moves goods that are held back,
    and they stay held back; otherwise goods that are neither held back nor chosen for a shipment."""
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
    """Refuse a find of goods of a job that made none, or of far more than were made or received: such goods
    come in by a receipt. Raises WrongState."""
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
    """Set a quantity of an article aside for the line or, if `back`, give it back to the article. One
    movement changes the line's goods, the other the article's by as much the other way, in the same place."""
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
    """Refuse to set aside more than was ordered and is free. `goods` are the line's, `stock` is its
    article's."""
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
    """Refuse to give back what a line that is still to be shipped needs."""
    if line.article_id is None:
        raise WrongState("line_not_from_stock", field="job_id")
    if not (order.cancelled or line.closed):
        raise WrongState("line_open", field="job_id")
    free = goods.releasable(order, line).get(warehouse, Decimal(0))
    if quantity > free:
        raise WrongState("goods_not_free", field="quantity", free=free, warehouse=warehouse)


@dataclass(frozen=True, slots=True)
class SupplierReceipt:
    """Goods that came in under the transport document of the sender: a supplier, or the owner of the
    goods."""

    receipt_id: UUID
    supplier: str
    """The code of a destination."""
    number: str
    """The number of the supplier's DDT."""
    date: date
    """The date of that DDT."""
    warehouse: str


def receipt_of(
    receipt_id: UUID, supplier: str, number: str, on: date, warehouse: str, *, today: date
) -> SupplierReceipt:
    """Build a receipt. `today` is the tenant's. Raises Invalid for a document dated in the future, or more
    than a year ago."""
    if not today - OLDEST_DOCUMENT <= on <= today:
        raise Invalid("supplier_document_date", field="date", today=today)
    return SupplierReceipt(receipt_id, supplier, number, on, warehouse)


def purchase(*, movement_id: UUID, place: Place, quantity: Decimal, receipt_id: UUID) -> Movement:
    """Let goods of an article enter a warehouse, in the quantity that their document states."""
    return movement_in(place, movement_id, Kind.PURCHASE, quantity, receipt_id=receipt_id)
