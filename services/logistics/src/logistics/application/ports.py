"""The ports that the use cases need: storage, documents and other services' facts."""

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
        """Record the brief, lock it until the transaction ends, and return why it was cancelled, or None."""

    def update_brief_cancelled(self, brief_id: UUID, because: str | None) -> None: ...

    def insert_order(self, order: Order) -> None:
        """Insert an order. Does nothing if the order is known."""

    async def find_order(self, order_id: UUID) -> Order | None:
        """Read an order without a lock."""

    async def lock_order(self, order_id: UUID, jobs: Collection[UUID] | None = None) -> Order | None:
        """Lock an order. If `jobs` are named, return it with their lines only: an account has thousands."""

    async def lock_order_of_job(self, job_id: UUID) -> Order | None:
        """Lock the order or account that a job belongs to, and return it with that job's line only."""

    async def lock_orders_of_jobs(self, jobs: Collection[UUID]) -> list[Order]:
        """Lock the orders and accounts of these jobs, and return them with the lines of these jobs only."""

    async def find_article_of_line(self, job_id: UUID) -> UUID | None:
        """Return the article that a line is taken from, or None for a line that is not from stock. Never
        changes."""

    async def lock_accounts_of_order(self, order_id: UUID) -> list[Order]:
        """Lock the accounts that the order's lines from stock are taken from, with the lines of their
        articles. Call it before locking the order: accounts are older than the orders that take from them."""

    async def list_free_stock(
        self, articles: Collection[UUID], today: date
    ) -> dict[tuple[str, UUID], Decimal]:
        """Sum by warehouse and article what an order's line may take, without goods that have expired. Reads
        without a lock."""

    async def lock_account(self, kept_for: str, articles: Collection[UUID]) -> Order:
        """Lock the account in which an owner's articles are kept, with the lines of these articles."""

    async def lock_orders_of_brief(self, brief_id: UUID) -> list[Order]: ...

    async def sum_goods(self, jobs: Collection[UUID]) -> Goods:
        """Read where the goods of these jobs are. Base a decision on it only under the lock of their
        order."""

    async def update_produced(self, order_id: UUID, job_id: UUID, quantity: Decimal) -> bool:
        """Set the produced quantity of a job. Call it under the order's lock. Returns False if the order has
        no such job, or is not known yet."""

    async def update_finished(self, order_id: UUID, job_id: UUID, quantity: Decimal) -> bool:
        """Set what is finished of a job while the rest is still being made. Otherwise as
        `update_produced`."""

    async def update_closed(self, order_id: UUID, job_id: UUID) -> bool:
        """Close a job's line: nothing more of it is shipped. Otherwise as `update_produced`."""

    def upsert_line_in_process(self, order_id: UUID, line: OrderLine) -> None:
        """Store the line of a phase that is done outside. Call it under the order's lock. If the line names
        no finisher, the last one that was known stays."""

    def insert_assignee(self, phase_id: UUID, since: datetime, person_id: UUID) -> None:
        """Record who a phase is assigned to from `since` on. Repeating the call changes nothing."""

    def update_order_terms(self, order: Order, jobs: Collection[UUID]) -> None:
        """Store the order's deadline, and the quantity and deliveries of its lines for these jobs. Call it
        under the order's lock."""

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
    """The part of some goods that lies in one place of a warehouse."""

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
    """None for an article."""
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
    """Whether incoming goods are put there if nobody names a location."""
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
    """The goods that came in under one document of a supplier."""

    receipt: SupplierReceipt
    lines: Sequence[Pick]
    """Where each part of the goods was put."""
    goods: Mapping[UUID, CarriedGoods]
    recorded_at: datetime
    recorded_by: UUID | None
    lookups: FoundLookups


