"""What the use cases ask of the world outside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from uuid import UUID

from optima_kit.ports import Jobs, Outbox, Person

from ..domain.articles import Article
from ..domain.counts import Count, CountLine
from ..domain.ddt import TIME_ZONE, Document, Sender, Series
from ..domain.holds import Hold
from ..domain.lookups import Destination, Lookup
from ..domain.orders import CarriedGoods, Order, OrderLine
from ..domain.places import Lot, Pick
from ..domain.shipments import DeliveryProof, Return, Shipment, State
from ..domain.stock import Goods, Movement, SupplierReceipt

L = TypeVar("L", bound=Lookup)


class Orders(Protocol):
    """Orders as production confirmed them. Locking one serialises everything that happens to its goods."""

    async def lock_brief(self, brief_id: UUID) -> str | None:
        """Remembers the brief, holds it until the transaction ends, and returns why it was cancelled."""

    def update_brief_cancelled(self, brief_id: UUID, because: str | None) -> None: ...

    def insert_order(self, order: Order) -> None:
        """Does nothing when the order is known."""

    async def find_order(self, order_id: UUID) -> Order | None:
        """Without a lock, for reading."""

    async def lock_order(self, order_id: UUID, jobs: Collection[UUID] | None = None) -> Order | None:
        """With the lines of these jobs alone, where some are named: an account has thousands."""

    async def lock_order_of_job(self, job_id: UUID) -> Order | None:
        """Its order or account, with the line of this job alone."""

    async def lock_orders_of_jobs(self, jobs: Collection[UUID]) -> list[Order]:
        """The orders and accounts of these jobs, with their lines alone."""

    async def find_article_of_line(self, job_id: UUID) -> UUID | None:
        """None of a line that is not from stock. For good."""

    async def lock_accounts_of_order(self, order_id: UUID) -> list[Order]:
        """The accounts that the order's lines from stock are taken from, with the lines of their articles.
        Before the order's own lock, as accounts are older than the orders that take from them."""

    async def list_free_stock(
        self, articles: Collection[UUID], today: date
    ) -> dict[tuple[str, UUID], Decimal]:
        """By warehouse and article, what an order's line may take: nothing that has expired. Without a lock,
        for reading."""

    async def lock_account(self, kept_for: str, articles: Collection[UUID]) -> Order:
        """The account in which an owner's articles are kept, with the lines of these."""

    async def lock_orders_of_brief(self, brief_id: UUID) -> list[Order]: ...

    async def sum_goods(self, jobs: Collection[UUID]) -> Goods:
        """Where the goods of these jobs are. Decide by it only under their order's lock."""

    async def update_produced(self, order_id: UUID, job_id: UUID, quantity: Decimal) -> bool:
        """Under the order's lock. False when the order has no such job, or is not known yet."""

    async def update_finished(self, order_id: UUID, job_id: UUID, quantity: Decimal) -> bool:
        """As `update_produced`, while the rest is still being made."""

    async def update_closed(self, order_id: UUID, job_id: UUID) -> bool:
        """As `update_produced`."""

    def upsert_line_in_process(self, order_id: UUID, line: OrderLine) -> None:
        """Of work outside, under the order's lock. Without a finisher, the last one stays named."""

    def insert_assignee(self, phase_id: UUID, since: datetime, person_id: UUID) -> None:
        """Whose a phase is from then on. Once, however often it is told."""

    def update_order_terms(self, order: Order, jobs: Collection[UUID]) -> None:
        """The order's deadline, and quantity and deliveries of these of its lines. Under its lock."""

    def update_order_cancelled(self, order_id: UUID, because: str | None) -> None: ...


@dataclass(frozen=True, slots=True)
class FoundLookups:
    by_code: Mapping[tuple[type[Any], str], Lookup] = field(default_factory=dict)

    def get(self, kind: type[L], code: str | None) -> L | None:
        found = self.by_code.get((kind, code)) if code else None
        return found if isinstance(found, kind) else None

    def __or__(self, other: FoundLookups) -> FoundLookups:
        return FoundLookups({**self.by_code, **other.by_code})


@dataclass(frozen=True, slots=True)
class StockFilter:
    warehouse: str | None = None
    job_id: UUID | None = None
    order_id: UUID | None = None
    articles: bool | None = None


