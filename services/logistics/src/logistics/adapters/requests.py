"""What clients send."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BeforeValidator, Field

from optima_kit.fields import PeriodQuery
from optima_kit.http import (
    Code,
    Command,
    Count,
    CountOrZero,
    Day,
    FileName,
    Flag,
    Moment,
    PageQuery,
    Query,
    Text,
)
from optima_kit.refusals import Invalid

from ..application.pick_shipment import AskedPick
from ..application.ports import InvoiceableFilter, ShipmentFilter
from ..application.read.figures import DeliveriesBy
from ..domain.articles import Article, ArticleQuantity
from ..domain.counts import CountState
from ..domain.document_types import Counterparty, Direction
from ..domain.holds import Ending
from ..domain.shipments import (
    Arrived,
    Disposition,
    Freight,
    Line,
    ReturnedLine,
    State,
    Transport,
    TransportBy,
)
from ..domain.stock import Difference
from .parties import AddressBody, RecipientBody
from .printer import PaperKind

Unit = Annotated[str, Text(16)]
"""pz, conf, m, kg …"""
SeriesName = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$")]
Customer = Annotated[str, Text(150)]
"""A recipient's VAT number or fiscal code, or part of its name."""


MOST_PACKAGES: Final = 100_000
Package = Annotated[int, Field(gt=0, le=MOST_PACKAGES)]

Location = Annotated[str, Field(pattern=r"^([A-Z0-9][A-Z0-9._-]{0,31})?$")]
"""A code of /v1/locations; empty: goods that were put to none."""
LocationCode = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,31}$")]
"""As A-01-03: aisle, rack, shelf."""
Scanned = Annotated[str, Field(pattern=r"^[ -~\x1d]{1,90}$")]
"""An article's code, its barcode, or the GS1 code of a package as a scanner sends it: `]C101…`, with the
identifiers 01, 02, 10, 11, 15, 17, 21, 30 and 37, and FNC1 as the group separator (hexadecimal 1D)."""
LotCode = Annotated[str, Field(pattern=r"^[!-~]{0,20}$")]
"""Of an article that is tracked by lots; as GS1 has them, at most 20 characters."""
HoldReason = Annotated[str, Text(500)]
"""Why all of it is held back for its quality on arrival; it is free to be shipped where that is absent."""


def _as_list(given: Any) -> Any:
    """A parameter that is named once arrives as it is."""
    return given if isinstance(given, list) else [given]


class _GoodsInWarehouse(Command):
    warehouse: Code
    job_id: UUID
    quantity: Count


class _GoodsInPlace(_GoodsInWarehouse):
    location: Location | None = None
    """Need not be named where all lies in one."""
    lot: LotCode | None = None
    """As the location."""


class ReceiveGoods(_GoodsInWarehouse):
    location: Location | None = None
    """Where they are put; where the warehouse puts what comes when absent (/v1/put-away)."""
    hold_reason: HoldReason | None = None


class AllocateGoods(_GoodsInWarehouse):
    """From which warehouse, and for which line of an order."""


class ReleaseGoods(_GoodsInWarehouse):
    """In which warehouse, and of which line of an order."""


class HoldGoods(_GoodsInPlace):
    """Goods of a job, or of an article."""

    reason: Annotated[str, Text(500)]


class EndHold(_GoodsInPlace):
    ending: Ending
    """Whether they are released, as good as others, or scrapped."""
    reason: Annotated[str, Text(500)]


class HoldsQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    """Or the id of an article."""


class AdjustStock(Command):
    warehouse: Code
    job_id: UUID
    difference: Difference
    """Whether goods were found, are missing, or are there and of no use any more."""
    quantity: Count
    """How much more or less there is than the ledger says."""
    reason: Annotated[str, Text(500)]
    location: Location | None = None
    """Need not be named where all lies in one."""
    lot: LotCode | None = None
    """As the location."""


class RelocateGoods(_GoodsInWarehouse):
    """Within a warehouse."""

    from_location: Location | None = None
    """Need not be named where all lies in one."""
    lot: LotCode | None = None
    """As the location."""
    to_location: Location
    held: bool = False
    """Whether it is of what is held back, which stays so."""


class AddLocations(Command):
    warehouse: Code
    codes: Annotated[list[LocationCode], Field(min_length=1, max_length=500)]


class PutAway(Command):
    location: Location
    """Empty: to no location."""


class LocationsQuery(PageQuery):
    warehouse: Code | None = None