class Ledger(Protocol):
    async def insert_receipt(self, receipt: SupplierReceipt) -> bool:
        """Insert a receipt. Returns False if the supplier's document was received already."""

    async def list_receipts(
        self, supplier: str | None, number: str | None, *, before: UUID | None, limit: int
    ) -> list[ReceiptRow]:
        """List receipts, newest first."""

    def insert_movements(self, movements: Sequence[Movement], *, gone: Collection[UUID] = ()) -> None:
        """Insert movements. `gone` names the jobs of which no goods lie anywhere afterwards."""

    async def save_lots(self, lots: Sequence[Lot]) -> list[Lot]:
        """Insert lots that are not known yet. Returns the known lots whose expiry differs from the given one,
        as they are stored. Call it under the lock of their account."""

    def insert_locations(self, warehouse: str, codes: Sequence[str]) -> None:
        """Insert locations. Those that are known stay as they are."""

    async def list_locations(
        self, warehouse: str | None, *, after: tuple[str, str] | None, limit: int
    ) -> list[LocationRow]:
        """List locations by warehouse and code."""

    async def list_locations_named(self, warehouse: str, codes: Collection[str]) -> list[LocationRow]: ...

    async def lock_locations(self, warehouse: str, codes: Collection[str]) -> set[str]:
        """Lock those of the locations that exist in the warehouse, and return their codes. Nobody can remove
        them before the commit."""

    async def lock_location(self, warehouse: str, code: str) -> LocationRow | None:
        """Lock a location in order to remove it: nothing can be put there before the commit."""

    def delete_location(self, warehouse: str, code: str) -> None: ...

    async def lock_put_away(self, warehouse: str) -> str:
        """Return the location for incoming goods that nobody assigns to another one; empty if there is none.
        Nobody can remove this location before the commit."""

    def save_put_away(self, warehouse: str, location: str) -> None:
        """Set the location for incoming goods. An empty `location` means that there is none from now on."""

    def insert_holds(self, holds: Sequence[Hold]) -> None:
        """Insert holds. Call it under the lock of their order."""

    async def list_holds(
        self, warehouse: str | None, job_id: UUID | None, *, before: UUID | None, limit: int
    ) -> list[HoldRow]:
        """List the entries about goods held back, newest first."""

    async def list_stock(
        self, filters: StockFilter, *, before: tuple[UUID, str] | None, limit: int
    ) -> list[StockRow]:
        """List the stock by job and warehouse, newest jobs first. What adds up to zero is left out."""

    async def list_movements(
        self, filters: MovementFilter, *, before: UUID | None, limit: int
    ) -> list[MovementRow]:
        """List movements, newest first."""


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
    """Selects shipments that are on their way to deliver an order whose deadline was before this day."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    state: State
    shipments: int
    late: int
    """How many of those that deliver an order are late."""


@dataclass(frozen=True, slots=True)
class Invoicing:
    """The ERP's invoice of a document. Its fields are None if there is no invoice, or none any more."""

    invoice_number: str | None = None
    invoice_date: date | None = None
    credit_note_number: str | None = None
    """The credit note for the invoice. It covers only a part of it if `invoice_number` is set as well."""
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
    """Whether it is picked and its order still wants its goods."""


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A shipment together with what readers of it need."""

    shipment: Shipment
    order_number: str
    order_cancelled: bool
    goods: Mapping[UUID, CarriedGoods]
    """By job."""
    lookups: FoundLookups
    """The entries of the lookup tables that the shipment's codes name."""
    ddt: DdtNumber | None
    drafted_at: datetime
    time_zone: str = TIME_ZONE
    """The sender's time zone when the document was issued."""
    replaces_number: str | None = None
    """The number of the voided document that this shipment replaces."""
    companions: Sequence[Companion] = ()
    proofs: int = 0
    """How many files prove its delivery."""

    @property
    def first_id(self) -> UUID:
        """The smallest id of the shipments that travel together. They share their packages, which are
        numbered under this id."""
        return min([self.shipment.shipment_id, *(each.shipment_id for each in self.companions)])

    @property
    def wanted(self) -> bool:
        """Whether the order still asks for these goods."""
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
    """Goods of ours that are at somebody else's place, or on their way there."""

    destination: str
    document_type: str
    job_id: UUID
    goods: CarriedGoods
    quantity: Decimal
    in_transit: Decimal
    """The part of `quantity` that has not arrived there yet."""
    since: date
    return_by: date | None
    """The earliest day on which some of them are expected back."""
    documents: Sequence[tuple[UUID, str, Decimal]]
    """The shipment's id, the number of its document, and the quantity that is not back."""
    lookups: FoundLookups


