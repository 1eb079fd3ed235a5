"""What a reader gets to see of the warehouse. What has no value is absent."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import PlainSerializer, WithJsonSchema

from optima_contracts.quantities import quantity_text
from optima_kit.fields import PersonView, Tenths, View

from ...domain.counts import CountAction, CountState
from ...domain.document_types import Counterparty, Direction, GoodsGoTo
from ...domain.holds import HoldKind
from ...domain.shipments import Disposition, Freight, ShipmentAction, State, TransportBy
from ...domain.stock import Kind
from .access import LineAction, LocationAction, LookupAction, StockAction

Quantity = Annotated[
    Decimal,
    PlainSerializer(quantity_text, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,3})?$", "examples": ["1500.5"]},
        mode="serialization",
    ),
]
"""A quantity with at most three decimals, written as text."""


class NamedCodeView(View):
    """An entry of a lookup table, wherever one is named."""

    code: str
    name: str | None = None
    city: str | None = None
    """Of a warehouse or a destination."""


class LineView(View):
    job_id: UUID
    """Whose goods they are, here and below: the job that made them, or the article that is kept in stock."""
    article_code: str | None
    """Of an article."""
    description: str
    quantity: Quantity
    came_back: Quantity | None
    """What of it the recipient refused at the door."""
    returned: Quantity | None
    """What of it came back after its delivery."""
    unit: str


class DdtView(View):
    number: str
    """As printed: "12/2026", or "12/A/2026" in a series of its own."""
    progressive: int
    series: str
    year: int
    issue_date: date
    issued_at: datetime
    invoice_number: str | None
    """Of the ERP's invoice, here and below; absent until it has invoiced the goods."""
    invoice_date: date | None
    credit_note_number: str | None
    """Of the ERP's credit note that took the invoice back; where there is an invoice beside it, a part."""
    credit_note_date: date | None


class CompanionView(View):
    """A shipment of another order that travels under the same document."""

    shipment_id: UUID
    order_id: UUID
    order_number: str
    state: State


class ShipmentView(View):
    id: UUID
    state: State
    version: int
    """To be sent back as `If-Match` with a change."""
    order_id: UUID | None
    """Absent of articles from stock."""
    order_number: str | None
    brief_id: UUID | None
    document_type: NamedCodeView | None
    """Causale del trasporto. Absent of old drafts alone."""
    closes_order_line: bool
    """Whether the goods count as delivered to whoever ordered them."""
    goods_go_to: GoodsGoTo
    """Whose they are once they are delivered."""
    warehouse: NamedCodeView
    destination: NamedCodeView
    """A warehouse, where the goods go to one."""
    lines: list[LineView]
    transport_by: TransportBy | None
    carrier: NamedCodeView | None
    """Vettore."""
    freight: Freight | None
    """Porto."""
    appearance: str | None
    """Aspetto esteriore dei beni."""
    packages: int | None
    """Colli."""
    labels_at_once: int
    """Of how many packages the labels are one PDF."""
    gross_weight_kg: Quantity | None
    net_weight_kg: Quantity | None
    customer_reference: str | None
    """What the recipient calls the order."""
    starts_at: datetime | None
    """When the transport is to begin, as the document says."""
    notes: str | None
    return_by: date | None
    """By when its goods are expected back; absent where they are not, or are back."""
    ddt: DdtView | None
    """Absent until the document is issued."""
    advisable: list[str]
    """Fields without a value that no law demands, but that recipients and carriers expect."""
    drafted_at: datetime
    departed_at: datetime | None
    delivered_at: datetime | None
    received_by: str | None
    """Name of the recipient's person who signed."""
    proofs: int
    """How many files prove its delivery."""
    ended_because: str | None
    """Why it was refused, voided or cancelled."""
    replaces_id: UUID | None
    """The voided shipment in whose place this one was drafted."""
    replaced_by_id: UUID | None
    companions: list[CompanionView]
    """Shipments of other orders that travel under the same document: they are arranged, issued, voided, sent
    off and delivered together."""
    actions: list[ShipmentAction]
    """What the reader may do now."""


class ReturnedLineView(View):
    job_id: UUID
    description: str
    quantity: Quantity
    unit: str
    disposition: Disposition
    location: str | None
    """Where it was put."""
    lot: str | None


