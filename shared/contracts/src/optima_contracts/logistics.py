"""Facts of the warehouse, of shipments and of transport documents (DDT)."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData, Fact, Quantity
from .identity import LegalIdentity


class GoodsReceived(EventData):
    """Goods entered a warehouse. Subject: the movement."""

    type: ClassVar[str] = "optima.logistics.goods_received.v1"
    movement_id: UUID
    order_id: UUID | None
    job_id: UUID
    """Whose goods they are, here and below: the job that made them, or the article that is kept in stock."""
    warehouse: str
    quantity: Quantity
    unit: str
    article_code: str | None = None
    """Of an article: it came from a supplier, or from its owner."""
    supplier: str | None = None
    """Code of the destination of whoever sent it."""
    document_number: str | None = None
    """Of the sender's DDT."""
    document_date: date | None = None
    location: str | None = None
    """Within the warehouse, where goods are put to locations."""
    lot: str | None = None
    """Of an article that is tracked by lots."""
    expires_on: date | None = None
    """The last day of the lot."""


class ArticleKept(EventData):
    """An article of the catalogue was added or changed: what is kept in stock under this code. Subject: the
    article."""

    type: ClassVar[str] = "optima.logistics.article_kept.v1"
    article_id: UUID
    code: str
    description: str
    unit: str
    """In which its stock is counted."""


class DestinationKept(EventData):
    """A destination was added or changed: where goods go, or who works on them, under this code. Subject: the
    destination."""

    type: ClassVar[str] = "optima.logistics.destination_kept.v1"
    destination_id: UUID
    """It follows from the code, and is of this event alone."""
    code: str
    name: str
    """Of the place."""
    city: str


class DestinationPersonNamed(EventData):
    """Somebody outside was named as one who works at a destination, or is no longer: they see the transport
    documents of what is sent there. Subject: the person."""

    type: ClassVar[str] = "optima.logistics.destination_person_named.v1"
    destination: str
    person_id: UUID
    works_there: bool


class _Allocation(EventData):
    movement_id: UUID
    order_id: UUID
    brief_id: UUID | None
    job_id: UUID
    """The order's line."""
    article_id: UUID
    article_code: str
    warehouse: str
    quantity: Quantity
    unit: str
    allocated: Quantity
    """Of the line in all, with this."""


class GoodsAllocated(_Allocation):
    """Goods of an article were set aside in a warehouse for an order's line from stock. Subject: the
    movement."""

    type: ClassVar[str] = "optima.logistics.goods_allocated.v1"


class GoodsReleased(_Allocation):
    """Goods that were set aside for an order's line are its article's again: the line is closed, or its order
    cancelled. Subject: the movement."""

    type: ClassVar[str] = "optima.logistics.goods_released.v1"


class StockAdjusted(EventData):
    """The goods in a warehouse were found to differ from its ledger: at a count, or on arrival from another
    warehouse. Subject: the movement."""

    type: ClassVar[str] = "optima.logistics.stock_adjusted.v1"
    movement_id: UUID
    order_id: UUID
    """Or the account of an article's owner."""
    job_id: UUID
    warehouse: str
    kind: Literal["found", "missing", "damaged"]
    quantity: Quantity
    """How much more there is (found) or less (missing, damaged)."""
    unit: str
    shipment_id: UUID | None
    """The transfer on whose arrival it was seen, if any."""
    reason: str
    count_id: UUID | None = None
    """The count in which it was seen, if any."""
    location: str | None = None
    """Within the warehouse, where goods are put to locations."""
    lot: str | None = None
    """Of an article that is tracked by lots."""


class GoodsRelocated(EventData):
    """Goods were moved from one location of a warehouse to another. Subject: the movement into it."""

    type: ClassVar[str] = "optima.logistics.goods_relocated.v1"
    movement_id: UUID
    order_id: UUID
    """Or the account of an article's owner."""
    job_id: UUID
    warehouse: str
    from_location: str | None = None
    """Absent of goods that lay in none; and so of the new one."""
    to_location: str | None = None
    lot: str | None = None
    quantity: Quantity
    unit: str
    held: bool | None = None
    """Whether they are held back for their quality."""


