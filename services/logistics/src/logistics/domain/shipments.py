"""Shipments: goods of one order, or articles of one owner, that leave one warehouse for one destination or
another warehouse. Shipments of several orders may travel under one document: a consignment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_kit.refusals import Invalid, WrongState

from .document_types import DocumentType, GoodsGoTo
from .orders import Order, OrderLine, line_must_not_be_closed, order_must_not_be_cancelled
from .places import Pick, expired, taken_last, without
from .stock import Goods, Kind, Movement


class State(StrEnum):
    DRAFT = "draft"
    PICKED = "picked"
    ISSUED = "issued"
    """The transport document has its number; the goods have left the stock."""
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    REFUSED = "refused"
    VOIDED = "voided"
    """The transport document was issued by mistake. Its number stays used."""
    CANCELLED = "cancelled"
    """It ended before a transport document was issued."""


OPEN = frozenset({State.DRAFT, State.PICKED})
"""The states without a transport document: the goods are reserved."""

GOODS_OUT = frozenset({State.ISSUED, State.IN_TRANSIT, State.DELIVERED})
"""The states in which goods have left under a valid transport document."""

MOST_TOGETHER: Final = 20
"""The most shipments under one document."""
MOST_LABELS: Final = 200
"""The most labels of packages in one PDF."""
MOST_PROOFS: Final = 10
"""The most files that prove one delivery."""
MAX_PROOF_BYTES: Final = 10 << 20

ShipmentAction = Literal[
    "arrange",
    "revise",
    "label",
    "pick",
    "name_picks",
    "issue",
    "depart",
    "deliver",
    "refuse",
    "prove",
    "take_back",
    "void",
    "cancel",
]

POSSIBLE_IN: Final[Mapping[ShipmentAction, frozenset[State]]] = {
    "arrange": OPEN,
    "revise": OPEN,
    "label": OPEN | {State.ISSUED},
    "pick": frozenset({State.DRAFT}),
    "name_picks": OPEN,
    "issue": frozenset({State.PICKED}),
    "depart": frozenset({State.ISSUED}),
    "deliver": frozenset({State.IN_TRANSIT}),
    "refuse": frozenset({State.IN_TRANSIT}),
    "prove": frozenset({State.DELIVERED}),
    "take_back": frozenset({State.DELIVERED}),
    "void": frozenset({State.ISSUED}),
    "cancel": OPEN,
}
"""The states in which each action on a shipment is possible."""

TransportBy = Literal["mittente", "destinatario", "vettore"]
Disposition = Literal["stock", "scrap", "rework"]
"""What becomes of goods that came back: "stock" are as good as before, "scrap" are useless, "rework" are to
be worked on again; until then they lie in the warehouse and are held back."""
Freight = Literal["franco", "assegnato", "franco con addebito in fattura"]


@dataclass(frozen=True, slots=True)
class Line:
    job_id: UUID
    quantity: Decimal
    came_back: Decimal = Decimal(0)
    """The quantity that was refused at the door."""
    returned: Decimal = Decimal(0)
    """The quantity that came back after the delivery."""
    in_process: bool = False
    """Whether these are goods of a phase that is done outside, which no warehouse's ledger holds."""

    @property
    def left(self) -> Decimal:
        """The quantity that was not refused: once the shipment is delivered, what was delivered."""
        return self.quantity - self.came_back

    @property
    def away(self) -> Decimal:
        """The quantity that is not back."""
        return self.left - self.returned


@dataclass(frozen=True, slots=True)
class ArrivedQuantities:
    """The quantities of a line that arrived, if they differ from the document."""

    job_id: UUID
    accepted: Decimal
    """The quantity in good order."""
    damaged: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    job_id: UUID
    quantity: Decimal
    disposition: Disposition
    location: str | None = None
    """Where the goods are put; None until that is decided."""
    lot: str | None = None
    """None if the goods left as one lot or are not tracked."""