@dataclass(frozen=True, slots=True)
class PlacedStock:
    """What of some goods lies in one place of a warehouse."""

    location: str
    lot: str
    quantity: Decimal
    held: Decimal
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class StockRow:
    warehouse: str
    job_id: UUID
    order_id: UUID | None
    """None of an article."""
    order_number: str | None
    article_code: str | None
    description: str
    unit: str
    on_hand: Decimal
    reserved: Decimal
    held: Decimal
    places: Sequence[PlacedStock]
    lookups: FoundLookups


@dataclass(frozen=True, slots=True)
class LocationRow:
    warehouse: str
    code: str
    put_away: bool
    """Whether goods that come are put there, where nobody says otherwise."""
    used: bool
    """Whether goods lie there, have left it and may come back, or are being counted there."""


@dataclass(frozen=True, slots=True)
class MovementFilter:
    warehouse: str | None = None
    job_id: UUID | None = None
    shipment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class MovementRow:
    movement: Movement
    unit: str
    recorded_at: datetime
    recorded_by: UUID | None
    lookups: FoundLookups


@dataclass(frozen=True, slots=True)
class HoldRow:
    entry: Hold
    unit: str
    recorded_at: datetime
    recorded_by: UUID | None
    lookups: FoundLookups


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What came in under one document of a supplier."""

    receipt: SupplierReceipt
    lines: Sequence[Pick]
    """Where each was put."""
    goods: Mapping[UUID, CarriedGoods]
    recorded_at: datetime
    recorded_by: UUID | None
    lookups: FoundLookups


class Ledger(Protocol):
    async def insert_receipt(self, receipt: SupplierReceipt) -> bool:
        """False when the supplier's document was received already."""

    async def list_receipts(
        self, supplier: str | None, number: str | None, *, before: UUID | None, limit: int
    ) -> list[ReceiptRow]:
        """Newest first."""

    def insert_movements(self, movements: Sequence[Movement], *, gone: Collection[UUID] = ()) -> None:
        """`gone`: the jobs of which nothing lies anywhere afterwards."""

    async def save_lots(self, lots: Sequence[Lot]) -> list[Lot]:
        """Those of them that are known with another expiry, as they are known. Under their account's lock."""

    def insert_locations(self, warehouse: str, codes: Sequence[str]) -> None:
        """Those that are known stay."""

    async def list_locations(
        self, warehouse: str | None, *, after: tuple[str, str] | None, limit: int
    ) -> list[LocationRow]:
        """By warehouse and code."""

    async def list_locations_named(self, warehouse: str, codes: Collection[str]) -> list[LocationRow]: ...

    async def lock_locations(self, warehouse: str, codes: Collection[str]) -> set[str]:
        """Those that the warehouse has: they can't be removed before the commit."""

    async def lock_location(self, warehouse: str, code: str) -> LocationRow | None:
        """To remove it: nothing is put there before the commit."""

    def delete_location(self, warehouse: str, code: str) -> None: ...

    async def lock_put_away(self, warehouse: str) -> str:
        """Where goods are put that come, unless somebody says otherwise; empty: to no location. It can't be
        removed before the commit."""

    def save_put_away(self, warehouse: str, location: str) -> None:
        """None from now on, where `location` is empty."""

    def insert_holds(self, holds: Sequence[Hold]) -> None:
        """Under their order's lock."""

    async def list_holds(
        self, warehouse: str | None, job_id: UUID | None, *, before: UUID | None, limit: int
    ) -> list[HoldRow]:
        """Newest first."""

    async def list_stock(
        self, filters: StockFilter, *, before: tuple[UUID, str] | None, limit: int
    ) -> list[StockRow]:
        """What lies where, by job and warehouse, newest jobs first; nothing for what adds up to zero."""

    async def list_movements(
        self, filters: MovementFilter, *, before: UUID | None, limit: int
    ) -> list[MovementRow]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class ShipmentFilter:
    state: str | None = None
    order_id: UUID | None = None
    brief_id: UUID | None = None
    warehouse: str | None = None
    destination: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    number: str | None = None
    text: str | None = None
    late_on: date | None = None
    """Those that are under way to deliver an order whose deadline was before this day."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    state: State
    shipments: int
    late: int
    """Of those that deliver an order."""


@dataclass(frozen=True, slots=True)
class Invoicing:
    """The ERP's invoice of a document; none where there is none, or none any more."""

    invoice_number: str | None = None
    invoice_date: date | None = None
    credit_note_number: str | None = None
    """Of the credit note that took the invoice back; where there is an invoice beside it, a part of it."""
    credit_note_date: date | None = None


