"""The bodies and queries that clients send."""

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
    ArrivedQuantities,
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
"""A unit such as pz, conf, m or kg."""
SeriesName = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$")]
Customer = Annotated[str, Text(150)]
"""A recipient's VAT number or fiscal code, or part of its name."""


MOST_PACKAGES: Final = 100_000
Package = Annotated[int, Field(gt=0, le=MOST_PACKAGES)]

Location = Annotated[str, Field(pattern=r"^([A-Z0-9][A-Z0-9._-]{0,31})?$")]
"""A code of /v1/locations; empty for goods that were put into no location."""
LocationCode = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,31}$")]
"""A code such as A-01-03: aisle, rack, shelf."""
Scanned = Annotated[str, Field(pattern=r"^[ -~\x1d]{1,90}$")]
"""An article's code, its barcode, or the GS1 code of a package as a scanner sends it: `]C101…`, with the
identifiers 01, 02, 10, 11, 15, 17, 21, 30 and 37, and FNC1 as the group separator (hexadecimal 1D)."""
LotCode = Annotated[str, Field(pattern=r"^[!-~]{0,20}$")]
"""A lot of an article that is tracked by lot: at most 20 characters, as in GS1."""
HoldReason = Annotated[str, Text(500)]
"""Why all goods are held back for their quality on arrival. If absent, they are free to be shipped."""


def _as_list(given: Any) -> Any:
    """Return a list, because a parameter that is named once arrives as a single value."""
    return given if isinstance(given, list) else [given]


class _GoodsInWarehouse(Command):
    warehouse: Code
    job_id: UUID
    quantity: Count


class _GoodsInPlace(_GoodsInWarehouse):
    location: Location | None = None
    """May be absent if all the goods lie in one place."""
    lot: LotCode | None = None
    """May be absent like the location."""


class ReceiveGoods(_GoodsInWarehouse):
    location: Location | None = None
    """Where the goods are put. If absent, the warehouse's default location (/v1/put-away)."""
    hold_reason: HoldReason | None = None


class AllocateGoods(_GoodsInWarehouse):
    """A quantity from a warehouse for a line of an order."""


class ReleaseGoods(_GoodsInWarehouse):
    """A quantity of a line of an order in a warehouse."""


class HoldGoods(_GoodsInPlace):
    """A quantity of the goods of a job, or of an article."""

    reason: Annotated[str, Text(500)]


class EndHold(_GoodsInPlace):
    ending: Ending
    """Whether the goods are released for use or scrapped."""
    reason: Annotated[str, Text(500)]


class HoldsQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    """The id of a job or of an article."""


class AdjustStock(Command):
    warehouse: Code
    job_id: UUID
    difference: Difference
    """Whether goods were found, are missing, or are there but no longer usable."""
    quantity: Count
    """How much more or less there is than the ledger says."""
    reason: Annotated[str, Text(500)]
    location: Location | None = None
    """May be absent if all the goods lie in one place."""
    lot: LotCode | None = None
    """May be absent like the location."""


class RelocateGoods(_GoodsInWarehouse):
    """A move of goods within a warehouse."""

    from_location: Location | None = None
    """May be absent if all the goods lie in one place."""
    lot: LotCode | None = None
    """May be absent like the location."""
    to_location: Location
    held: bool = False
    """Whether to move goods that are held back; they stay held back."""


class AddLocations(Command):
    warehouse: Code
    codes: Annotated[list[LocationCode], Field(min_length=1, max_length=500)]


class PutAway(Command):
    location: Location
    """Empty for no location."""


class LocationsQuery(PageQuery):
    warehouse: Code | None = None


class NamedPick(Command):
    job_id: UUID | None = None
    """The id of a job or of an article."""
    article: Scanned | None = None
    """Instead of the id: a scanned code."""
    quantity: Count | None = None
    """If absent, quantity and lot are those of the package's GS1 code."""
    location: Location = ""
    lot: LotCode | None = None

    def pick(self) -> AskedPick:
        return AskedPick(self.job_id, self.article, self.quantity, self.location, self.lot)