@dataclass(frozen=True, slots=True)
class Return:
    """Delivered goods that came back, under a document of the party who sends them back."""

    return_id: UUID
    shipment_id: UUID
    document_type: str
    """The code of an inbound document type."""
    warehouse: str
    number: str | None
    """The number of the sender's own DDT, if there is one."""
    date: date
    """The date of that DDT, or the day on which the goods came."""
    reason: str
    lines: tuple[ReturnedLine, ...]

    def movements(self, new_id: Callable[[], UUID], in_process: Collection[UUID] = ()) -> list[Movement]:
        """Build the movements: everything that came back enters the warehouse, and scrap is written off
        there. Goods `in_process` go back to production without touching the ledger."""
        found: list[Movement] = []
        for line in self.lines:
            if line.job_id in in_process:
                continue
            for kind, quantity in (
                (Kind.RETURN, line.quantity),
                *([(Kind.DAMAGED, -line.quantity)] if line.disposition == "scrap" else []),
            ):
                moved = (new_id(), self.warehouse, line.job_id, kind, quantity, self.shipment_id, self.reason)
                found.append(Movement(*moved, location=line.location or "", lot=line.lot or ""))
        return found


@dataclass(frozen=True, slots=True)
class DeliveryProof:
    """A photo of the goods or of the person who took them, their signature, or the document that they
    signed."""

    proof_id: UUID
    shipment_id: UUID
    """The shipment under whose id the document is kept."""
    name: str
    media_type: str
    size: int
    """In bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Transport:
    """How the goods travel. What the law requires may be missing until the document is issued."""

    by: TransportBy | None = None
    """Trasporto a cura di."""
    carrier: str | None = None
    """The code of the vettore, if a third party carries the goods."""
    freight: Freight | None = None
    """Who pays for the carriage (porto)."""
    appearance: str | None = None
    """What the goods look like from outside (aspetto esteriore dei beni)."""
    packages: int | None = None
    """The number of packages (colli)."""
    gross_weight_kg: Decimal | None = None
    net_weight_kg: Decimal | None = None
    customer_reference: str | None = None
    """The recipient's own number for the order."""
    starts_at: datetime | None = None
    """When the transport is to begin, if that is known before the document is printed."""
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    shipment_id: UUID
    order_id: UUID
    """The order's id, or the account's for a shipment of articles from stock."""
    brief_id: UUID | None
    warehouse: str
    document_type: str | None
    """The code of its type. None only for old drafts, which need one before they are issued."""
    goods_go_to: GoodsGoTo
    closes_order_line: bool
    """Copied from the document type, like `goods_go_to`: a type never changes these two."""
    destination: str
    """The code of a destination or, if the goods go to a warehouse of ours, of that warehouse."""
    lines: tuple[Line, ...]
    transport: Transport
    state: State = State.DRAFT
    version: int = 1
    departed_at: datetime | None = None
    delivered_at: datetime | None = None
    received_by: str | None = None
    ended_because: str | None = None
    """Why it was refused, voided or cancelled."""
    replaces: UUID | None = None
    """The voided shipment that this one replaces."""
    replaced_by: UUID | None = None
    from_stock: bool = False
    """Whether its goods are articles, which nobody ordered from production."""
    return_by: date | None = None
    """The day by which its goods are expected back; None if they are not expected, or are back."""
    consignment_id: UUID | None = None
    """Shared by shipments of several orders that travel together."""
    document_of: UUID | None = None
    """The shipment under whose id their common document is kept; None for one that travels alone."""
    picks: tuple[Pick, ...] = ()
    """The locations and lots that its goods come from. Before the goods leave, only those that somebody
    chose; afterwards all, if the goods had a location or lot."""

    @property
    def document_id(self) -> UUID:
        """The id under which its document is kept."""
        return self.document_of or self.shipment_id

    @property
    def correlation(self) -> UUID:
        return self.shipment_id if self.from_stock else self.brief_id or self.order_id

    @property
    def jobs(self) -> list[UUID]:
        return [line.job_id for line in self.lines]

    @property
    def in_process(self) -> set[UUID]:
        """The jobs whose goods no ledger holds."""
        return {line.job_id for line in self.lines if line.in_process}

    def is_live(self, line: Line) -> bool:
        """Tell whether a line still counts for where goods are or what is left of an order. It does not once
        the shipment is refused, voided or cancelled. Once it is delivered, it counts only for an order's
        line, for work outside or for goods that have to come back."""
        if self.state in (State.REFUSED, State.VOIDED, State.CANCELLED):
            return False
        if self.state is not State.DELIVERED or self.closes_order_line or line.in_process:
            return True
        return self.goods_go_to is GoodsGoTo.THIRD_PARTY and line.away > 0

    @property
    def _stocked(self) -> list[Line]:
        return [line for line in self.lines if not line.in_process]

    def arrange(self, transport: Transport) -> Shipment:
        """Set how the goods travel, as often as needed until the document is issued."""
        self._must_allow("arrange", "shipment_not_open")
        return self._with(transport=transport)

    def revise(
        self,
        order: Order,
        goods: Goods,
        *,
        document_type: DocumentType,
        warehouse: str,
        destination: str,
        lines: Sequence[Line],
    ) -> Shipment:
        """Change what travels, from where and where to, until the document is issued. Goods that were picked
        have to be picked again."""
        self._must_allow("revise", "shipment_not_open")
        revised = self._with(
            document_type=document_type.code,
            goods_go_to=document_type.goods_go_to,
            closes_order_line=_closes(order, document_type),
            warehouse=warehouse,
            destination=destination,
            lines=_as_ordered(order, lines),
            state=State.DRAFT,
            picks=(),
        )
        _may_be_shipped(order, _without(goods, self), revised, document_type)
        return revised

    def packages_to_label(self) -> int:
        """Return the number of packages. Raises WrongState if it is not known, or if the goods have left."""
        self._must_allow("label", "labels_too_late")
        if self.transport.packages is None:
            raise WrongState("packages_missing", field="packages")
        return self.transport.packages

    def pick(self) -> Shipment:
        self._must_allow("pick", "shipment_not_draft")
        return self._with(state=State.PICKED)

    def name_picks(self, picks: Sequence[Pick], goods: Goods, today: date) -> Shipment:
        """Choose the locations and lots that the goods come from. `picks` may cover a part of the quantity;
        the rest is chosen by `picks_to_make` when the document is issued. `goods` counts this shipment's own
        picks as picked."""
        self._must_allow("name_picks", "shipment_not_open")
        wanted = {line.job_id: line.quantity for line in self._stocked}
        free = {pick.place(self.warehouse): goods.usable_at(pick.place(self.warehouse)) for pick in picks}
        for pick in self.picks:
            if (place := pick.place(self.warehouse)) in free:
                free[place] += pick.quantity
        for index, pick in enumerate(picks):
            field, place = f"picks[{index}]", pick.place(self.warehouse)
            if pick.job_id not in wanted:
                raise Invalid("job_not_in_shipment", field=f"{field}.job_id")
            if pick.quantity > wanted[pick.job_id]:
                left = wanted[pick.job_id]
                raise Invalid("quantity_beyond_line", field=f"{field}.quantity", left=left)
            if pick.quantity > free[place]:
                left = max(free[place], Decimal(0))
                raise WrongState("goods_not_there", field=f"{field}.quantity", left=left)
            if self.goods_go_to is GoodsGoTo.RECIPIENT and expired(pick.expires_on, today):
                raise Invalid("lot_expired", field=f"{field}.lot", lot=pick.lot, expired=pick.expires_on)
            wanted[pick.job_id] -= pick.quantity
            free[place] -= pick.quantity
        return self._with(picks=tuple(picks))

    def picks_to_make(self, goods: Goods, today: date) -> tuple[Pick, ...]:
        """Return the locations and lots that the goods come from: those that somebody chose and, for the
        rest, those that expire first and have not expired. They come to less than the lines if there is no
        more. `goods` counts this shipment's own picks as picked."""
        found: list[Pick] = []
        for line in self._stocked:
            said = [pick for pick in self.picks if pick.job_id == line.job_id]
            left = line.quantity - sum((pick.quantity for pick in said), Decimal(0))
            found += [*said, *goods.take(self.warehouse, line.job_id, left, today)]
        return tuple(found)

    def issue(self, picks: Sequence[Pick], document_of: UUID | None = None) -> Shipment:
        """Issue the document. `picks` covers all lines, as `picks_to_make` returns them. `document_of` is set
        for a shipment that travels with others."""
        self._must_allow("issue", "shipment_not_picked")
        return self._with(state=State.ISSUED, document_of=document_of, picks=tuple(picks))

    def depart(self, at: datetime, *, now: datetime, issue_date: date, zone: ZoneInfo) -> Shipment:
        """Record that the goods have left. `issue_date` is the document's, in the sender's `zone`."""
        self._must_allow("depart", "shipment_not_issued")
        _not_in_the_future("departed_at", at, now)
        if at.astimezone(zone).date() < issue_date:
            raise Invalid("departure_before_issue", field="departed_at", issued=issue_date)
        return self._with(state=State.IN_TRANSIT, departed_at=at)

    def deliver(
        self,
        received_by: str,
        at: datetime,
        *,
        now: datetime,
        arrived: Sequence[ArrivedQuantities] = (),
        besides: Collection[UUID] = (),
    ) -> Shipment:
        """Record the delivery. `arrived` names the lines of which something else arrived than the document
        says: what a recipient did not take comes back; a warehouse of ours writes down what it found.
        `besides` are the jobs of other shipments under the same document, which `arrived` may name too."""
        self._must_allow("deliver", "shipment_not_in_transit")
        _not_in_the_future("delivered_at", at, now)
        if self.departed_at and at < self.departed_at:
            raise Invalid("delivery_before_departure", field="delivered_at")
        lines = self.lines
        taken = self._arrived(arrived, besides)
        if self.goods_go_to is not GoodsGoTo.WAREHOUSE:
            lines = tuple(
                replace(line, came_back=line.quantity - taken[line.job_id].accepted) for line in lines
            )
            if not any(line.left for line in lines):
                raise Invalid("nothing_accepted", field="arrived")
        return self._with(state=State.DELIVERED, received_by=received_by, delivered_at=at, lines=lines)

    def _arrived(
        self, arrived: Sequence[ArrivedQuantities], besides: Collection[UUID]
    ) -> Mapping[UUID, ArrivedQuantities]:
        """Return by job what arrived, for every line."""
        found = {line.job_id: ArrivedQuantities(line.job_id, line.quantity) for line in self.lines}
        _each_job_appears_once(arrived, "arrived")
        for index, each in enumerate(arrived):
            sent = found.get(each.job_id)
            if sent is None and each.job_id in besides:
                continue
            if sent is None:
                raise Invalid("job_not_in_shipment", field=f"arrived[{index}].job_id")
            if self.goods_go_to is not GoodsGoTo.WAREHOUSE:
                if each.accepted > sent.accepted:
                    raise Invalid(
                        "quantity_beyond_sent", field=f"arrived[{index}].accepted", sent=sent.accepted
                    )
                if each.damaged:
                    raise Invalid("damage_at_recipient", field=f"arrived[{index}].damaged")
            found[each.job_id] = each
        return found

    def prove(self, proofs: int) -> None:
        """Check that one more file may prove the delivery, if there are `proofs` already. Raises
        WrongState."""
        self._must_allow("prove", "delivery_not_recorded")
        if proofs >= MOST_PROOFS:
            raise WrongState("proofs_too_many", limit=MOST_PROOFS)

    def refuse(self, reason: str) -> Shipment:
        self._must_allow("refuse", "shipment_not_in_transit")
        return self._with(state=State.REFUSED, ended_because=reason, return_by=None)

    @property
    def can_come_back(self) -> bool:
        """Whether somebody else has some of its goods."""
        return self.goods_go_to is not GoodsGoTo.WAREHOUSE and any(line.away for line in self.lines)

    def take_back(
        self,
        returned: Return,
        *,
        sent_as: DocumentType | None,
        comes_as: DocumentType,
        today: date,
        zone: ZoneInfo,
    ) -> Shipment:
        """Take back goods that were delivered. `sent_as` is the document type under which they left; `today`
        and `zone` are the tenant's."""
        self._must_allow("take_back", "shipment_not_delivered")
        if not self.can_come_back:
            raise WrongState("nothing_to_take_back")
        if comes_as.direction != "in" or (sent_as and comes_as.counterparty != sent_as.counterparty):
            raise Invalid("document_type_not_for_return", field="document_type", text=comes_as.text)
        if returned.date > today:
            raise Invalid("return_in_the_future", field="date", today=today)
        left = self.departed_at.astimezone(zone).date() if self.departed_at else date.min
        if returned.date < left:
            raise Invalid("return_before_departure", field="date", departed=left)
        _each_job_appears_once(returned.lines)
        back: dict[UUID, Decimal] = {}
        away = {line.job_id: line.away for line in self.lines}
        for index, line in enumerate(returned.lines):
            if line.job_id not in away:
                raise Invalid("job_not_in_shipment", field=f"lines[{index}].job_id")
            if line.quantity > away[line.job_id]:
                field = f"lines[{index}].quantity"
                raise WrongState("quantity_beyond_delivered", field=field, left=away[line.job_id])
            if line.disposition == "rework" and line.job_id in self.in_process:
                raise Invalid("rework_in_process", field=f"lines[{index}].disposition")
            lots = self.lots_of(line.job_id)
            if line.lot is not None and line.lot not in lots:
                raise Invalid("lot_not_in_shipment", field=f"lines[{index}].lot", lot=line.lot)
            if line.lot is None and len(lots) > 1:
                raise Invalid("lot_not_named", field=f"lines[{index}].lot", places=", ".join(lots))
            back[line.job_id] = line.quantity
        lines = tuple(
            replace(line, returned=line.returned + back.get(line.job_id, Decimal(0))) for line in self.lines
        )
        awaited = any(line.away for line in lines)
        return self._with(lines=lines, return_by=self.return_by if awaited else None)

    def void(self, reason: str, replaced_by: UUID | None) -> Shipment:
        """Void the issued document. It is never edited, but may be issued again as another shipment."""
        self._must_allow("void", "ddt_not_voidable")
        return self._with(state=State.VOIDED, ended_because=reason, replaced_by=replaced_by, return_by=None)

    def replaced(self, by: UUID) -> Shipment:
        return self._with(replaced_by=by)

    def reissue(self, shipment_id: UUID, consignment_id: UUID | None = None) -> Shipment:
        """Draft a new shipment with the same content, in place of this one. `consignment_id` is set if it
        travels with others."""
        return replace(
            self,
            shipment_id=shipment_id,
            state=State.DRAFT,
            version=1,
            replaces=self.shipment_id,
            replaced_by=None,
            return_by=None,
            consignment_id=consignment_id,
            document_of=None,
            picks=(),
        )

    def join(self, consignment_id: UUID) -> Shipment:
        """Make this shipment the first of a consignment, before its document is issued."""
        return self._with(consignment_id=consignment_id)

    def travels_with(self, other: Shipment) -> bool:
        """Tell whether both are, or will be, under one document."""
        if self.consignment_id is None or self.consignment_id != other.consignment_id:
            return False
        if self.state in OPEN:
            return other.state in OPEN
        return self.document_of is not None and self.document_of == other.document_of

    def has_nothing_of(self, arrived: Sequence[ArrivedQuantities]) -> bool:
        """Tell whether the recipient took nothing of this shipment."""
        taken = {each.job_id: each.accepted for each in arrived}
        return self.goods_go_to is not GoodsGoTo.WAREHOUSE and not any(
            taken.get(line.job_id, line.quantity) for line in self.lines
        )

    def cancel(self, reason: str) -> Shipment:
        self._must_allow("cancel", "shipment_not_open")
        return self._with(state=State.CANCELLED, ended_because=reason)

    def lots_of(self, job_id: UUID) -> list[str]:
        """List the lots in which a job's goods left."""
        return sorted({pick.lot for pick in self.picks if pick.job_id == job_id}) or [""]

    def _gone(self, line: Line) -> list[Pick]:
        """Return the picks with which the goods of a line have left."""
        picks = [pick for pick in self.picks if pick.job_id == line.job_id]
        return picks or [Pick(line.job_id, line.quantity)]

    def goods_leave(self, new_id: Callable[[], UUID]) -> list[Movement]:
        """Build the movements of goods that leave. All picks of the shipment must have been made."""
        return [
            self._movement(new_id(), self.warehouse, Kind.ISSUE, pick, -pick.quantity)
            for line in self._stocked
            for pick in self._gone(line)
        ]

    def goods_come_back(self, new_id: Callable[[], UUID], reason: str) -> list[Movement]:
        """Build the movements of all its goods back to the places that they had left."""
        return [
            self._movement(new_id(), self.warehouse, Kind.RETURN, pick, pick.quantity, reason)
            for line in self._stocked
            for pick in self._gone(line)
        ]

    def goods_arrive(
        self,
        new_id: Callable[[], UUID],
        arrived: Sequence[ArrivedQuantities],
        reason: str | None,
        besides: Collection[UUID] = (),
        put_away: str = "",
    ) -> list[Movement]:
        """Build the movements of a delivery. What a recipient refused comes back. Another warehouse receives
        everything that was sent, in the location `put_away`, and then records what is missing, damaged or too
        much. If a line has several lots, those picked last are concerned first."""
        if self.goods_go_to is not GoodsGoTo.WAREHOUSE:
            return [
                self._movement(new_id(), self.warehouse, Kind.RETURN, pick, pick.quantity, reason)
                for line in self._stocked
                for pick in taken_last(self._gone(line), line.came_back)
            ]
        movements, found = [], self._arrived(arrived, besides)
        for line in self.lines:
            there = found[line.job_id]
            more = there.accepted + there.damaged - line.quantity
            lots = [replace(pick, location=put_away) for pick in self._gone(line)]
            found_too = [replace(lots[-1], quantity=more)] if more > 0 else []
            missing = taken_last(lots, -more)
            damaged = taken_last(without([*lots, *found_too], missing), there.damaged)
            for kind, sign, picks, because in (
                (Kind.ARRIVAL, 1, lots, None),
                (Kind.FOUND, 1, found_too, reason),
                (Kind.MISSING, -1, missing, reason),
                (Kind.DAMAGED, -1, damaged, reason),
            ):
                movements += [
                    self._movement(new_id(), self.destination, kind, pick, sign * pick.quantity, because)
                    for pick in picks
                ]
        return movements

    def _movement(
        self,
        movement_id: UUID,
        warehouse: str,
        kind: Kind,
        pick: Pick,
        quantity: Decimal,
        reason: str | None = None,
    ) -> Movement:
        moved = (movement_id, warehouse, pick.job_id, kind, quantity, self.shipment_id, reason)
        return Movement(*moved, location=pick.location, lot=pick.lot)

    def _must_allow(self, action: ShipmentAction, otherwise: str) -> None:
        if self.state not in POSSIBLE_IN[action]:
            raise WrongState(otherwise)

    def _with(self, **changes: object) -> Shipment:
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]


