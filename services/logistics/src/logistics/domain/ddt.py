"""The transport document (documento di trasporto): its number, and what the law requires it to contain.

Sources: DPR 472/1996 art. 1 c. 3 (content of the document), DPR 441/1997 (goods that leave without a causale
are presumed sold), FatturaPA `NumeroDDT` (at most 20 characters).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_kit.refusals import Invalid, Refusal, Term, Violations, WrongState

from .document_types import DocumentType, GoodsGoTo
from .lookups import Carrier, Destination, Warehouse
from .orders import CarriedGoods
from .parties import Party, address_gaps, identity_gaps
from .places import Pick, expired
from .shipments import Freight, Line, Shipment, TransportBy
from .stock import Goods

TIME_ZONE = "Europe/Rome"
"""The time zone of a sender whose legal identity has not arrived yet."""

LATEST_START: Final = 90
"""The most days between the date of a document and the start of its transport: more is a typing error."""
MOST_CHARACTERS = 20
"""The longest printed number: an invoice that quotes it (FatturaPA `NumeroDDT`) has no room for more."""


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one tenant, year and series, read under the lock of the transaction that issues."""

    year: int
    name: str
    """Empty for the ordinary series."""
    last_progressive: int = 0
    last_issue_date: date | None = None

    def take(self, issue_date: date) -> Series:
        """Return the series after one more document, whose number is its `last_progressive`. No number is
        skipped."""
        return Series(self.year, self.name, self.last_progressive + 1, issue_date)


def printed_number(progressive: int, series: str, year: int) -> str:
    """Return the number as it is printed: "12/2026" or, in a named series, "12/A/2026"."""
    number = f"{progressive}/{series}/{year}" if series else f"{progressive}/{year}"
    if len(number) > MOST_CHARACTERS:
        raise Invalid("number_too_long", field="series", number=number, most=MOST_CHARACTERS)
    return number