class NamePicks(Command):
    picks: Annotated[list[NamedPick], Field(max_length=500)]
    """They replace the picks that were named before."""


class StockQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    """The id of a job or of an article."""
    order_id: UUID | None = None
    articles: bool | None = None
    """true for articles only, false for goods of jobs only."""


class MovementsQuery(PageQuery):
    warehouse: Code | None = None
    job_id: UUID | None = None
    shipment_id: UUID | None = None


class ArrangeTransport(Command):
    """How the goods travel. What is absent may be added until the document is issued."""

    transport_by: TransportBy | None = None
    carrier: Code | None = None
    """The carrier (vettore): a code of /v1/carriers."""
    freight: Freight | None = None
    """Who pays for the carriage (porto)."""
    appearance: Annotated[str, Text(80)] | None = None
    """What the goods look like from outside (aspetto esteriore dei beni): scatole, bancali, sfuso …"""
    packages: Package | None = None
    """The number of packages (colli)."""
    gross_weight_kg: Count | None = None
    net_weight_kg: Count | None = None
    customer_reference: Annotated[str, Text(60)] | None = None
    """The recipient's own number for the order."""
    starts_at: Moment | None = None
    """When the transport is to begin. If absent, it is left to be written by hand."""
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


class ReceivedLine(Command):
    article: Scanned
    quantity: Count | None = None
    """If absent, quantity, lot and expiry are those of the package's GS1 code."""
    unit: Unit | None = None
    """A unit of the article. If absent, the unit in which its stock is counted."""
    location: Location | None = None
    """Where the goods are put. If absent, the warehouse's default location (/v1/put-away)."""
    lot: LotCode = ""
    """Only for an article that is tracked by lot."""
    expires_on: Day | None = None
    """The last day of the lot. A lot has only one."""

    def goods(self) -> ArticleQuantity:
        return ArticleQuantity(
            self.article, self.quantity or Decimal(0), self.unit, self.location, self.lot, self.expires_on
        )


class NewLine(Command):
    """A quantity of the goods of a job, or of an article."""

    job_id: UUID | None = None
    article: Code | None = None
    """A code of /v1/articles, only in a shipment without an order."""
    quantity: Count
    unit: Unit | None = None
    """Only for an article: one of its units. If absent, the unit in which its stock is counted."""

    def goods(self, field: str) -> Line | ArticleQuantity:
        if self.article is not None and self.job_id is None:
            return ArticleQuantity(self.article, self.quantity, self.unit)
        if self.job_id is None or self.article is not None or self.unit is not None:
            raise Invalid("line_names_one", field=field)
        return Line(self.job_id, self.quantity)


class ReviseShipment(Command):
    document_type: Code
    """A code of /v1/document-types: the causale and its effects."""
    warehouse: Code
    destination: Code
    """A code of /v1/destinations or, if the document type is internal, of /v1/warehouses."""
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=200)]

    def goods(self) -> list[Line | ArticleQuantity]:
        return [line.goods(f"lines[{index}]") for index, line in enumerate(self.lines)]


class DraftShipment(ArrangeTransport, ReviseShipment):
    order_id: UUID | None = None
    """Absent for articles from stock."""
    replaces_id: UUID | None = None
    """The voided shipment, of the same order or owner, that this one replaces."""
    travels_with_id: UUID | None = None
    """A shipment of another order, without a document yet, whose document is to cover this one too.
    Warehouse, destination and document type must be the same. This shipment takes over its transport."""


class IssueDdt(Command):
    issue_date: Day | None = None
    """If absent, today in the sender's time zone."""
    series: SeriesName | None = None
    """If absent, the series of its document type, or the ordinary one."""


class RecordDeparture(Command):
    departed_at: Moment | None = None
    """Now if absent."""


class ArrivedLine(Command):
    job_id: UUID
    accepted: CountOrZero
    """The quantity in good order."""
    damaged: CountOrZero = Decimal(0)
    """The quantity that is no longer usable; only for a transfer between warehouses."""


