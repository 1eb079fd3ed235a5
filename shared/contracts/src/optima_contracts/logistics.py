"""Events of the warehouse, of shipments and of transport documents (DDT)."""

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
    """The job that made the goods, or the article whose stock they are. `job_id` means the same in all events
    below."""
    warehouse: str
    quantity: Quantity
    unit: str
    article_code: str | None = None
    """Code of the article, if the goods are an article that came from a supplier or from its owner."""
    supplier: str | None = None
    """Code of the destination from which the goods were sent."""
    document_number: str | None = None
    """Number of the sender's DDT."""
    document_date: date | None = None
    location: str | None = None
    """Location within the warehouse, if the warehouse has locations."""
    lot: str | None = None
    """The lot, if the article is tracked by lots."""
    expires_on: date | None = None
    """The last day on which the lot may be used."""


class ArticleKept(EventData):
    """An article of the catalogue, which is kept in stock under this code, was added or changed. Subject: the
    article."""

    type: ClassVar[str] = "optima.logistics.article_kept.v1"
    article_id: UUID
    code: str
    description: str
    unit: str
    """The unit in which the article's stock is counted."""


class DestinationKept(EventData):
    """A destination was added or changed: a place that goods are sent to, or a company that works on them.
    Subject: the destination."""

    type: ClassVar[str] = "optima.logistics.destination_kept.v1"
    destination_id: UUID
    """An id derived from the code. Only this event uses it."""
    code: str
    name: str
    """Name of the place."""
    city: str


class DestinationPersonNamed(EventData):
    """An external person was named as somebody who works at a destination, or is no longer named. Such a
    person sees the transport documents of what is sent there. Subject: the person."""

    type: ClassVar[str] = "optima.logistics.destination_person_named.v1"
    destination: str
    person_id: UUID
    works_there: bool


class _Allocation(EventData):
    movement_id: UUID
    order_id: UUID
    brief_id: UUID | None
    job_id: UUID
    """The job of the order's line."""
    article_id: UUID
    article_code: str
    warehouse: str
    quantity: Quantity
    unit: str
    allocated: Quantity
    """Total quantity that is set aside for the line after this change."""


class GoodsAllocated(_Allocation):
    """Goods of an article were set aside in a warehouse for a line of an order that is served from stock.
    Subject: the movement."""

    type: ClassVar[str] = "optima.logistics.goods_allocated.v1"


class GoodsReleased(_Allocation):
    """Goods that were set aside for an order's line are free stock of their article again, because the line
    was closed or its order cancelled. Subject: the movement."""

    type: ClassVar[str] = "optima.logistics.goods_released.v1"


class StockAdjusted(EventData):
    """The goods in a warehouse turned out to differ from its ledger, at a stock count or on arrival from
    another warehouse. Subject: the movement."""

    type: ClassVar[str] = "optima.logistics.stock_adjusted.v1"
    movement_id: UUID
    order_id: UUID
    """The order, or for goods of an article the account of its owner."""
    job_id: UUID
    warehouse: str
    kind: Literal["found", "missing", "damaged"]
    quantity: Quantity
    """How much more (`found`) or less (`missing`, `damaged`) there is than the ledger said."""
    unit: str
    shipment_id: UUID | None
    """The transfer on whose arrival the difference was seen, if any."""
    reason: str
    count_id: UUID | None = None
    """The stock count in which the difference was seen, if any."""
    location: str | None = None
    """Location within the warehouse, if the warehouse has locations."""
    lot: str | None = None
    """The lot, if the article is tracked by lots."""


class GoodsRelocated(EventData):
    """Goods were moved from one location of a warehouse to another. Subject: the movement into the new
    location."""

    type: ClassVar[str] = "optima.logistics.goods_relocated.v1"
    movement_id: UUID
    order_id: UUID
    """The order, or for goods of an article the account of its owner."""
    job_id: UUID
    warehouse: str
    from_location: str | None = None
    """Absent if the goods lay in no location. Likewise `to_location` is absent if they go to none."""
    to_location: str | None = None
    lot: str | None = None
    quantity: Quantity
    unit: str
    held: bool | None = None
    """Whether the goods are held back for their quality."""


