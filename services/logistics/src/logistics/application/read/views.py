"""What readers see of the warehouse. A field without a value is absent."""

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
    """A code of a lookup table with the name of its entry."""

    code: str
    name: str | None = None
    city: str | None = None
    """Only for a warehouse or a destination."""


class LineView(View):
    job_id: UUID
    """The job that made the goods, or the article that is kept in stock."""
    article_code: str | None
    """Only for an article."""
    description: str
    quantity: Quantity
    came_back: Quantity | None
    """The quantity that the recipient refused at the door."""
    returned: Quantity | None
    """The quantity that came back after the delivery."""
    unit: str


class DdtView(View):
    number: str
    """As printed: "12/2026" or, in a named series, "12/A/2026"."""
    progressive: int
    series: str
    year: int
    issue_date: date
    issued_at: datetime
    invoice_number: str | None
    """The number of the ERP's invoice; absent until the ERP has invoiced the goods."""
    invoice_date: date | None
    credit_note_number: str | None
    """The number of the ERP's credit note for the invoice. It covers only a part of it if `invoice_number` is
    present as well."""
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
    """Absent for articles from stock."""
    order_number: str | None
    brief_id: UUID | None
    document_type: NamedCodeView | None
    """The reason of transport (causale). Absent only for old drafts."""
    closes_order_line: bool
    """Whether the goods count as delivered to the customer who ordered them."""
    goods_go_to: GoodsGoTo
    """Where the goods are, and whose, once they are delivered."""
    warehouse: NamedCodeView
    destination: NamedCodeView
    """A warehouse if the goods go to one, otherwise a destination."""
    lines: list[LineView]
    transport_by: TransportBy | None
    carrier: NamedCodeView | None
    """The carrier (vettore)."""
    freight: Freight | None
    """Who pays for the carriage (porto)."""
    appearance: str | None
    """What the goods look like from outside (aspetto esteriore dei beni)."""
    packages: int | None
    """The number of packages (colli)."""
    labels_at_once: int
    """The most packages whose labels fit in one PDF."""
    gross_weight_kg: Quantity | None
    net_weight_kg: Quantity | None
    customer_reference: str | None
    """The recipient's own number for the order."""
    starts_at: datetime | None
    """When the transport is to begin, as printed on the document."""
    notes: str | None
    return_by: date | None
    """The day by which its goods are expected back; absent if they are not expected, or are back."""
    ddt: DdtView | None
    """Absent until the document is issued."""
    advisable: list[str]
    """Empty fields that the law does not require but that recipients and carriers expect."""
    drafted_at: datetime
    departed_at: datetime | None
    delivered_at: datetime | None
    received_by: str | None
    """The name of the person who signed for the recipient."""
    proofs: int
    """How many files prove its delivery."""
    ended_because: str | None
    """Why it was refused, voided or cancelled."""
    replaces_id: UUID | None
    """The voided shipment that this one replaces."""
    replaced_by_id: UUID | None
    companions: list[CompanionView]
    """Shipments of other orders under the same document. All are arranged, issued, voided, sent off and
    delivered together."""
    actions: list[ShipmentAction]
    """What the reader may do now."""


class ReturnedLineView(View):
    job_id: UUID
    description: str
    quantity: Quantity
    unit: str
    disposition: Disposition
    location: str | None
    """Where the goods were put."""
    lot: str | None


class DeliveryProofView(View):
    """A photo, a signature or a signed document that proves a delivery."""

    id: UUID
    shipment_id: UUID
    """If several shipments travelled together, the one under whose id their document is kept."""
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
    """The number of the DDT under which the sender sent the goods back."""
    date: date
    reason: str
    lines: list[ReturnedLineView]
    recorded_at: datetime
    recorded_by: PersonView | None


class OwnLineView(View):
    """Goods sent to the person or company that does a phase."""

    description: str
    quantity: Quantity
    came_back: Quantity | None
    """The quantity that was refused at the door."""
    returned: Quantity | None
    """The quantity that came back after the delivery."""
    unit: str


class OwnDdtView(View):
    """A DDT with goods of the reader's phases. It shows nothing of orders, customers or other people."""

    id: UUID
    """The shipment's id."""
    state: State
    number: str
    """As printed."""
    issue_date: date
    document_type: NamedCodeView | None
    """The reason of transport (causale)."""
    warehouse: NamedCodeView
    """Where the goods came from."""
    destination: NamedCodeView
    lines: list[OwnLineView]
    packages: int | None
    """The number of packages (colli)."""
    gross_weight_kg: Quantity | None
    return_by: date | None
    """The day by which the goods are expected back; absent if they are not expected, or are back."""
    departed_at: datetime | None
    delivered_at: datetime | None