class RecordDelivery(Command):
    received_by: Annotated[str, Text(150)]
    delivered_at: Moment | None = None
    """Now if absent."""
    arrived: Annotated[list[ArrivedLine], Field(max_length=200)] | None = None
    """The lines of which something else arrived than the DDT says. What the recipient did not take comes back
    to the warehouse; what a warehouse of the tenant found missing, damaged or too much is recorded there."""
    reason: Annotated[str, Text(500)] | None = None
    """Why something else arrived; required in that case."""

    def found(self) -> list[ArrivedQuantities]:
        return [ArrivedQuantities(line.job_id, line.accepted, line.damaged) for line in self.arrived or ()]


class DeliveryProofQuery(Query):
    name: Annotated[FileName, Field(examples=["firma.jpg"])]
    """The file's name. A folder and characters that some systems can't handle are removed."""


class ReturningLine(Command):
    job_id: UUID
    quantity: Count
    disposition: Disposition
    """"stock" for goods as good as before, "scrap", or "rework" for goods to be worked on again, which are
    held back."""
    location: Location | None = None
    """Where the goods are put. If absent, the warehouse's default location (/v1/put-away)."""
    lot: LotCode | None = None
    """May be absent if the goods left as one lot."""


class TakeBack(Command):
    document_type: Code
    """A code of /v1/document-types of an inbound type."""
    warehouse: Code
    number: Annotated[str, Text(40)] | None = None
    """The number of the DDT under which the sender sends the goods back."""
    date: Day | None = None
    """The date of that DDT. Today if absent."""
    reason: Annotated[str, Text(500)]
    lines: Annotated[list[ReturningLine], Field(min_length=1, max_length=200)]
    hold_reason: Annotated[str, Text(500)] | None = None
    """Why goods that are not scrap are held back for their quality. If absent, they are free to be
    shipped."""

    def returned(self) -> list[ReturnedLine]:
        return [
            ReturnedLine(line.job_id, line.quantity, line.disposition, line.location, line.lot)
            for line in self.lines
        ]


class WithReason(Command):
    reason: Annotated[str, Text(500)]


class VoidDdt(WithReason):
    reissue: Flag
    """Whether to draft the same shipment again, to be revised and issued under a new number."""


class ShipmentsQuery(PageQuery):
    state: State | None = None
    order_id: UUID | None = None
    brief_id: UUID | None = None
    warehouse: Code | None = None
    destination: Code | None = None
    issued_from: Day | None = None
    issued_to: Day | None = None
    """The last day of issue, which is included."""
    number: Annotated[str, Text(20)] | None = None
    text: Annotated[str, Text(100)] | None = None
    """The number of a DDT or order, the code of a destination or article, a barcode, or a part of the name or
    town of a recipient or destination, or of an article's description."""
    late: bool = False
    """Only shipments on their way to deliver an order whose deadline has passed."""

    def filters(self, today: date) -> ShipmentFilter:
        late_on = today if self.late else None
        return ShipmentFilter(**self.model_dump(exclude={"limit", "cursor", "late"}), late_on=late_on)


class ExpectedReturnsQuery(PageQuery):
    until: Day | None = None
    """The last day on which the goods are expected, which is included. Yesterday selects those that are
    overdue."""


class DeliveryFiguresQuery(PeriodQuery):
    by: DeliveriesBy = "month"


class PapersQuery(Query):
    paper: PaperKind
    shipment_id: Annotated[list[UUID], Field(min_length=1, max_length=50), BeforeValidator(_as_list)]
    """To be repeated for each shipment."""
    first_package: Package = 1
    """For labels: the first package of each shipment. One PDF has at most `labels_at_once` labels."""
    last_package: Package | None = None
    """For labels: the last package. If absent, the shipment's last."""


class KeepGs1Prefix(Command):
    prefix: Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
    """The company prefix that GS1 assigned: 4 to 12 digits."""


class ThirdPartyGoodsQuery(PageQuery):
    destination: Code | None = None
    document_type: Code | None = None


class InvoiceableQuery(PageQuery):
    issued_from: Day | None = None
    issued_to: Day | None = None
    """The last day of issue, which is included."""
    customer: Customer | None = None

    def filters(self) -> InvoiceableFilter:
        return InvoiceableFilter(self.issued_from, self.issued_to, self.customer)