class NamedPick(Command):
    job_id: UUID | None = None
    """Or the id of an article."""
    article: Scanned | None = None
    """In place of the id."""
    quantity: Count | None = None
    """What the package's GS1 code says when absent, and so the lot."""
    location: Location = ""
    lot: LotCode | None = None

    def pick(self) -> AskedPick:
        return AskedPick(self.job_id, self.article, self.quantity, self.location, self.lot)


class NamePicks(Command):
    picks: Annotated[list[NamedPick], Field(max_length=500)]
    """In place of those that were named before."""


class StockQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    """Or the id of an article."""
    order_id: UUID | None = None
    articles: bool | None = None
    """true: articles alone; false: goods of jobs alone."""


class MovementsQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    shipment_id: UUID | None = None


class ArrangeTransport(Command):
    """How the goods travel. What is missing may be added until the document is issued."""

    transport_by: TransportBy | None = None
    carrier: Code | None = None
    """Vettore: a code of /v1/carriers."""
    freight: Freight | None = None
    """Porto."""
    appearance: Annotated[str, Text(80)] | None = None
    """Aspetto esteriore dei beni: scatole, bancali, sfuso …"""
    packages: Package | None = None
    """Colli."""
    gross_weight_kg: Count | None = None
    net_weight_kg: Count | None = None
    customer_reference: Annotated[str, Text(60)] | None = None
    """What the recipient calls the order."""
    starts_at: Moment | None = None
    """When the transport is to begin; left to be written by hand when absent."""
    notes: Annotated[str, Text(500)] | None = None

    def transport(self) -> Transport:
        return Transport(
            by=self.transport_by,
            carrier=self.carrier,
            freight=self.freight,
            appearance=self.appearance,
            packages=self.packages,
            gross_weight_kg=self.gross_weight_kg,
            net_weight_kg=self.net_weight_kg,
            customer_reference=self.customer_reference,
            starts_at=self.starts_at,
            notes=self.notes,
        )


class ArticleLine(Command):
    article: Code
    """A code of /v1/articles."""
    quantity: Count
    unit: Unit | None = None
    """One of the article's; that in which its stock is counted when absent."""

    def goods(self) -> ArticleQuantity:
        return ArticleQuantity(self.article, self.quantity, self.unit)


class ReceivedLine(Command):
    article: Scanned
    quantity: Count | None = None
    """What the package's GS1 code says when absent, and so lot and expiry."""
    unit: Unit | None = None
    """One of the article's; that in which its stock is counted when absent."""
    location: Location | None = None
    """Where it is put; where the warehouse puts what comes when absent (/v1/put-away)."""
    lot: LotCode = ""
    """Of an article that is tracked by lots."""
    expires_on: Day | None = None
    """The last day of the lot, which has one alone."""

    def goods(self) -> ArticleQuantity:
        return ArticleQuantity(
            self.article, self.quantity or Decimal(0), self.unit, self.location, self.lot, self.expires_on
        )


class NewLine(Command):
    """Goods of a job, or so much of an article."""

    job_id: UUID | None = None
    article: Code | None = None
    """A code of /v1/articles, in a shipment without an order."""
    quantity: Count
    unit: Unit | None = None
    """Of an article: one of its units; that in which its stock is counted when absent."""

    def goods(self, field: str) -> Line | ArticleQuantity:
        if self.article is not None and self.job_id is None:
            return ArticleQuantity(self.article, self.quantity, self.unit)
        if self.job_id is None or self.article is not None or self.unit is not None:
            raise Invalid("line_names_one", field=field)
        return Line(self.job_id, self.quantity)


class ReviseShipment(Command):
    document_type: Code
    """Causale and what follows from it: a code of /v1/document-types."""
    warehouse: Code
    destination: Code
    """A code of /v1/destinations, or of /v1/warehouses where the document type is internal."""
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=200)]

    def goods(self) -> list[Line | ArticleQuantity]:
        return [line.goods(f"lines[{index}]") for index, line in enumerate(self.lines)]


class DraftShipment(ArrangeTransport, ReviseShipment):
    order_id: UUID | None = None
    """Absent of articles from stock."""
    replaces_id: UUID | None = None
    """The voided shipment in whose place this one is drafted; of the same order or owner."""
    travels_with_id: UUID | None = None
    """A shipment of another order, without a document yet, under whose document this one is to travel: from
    the same warehouse to the same destination, with the same document type. Its transport is this one's."""


class IssueDdt(Command):
    issue_date: Day | None = None
    """Today, in the sender's time zone, when absent."""
    series: SeriesName | None = None
    """That of its document type when absent, or the ordinary one."""


class RecordDeparture(Command):
    departed_at: Moment | None = None
    """Now when absent."""