class OwnReturnedLineView(View):
    description: str
    quantity: Quantity
    unit: str
    disposition: Disposition


class OwnReturnView(View):
    """What came back of one of the reader's own DDTs."""

    id: UUID
    number: str | None
    """The number of the DDT under which it came back."""
    date: date
    lines: list[OwnReturnedLineView]


class UnderWayView(View):
    """How many shipments in a state still need work."""

    state: State
    shipments: int
    late: int
    """How many of them deliver an order whose deadline has passed."""


class ShipmentsUnderWayView(View):
    states: list[UnderWayView]
    """The states draft, picked, issued and in transit."""


class DeliveryGroupView(View):
    """The group that figures are about: the field that they are grouped by. Absent for shipments without a
    value."""

    month: str | None
    """Such as 2026-11."""
    carrier: NamedCodeView | None
    destination: NamedCodeView | None
    document_type: NamedCodeView | None


class DeliveryFigureView(View):
    group: DeliveryGroupView
    documents: int
    """The number of DDTs issued."""
    voided: int
    refused: int
    delivered: int
    promised: int
    """Deliveries of orders that have a deadline."""
    on_time_percent: Tenths | None
    """The share of the promised deliveries that arrived by the deadline."""
    on_time_in_full_percent: Tenths | None
    """The share of them that also arrived complete: nothing was refused or came back."""
    days: Tenths | None
    """The average number of days from departure to delivery."""


class StockFigureView(View):
    owner: NamedCodeView | None
    """The owner of the articles; absent if they are the tenant's own."""
    unit: str
    articles: int
    on_hand: Quantity
    gone: Quantity
    """The quantity that left in the period."""
    turns: Tenths | None
    """How often the stock would be renewed in a year, at the rate of the period."""
    idle_articles: int
    """The number of articles in stock since before the period of which nothing left in it."""
    idle: Quantity


class PackageView(View):
    position: int
    """Counted from 1."""
    sscc: str | None
    """Absent without a GS1 company prefix."""


class PackagesView(View):
    packages: list[PackageView]


class Gs1PrefixView(View):
    prefix: str | None
    """Absent until it is set."""
    actions: list[LookupAction]
    """What the reader may do now."""


class AwayDocumentView(View):
    shipment_id: UUID
    number: str
    """The number of the DDT."""
    quantity: Quantity
    """The quantity that is not back."""


class ThirdPartyGoodsView(View):
    destination: NamedCodeView
    """The place where the goods are."""
    document_type: NamedCodeView
    """Why they left."""
    job_id: UUID
    code: str | None
    """The code of the article or of the kind of goods."""
    description: str
    unit: str
    quantity: Quantity
    """The quantity that is not back."""
    in_transit: Quantity
    """The part of it that is still on the way there."""
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
    """The supplier's document under which the goods of an article came."""
    count_id: UUID | None
    """The count that found the difference."""
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
    """The number of the sender's DDT."""
    date: date
    """The date of that DDT."""
    warehouse: NamedCodeView
    lines: list[ReceivedLineView]
    recorded_at: datetime
    recorded_by: PersonView | None


class PlaceView(View):
    """The part of some goods that lies in one location and belongs to one lot."""

    location: str | None
    """Absent for goods that were put into no location."""
    lot: str | None
    """Absent for goods that are not tracked by lot."""
    expires_on: date | None
    on_hand: Quantity
    held: Quantity | None
    """The part held back for its quality; absent if there is none."""


class PickView(View):
    """A quantity of goods out of one location and lot."""

    job_id: UUID
    code: str | None
    """The code of the article or of the kind of goods."""
    description: str
    location: str | None
    lot: str | None
    expires_on: date | None
    quantity: Quantity
    unit: str
    proposed: bool
    """Whether nobody chose this pick: goods that expire first are proposed first."""


class PicksView(View):
    picks: list[PickView]
    """They come to less than the shipment's lines if not enough goods that have not expired lie there."""


class LocationView(View):
    warehouse: NamedCodeView
    code: str
    put_away: bool
    """Whether goods that come into the warehouse are put there if nobody names another location."""
    actions: list[LocationAction]


class LocationsView(View):
    locations: list[LocationView]


class StockView(View):
    warehouse: NamedCodeView
    job_id: UUID
    article_code: str | None
    """Only for an article, which belongs to no order."""
    order_id: UUID | None
    order_number: str | None
    description: str
    unit: str
    on_hand: Quantity
    reserved: Quantity
    """Held by shipments that have no transport document yet."""
    held: Quantity | None
    """Held back for its quality; absent if nothing is."""
    free: Quantity
    """On hand, and neither reserved nor held back; negative if such goods are missing or damaged."""
    places: list[PlaceView]
    """The places, those whose goods expire first before the others. Empty if the goods have no location and
    no lot."""
    actions: list[StockAction]
    """What the reader may do now."""