class DeliveryProofView(View):
    """A photo, a signature or a signed document that proves a delivery."""

    id: UUID
    shipment_id: UUID
    """Of those that travelled together, the one under whose id their document is kept."""
    name: str
    media_type: str
    size: int
    """In bytes."""
    sha256: str
    recorded_at: datetime
    recorded_by: PersonView | None


class ReturnView(View):
    id: UUID
    shipment_id: UUID
    document_type: NamedCodeView
    warehouse: NamedCodeView
    number: str | None
    """Of the DDT of whoever sent the goods back."""
    date: date
    reason: str
    lines: list[ReturnedLineView]
    recorded_at: datetime
    recorded_by: PersonView | None


class OwnLineView(View):
    """Goods that went to whoever does a phase."""

    description: str
    quantity: Quantity
    came_back: Quantity | None
    """What of it was refused at the door."""
    returned: Quantity | None
    """What of it came back after its delivery."""
    unit: str


class OwnDdtView(View):
    """A DDT of goods of the reader's phases, which says nothing of orders, customers or others."""

    id: UUID
    """Of the shipment."""
    state: State
    number: str
    """As printed."""
    issue_date: date
    document_type: NamedCodeView | None
    """Causale del trasporto."""
    warehouse: NamedCodeView
    """Where the goods came from."""
    destination: NamedCodeView
    lines: list[OwnLineView]
    packages: int | None
    """Colli."""
    gross_weight_kg: Quantity | None
    return_by: date | None
    """By when the goods are expected back; absent where they are not, or are back."""
    departed_at: datetime | None
    delivered_at: datetime | None


class OwnReturnedLineView(View):
    description: str
    quantity: Quantity
    unit: str
    disposition: Disposition


class OwnReturnView(View):
    """What came back of a DDT of one's own."""

    id: UUID
    number: str | None
    """Of the DDT under which it came back."""
    date: date
    lines: list[OwnReturnedLineView]


class UnderWayView(View):
    """How many shipments of a state need somebody still."""

    state: State
    shipments: int
    late: int
    """Of them, those that deliver an order whose deadline has passed."""


class ShipmentsUnderWayView(View):
    states: list[UnderWayView]
    """Draft, picked, issued and in transit."""


class DeliveryGroupView(View):
    """What figures are about: the part that they are grouped by. None of them where a shipment has none."""

    month: str | None
    """As in 2026-11."""
    carrier: NamedCodeView | None
    destination: NamedCodeView | None
    document_type: NamedCodeView | None


class DeliveryFigureView(View):
    group: DeliveryGroupView
    documents: int
    """DDTs issued."""
    voided: int
    refused: int
    delivered: int
    promised: int
    """Deliveries of orders that have a deadline."""
    on_time_percent: Tenths | None
    """Of those promised, how many arrived by the deadline."""
    on_time_in_full_percent: Tenths | None
    """And of which nothing was refused or came back."""
    days: Tenths | None
    """From departure to delivery, on average."""


class StockFigureView(View):
    owner: NamedCodeView | None
    """Whose the articles are; absent of the tenant's own."""
    unit: str
    articles: int
    on_hand: Quantity
    gone: Quantity
    """What left in the period."""
    turns: Tenths | None
    """How often a year the stock would be renewed, at what left in the period."""
    idle_articles: int
    """In stock since before the period, and none of them left in it."""
    idle: Quantity


class PackageView(View):
    position: int
    """From 1."""
    sscc: str | None
    """Absent without a GS1 company prefix."""


class PackagesView(View):
    packages: list[PackageView]


class Gs1PrefixView(View):
    prefix: str | None
    """Absent until it is kept."""
    actions: list[LookupAction]
    """What the reader may do now."""


class AwayDocumentView(View):
    shipment_id: UUID
    number: str
    """Of the DDT."""
    quantity: Quantity
    """What of it is not back."""


class ThirdPartyGoodsView(View):
    destination: NamedCodeView
    """Whoever has them."""
    document_type: NamedCodeView
    """Why they left."""
    job_id: UUID
    code: str | None
    """Of the article, or of the kind of goods."""
    description: str
    unit: str
    quantity: Quantity
    """What is not back."""
    in_transit: Quantity
    """What of it is still on the way there."""
    since: date
    """The date of the oldest of these documents."""
    return_by: date | None
    """The earliest day by which some of it is expected back."""
    documents: list[AwayDocumentView]