class Shipments(Protocol):
    def insert_shipment(self, shipment: Shipment) -> None: ...

    def update_shipment(self, shipment: Shipment) -> None:
        """Store everything but the shipment's content. Call it under the order's lock."""

    def update_picks(self, shipment: Shipment) -> None:
        """Store the locations and lots that the shipment's goods come from. Call it under the order's
        lock."""

    def update_content(self, shipment: Shipment) -> None:
        """Store the shipment's state, document type, warehouse and destination, and replace its lines. Call
        it under the order's lock."""

    def insert_return(self, returned: Return) -> None: ...

    def insert_proof(self, proof: DeliveryProof, data: bytes) -> None: ...

    async def list_proofs(
        self, document_id: UUID, *, before: UUID | None, limit: int
    ) -> list[DeliveryProofRow]:
        """List the proofs of one document, newest first."""

    async def find_proof(self, document_id: UUID, proof_id: UUID) -> tuple[DeliveryProof, bytes] | None: ...

    async def list_returns(self, shipment_id: UUID, *, before: UUID | None, limit: int) -> list[ReturnRow]:
        """List the returns of one shipment, newest first."""

    async def lock_shipment(self, shipment_id: UUID) -> ShipmentRow | None:
        """Lock the shipment's order and return the shipment."""

    async def lock_consignment(
        self, shipment_id: UUID, *, joined_by: UUID | None = None
    ) -> list[ShipmentRow]:
        """Return the shipment and all that travel with it, under the locks of their orders and of the order
        `joined_by`. Returns an empty list if there is no such shipment. Raises Stale if another shipment was
        added while it waited for the locks."""

    def insert_consignment(self, consignment_id: UUID) -> None: ...

    async def count_under_way(self, today: date) -> list[UnderWay]: ...

    async def list_expected_back(
        self, until: date | None, *, after: tuple[date, UUID] | None, limit: int
    ) -> list[ShipmentRow]:
        """List shipments of which some goods are expected back, the earliest first; if `until` is given, only
        by that day."""

    async def list_with_third_parties(
        self,
        destination: str | None,
        document_type: str | None,
        *,
        after: tuple[str, str, UUID] | None,
        limit: int,
    ) -> list[ThirdPartyRow]:
        """List goods at third parties by destination, document type and job."""

    async def list_named(self, shipment_ids: Sequence[UUID]) -> list[ShipmentRow]:
        """List these shipments in the order of the ids."""

    async def list_shipments_of_order(self, order_id: UUID) -> list[Shipment]: ...

    async def find_shipment(self, shipment_id: UUID) -> ShipmentRow | None: ...

    async def list_own(self, person_id: UUID, *, before: UUID | None, limit: int) -> list[ShipmentRow]:
        """List the shipments under documents that are this person's own, newest first."""

    async def find_own(self, person_id: UUID, shipment_id: UUID) -> ShipmentRow | None:
        """Return the shipment, or None if its document is not this person's own."""

    async def list_shipments(
        self, filters: ShipmentFilter, *, before: UUID | None, limit: int
    ) -> list[ShipmentRow]:
        """List shipments, newest first."""


@dataclass(frozen=True, slots=True)
class InvoiceableFilter:
    issued_from: date | None = None
    issued_to: date | None = None
    """The last day of issue, which is included."""
    customer: str | None = None
    """A recipient's VAT number or fiscal code, or part of the recipient's name."""


@dataclass(frozen=True, slots=True)
class InvoiceableCustomer:
    """A customer with documents that are still to be invoiced."""

    name: str
    vat_number: str | None
    fiscal_code: str | None
    documents: int
    oldest: date
    """The day on which the oldest of them was issued."""


@dataclass(frozen=True, slots=True)
class InvoiceableRow:
    shipment_id: UUID
    document: Document
    quantities: Mapping[UUID, Decimal]
    """By job: what the recipient has."""
    credit_note_number: str | None = None
    """The ERP's credit note for the former invoice."""


class Ddts(Protocol):
    async def lock_series(self, year: int, name: str) -> Series:
        """Lock the series until the transaction ends: numbers are taken one after the other, and a
        transaction that fails gives its number back."""

    def insert_document(self, shipment_id: UUID, document: Document) -> None:
        """Freeze the document and store its number as the last of its series. A document never changes
        afterwards."""

    async def find_document(self, document_id: UUID) -> Document | None:
        """Return a document. `document_id`, here and below, is the id of the shipment under which the
        document is kept."""

    async def list_documents(self, document_ids: Sequence[UUID]) -> Mapping[UUID, Document]: ...

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> list[str]:
        """List the numbers of the documents of these shipments."""

    async def list_to_be_invoiced(
        self, filters: InvoiceableFilter, *, after: tuple[date, UUID] | None, limit: int
    ) -> list[InvoiceableRow]:
        """List by date the valid documents of which the recipient has some goods and that the ERP has not
        invoiced."""

    async def list_customers_to_be_invoiced(
        self, filters: InvoiceableFilter, limit: int
    ) -> list[InvoiceableCustomer]:
        """List the recipients of such documents; the recipient of the oldest document comes first."""

    def save_invoice(self, shipment_id: UUID, told: Invoicing) -> None:
        """Store the ERP's latest word about the invoice of the shipment's part of its document. Does nothing
        if there is no such shipment."""

    async def find_pdf(self, document_id: UUID) -> bytes | None: ...

    def insert_pdf(self, document_id: UUID, pdf: bytes, at: datetime) -> None:
        """Store the PDF of a document. Does nothing if there is one: the first stays."""