@dataclass(frozen=True, slots=True)
class DocumentLot:
    """The part of a line that belongs to one lot."""

    lot: str
    quantity: Decimal
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class DocumentLine:
    job_id: UUID
    description: str
    quantity: Decimal
    unit: str
    code: str | None = None
    """The code of the kind of goods."""
    order_number: str | None = None
    """The order of this line, if the document covers several orders."""
    lots: tuple[DocumentLot, ...] = ()
    """The lots of goods that are tracked by lot."""


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a transport document, frozen when it is issued. Everything that is printed comes from
    here."""

    number: str
    progressive: int
    series: str
    year: int
    issue_date: date
    issued_at: datetime
    time_zone: str
    """The sender's time zone, in which times are printed."""
    sender: Party
    recipient: Party
    delivery_address: Party
    reason: str
    """The causale, as printed."""
    transport_by: TransportBy
    carrier: Party | None
    freight: Freight | None
    appearance: str | None
    packages: int | None
    gross_weight_kg: Decimal | None
    notes: str | None
    order_number: str
    """Empty if there is no order, or if each line names its own."""
    replaces_number: str | None
    """The number of the voided document that this one replaces."""
    lines: tuple[DocumentLine, ...]
    document_type: str | None = None
    """The code of its type; None for documents issued before there were types."""
    to_be_invoiced: bool = False
    departure: Party | None = None
    """The warehouse that the goods leave; None for documents issued before it was printed."""
    net_weight_kg: Decimal | None = None
    customer_reference: str | None = None
    starts_at: datetime | None = None
    """When the transport is to begin, if that was known."""
    package_numbers: tuple[str, ...] = ()
    """The numbers of its packages (SSCC), if they were labelled before it was issued."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The tenant, who is the sender (cedente) of every document."""

    identity: Party
    time_zone: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a document is made of; some of it may be missing or out of date."""

    shipment: Shipment
    order_number: str
    carried: Mapping[UUID, CarriedGoods]
    """By job."""
    goods: Goods
    sender: Sender | None
    destination: Destination | None
    document_type: DocumentType | None
    warehouse: Warehouse | None
    carrier: Carrier | None
    replaces_number: str | None = None
    orders: Mapping[UUID, str] = field(default_factory=dict)
    """The order number of each job, if there are several orders."""
    package_numbers: Sequence[str] = ()


def together(parts: Parts, others: Sequence[Parts]) -> Parts:
    """Combine the parts of shipments of several orders into those of one document: the first shipment's
    parts, with the lines of all."""
    if not others:
        return parts
    every = [parts, *others]
    shipments = [each.shipment for each in every]
    goods = [each.goods for each in every]
    return replace(
        parts,
        shipment=replace(
            parts.shipment,
            lines=tuple(line for each in shipments for line in each.lines),
            picks=tuple(pick for each in shipments for pick in each.picks),
        ),
        order_number="",
        orders={line.job_id: each.order_number for each in every for line in each.shipment.lines},
        carried={job_id: carried for each in every for job_id, carried in each.carried.items()},
        goods=replace(
            parts.goods,
            on_hand={place: there for each in goods for place, there in each.on_hand.items()},
            held={place: there for each in goods for place, there in each.held.items()},
            picked={place: there for each in goods for place, there in each.picked.items()},
            expiry={lot: until for each in goods for lot, until in each.expiry.items()},
            since={job_id: since for each in goods for job_id, since in each.since.items()},
        ),
    )


def compose(parts: Parts, series: Series, *, issue_date: date, today: date, now: datetime) -> Document:
    """Build the document, with the next number of its series.

    `today` is the sender's. Raises all problems at once, each naming its field.
    """
    picks = parts.shipment.picks_to_make(parts.goods, today)
    problems = [
        *_date_problems(parts, series, issue_date, today),
        *_content_problems(parts),
        *_stock_problems(parts, picks, today),
    ]
    if problems:
        raise problems[0] if len(problems) == 1 else Violations(problems)
    shipment, transport = parts.shipment, parts.shipment.transport
    assert parts.sender and parts.destination and parts.document_type  # noqa: PT018 - what the rules made sure of
    assert transport.by
    taken = series.take(issue_date)
    return Document(
        number=printed_number(taken.last_progressive, taken.name, taken.year),
        progressive=taken.last_progressive,
        series=taken.name,
        year=taken.year,
        issue_date=issue_date,
        issued_at=now,
        time_zone=parts.sender.time_zone,
        sender=parts.sender.identity,
        recipient=parts.destination.recipient,
        delivery_address=parts.destination.address,
        reason=parts.document_type.text,
        transport_by=transport.by,
        carrier=parts.carrier.identity if parts.carrier else None,
        freight=transport.freight,
        appearance=transport.appearance,
        packages=transport.packages,
        gross_weight_kg=transport.gross_weight_kg,
        notes=transport.notes,
        order_number=parts.order_number,
        replaces_number=parts.replaces_number,
        lines=tuple(
            DocumentLine(
                line.job_id,
                parts.carried[line.job_id].description,
                line.quantity,
                parts.carried[line.job_id].unit,
                parts.carried[line.job_id].code,
                parts.orders.get(line.job_id),
                _lots(line.job_id, picks),
            )
            for line in shipment.lines
        ),
        document_type=parts.document_type.code,
        to_be_invoiced=parts.document_type.to_be_invoiced,
        departure=parts.warehouse.address if parts.warehouse else None,
        net_weight_kg=transport.net_weight_kg,
        customer_reference=transport.customer_reference,
        starts_at=transport.starts_at,
        package_numbers=tuple(parts.package_numbers),
    )


def _date_problems(parts: Parts, series: Series, issue_date: date, today: date) -> Iterable[Refusal]:
    """Check the dates. Numbers follow dates: within a year and series no document is dated before its
    predecessor. Goods leave after they came in."""
    zone = ZoneInfo(parts.sender.time_zone if parts.sender else TIME_ZONE)
    came = [since for line in parts.shipment.lines if (since := parts.goods.since.get(line.job_id))]
    received = max((since.astimezone(zone).date() for since in came), default=issue_date)
    if issue_date < received:
        yield Invalid("issue_date_before_receipt", field="issue_date", received=received)
    if issue_date > today:
        yield Invalid("issue_date_in_the_future", field="issue_date", today=today)
    if starts_at := parts.shipment.transport.starts_at:
        waits = (starts_at.astimezone(zone).date() - issue_date).days
        if waits < 0:
            yield Invalid("transport_before_issue", field="starts_at", issued=issue_date)
        if waits > LATEST_START:
            yield Invalid(
                "transport_long_after_issue", field="starts_at", issued=issue_date, most=LATEST_START
            )
    if series.last_issue_date and issue_date < series.last_issue_date:
        yield Invalid("issue_date_before_last", field="issue_date", last=series.last_issue_date)


def _content_problems(parts: Parts) -> Iterable[Refusal]:
    """Check what DPR 472/1996 art. 1 c. 3 requires (parties, first carrier, nature and quantity) and the
    causale."""
    transport = parts.shipment.transport
    if parts.sender is None:
        yield Invalid("sender_unknown", field="sender")
    else:
        for gap in identity_gaps(parts.sender.identity):
            yield Invalid("sender_incomplete", field=f"sender.{gap}", missing=Term(gap))
    if parts.destination is None:
        yield Invalid("destination_unknown", field="destination", named=parts.shipment.destination)
    else:
        for gap in identity_gaps(parts.destination.recipient):
            yield Invalid("recipient_incomplete", field=f"recipient.{gap}", missing=Term(gap))
        for gap in address_gaps(parts.destination.address):
            yield Invalid("delivery_address_incomplete", field=f"delivery_address.{gap}", missing=Term(gap))
    if parts.document_type is None or not parts.document_type.text.strip():
        yield Invalid("document_type_missing", field="document_type")
    net, gross = transport.net_weight_kg, transport.gross_weight_kg
    if net is not None and gross is not None and net > gross:
        yield Invalid("net_weight_beyond_gross", field="net_weight_kg", gross=gross)
    if transport.by is None:
        yield Invalid("transport_by_missing", field="transport_by")
    if transport.by == "vettore" and parts.carrier is None:
        yield Invalid("carrier_missing", field="carrier")
    if transport.by != "vettore" and transport.carrier is not None:
        yield Invalid("carrier_not_expected", field="carrier")
    if parts.carrier is not None:
        for gap in address_gaps(parts.carrier.identity):
            yield Invalid("carrier_incomplete", field=f"carrier.{gap}", missing=Term(gap))
    if not parts.shipment.lines:
        yield Invalid("lines_missing", field="lines")
    for index, line in enumerate(parts.shipment.lines):
        if not parts.carried[line.job_id].description.strip():
            yield Invalid("goods_not_described", field=f"lines[{index}].description")
        if not parts.carried[line.job_id].unit.strip():
            yield Invalid("unit_missing", field=f"lines[{index}].unit")


def _lots(job_id: UUID, picks: Sequence[Pick]) -> tuple[DocumentLot, ...]:
    """Sum the picks of some goods by lot."""
    found: dict[str, DocumentLot] = {}
    for pick in picks:
        if pick.job_id == job_id and pick.lot:
            known = found.get(pick.lot, DocumentLot(pick.lot, Decimal(0), pick.expires_on))
            found[pick.lot] = replace(known, quantity=known.quantity + pick.quantity)
    return tuple(found.values())


def _stock_problems(parts: Parts, picks: Sequence[Pick], today: date) -> Iterable[Refusal]:
    """Check that the goods are still there: an adjustment may have taken what was reserved or held back, and
    production may have closed the line."""
    for index, line in enumerate(parts.shipment.lines):
        carried = parts.carried[line.job_id]
        if carried.closed and (parts.shipment.closes_order_line or carried.in_process):
            yield WrongState("line_closed", field=f"lines[{index}].job_id", description=carried.description)
        if carried.in_process:
            yield from _work_problems(parts, index, line, carried)
            continue
        place = parts.shipment.warehouse, line.job_id
        in_stock, usable = parts.goods.in_stock(*place), parts.goods.usable(*place)
        if line.quantity > in_stock:
            yield WrongState("stock_not_enough", field=f"lines[{index}].quantity", stock=in_stock)
        elif line.quantity > usable:
            held = parts.goods.held_back(*place)
            yield WrongState("goods_held_back", field=f"lines[{index}].quantity", held=held)
        else:
            yield from _pick_problems(parts, index, line, picks, today)


def _pick_problems(
    parts: Parts, index: int, line: Line, picks: Sequence[Pick], today: date
) -> Iterable[Refusal]:
    """Check the places that were picked: goods may have been moved, counted or held back there since."""
    shipment, goods = parts.shipment, parts.goods
    field, made = f"lines[{index}].quantity", Decimal(0)
    for pick in picks:
        if pick.job_id != line.job_id:
            continue
        made += pick.quantity
        place = pick.place(shipment.warehouse)
        if pick.quantity > goods.at(place) - goods.held_at(place):
            yield WrongState("picked_goods_gone", field=field, location=pick.location, lot=pick.lot)
        elif shipment.goods_go_to is GoodsGoTo.RECIPIENT and expired(pick.expires_on, today):
            yield Invalid("lot_expired", field=field, lot=pick.lot, expired=pick.expires_on)
    if made < line.quantity:
        yield WrongState("goods_expired_or_picked", field=field, left=made)


def _work_problems(parts: Parts, index: int, line: Line, carried: CarriedGoods) -> Iterable[Refusal]:
    """Check work outside: since the draft, production may have given it to somebody else or reduced it."""
    destination = parts.shipment.destination
    if carried.finisher != destination:
        yield Invalid("destination_not_ordered", field="destination", destination=destination)
    taken = sum((each for (job, _), each in parts.goods.committed.items() if job == line.job_id), Decimal(0))
    remaining = (carried.sendable or Decimal(0)) - (taken - line.quantity)
    if line.quantity > remaining:
        field = f"lines[{index}].quantity"
        yield WrongState(
            "quantity_beyond_remaining",
            field=field,
            remaining=max(remaining, Decimal(0)),
            destination=destination,
        )


def invoice_due(issue_date: date) -> date:
    """Return the last day for a deferred invoice (TD24): the 15th of the next month.

    DPR 633/1972 art. 21 c. 4.
    """
    return (issue_date.replace(day=1) + timedelta(days=31)).replace(day=15)


def advisable(shipment: Shipment) -> list[str]:
    """List empty fields that the law does not require but that recipients, carriers and exports expect."""
    transport = shipment.transport
    names = {
        "freight": transport.freight,
        "appearance": transport.appearance,
        "packages": transport.packages,
        "gross_weight_kg": transport.gross_weight_kg,
    }
    return [name for name, value in names.items() if value is None]