class MovementView(View):
    id: UUID
    warehouse: NamedCodeView
    job_id: UUID
    kind: Kind
    quantity: Quantity
    """Signed: what leaves is negative."""
    unit: str
    shipment_id: UUID | None
    location: str | None
    lot: str | None
    receipt_id: UUID | None
    """The supplier's document by which the goods of an article came."""
    count_id: UUID | None
    """The count that the difference comes from."""
    reason: str | None
    recorded_at: datetime
    recorded_by: PersonView | None


class ReceivedLineView(View):
    job_id: UUID
    article_code: str | None
    description: str
    quantity: Quantity
    unit: str
    location: str | None
    lot: str | None
    expires_on: date | None


class SupplierReceiptView(View):
    id: UUID
    supplier: NamedCodeView
    number: str
    """Of the sender's DDT."""
    date: date
    """Of that DDT."""
    warehouse: NamedCodeView
    lines: list[ReceivedLineView]
    recorded_at: datetime
    recorded_by: PersonView | None


class PlaceView(View):
    """What of some goods lies in one location, of one lot."""

    location: str | None
    """Absent of goods that were put to none."""
    lot: str | None
    """Absent of goods that are not tracked by lots."""
    expires_on: date | None
    on_hand: Quantity
    held: Quantity | None
    """Held back for its quality; absent where nothing is."""


class PickView(View):
    """So much of some goods, out of one location and lot."""

    job_id: UUID
    code: str | None
    """Of the article, or of the kind of goods."""
    description: str
    location: str | None
    lot: str | None
    expires_on: date | None
    quantity: Quantity
    unit: str
    proposed: bool
    """Nobody named it: what expires first is taken first."""


class PicksView(View):
    picks: list[PickView]
    """Less than the shipment's lines, where not enough lies there that has not expired."""


class LocationView(View):
    warehouse: NamedCodeView
    code: str
    put_away: bool
    """Whether goods that come into the warehouse are put there, where nobody says otherwise."""
    actions: list[LocationAction]


class LocationsView(View):
    locations: list[LocationView]


class StockView(View):
    warehouse: NamedCodeView
    job_id: UUID
    article_code: str | None
    """Of an article, which belongs to no order."""
    order_id: UUID | None
    order_number: str | None
    description: str
    unit: str
    on_hand: Quantity
    reserved: Quantity
    """Held by shipments that have no transport document yet."""
    held: Quantity | None
    """Held back for its quality; absent where nothing is."""
    free: Quantity
    """On hand, neither reserved nor held back; below zero when such goods are missing or damaged."""
    places: list[PlaceView]
    """What expires first before the rest. Empty where all lies in no location and belongs to no lot."""
    actions: list[StockAction]
    """What the reader may do now."""


class HoldView(View):
    """Goods were held back for their quality, or no longer are."""

    id: UUID
    warehouse: NamedCodeView
    job_id: UUID
    kind: HoldKind
    quantity: Quantity
    """Signed: what is held no longer is negative."""
    unit: str
    location: str | None
    lot: str | None
    reason: str
    recorded_at: datetime
    recorded_by: PersonView | None


class CountLineView(View):
    job_id: UUID
    article_code: str | None
    description: str
    unit: str
    location: str | None
    lot: str | None
    expected: Quantity
    """What the ledger said when it was counted."""
    counted: Quantity
    difference: Quantity
    """Below zero where less was there."""
    needs_second_person: bool
    """The difference is large: who counted it does not post it."""
    counted_at: datetime
    counted_by: PersonView
    reason: str | None


class CountView(View):
    id: UUID
    warehouse: NamedCodeView
    state: CountState
    lines: list[CountLineView]
    opened_at: datetime
    opened_by: PersonView | None
    ended_at: datetime | None
    """When it was posted or given up."""
    ended_by: PersonView | None
    version: int
    actions: list[CountAction]
    """What the reader may do now."""


class DeliveryView(View):
    destination: NamedCodeView
    ordered: Quantity
    remaining: Quantity
    """Not in a shipment yet."""


class ElsewhereView(View):
    destination: NamedCodeView
    quantity: Quantity


class PlacedView(View):
    warehouse: NamedCodeView
    quantity: Quantity