@dataclass(frozen=True, slots=True)
class DdtNumber:
    number: str
    progressive: int
    series: str
    year: int
    issue_date: date
    issued_at: datetime
    invoicing: Invoicing = Invoicing()

    @classmethod
    def of(cls, document: Document) -> DdtNumber:
        return cls(
            document.number,
            document.progressive,
            document.series,
            document.year,
            document.issue_date,
            document.issued_at,
        )


@dataclass(frozen=True, slots=True)
class Companion:
    """A shipment that travels, or is to travel, under the same document."""

    shipment_id: UUID
    order_id: UUID
    order_number: str
    state: State
    can_be_issued: bool
    """It is picked, and its order wants its goods."""


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A shipment with what its readers need beside it."""

    shipment: Shipment
    order_number: str
    order_cancelled: bool
    goods: Mapping[UUID, CarriedGoods]
    """By job."""
    lookups: FoundLookups
    """What stands under its codes."""
    ddt: DdtNumber | None
    drafted_at: datetime
    time_zone: str = TIME_ZONE
    """The document's: the sender's when it was issued."""
    replaces_number: str | None = None
    """Of the voided document in whose place this one was drafted."""
    companions: Sequence[Companion] = ()
    proofs: int = 0
    """How many files prove its delivery."""

    @property
    def first_id(self) -> UUID:
        """Of the shipments that travel together: packages are theirs in common, and numbered under this."""
        return min([self.shipment.shipment_id, *(each.shipment_id for each in self.companions)])

    @property
    def wanted(self) -> bool:
        """Whether its order still asks for its goods."""
        closed = any(self.goods[line.job_id].closed for line in self.shipment.lines)
        return not self.order_cancelled and not closed

    @property
    def as_companion(self) -> Companion:
        shipment = self.shipment
        ready = shipment.state is State.PICKED and self.wanted
        return Companion(shipment.shipment_id, shipment.order_id, self.order_number, shipment.state, ready)


@dataclass(frozen=True, slots=True)
class DeliveryProofRow:
    proof: DeliveryProof
    recorded_at: datetime
    recorded_by: UUID | None


@dataclass(frozen=True, slots=True)
class ReturnRow:
    returned: Return
    recorded_at: datetime
    recorded_by: UUID | None
    lookups: FoundLookups


@dataclass(frozen=True, slots=True)
class ThirdPartyRow:
    """Goods that are ours at somebody else's place, or on the way there."""

    destination: str
    document_type: str
    job_id: UUID
    goods: CarriedGoods
    quantity: Decimal
    in_transit: Decimal
    """What of it has not arrived there yet."""
    since: date
    return_by: date | None
    """The earliest."""
    documents: Sequence[tuple[UUID, str, Decimal]]
    """Shipment, number of its document, and what of it is not back."""
    lookups: FoundLookups


class Shipments(Protocol):
    def insert_shipment(self, shipment: Shipment) -> None: ...

    def update_shipment(self, shipment: Shipment) -> None:
        """Under the order's lock. All but its content."""

    def update_picks(self, shipment: Shipment) -> None:
        """Out of which locations and lots its goods come. Under the order's lock."""

    def update_content(self, shipment: Shipment) -> None:
        """Under the order's lock: its state, its document type and ends, and its lines in place of those
        that it had."""

    def insert_return(self, returned: Return) -> None: ...

    def insert_proof(self, proof: DeliveryProof, data: bytes) -> None: ...

    async def list_proofs(
        self, document_id: UUID, *, before: UUID | None, limit: int
    ) -> list[DeliveryProofRow]:
        """Of one document, the newest first."""

    async def find_proof(self, document_id: UUID, proof_id: UUID) -> tuple[DeliveryProof, bytes] | None: ...

    async def list_returns(self, shipment_id: UUID, *, before: UUID | None, limit: int) -> list[ReturnRow]:
        """Of one shipment, the newest first."""

    async def lock_shipment(self, shipment_id: UUID) -> ShipmentRow | None:
        """The shipment, under its order's lock."""

    async def lock_consignment(
        self, shipment_id: UUID, *, joined_by: UUID | None = None
    ) -> list[ShipmentRow]:
        """The shipment and all that were put to it, under the locks of their orders and of the order
        `joined_by`. Nothing where there is no such shipment. Raises Stale where one was just put to it."""

    def insert_consignment(self, consignment_id: UUID) -> None: ...

    async def count_under_way(self, today: date) -> list[UnderWay]: ...

    async def list_expected_back(
        self, until: date | None, *, after: tuple[date, UUID] | None, limit: int
    ) -> list[ShipmentRow]:
        """Of whose goods some are expected back, by `until` if one is given; the earliest first."""

    async def list_with_third_parties(
        self,
        destination: str | None,
        document_type: str | None,
        *,
        after: tuple[str, str, UUID] | None,
        limit: int,
    ) -> list[ThirdPartyRow]:
        """By destination, document type and job."""

    async def list_named(self, shipment_ids: Sequence[UUID]) -> list[ShipmentRow]:
        """In the order in which they are named."""

    async def list_shipments_of_order(self, order_id: UUID) -> list[Shipment]: ...

    async def find_shipment(self, shipment_id: UUID) -> ShipmentRow | None: ...

    async def list_own(self, person_id: UUID, *, before: UUID | None, limit: int) -> list[ShipmentRow]:
        """Those under a document that is this person's own, the newest first."""

    async def find_own(self, person_id: UUID, shipment_id: UUID) -> ShipmentRow | None:
        """None where its document is not this person's own."""

    async def list_shipments(
        self, filters: ShipmentFilter, *, before: UUID | None, limit: int
    ) -> list[ShipmentRow]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class InvoiceableFilter:
    issued_from: date | None = None
    issued_to: date | None = None
    """Inclusive."""
    customer: str | None = None
    """A recipient's VAT number or fiscal code, or part of its name."""