def must_fit(shipment: Shipment, others: Sequence[Shipment]) -> None:
    """Refuse a shipment that may not travel with the `others`. One document has one sender, place, recipient,
    causale and transport, and covers several orders of one tenant."""
    field = "travels_with_id"
    if any(other.state not in OPEN for other in others):
        raise WrongState("consignment_closed", field=field)
    if shipment.from_stock or any(other.from_stock for other in others):
        raise Invalid("consignment_from_stock", field=field)
    if any(other.order_id == shipment.order_id for other in others):
        raise Invalid("consignment_same_order", field=field)
    if any(_ends(other) != _ends(shipment) for other in others):
        raise Invalid("consignment_differs", field=field)
    if len(others) >= MOST_TOGETHER:
        raise WrongState("consignment_full", field=field, most=MOST_TOGETHER)


def _ends(shipment: Shipment) -> tuple[str | None, str, str, Transport]:
    return shipment.document_type, shipment.warehouse, shipment.destination, shipment.transport


def ends_must_stay(shipment: Shipment, revised: Shipment) -> None:
    """Refuse to change the document type, warehouse or destination of a shipment that travels with others."""
    for field in ("document_type", "warehouse", "destination"):
        if getattr(revised, field) != getattr(shipment, field):
            raise WrongState("consignment_ends_fixed", field=field)