class ArrivedLine(Command):
    job_id: UUID
    accepted: CountOrZero
    """In good order."""
    damaged: CountOrZero = Decimal(0)
    """Of no use any more: of a transfer between warehouses alone."""


class RecordDelivery(Command):
    received_by: Annotated[str, Text(150)]
    delivered_at: Moment | None = None
    """Now when absent."""
    arrived: Annotated[list[ArrivedLine], Field(max_length=200)] | None = None
    """The lines of which something else arrived than the DDT says. What the recipient did not take comes back
    to the warehouse; what one's own warehouse found missing, damaged or too much is written down there."""
    reason: Annotated[str, Text(500)] | None = None
    """Why something else arrived; asked for where it did."""

    def found(self) -> list[Arrived]:
        return [Arrived(line.job_id, line.accepted, line.damaged) for line in self.arrived or ()]


class DeliveryProofQuery(Query):
    name: Annotated[FileName, Field(examples=["firma.jpg"])]
    """File name. A folder, and what some system would stumble over, are taken out."""


class ReturningLine(Command):
    job_id: UUID
    quantity: Count
    disposition: Disposition
    """Back to stock as good as before, scrap, or to be worked on anew: then it is held back."""
    location: Location | None = None
    """Where it is put; where the warehouse puts what comes when absent (/v1/put-away)."""
    lot: LotCode | None = None
    """Need not be named where it left as one."""


class TakeBack(Command):
    document_type: Code
    """A code of /v1/document-types that is inbound."""
    warehouse: Code
    number: Annotated[str, Text(40)] | None = None
    """Of the DDT of whoever sends the goods back."""
    date: Day | None = None
    """Of that DDT; today when absent."""
    reason: Annotated[str, Text(500)]
    lines: Annotated[list[ReturningLine], Field(min_length=1, max_length=200)]
    hold_reason: Annotated[str, Text(500)] | None = None
    """Why what is not scrap is held back for its quality; it is free to be shipped where that is absent."""

    def returned(self) -> list[ReturnedLine]:
        return [
            ReturnedLine(line.job_id, line.quantity, line.disposition, line.location, line.lot)
            for line in self.lines
        ]


class WithReason(Command):
    reason: Annotated[str, Text(500)]


class VoidDdt(WithReason):
    reissue: Flag
    """Draft the same shipment anew, to be revised and issued under a new number."""


class ShipmentsQuery(PageQuery):
    state: State | None = None
    order_id: UUID | None = None
    brief_id: UUID | None = None
    warehouse: Code | None = None
    destination: Code | None = None
    issued_from: Day | None = None
    issued_to: Day | None = None
    """Inclusive."""
    number: Annotated[str, Text(20)] | None = None
    text: Annotated[str, Text(100)] | None = None
    """The number of a DDT or order, the code of a destination or article, a barcode, or a part of the name or
    town of a recipient or destination, or of an article's description."""
    late: bool = False
    """Only those that are under way to deliver an order whose deadline has passed."""

    def filters(self, today: date) -> ShipmentFilter:
        late_on = today if self.late else None
        return ShipmentFilter(**self.model_dump(exclude={"limit", "cursor", "late"}), late_on=late_on)


class ExpectedReturnsQuery(PageQuery):
    until: Day | None = None
    """Inclusive: with yesterday, those that are overdue."""


class DeliveryFiguresQuery(PeriodQuery):
    by: DeliveriesBy = "month"


class PapersQuery(Query):
    paper: PaperKind
    shipment_id: Annotated[list[UUID], Field(min_length=1, max_length=50), BeforeValidator(_as_list)]
    """Named once for each shipment."""
    first_package: Package = 1
    """Of labels, of which `labels_at_once` are one PDF: the first package of each shipment."""
    last_package: Package | None = None
    """As the first; that of the shipment when absent."""


class KeepGs1Prefix(Command):
    prefix: Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
    """The company prefix that GS1 assigned: 4 to 12 digits."""


class ThirdPartyGoodsQuery(PageQuery):
    destination: Code | None = None
    document_type: Code | None = None


class InvoiceableQuery(PageQuery):
    issued_from: Day | None = None
    issued_to: Day | None = None
    """Inclusive."""
    customer: Customer | None = None

    def filters(self) -> InvoiceableFilter:
        return InvoiceableFilter(self.issued_from, self.issued_to, self.customer)


class InvoiceableCustomersQuery(Query):
    issued_from: Day | None = None
    issued_to: Day | None = None
    """Inclusive."""
    customer: Customer | None = None

    def filters(self) -> InvoiceableFilter:
        return InvoiceableFilter(self.issued_from, self.issued_to, self.customer)