@dataclass(frozen=True, slots=True)
class InvoiceableCustomer:
    """Of whose documents some are to be invoiced."""

    name: str
    vat_number: str | None
    fiscal_code: str | None
    documents: int
    oldest: date
    """Issued on that day."""


@dataclass(frozen=True, slots=True)
class InvoiceableRow:
    shipment_id: UUID
    document: Document
    quantities: Mapping[UUID, Decimal]
    """By job: what the recipient has."""
    credit_note_number: str | None = None
    """Of the ERP's credit note that took back the invoice that there was."""


class Ddts(Protocol):
    async def lock_series(self, year: int, name: str) -> Series:
        """Holds the series until the transaction ends: numbers are taken one after the other, and a
        transaction that fails gives its number back."""

    def insert_document(self, shipment_id: UUID, document: Document) -> None:
        """Freezes the document and moves its series on. Never changed afterwards."""

    async def find_document(self, document_id: UUID) -> Document | None:
        """`document_id`: of the shipment under whose id it is kept, here and below."""

    async def list_documents(self, document_ids: Sequence[UUID]) -> Mapping[UUID, Document]: ...

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> list[str]:
        """Of their documents."""

    async def list_to_be_invoiced(
        self, filters: InvoiceableFilter, *, after: tuple[date, UUID] | None, limit: int
    ) -> list[InvoiceableRow]:
        """By date: documents that stand, of whose goods the recipient has some, and that the ERP has not
        invoiced."""

    async def list_customers_to_be_invoiced(
        self, filters: InvoiceableFilter, limit: int
    ) -> list[InvoiceableCustomer]:
        """The recipients of such documents, that of the oldest first."""

    def save_invoice(self, shipment_id: UUID, told: Invoicing) -> None:
        """The ERP's invoice of the shipment's part of its document, as it last told. Does nothing where there
        is no shipment."""

    async def find_pdf(self, document_id: UUID) -> bytes | None: ...

    def insert_pdf(self, document_id: UUID, pdf: bytes, at: datetime) -> None:
        """Does nothing when one is stored: the first stays."""