def may_ship(order: Order, goods: Goods, line: OrderLine) -> bool:
    """Tell whether a new shipment may take some of the line: goods lie free in a warehouse and are due
    somewhere."""
    if order.cancelled or line.closed:
        return False
    free = any(goods.free(warehouse, line.job_id) > 0 for warehouse in goods.warehouses_of(line.job_id))
    return free and any(goods.remaining(line, destination) > 0 for destination in line.deliveries or ("",))


def may_send_out(order: Order, goods: Goods, line: OrderLine) -> bool:
    """Tell whether a new shipment may take some of a phase's goods to the company that does the phase."""
    if line.finisher is None or order.cancelled or line.closed:
        return False
    return goods.remaining(line, line.finisher) > 0


def may_be_replaced(replaced: Shipment, successor: Shipment | None) -> bool:
    """Tell whether a new draft may replace a shipment: it must be voided, with no replacement or only a
    cancelled one."""
    if replaced.state is not State.VOIDED:
        return False
    return successor is None or successor.state is State.CANCELLED


def draft(
    order: Order,
    goods: Goods,
    *,
    shipment_id: UUID,
    document_type: DocumentType,
    warehouse: str,
    destination: str,
    lines: Sequence[Line],
    transport: Transport,
    replaces: UUID | None = None,
) -> Shipment:
    """Draft a new shipment, which reserves its goods. `replaces` is the voided shipment that it replaces."""
    shipment = Shipment(
        shipment_id=shipment_id,
        order_id=order.order_id,
        brief_id=order.brief_id,
        warehouse=warehouse,
        document_type=document_type.code,
        goods_go_to=document_type.goods_go_to,
        closes_order_line=_closes(order, document_type),
        destination=destination,
        lines=_as_ordered(order, lines),
        transport=transport,
        replaces=replaces,
        from_stock=order.is_account,
    )
    _may_be_shipped(order, goods, shipment, document_type)
    return shipment