class InvoiceableTable(Query):
    issued_from: Day
    issued_to: Day
    """Inclusive."""
    customer: Customer | None = None

    def filters(self) -> InvoiceableFilter:
        return InvoiceableFilter(self.issued_from, self.issued_to, self.customer)


class Conversion(Command):
    unit: Unit
    holds: Count
    """How much of the article's own unit one of it holds."""


class KeepArticle(Command):
    description: Annotated[str, Text(500)]
    description_en: Annotated[str, Text(500)] | None = None
    unit: Unit
    """In which its stock is counted; for good."""
    conversions: Annotated[list[Conversion], Field(max_length=10)] = Field(default_factory=list)
    """Other units in which it may be received and shipped."""
    barcode: Annotated[str, Field(pattern=r"^[!-~]{1,48}$")] | None = None
    """A GTIN (EAN, UPC) is checked by its last digit; any other code is taken as it is."""
    weight_kg: Count | None = None
    """Net, of one of its own unit."""
    customer_code: Annotated[str, Text(60)] | None = None
    """What its owner or buyer calls it."""
    owner: Code | None = None
    """A code of /v1/destinations: whom the goods belong to; absent where they are your own. For good."""
    tracked_by_lot: bool = False
    """Whether its goods come, lie and leave by lots. Can't change while some are in stock."""

    def article(self, code: str) -> Article:
        if len({each.unit for each in self.conversions}) < len(self.conversions):
            raise Invalid("conversion_named_twice", field="conversions")
        return Article(
            UUID(int=0),
            code,
            description=self.description,
            description_en=self.description_en,
            unit=self.unit,
            conversions={each.unit: each.holds for each in self.conversions},
            barcode=self.barcode,
            weight_kg=self.weight_kg,
            customer_code=self.customer_code,
            owner=self.owner,
            tracked_by_lot=self.tracked_by_lot,
        )


class ArticlesQuery(PageQuery):
    text: Annotated[str, Text(100)] | None = None
    """The whole of a code, a barcode or a customer's code, or part of a description."""


class ReceiveFromSupplier(Command):
    supplier: Code
    """A code of /v1/destinations: who sent the goods."""
    number: Annotated[str, Text(40)]
    """Of the sender's DDT."""
    date: Day
    """Of that DDT."""
    warehouse: Code
    lines: Annotated[list[ReceivedLine], Field(min_length=1, max_length=200)]
    hold_reason: HoldReason | None = None

    def goods(self) -> list[ArticleQuantity]:
        return [line.goods() for line in self.lines]


class ReceiptsQuery(PageQuery):
    supplier: Code | None = None
    number: Annotated[str, Text(40)] | None = None


class OpenCount(Command):
    warehouse: Code


class CountGoods(Command):
    """Goods of a job, or an article."""

    job_id: UUID | None = None
    article: Scanned | None = None
    counted: CountOrZero
    """In the unit in which its stock is counted."""
    reason: Annotated[str, Text(500)] | None = None
    """Why it differs from the ledger, where it does."""
    location: Location | None = None
    """Need not be named where all lies in one, here and below."""
    lot: LotCode | None = None


class PostCount(Command):
    reason: Annotated[str, Text(500)] | None = None
    """Of the differences that have none of their own."""


class CountsQuery(PageQuery):
    state: CountState | None = None
    warehouse: Code | None = None


class DestinationsQuery(PageQuery):
    text: Annotated[str, Text(100)] | None = None
    """The whole of a code, or part of a name or town."""


class KeepDestination(Command):
    recipient: RecipientBody
    """Cessionario: who the goods belong to from then on, or who holds them."""
    address: AddressBody
    """Where they are delivered."""


class KeepDocumentType(Command):
    text: Annotated[str, Text(100)]
    """Causale, as the document prints it."""
    direction: Direction
    """Whether goods leave (out), move between warehouses of one's own (internal), or come in."""
    counterparty: Counterparty
    """Who is at the other end."""
    ownership_passes: Flag
    """Whether the goods are the recipient's from the delivery on."""
    to_be_invoiced: Flag
    """Whether an invoice follows."""
    closes_order_line: Flag
    """Whether an order's goods count as delivered by it."""
    return_days: Annotated[int, Field(gt=0, le=3650)] | None = None
    """Within how many days the goods are expected back; absent when they are not."""
    series: SeriesName | None = None
    """In which series its documents are numbered; absent leaves it to whoever issues."""
    valid_from: Day | None = None
    """The first day of its documents; always when absent."""
    valid_until: Day | None = None
    """The last day of its documents; always when absent."""