class _HoldFact(EventData):
    hold_id: UUID
    order_id: UUID
    """The order, or for goods of an article the account of its owner."""
    job_id: UUID
    warehouse: str
    quantity: Quantity
    unit: str
    held: Quantity
    """Total quantity of these goods that is held back in this warehouse after this change."""
    reason: str
    location: str | None = None
    """Location within the warehouse, if the warehouse has locations."""
    lot: str | None = None
    """The lot, if the article is tracked by lots."""


class GoodsHeld(_HoldFact):
    """Goods in a warehouse are held back for their quality, and can be neither reserved nor shipped. Subject:
    the entry in the record of holds."""

    type: ClassVar[str] = "optima.logistics.goods_held.v1"


class HoldEnded(_HoldFact):
    """Goods that were held back were released, or scrapped and written off. Subject: the entry in the record
    of holds."""

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
    """Code of the article, or of the kind of goods."""
    lots: list[ShippedLot] | None = None
    """The lots of goods that are tracked by lots. Present once the goods have left."""


class _ShipmentFact(EventData):
    shipment_id: UUID
    order_id: UUID
    """The order, or for a shipment from stock the account of the owner of its goods."""
    brief_id: UUID | None
    destination: str
    """Code of a destination, or of one of the sender's own warehouses."""
    lines: list[ShipmentLine]
    document_type: str | None = None
    """Code of the document type: `vendita`, `conto-lavorazione`, `trasferimento-tra-depositi` …"""
    closes_order_line: bool = True
    """Whether the goods count as delivered to the customer who ordered them. False for transfers between
    warehouses, goods that a supplier works on, goods that are expected back, and articles from stock."""
    from_stock: bool = False
    """Whether the shipment carries articles from stock that no order asked for."""


class ShipmentDrafted(_ShipmentFact):
    """A shipment was planned for goods in stock. Subject: the shipment, as in all shipment events below."""

    type: ClassVar[str] = "optima.logistics.shipment_drafted.v1"


class ShipmentRevised(_ShipmentFact):
    """The goods, origin or destination of a shipment without a document were changed to what this event
    says."""

    type: ClassVar[str] = "optima.logistics.shipment_revised.v1"


class ShipmentPicked(_ShipmentFact):
    """The goods of a shipment were picked and are ready to leave."""

    type: ClassVar[str] = "optima.logistics.shipment_picked.v1"


class PackagesLabelled(EventData):
    """Packages of a shipment got their permanent numbers. Subject: the shipment."""

    type: ClassVar[str] = "optima.logistics.packages_labelled.v1"
    shipment_id: UUID
    order_id: UUID
    """The order, or for a shipment from stock the account of the owner of its goods."""
    brief_id: UUID | None
    numbers: list[str]
    """The numbers (SSCC) that were assigned with this event."""


class DdtIssued(_ShipmentFact):
    """A transport document got its number. It is immutable from now on."""

    type: ClassVar[str] = "optima.logistics.ddt_issued.v1"
    number: str
    """The number as printed, at most 20 characters: "12/2026" or "12/A/2026"."""
    progressive: int
    series: str
    year: int
    issue_date: date
    sender: LegalIdentity
    recipient: LegalIdentity
    delivery_address: LegalIdentity
    reason: str
    """The reason for transport (causale del trasporto) as printed."""
    transport_by: Literal["mittente", "destinatario", "vettore"]
    carrier: LegalIdentity | None = None
    freight: str | None = None
    """Terms of freight (porto)."""
    appearance: str | None = None
    """Outward appearance of the goods (aspetto esteriore dei beni)."""
    packages: int | None = None
    """Number of packages (colli)."""
    gross_weight_kg: Quantity | None = None
    to_be_invoiced: bool | None = None
    """Whether an invoice must follow by the 15th of the next month (TD24). Absent in old documents."""
    order_number: str | None = None
    net_weight_kg: Quantity | None = None
    customer_reference: str | None = None
    """The recipient's own reference for the order."""
    departure: LegalIdentity | None = None
    """The place that the goods leave."""
    despatch_advice: str | None = None
    """The electronic DDT: a UBL 2.1 DespatchAdvice as AgID specifies it. Absent if required data is missing,
    and for a document of several orders, because not everybody may read all its parts."""
    shipment_ids: list[UUID] | None = None
    """Ids of all shipments that travel under the document, if it is a document of several orders. Each of
    these shipments has an event of its own with its own lines."""