def _as_ordered(order: Order, lines: Sequence[Line]) -> tuple[Line, ...]:
    known = order.lines
    return tuple(
        replace(line, in_process=line.job_id in known and known[line.job_id].in_process) for line in lines
    )


def _closes(order: Order, document_type: DocumentType) -> bool:
    """Tell whether shipments of this type close lines of the order. An account has no lines to close."""
    return document_type.closes_order_line and not order.is_account


def still_fits(order: Order, goods: Goods, shipment: Shipment) -> bool:
    """Tell whether an open delivery still fits what is due at its destination, after that has changed."""
    return all(
        goods.remaining(order.lines[line.job_id], shipment.destination) >= 0
        and order.lines[line.job_id].ordered_for(shipment.destination) > 0
        for line in shipment.lines
    )


def _without(goods: Goods, shipment: Shipment) -> Goods:
    """Return the goods as if an open shipment held none of them."""
    reserved, committed = dict(goods.reserved), dict(goods.committed)
    for line in shipment.lines:
        reserved[shipment.warehouse, line.job_id] -= line.quantity
        if shipment.closes_order_line or line.in_process:
            committed[line.job_id, shipment.destination] -= line.quantity
    return replace(goods, reserved=reserved, committed=committed)


def _may_be_shipped(order: Order, goods: Goods, shipment: Shipment, document_type: DocumentType) -> None:
    """Refuse a shipment that may not be made. What an order asks for limits the shipments that deliver it;
    others may take whatever is free."""
    if document_type.direction == "in":
        raise Invalid("document_type_inbound", field="document_type", text=document_type.text)
    if shipment.closes_order_line:
        order_must_not_be_cancelled(order.number, order.cancelled)
    if shipment.goods_go_to is GoodsGoTo.WAREHOUSE and shipment.destination == shipment.warehouse:
        raise Invalid("destination_is_origin", field="destination")
    _each_job_appears_once(shipment.lines)
    for index, line in enumerate(shipment.lines):
        _job_belongs_to_order(order, line, f"lines[{index}].job_id")
        field = f"lines[{index}].quantity"
        if line.in_process:
            _work_goes_to_its_finisher(order, line, shipment, document_type, f"lines[{index}].job_id")
            _quantity_does_not_exceed_what_remains(order, goods, line, shipment.destination, field)
            continue
        if shipment.closes_order_line:
            line_must_not_be_closed(order, line.job_id, f"lines[{index}].job_id")
            _quantity_does_not_exceed_what_remains(order, goods, line, shipment.destination, field)
        _goods_are_in_the_warehouse_and_free(goods, line, shipment.warehouse, field)