class Lookups(Protocol):
    async def find(self, kind: type[L], code: str) -> L | None:
        """Find an entry by its code. Built-in document types are found like the tenant's own."""

    async def find_all(self, named: Sequence[tuple[type[Any], str]]) -> FoundLookups:
        """Find several entries at once, as `find` does."""

    async def find_with_sender(
        self, named: Sequence[tuple[type[Any], str]]
    ) -> tuple[Sender | None, FoundLookups]:
        """Find entries as `find_all` does, and the tenant's own identity as identity last sent it."""

    async def save(self, lookup: Lookup) -> None:
        """Insert the entry, or overwrite its previous version. Raises Stale if somebody else changed it in
        between."""

    async def list_lookups(
        self, kind: type[L], text: str | None = None, *, after: str | None, limit: int
    ) -> list[L]:
        """List entries by code, including those that come with the product. `text` is a destination's code,
        or part of its name or town."""

    async def lock_destinations(self, after: str, limit: int) -> list[Destination]:
        """Lock destinations, by code: nobody else can change them until the transaction ends."""

    async def list_people(self, destination: str) -> list[UUID]:
        """List the people outside the company who work at a destination."""

    def insert_person(self, destination: str, person_id: UUID) -> None:
        """Add a person to a destination. Does nothing if the person is there already."""

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
        """Insert a count. Returns False if another count of its warehouse is open."""

    async def lock_count(self, count_id: UUID) -> CountRow | None: ...

    async def find_count(self, count_id: UUID) -> CountRow | None: ...

    def update_count(self, count: Count, counted: CountLine | None = None) -> None:
        """Store a count under its lock. `counted` is a line that is new or replaces another one."""

    async def list_counts(
        self, state: str | None, warehouse: str | None, *, before: UUID | None, limit: int
    ) -> list[CountRow]:
        """List counts, newest first."""


class Articles(Protocol):
    async def lock_catalogue(self, account_id: UUID) -> None:
        """Lock the catalogue, so that articles are stored one after the other. `account_id` becomes the id of
        the tenant's own account if this call opens it."""

    async def find(self, code: str) -> Article | None: ...

    async def find_by_barcode(self, barcode: str) -> Article | None: ...

    async def find_all(self, codes: Collection[str], ids: Collection[UUID]) -> list[Article]:
        """Find the articles that have one of these codes or ids."""

    def insert_article(self, article: Article, *, account_id: UUID) -> None:
        """Insert an article. `account_id` becomes the id of its owner's account if this call opens it."""

    def update_article(self, article: Article) -> None: ...

    async def list_articles(self, text: str | None, *, after: str | None, limit: int) -> list[Article]:
        """List articles by code. `text` is a whole code, barcode or customer's code, or part of a
        description."""


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Figures of the documents issued in a period, grouped by one of the first four fields; the other three
    are None."""

    month: str | None
    carrier: str | None
    destination: str | None
    document_type: str | None
    documents: int
    voided: int
    refused: int
    delivered: int
    promised: int
    """Deliveries to the customer who ordered, if the order has a deadline."""
    on_time: int
    on_time_in_full: int
    days: Decimal | None
    """The average number of days on the road."""


@dataclass(frozen=True, slots=True)
class StockFigures:
    """Figures of the articles in stock, by owner and unit."""

    owner: str
    unit: str
    articles: int
    on_hand: Decimal
    gone: Decimal
    """The quantity that left in the period."""
    idle_articles: int
    idle: Decimal
    """The part of `on_hand` of articles that came in before the period and of which nothing has left
    since."""


class Figures(Protocol):
    async def deliveries(self, by: str, since: date, until: date, limit: int) -> list[DeliveryFigures]:
        """Return figures of deliveries. Both days belong to the period. Months come in their order; other
        groups by documents, the most first."""

    async def stock(self, since: datetime, until: datetime, limit: int) -> list[StockFigures]:
        """Return figures of stock, the most articles first. `until` is not part of the period."""


class Packages(Protocol):
    """The numbers of packages (SSCC), under the tenant's GS1 company prefix."""

    async def find_prefix(self) -> str | None: ...

    def save_prefix(self, prefix: str) -> None:
        """Store the prefix. Serial numbers continue from the last one taken."""

    async def take_serials(self, count: int) -> tuple[str, int] | None:
        """Take `count` serial numbers. Returns the prefix and the first number, locked until the transaction
        ends, or None if there is no prefix."""

    async def list_numbers(self, shipment_ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
        """List the numbers of the packages of each shipment, the first package first."""

    def insert_numbers(self, shipment_id: UUID, after: int, numbers: Sequence[str]) -> None:
        """Insert the numbers of the packages that come after the first `after` ones."""


class Directory(Protocol):
    """This service's copy of the tenant's directory."""

    async def find_person(self, person_id: UUID) -> Person | None:
        """Find a person, with the privileges that their roles give."""

    async def names(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """Return the names of people and units by id. Ids that are not known yet are left out."""


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
    """Returns the electronic form of a document, or None if the document lacks what that form needs."""
    now: datetime
    new_id: Callable[[], UUID]