class InvoiceableCustomersQuery(Query):
    issued_from: Day | None = None
    issued_to: Day | None = None
    """The last day of issue, which is included."""
    customer: Customer | None = None

    def filters(self) -> InvoiceableFilter:
        return InvoiceableFilter(self.issued_from, self.issued_to, self.customer)


class InvoiceableTable(Query):
    issued_from: Day
    issued_to: Day
    """The last day of issue, which is included."""
    customer: Customer | None = None

    def filters(self) -> InvoiceableFilter:
        return InvoiceableFilter(self.issued_from, self.issued_to, self.customer)


class Conversion(Command):
    unit: Unit
    holds: Count
    """How much of the article's own unit one of this unit holds."""


class KeepArticle(Command):
    description: Annotated[str, Text(500)]
    description_en: Annotated[str, Text(500)] | None = None
    unit: Unit
    """The unit in which its stock is counted. It can never change."""
    conversions: Annotated[list[Conversion], Field(max_length=10)] = Field(default_factory=list)
    """Other units in which it may be received and shipped. No two units of an article may differ only in
    capitals, because ERPs write PZ for pz."""
    barcode: Annotated[str, Field(pattern=r"^[!-~]{1,48}$")] | None = None
    """A GTIN (EAN, UPC) is checked by its last digit; any other code is accepted as it is."""
    weight_kg: Count | None = None
    """The net weight of one of its own unit."""
    customer_code: Annotated[str, Text(60)] | None = None
    """The code that its owner or buyer uses."""
    owner: Code | None = None
    """A code of /v1/destinations: the owner of the goods. Absent if they are your own. It can never
    change."""
    tracked_by_lot: bool = False
    """Whether its goods are received, stored and shipped by lot. It can't change while some are in stock."""

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
    """A whole code, barcode or customer's code, or part of a description."""


class ReceiveFromSupplier(Command):
    supplier: Code
    """A code of /v1/destinations: the sender of the goods."""
    number: Annotated[str, Text(40)]
    """The number of the sender's DDT."""
    date: Day
    """The date of that DDT."""
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
    """A quantity counted of the goods of a job, or of an article."""

    job_id: UUID | None = None
    article: Scanned | None = None
    counted: CountOrZero
    """In the unit in which the stock is counted."""
    reason: Annotated[str, Text(500)] | None = None
    """Why the quantity differs from the ledger, if it does."""
    location: Location | None = None
    """May be absent if all the goods lie in one place, like `lot`."""
    lot: LotCode | None = None


class PostCount(Command):
    reason: Annotated[str, Text(500)] | None = None
    """The reason for the differences that have none of their own."""


class CountsQuery(PageQuery):
    state: CountState | None = None
    warehouse: Code | None = None


class DestinationsQuery(PageQuery):
    text: Annotated[str, Text(100)] | None = None
    """A whole code, or part of a name or town."""


class KeepDestination(Command):
    recipient: RecipientBody
    """Cessionario: the party that owns the goods from then on, or holds them."""
    address: AddressBody
    """Where the goods are delivered."""


class KeepDocumentType(Command):
    text: Annotated[str, Text(100)]
    """The causale, as the document prints it."""
    direction: Direction
    """Whether goods leave (out), move between warehouses of the tenant (internal), or come in."""
    counterparty: Counterparty
    """Whether a customer, a supplier or a warehouse of the tenant is at the other end."""
    ownership_passes: Flag
    """Whether the goods belong to the recipient from the delivery on."""
    to_be_invoiced: Flag
    """Whether an invoice follows."""
    closes_order_line: Flag
    """Whether an order's goods count as delivered under its documents."""
    return_days: Annotated[int, Field(gt=0, le=3650)] | None = None
    """The number of days within which the goods are expected back; absent if they are not."""
    series: SeriesName | None = None
    """The series in which its documents are numbered. If absent, the person who issues chooses."""
    valid_from: Day | None = None
    """The first day of its documents. No limit if absent."""
    valid_until: Day | None = None
    """The last day of its documents. No limit if absent."""