class Lookups(Protocol):
    async def find(self, kind: type[L], code: str) -> L | None:
        """Built-in document types are found like the tenant's own."""

    async def find_all(self, named: Sequence[tuple[type[Any], str]]) -> FoundLookups:
        """As `find`, for several."""

    async def find_with_sender(
        self, named: Sequence[tuple[type[Any], str]]
    ) -> tuple[Sender | None, FoundLookups]:
        """As `find_all`, and the tenant's own identity, as identity last sent it."""

    async def save(self, lookup: Lookup) -> None:
        """Adds it, or writes over the version before. Raises Stale when another change came between."""

    async def list_lookups(
        self, kind: type[L], text: str | None = None, *, after: str | None, limit: int
    ) -> list[L]:
        """By code, with those that come with the product. `text`: a destination's code, or part of a name or
        town of it."""

    async def lock_destinations(self, after: str, limit: int) -> list[Destination]:
        """By code; each is kept anew by nobody else until the end of the transaction."""

    async def list_people(self, destination: str) -> list[UUID]:
        """Who of the people outside works at a destination."""

    def insert_person(self, destination: str, person_id: UUID) -> None:
        """Whoever is there already stays."""

    def delete_person(self, destination: str, person_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class CountRow:
    count: Count
    opened_at: datetime
    opened_by: UUID | None
    ended_at: datetime | None
    ended_by: UUID | None
    goods: Mapping[UUID, CarriedGoods]
    """By job."""
    lookups: FoundLookups


class Counts(Protocol):
    async def insert_count(self, count: Count) -> bool:
        """False while another count of its warehouse is open."""

    async def lock_count(self, count_id: UUID) -> CountRow | None: ...

    async def find_count(self, count_id: UUID) -> CountRow | None: ...

    def update_count(self, count: Count, counted: CountLine | None = None) -> None:
        """Under its lock. `counted`: the line that is new, or that takes another's place."""

    async def list_counts(
        self, state: str | None, warehouse: str | None, *, before: UUID | None, limit: int
    ) -> list[CountRow]:
        """Newest first."""


class Articles(Protocol):
    async def lock_catalogue(self, account_id: UUID) -> None:
        """Lets one article after the other be kept. `account_id`: of the tenant's own account, if that is
        opened by this."""

    async def find(self, code: str) -> Article | None: ...

    async def find_by_barcode(self, barcode: str) -> Article | None: ...

    async def find_all(self, codes: Collection[str], ids: Collection[UUID]) -> list[Article]:
        """Those that have one of the codes or ids."""

    def insert_article(self, article: Article, *, account_id: UUID) -> None:
        """`account_id`: of its owner's account, if that is opened by this."""

    def update_article(self, article: Article) -> None: ...

    async def list_articles(self, text: str | None, *, after: str | None, limit: int) -> list[Article]:
        """By code. `text`: the whole of a code, a barcode or a customer's code, or part of a description."""


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Of documents issued in a period, by one of these; None where it is grouped by another."""

    month: str | None
    carrier: str | None
    destination: str | None
    document_type: str | None
    documents: int
    voided: int
    refused: int
    delivered: int
    promised: int
    """Deliveries to whoever ordered, whose order has a deadline."""
    on_time: int
    on_time_in_full: int
    days: Decimal | None
    """On the road, on average."""


@dataclass(frozen=True, slots=True)
class StockFigures:
    """Of articles in stock, by their owner and unit."""

    owner: str
    unit: str
    articles: int
    on_hand: Decimal
    gone: Decimal
    """What left in the period."""
    idle_articles: int
    idle: Decimal
    """What of it lies there since before the period and of which none has left since."""


class Figures(Protocol):
    async def deliveries(self, by: str, since: date, until: date, limit: int) -> list[DeliveryFigures]:
        """Both days are part of the period. By month in their order, otherwise the most documents first."""

    async def stock(self, since: datetime, until: datetime, limit: int) -> list[StockFigures]:
        """`until` is not part of the period. The most articles first."""


class Packages(Protocol):
    """The numbers of packages (SSCC), under the tenant's GS1 company prefix."""

    async def find_prefix(self) -> str | None: ...

    def save_prefix(self, prefix: str) -> None:
        """Serial numbers go on from where they were."""

    async def take_serials(self, count: int) -> tuple[str, int] | None:
        """The prefix and the first of so many serial numbers, held until the transaction ends; None without
        a prefix."""

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
        """By shipment: those of its packages, from the first on."""

    def insert_numbers(self, shipment_id: UUID, after: int, numbers: Sequence[str]) -> None:
        """Of the packages behind the first `after`."""


class Directory(Protocol):
    """This service's copy of the tenant's directory."""

    async def find_person(self, person_id: UUID) -> Person | None:
        """With what their roles let them do."""

    async def names(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """The names of people and units. Who is not known yet is left out."""


class Senders(Protocol):
    def save(self, sender: Sender) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    orders: Orders
    ledger: Ledger
    shipments: Shipments
    ddts: Ddts
    lookups: Lookups
    articles: Articles
    counts: Counts
    packages: Packages
    figures: Figures
    senders: Senders
    directory: Directory
    outbox: Outbox
    jobs: Jobs
    despatch_advice: Callable[[Document], str | None]
    """The electronic form of a document; None where it lacks what that needs."""
    now: datetime
    new_id: Callable[[], UUID]