def _each_job_appears_once(
    lines: Sequence[Line | ArrivedQuantities | ReturnedLine], field: str = "lines"
) -> None:
    seen: set[UUID] = set()
    for index, line in enumerate(lines):
        if line.job_id in seen:
            raise Invalid("job_named_twice", field=f"{field}[{index}].job_id")
        seen.add(line.job_id)


def _job_belongs_to_order(order: Order, line: Line, field: str) -> None:
    if line.job_id not in order.lines:
        raise Invalid("job_not_in_order", field=field, number=order.number)


def _quantity_does_not_exceed_what_remains(
    order: Order, goods: Goods, line: Line, destination: str, field: str
) -> None:
    ordered = order.lines[line.job_id]
    if ordered.ordered_for(destination) == 0:
        raise Invalid("destination_not_ordered", field="destination", destination=destination)
    remaining = goods.remaining(ordered, destination)
    if line.quantity > remaining:
        raise WrongState(
            "quantity_beyond_remaining", field=field, remaining=remaining, destination=destination
        )


def _work_goes_to_its_finisher(
    order: Order, line: Line, shipment: Shipment, document_type: DocumentType, field: str
) -> None:
    """Refuse goods in process that do not go to the company that works on them, or that would not stay
    ours."""
    order_must_not_be_cancelled(order.number, order.cancelled)
    line_must_not_be_closed(order, line.job_id, field)
    if document_type.counterparty != "supplier" or shipment.goods_go_to is not GoodsGoTo.THIRD_PARTY:
        raise Invalid("document_type_not_for_work", field="document_type", text=document_type.text)


def _goods_are_in_the_warehouse_and_free(goods: Goods, line: Line, warehouse: str, field: str) -> None:
    free = max(goods.free(warehouse, line.job_id), Decimal(0))
    if line.quantity > free:
        raise WrongState("goods_not_free", field=field, free=free, warehouse=warehouse)


def _not_in_the_future(field: str, at: datetime, now: datetime) -> None:
    if at > now:
        raise Invalid("moment_in_the_future", field=field)