class _HoldFact(EventData):
    hold_id: UUID
    order_id: UUID
    """Or the account of an article's owner."""
    job_id: UUID
    warehouse: str
    quantity: Quantity
    unit: str
    held: Quantity
    """Of these goods in this warehouse in all, with this."""
    reason: str
    location: str | None = None
    """Within the warehouse, where goods are put to locations."""
    lot: str | None = None
    """Of an article that is tracked by lots."""


class GoodsHeld(_HoldFact):
    """Goods in a warehouse are held back for their quality: they are neither reserved nor shipped. Subject:
    the entry."""

    type: ClassVar[str] = "optima.logistics.goods_held.v1"


class HoldEnded(_HoldFact):
    """Goods that were held back are released, or scrapped and written off. Subject: the entry."""

    type: ClassVar[str] = "optima.logistics.hold_ended.v1"
    ending: Literal["released", "scrapped"]


class ShippedLot(Fact):
    lot: str
    quantity: Quantity
    expires_on: date | None = None


class ShipmentLine(Fact):
    job_id: UUID
    description: str
    quantity: Quantity
    unit: str
    code: str | None = None
    """Of the article, or the kind of goods."""
    lots: list[ShippedLot] | None = None
    """Of goods that are tracked by lots, once they have left."""


class _ShipmentFact(EventData):
    shipment_id: UUID
    order_id: UUID
    """Or, of a shipment from stock, the account of its goods' owner."""
    brief_id: UUID | None
    destination: str
    """Code of a destination, or of a warehouse of the sender's own."""
    lines: list[ShipmentLine]
    document_type: str | None = None
    """Its code: `vendita`, `conto-lavorazione`, `trasferimento-tra-depositi` …"""
    closes_order_line: bool = True
    """Whether the goods count as delivered to whoever ordered them. False of transfers between warehouses, of
    goods that a supplier works on, of whatever is expected back, and of articles from stock."""
    from_stock: bool = False
    """Whether its goods are articles that are kept in stock, which no order asked for."""


class ShipmentDrafted(_ShipmentFact):
    """A shipment was planned for goods in stock. Subject, here and below: the shipment."""

    type: ClassVar[str] = "optima.logistics.shipment_drafted.v1"


class ShipmentRevised(_ShipmentFact):
    """What a shipment without a document carries, from where or where to, was changed to this."""

    type: ClassVar[str] = "optima.logistics.shipment_revised.v1"


class ShipmentPicked(_ShipmentFact):
    """The goods of a shipment stand ready."""

    type: ClassVar[str] = "optima.logistics.shipment_picked.v1"


class PackagesLabelled(EventData):
    """Packages of a shipment got their numbers, for good. Subject: the shipment."""

    type: ClassVar[str] = "optima.logistics.packages_labelled.v1"
    shipment_id: UUID
    order_id: UUID
    """Or, of a shipment from stock, the account of its goods' owner."""
    brief_id: UUID | None
    numbers: list[str]
    """Those that were given now (SSCC)."""