class HoldView(View):
    """An entry that holds goods back for their quality, or ends that."""

    id: UUID
    warehouse: NamedCodeView
    job_id: UUID
    kind: HoldKind
    quantity: Quantity
    """Signed: negative for what is no longer held back."""
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
    """The quantity in the ledger at the moment of counting."""
    counted: Quantity
    difference: Quantity
    """Negative if less was there."""
    needs_second_person: bool
    """Whether the difference is so large that the person who counted may not post it."""
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
    """When it was posted or cancelled."""
    ended_by: PersonView | None
    version: int
    actions: list[CountAction]
    """What the reader may do now."""


class DeliveryView(View):
    destination: NamedCodeView
    ordered: Quantity
    remaining: Quantity
    """The quantity that is in no shipment yet."""


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
    """What is finished of a job that is still going on, if anything is."""
    received: Quantity
    receivable: Quantity
    """Produced, or finished so far, and not received yet."""
    article_id: UUID | None
    """For a line that is taken from stock: its article. Nothing of it is made; `received` is what is set
    aside."""
    finisher: NamedCodeView | None
    """For a phase that a company outside does: that company's destination. `job_id` is then the phase's id,
    and `ordered` the total that may be sent out."""
    may_go_out: Quantity | None
    """How much of it may still be sent out now."""
    allocatable: list[PlacedView]
    """For a line from stock that is still to be set aside: how much may be, by warehouse."""
    releasable: list[PlacedView]
    """What was set aside and is no longer needed, by warehouse."""
    deliveries: list[DeliveryView]
    """Empty if the goods may go to any destination."""
    in_transit: list[ElsewhereView]
    """What left under a document and has not arrived."""
    with_third_parties: list[ElsewhereView]
    """Goods of ours that are at somebody else's place."""
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
    """For a public body: its office's code in the IPA."""


class InvoiceableLineView(View):
    position: int
    """The line's position in the document, by which an invoice refers to it."""
    job_id: UUID
    code: str | None
    description: str
    quantity: Quantity
    """The quantity that the recipient has, without what was refused or came back."""
    unit: str
    order_number: str | None
    """The order of this line, if the document covers several orders."""


class InvoiceableView(View):
    """A document that is still to be invoiced, with what the invoice's DatiDDT need."""

    shipment_id: UUID
    number: str
    issue_date: date
    invoice_by: date
    """The 15th of the next month."""
    recipient: PartyView
    order_number: str | None
    customer_reference: str | None
    credit_note_number: str | None
    """The ERP's credit note for the former invoice: the goods are to be invoiced again."""
    lines: list[InvoiceableLineView]


class InvoiceableCustomerView(View):
    """A customer with documents that are still to be invoiced."""

    name: str
    vat_number: str | None
    fiscal_code: str | None
    documents: int
    oldest: date
    """The date of the oldest of these documents."""
    invoice_by: date
    """The last day for the invoice of the oldest one."""


class InvoiceableCustomersView(View):
    customers: list[InvoiceableCustomerView]
    more: bool
    """Whether there are more than are listed. Searching for part of a name finds them."""


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
    """The people who work there and see the transport documents of what is sent there."""


class DocumentTypeView(_LookupView):
    text: str
    """The causale, as the document prints it."""
    direction: Direction
    counterparty: Counterparty
    ownership_passes: bool
    to_be_invoiced: bool
    closes_order_line: bool
    return_days: int | None
    series: str | None
    valid_from: date | None
    valid_until: date | None
    """Documents of this type may be dated from `valid_from` to `valid_until`."""
    built_in: bool
    """Whether it came with the product and has not been changed."""


class ConversionView(View):
    unit: str
    holds: Quantity
    """How much of the article's own unit one of this unit holds."""


class ArticleView(_LookupView):
    id: UUID
    """Also the `job_id` of its goods in stock, movements and shipments."""
    description: str
    description_en: str | None
    unit: str
    """The unit in which its stock is counted."""
    conversions: list[ConversionView]
    barcode: str | None
    weight_kg: Quantity | None
    """The net weight of one of its own unit."""
    customer_code: str | None
    owner: NamedCodeView | None
    """Absent if the goods are the tenant's own."""
    tracked_by_lot: bool
    """Whether its goods are received, stored and shipped by lot."""
    version: int
    """To be sent back as `If-Match` with a change."""


class CarrierView(_LookupView):
    identity: PartyView