class OrderLineView(View):
    job_id: UUID
    description: str
    unit: str
    ordered: Quantity
    produced: Quantity | None
    """Absent until the job is completed."""
    finished: Quantity | None
    """Of a job that still goes on: how much of it is finished already, if some is."""
    received: Quantity
    receivable: Quantity
    """Produced, or finished so far, and not received yet."""
    article_id: UUID | None
    """Of a line that is taken from stock: nothing of it is made, what is received is what is set aside."""
    finisher: NamedCodeView | None
    """Of a phase that a company outside does: its destination. `job_id` is the phase's then, `ordered` how
    much may be sent out in all."""
    may_go_out: Quantity | None
    """How much of it may still be sent out now."""
    allocatable: list[PlacedView]
    """Of a line from stock that is still to be set aside: how much may be, by warehouse."""
    releasable: list[PlacedView]
    """What was set aside, and is not needed any more."""
    deliveries: list[DeliveryView]
    """Empty when the goods may go to any destination."""
    in_transit: list[ElsewhereView]
    """What left under a document and has not arrived."""
    with_third_parties: list[ElsewhereView]
    """What is ours at somebody else's place."""
    actions: list[LineAction]
    """What the reader may do now."""


class OrderView(View):
    id: UUID
    number: str
    brief_id: UUID | None
    cancelled_because: str | None
    lines: list[OrderLineView]


class PartyView(View):
    name: str
    street: str
    postal_code: str
    city: str
    province: str
    country: str
    vat_number: str | None
    fiscal_code: str | None
    office_code: str | None
    """Of a public body's office in the IPA."""


class InvoiceableLineView(View):
    position: int
    """In the document: an invoice refers to it by this."""
    job_id: UUID
    code: str | None
    description: str
    quantity: Quantity
    """What the recipient has: not what was refused or came back."""
    unit: str
    order_number: str | None
    """Of a document of several orders."""


class InvoiceableView(View):
    """A document of which an invoice is to follow: what its DatiDDT say."""

    shipment_id: UUID
    number: str
    issue_date: date
    invoice_by: date
    """The 15th of the next month."""
    recipient: PartyView
    order_number: str | None
    customer_reference: str | None
    credit_note_number: str | None
    """Of the ERP's credit note that took back the invoice that there was: the goods are to be invoiced
    again."""
    lines: list[InvoiceableLineView]


class InvoiceableCustomerView(View):
    """Of whose documents some are to be invoiced."""

    name: str
    vat_number: str | None
    fiscal_code: str | None
    documents: int
    oldest: date
    """Date of the oldest of them."""
    invoice_by: date
    """Of the oldest."""


class InvoiceableCustomersView(View):
    customers: list[InvoiceableCustomerView]
    more: bool
    """Whether there are more than are listed: part of a name finds them."""


class _LookupView(View):
    code: str
    actions: list[LookupAction]
    """What the reader may do now."""


class WarehouseView(_LookupView):
    address: PartyView


class DestinationView(_LookupView):
    recipient: PartyView
    address: PartyView


class DestinationPeopleView(View):
    people: list[PersonView]
    """Who works there, and sees the transport documents of what is sent there."""


class DocumentTypeView(_LookupView):
    text: str
    """Causale, as the document prints it."""
    direction: Direction
    counterparty: Counterparty
    ownership_passes: bool
    to_be_invoiced: bool
    closes_order_line: bool
    return_days: int | None
    series: str | None
    valid_from: date | None
    valid_until: date | None
    """Documents of this type are dated from and until these days."""
    built_in: bool
    """It came with the product and has not been rewritten."""


class ConversionView(View):
    unit: str
    holds: Quantity
    """How much of the article's own unit one of it holds."""


class ArticleView(_LookupView):
    id: UUID
    """Of its goods: `job_id` in stock, movements and shipments."""
    description: str
    description_en: str | None
    unit: str
    """In which its stock is counted."""
    conversions: list[ConversionView]
    barcode: str | None
    weight_kg: Quantity | None
    """Net, of one of its own unit."""
    customer_code: str | None
    owner: NamedCodeView | None
    """Absent where the goods are the tenant's own."""
    tracked_by_lot: bool
    """Whether its goods come, lie and leave by lots."""
    version: int
    """To be sent back as `If-Match` with a change."""


class CarrierView(_LookupView):
    identity: PartyView