class DdtIssued(_ShipmentFact):
    """A transport document took its number. Immutable from here on."""

    type: ClassVar[str] = "optima.logistics.ddt_issued.v1"
    number: str
    """As printed, at most 20 characters: "12/2026" or "12/A/2026"."""
    progressive: int
    series: str
    year: int
    issue_date: date
    sender: LegalIdentity
    recipient: LegalIdentity
    delivery_address: LegalIdentity
    reason: str
    """Causale del trasporto, as printed."""
    transport_by: Literal["mittente", "destinatario", "vettore"]
    carrier: LegalIdentity | None = None
    freight: str | None = None
    """Porto."""
    appearance: str | None = None
    """Aspetto esteriore dei beni."""
    packages: int | None = None
    """Colli."""
    gross_weight_kg: Quantity | None = None
    to_be_invoiced: bool | None = None
    """Whether an invoice is to follow by the 15th of the next month (TD24). Absent of old documents."""
    order_number: str | None = None
    net_weight_kg: Quantity | None = None
    customer_reference: str | None = None
    """What the recipient calls the order."""
    departure: LegalIdentity | None = None
    """The place that the goods leave."""
    despatch_advice: str | None = None
    """The electronic DDT: UBL 2.1 DespatchAdvice, as AgID asks for it. Absent where something that it needs
    is missing, and of a document of several orders, whose parts are not everybody's to read."""
    shipment_ids: list[UUID] | None = None
    """Of all shipments that travel under the document, where it is one of several orders: each is told of
    with its own lines."""


class ShipmentDeparted(_ShipmentFact):
    """The goods of a shipment have left the warehouse."""

    type: ClassVar[str] = "optima.logistics.shipment_departed.v1"
    departed_at: datetime


class ShipmentDelivered(_ShipmentFact):
    """The goods of a shipment were handed over: the lines are what was accepted."""

    type: ClassVar[str] = "optima.logistics.shipment_delivered.v1"
    delivered_at: datetime
    received_by: str


class DeliveryProved(EventData):
    """A photo, a signature or a signed document was kept that proves a delivery. The file stays in logistics.
    Subject: the shipment."""

    type: ClassVar[str] = "optima.logistics.delivery_proved.v1"
    proof_id: UUID
    shipment_id: UUID
    ddt_number: str
    name: str
    """Of the file."""
    media_type: str
    size: int
    """In bytes."""
    sha256: str


class ShipmentRefused(_ShipmentFact):
    """The recipient refused the goods of a shipment; they come back."""

    type: ClassVar[str] = "optima.logistics.shipment_refused.v1"
    reason: str


class ShipmentPartlyRefused(_ShipmentFact):
    """The recipient took a shipment but not all of it; the lines are what was refused and comes back. Sent
    with the delivery, after it."""

    type: ClassVar[str] = "optima.logistics.shipment_partly_refused.v1"
    reason: str


class ReturnedGoods(Fact):
    job_id: UUID
    description: str
    quantity: Quantity
    unit: str
    disposition: Literal["stock", "scrap"]
    """Whether they are as good as before."""


class GoodsReturned(EventData):
    """Goods that had been delivered came back: a credit may be due. Their order still counts them as
    delivered. Subject: the return."""

    type: ClassVar[str] = "optima.logistics.goods_returned.v1"
    return_id: UUID
    shipment_id: UUID
    order_id: UUID
    brief_id: UUID | None
    ddt_number: str
    """Of the document under which they had left."""
    document_type: str
    warehouse: str
    number: str | None
    """Of the DDT under which they came back, of whoever sent them back."""
    date: date
    reason: str
    lines: list[ReturnedGoods]
    closes_order_line: bool | None = None
    """Whether the shipment counted as a delivery to whoever ordered the goods. Absent of old returns."""


class DdtVoided(_ShipmentFact):
    """The document is void; `replaced_by` is the shipment reissued in its place, if any."""

    type: ClassVar[str] = "optima.logistics.ddt_voided.v1"
    number: str
    reason: str
    replaced_by: UUID | None = None


class ShipmentCancelled(_ShipmentFact):
    """A shipment that had no DDT yet was given up and its goods are free again."""

    type: ClassVar[str] = "optima.logistics.shipment_cancelled.v1"
    reason: str


class CancellationRefused(EventData):
    """Goods of the brief had left before its cancellation arrived. Subject: the order."""

    type: ClassVar[str] = "optima.logistics.cancellation_refused.v1"
    order_id: UUID
    brief_id: UUID
    reason: str
    shipment_ids: list[UUID] | None = None
    """The shipments whose documents stood in its way."""