class ShipmentDeparted(_ShipmentFact):
    """The goods of a shipment have left the warehouse."""

    type: ClassVar[str] = "optima.logistics.shipment_departed.v1"
    departed_at: datetime


class ShipmentDelivered(_ShipmentFact):
    """The goods of a shipment were handed over. The lines say what the recipient accepted."""

    type: ClassVar[str] = "optima.logistics.shipment_delivered.v1"
    delivered_at: datetime
    received_by: str


class DeliveryProved(EventData):
    """A proof of delivery (a photo, a signature or a signed document) was added. The file stays in logistics.
    Subject: the shipment."""

    type: ClassVar[str] = "optima.logistics.delivery_proved.v1"
    proof_id: UUID
    shipment_id: UUID
    ddt_number: str
    name: str
    """Name of the file."""
    media_type: str
    size: int
    """Size in bytes."""
    sha256: str


class ShipmentRefused(_ShipmentFact):
    """The recipient refused the goods of a shipment, and the goods come back."""

    type: ClassVar[str] = "optima.logistics.shipment_refused.v1"
    reason: str


class ShipmentPartlyRefused(_ShipmentFact):
    """The recipient accepted only a part of a shipment. The lines say what was refused and comes back.
    Published right after `shipment_delivered`, in the same transaction."""

    type: ClassVar[str] = "optima.logistics.shipment_partly_refused.v1"
    reason: str


class ReturnedGoods(Fact):
    job_id: UUID
    description: str
    quantity: Quantity
    unit: str
    disposition: Literal["stock", "scrap"]
    """`stock` if the goods are as good as before, `scrap` otherwise."""


class GoodsReturned(EventData):
    """Goods that had been delivered came back, so that a credit may be due. Their order still counts them as
    delivered. Subject: the return."""

    type: ClassVar[str] = "optima.logistics.goods_returned.v1"
    return_id: UUID
    shipment_id: UUID
    order_id: UUID
    brief_id: UUID | None
    ddt_number: str
    """Number of the document under which the goods had left."""
    document_type: str
    warehouse: str
    number: str | None
    """Number of the DDT under which the sender of the return sent the goods back."""
    date: date
    reason: str
    lines: list[ReturnedGoods]
    closes_order_line: bool | None = None
    """Whether the shipment counted as a delivery to the customer who ordered the goods. Absent in old
    returns."""


class DdtVoided(_ShipmentFact):
    """A transport document was voided. `replaced_by` is the shipment that replaces its shipment, if any."""

    type: ClassVar[str] = "optima.logistics.ddt_voided.v1"
    number: str
    reason: str
    replaced_by: UUID | None = None


class ShipmentCancelled(_ShipmentFact):
    """A shipment that had no DDT yet was cancelled, and its goods are free again."""

    type: ClassVar[str] = "optima.logistics.shipment_cancelled.v1"
    reason: str


class CancellationRefused(EventData):
    """A brief's cancellation was refused, because goods of the brief had already left. Subject: the order."""

    type: ClassVar[str] = "optima.logistics.cancellation_refused.v1"
    order_id: UUID
    brief_id: UUID
    reason: str
    shipment_ids: list[UUID] | None = None
    """The shipments whose documents prevented the cancellation."""
