"""What the use cases ask of their surroundings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from optima_kit.ports import Directory, Jobs, Outbox

from ..domain.brief import Brief, Revision
from ..domain.budgets import Budget, Charge, Entry, Holder, Period
from ..domain.catalogue import CataloguePrice
from ..domain.comments import Comment
from ..domain.content import Attachment
from ..domain.lifecycle import Cause, Move, State
from ..domain.pricing import Pricing
from ..domain.progress import ItemJob, Shipment
from ..domain.proofs import Annotation, Proof, ProofVersion, Reply
from ..domain.purchases import Article, LastPaid, Purchase
from ..domain.quotations import Quotation, QuotationFile, QuotationRequest
from ..domain.templates import Template
from ..domain.types import BriefType


@dataclass(frozen=True, slots=True)
class Summary:
    """A brief as a list shows it to one reader: to others than its requester, as last submitted."""

    brief_id: UUID
    number: str
    state: State
    cause: Cause
    revision: int
    title: str
    category: str | None
    budget: Decimal | None
    deadline: date | None
    requester_id: UUID
    requester_name: str
    unit_id: UUID | None
    type_key: str | None
    drafted_at: datetime
    changed_at: datetime
    priced: bool
    sorted_deadline: date
    """Drafts without a deadline come last."""


@dataclass(frozen=True, slots=True)
class UnreadComments:
    """Of a brief, what others wrote after what a person has read."""

    count: int
    read_until: UUID | None
    """The newest comment that they have read; None before the first."""


@dataclass(frozen=True, slots=True)
class PricedRevision:
    """A frozen revision with its newest prices, if it was priced."""

    revision: Revision
    pricing: Pricing | None


class Briefs(Protocol):
    """One tenant's briefs."""

    async def next_brief_number(self, year: int) -> int:
        """The tenant's next brief number of the year, from 1. Rises, but may skip one."""

    async def insert_brief(self, brief: Brief) -> None: ...

    async def find_brief(self, brief_id: UUID) -> Brief | None: ...

    async def lock_brief(self, brief_id: UUID) -> Brief | None:
        """As `find_brief`; nobody else changes the brief until the transaction ends."""

    async def lock_briefs_under_way_of(self, requester_id: UUID) -> list[UUID]:
        """The requester's briefs that are not over, locked."""

    async def update_brief(self, brief: Brief) -> None:
        """Stores a locked brief's state, requester and draft, and appends its new moves to the history."""

    async def insert_revision(self, brief_id: UUID, revision: Revision) -> None:
        """Stores a revision for good, and keeps its files from being deleted."""

    async def insert_pricing(self, brief_id: UUID, pricing: Pricing) -> None: ...

    async def insert_file(self, brief_id: UUID, attachment: Attachment, data: bytes) -> None: ...

    async def delete_unfrozen_file(self, attachment_id: UUID) -> None:
        """Deletes a file's bytes unless a frozen revision has it."""

    async def find_file(self, brief_id: UUID, attachment_id: UUID) -> StoredFile | None: ...

    async def insert_comment(self, brief_id: UUID, comment: Comment) -> None: ...

    async def find_comment(self, brief_id: UUID, comment_id: UUID) -> Comment | None: ...

    async def insert_comment_edit(self, brief_id: UUID, comment: Comment) -> None:
        """What the comment says from now on; what it said stays."""

    async def upsert_comments_read(
        self, brief_id: UUID, person_id: UUID, comment_id: UUID, now: datetime
    ) -> bool:
        """Whether the person had not read so far yet: nobody has read less than before."""

    async def list_unread_comments(
        self, person_id: UUID, brief_ids: Sequence[UUID], most: int
    ) -> Mapping[UUID, UnreadComments]:
        """Of each of the briefs, no further than `most`."""

    async def list_briefs(
        self, filters: Filters, after: tuple[date | None, UUID] | None, limit: int, *, by_deadline: bool
    ) -> list[Summary]:
        """Newest first, or by rising deadline; `after` the deadline and id of the last one seen."""

    async def count_briefs(
        self, filters: Filters, states: Sequence[State], most: int
    ) -> list[tuple[State, int]]:
        """How many are in each of the states, no further than `most`; words and states do not filter."""

    async def list_comments(self, brief_id: UUID, after: UUID | None, limit: int) -> list[Comment]:
        """Oldest first."""

    async def list_moves(self, brief_id: UUID, after: int, limit: int) -> list[tuple[int, Move]]:
        """Oldest first, each with its place in the history."""

    async def list_revisions(self, brief_id: UUID, after: int, limit: int) -> list[PricedRevision]:
        """Frozen ones, the first first."""

    async def find_revision(self, brief_id: UUID, revision: int) -> PricedRevision | None: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    attachment: Attachment
    data: bytes
    frozen: bool
    """Whether a frozen revision has it: until then it is the requester's alone."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Of what a reader sees: a filter that is None lets everything through."""

    reader_id: UUID
    reads_all: bool
    """Whether others' submitted briefs are listed beside the reader's own."""
    today: date
    states: Sequence[State] | None = None
    text: str | None = None
    """Words that are all in the number or the title, letter case and accents aside, the last one as a
    beginning; of no word, nothing is found."""
    unit_id: UUID | None = None
    type_key: str | None = None
    requester_id: UUID | None = None
    deadline_from: date | None = None
    deadline_to: date | None = None
    """Both days included."""
    priced: bool | None = None
    late: bool = False
    """Only those whose deadline has passed and that are not over."""


class Progress(Protocol):
    """What production and logistics told of one tenant's briefs."""

    def upsert_ordered(
        self, brief_id: UUID, jobs: Sequence[tuple[UUID, UUID | None, Decimal]], *, changed: bool = False
    ) -> None:
        """Of each job, the item that it makes, and how much of it: as confirmed, unless a change was told
        before, or as `changed`."""

    def upsert_produced(self, brief_id: UUID, job_id: UUID, quantity: Decimal) -> None: ...

    def upsert_closed(self, brief_id: UUID, job_id: UUID, shipped: Decimal) -> None: ...

    def upsert_valued(self, brief_id: UUID, unit_prices: Mapping[UUID, Decimal]) -> None:
        """What the order's jobs cost for one unit."""

    async def list_corrected_prices(self, brief_id: UUID) -> Mapping[UUID, Decimal]:
        """By job."""

    def upsert_shipment(self, brief_id: UUID, shipment: Shipment, sequence: int) -> None:
        """Only what is missing of a shipment of which a later event was handled."""

    async def list_jobs(self, brief_id: UUID) -> list[ItemJob]: ...

    async def list_shipments(self, brief_id: UUID) -> list[Shipment]:
        """The first first."""


class Types(Protocol):
    """One tenant's types of briefs."""

    async def insert_type(self, brief_type: BriefType) -> bool:
        """Another version; False where somebody else was faster."""

    async def find_type(self, key: str, version: int | None = None) -> BriefType | None:
        """The newest version, or the one that is asked for."""

    async def list_types(self, after: str, limit: int) -> list[BriefType]:
        """The newest version of each, by key."""


class Quotations(Protocol):
    """One tenant's requests for quotation. Whoever changes one has locked its brief."""

    async def insert_request(self, request: QuotationRequest) -> None:
        """Without its quotations."""

    async def insert_quotations(self, request_id: UUID, quotations: Sequence[Quotation]) -> None: ...

    async def insert_answer(self, quotation: Quotation) -> None:
        """Its newest answer; those before it stay."""

    async def update_request(self, request: QuotationRequest) -> None: ...

    def insert_file(self, quotation_id: UUID, file: QuotationFile, data: bytes) -> None: ...

    def delete_file(self, file_id: UUID) -> None: ...

    async def find_file_data(self, file_id: UUID) -> bytes | None:
        """Of a file that was seen on its quotation; None where it was taken back meanwhile."""

    async def find_request(self, request_id: UUID) -> QuotationRequest | None:
        """With all its quotations."""

    async def find_quotation(self, supplier_id: UUID, quotation_id: UUID) -> QuotationRequest | None:
        """The request of a quotation of the supplier's own, with that quotation alone."""

    async def list_requests(self, filters: RequestFilters, limit: int) -> list[QuotationRequest]:
        """Newest first, without quotations."""

    async def list_quotations(
        self, supplier_id: UUID, *, open_only: bool, before: UUID | None, limit: int
    ) -> list[QuotationRequest]:
        """A supplier's own, newest first: the request of each, with that quotation alone."""


@dataclass(frozen=True, slots=True)
class RequestFilters:
    requester_id: UUID | None
    """The reader, if they may see their own briefs."""
    reads_all: bool
    """Whether they see everybody's submitted briefs."""
    brief_id: UUID | None = None
    open_only: bool = False
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """A page to look at: WebP, and a smaller one for lists."""

    page: int
    width: int
    height: int
    """Pixels."""
    image: bytes
    thumbnail: bytes


class Proofs(Protocol):
    """One tenant's proofs. Whoever changes one has locked its brief."""

    def insert_proof(self, proof: Proof) -> None:
        """Without its versions."""

    def insert_version(self, proof_id: UUID, version: ProofVersion, data: bytes) -> None: ...

    def update_version(self, proof_id: UUID, version: ProofVersion) -> None:
        """Its review and its preview; the file stays as it was submitted."""

    async def find_proof(self, proof_id: UUID) -> Proof | None: ...

    async def list_proofs(self, brief_id: UUID, after: UUID | None, limit: int) -> list[Proof]:
        """The oldest first."""

    async def find_file(self, proof_id: UUID, version: int) -> bytes | None: ...

    def insert_pages(self, proof_id: UUID, version: int, pages: Sequence[PreviewPage]) -> None:
        """Those that are there already stay."""

    async def find_page(
        self, proof_id: UUID, version: int, page: int, *, thumbnail: bool
    ) -> bytes | None: ...

    def insert_annotation(self, annotation: Annotation) -> None: ...

    def update_annotation(self, annotation: Annotation) -> None:
        """Whether it is resolved."""

    def insert_reply(self, annotation_id: UUID, reply: Reply) -> None: ...

    async def find_annotation(self, annotation_id: UUID) -> Annotation | None: ...

    async def list_annotations(
        self, proof_id: UUID, version: int, after: UUID | None, limit: int
    ) -> list[Annotation]:
        """The oldest first."""


@dataclass(frozen=True, slots=True)
class BudgetFilters:
    unit_id: UUID | None = None
    cost_centre: str | None = None
    day: date | None = None
    """One that the period holds."""
    exceeded: bool = False
    """Only where more is taken than planned, or something is uncovered."""


@dataclass(frozen=True, slots=True)
class ListedBudget:
    budget: Budget
    uncovered: bool
    """Whether there is something that it has no room for."""


@dataclass(frozen=True, slots=True)
class ListedEntry:
    place: int
    """In the order of the entries."""
    entry: Entry
    number: str | None
    requester_id: UUID | None
    """Of its brief."""


@dataclass(frozen=True, slots=True)
class ListedCharge:
    charge: Charge
    number: str
    title: str
    requester_id: UUID
    state: State
    """Of its brief, as last submitted."""


class Budgets(Protocol):
    """One tenant's budgets. Whoever changes a charge has locked it, and then its budget; its brief, if at
    all, before both."""

    async def lock_holder(self, holder: Holder) -> None:
        """Nobody else plans for it until the transaction ends."""

    async def has_overlap(self, holder: Holder, period: Period) -> bool: ...

    async def insert_budget(self, budget: Budget, entry: Entry) -> None: ...

    async def find_budget(self, budget_id: UUID) -> Budget | None: ...

    async def lock_budget(self, budget_id: UUID) -> Budget | None: ...

    async def find_budget_of(self, holder: Holder, day: date) -> Budget | None: ...

    async def lock_budget_of(self, holder: Holder, day: date) -> Budget | None: ...

    def update_budget(self, budget: Budget) -> None: ...

    def insert_entry(self, budget_id: UUID, entry: Entry) -> None: ...

    def upsert_charge(self, charge: Charge) -> None: ...

    async def find_charge(self, brief_id: UUID) -> Charge | None: ...

    async def lock_charge(self, brief_id: UUID) -> Charge | None: ...

    async def list_uncovered(self, budget_id: UUID, limit: int) -> list[UUID]:
        """Briefs, who waits longest first."""

    async def list_budgets(
        self,
        filters: BudgetFilters,
        after: tuple[date | None, Decimal | None, UUID] | None,
        limit: int,
        *,
        by_available: bool,
    ) -> list[ListedBudget]:
        """The newest period first, or by rising availability; `after` the last one seen: its first day, what
        it had available, its id."""

    async def list_entries(self, budget_id: UUID, before: int | None, limit: int) -> list[ListedEntry]:
        """Newest first."""

    async def list_charges(
        self, budget_id: UUID, before: UUID | None, limit: int, *, uncovered_only: bool
    ) -> list[ListedCharge]:
        """Of the newest briefs first."""

    async def list_cost_centres(self, day: date, after: str, limit: int) -> list[tuple[str, str]]:
        """Of budgets that are not over by that day: the code, by which they are sorted, and a name."""


class Catalogue(Protocol):
    """Suppliers' catalogue prices in one tenant."""

    def insert_price(self, price: CataloguePrice) -> None: ...

    def update_price(self, price: CataloguePrice) -> None:
        """All but whose and of what it is."""

    async def find_price(self, price_id: UUID) -> CataloguePrice | None: ...

    async def lock_price(self, price_id: UUID) -> CataloguePrice | None: ...

    async def list_prices(
        self, supplier_id: UUID | None, kind: str | None, day: date | None, before: UUID | None, limit: int
    ) -> list[CataloguePrice]:
        """The newest first; with a day, those that hold on it."""

    async def list_valid(self, articles: Sequence[Article], day: date) -> list[CataloguePrice]:
        """That hold on the day for any of these articles, or for all of their kind."""


class Templates(Protocol):
    """Templates of briefs in one tenant."""

    def insert_template(self, template: Template) -> None: ...

    def delete_template(self, template_id: UUID) -> None: ...

    async def find_template(self, template_id: UUID) -> Template | None: ...

    async def list_templates(
        self, person_id: UUID, unit_id: UUID | None, before: UUID | None, limit: int
    ) -> list[Template]:
        """The person's own and the unit's, the newest first."""


class Purchases(Protocol):
    """What was bought in one tenant."""

    def insert_purchases(self, brief: Brief, purchases: Sequence[Purchase], at: datetime) -> None:
        """Of a brief that is approved. Again: nothing."""

    async def list_last_paid(
        self, articles: Sequence[Article], without_brief: UUID
    ) -> dict[Article, LastPaid]:
        """Of those that were ever bought, or another of their kind and unit; by the article asked for."""

    async def list_spend(self, by: str, since: datetime, until: datetime, limit: int) -> list[Spend]:
        """Of what was bought from `since` on and before `until`: months in their order, otherwise the most
        first. `by`: supplier, unit, category, kind or month."""

    async def list_purchases(self, since: datetime, until: datetime, limit: int) -> list[PurchaseRow]:
        """As above, the oldest first."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Of one group: what it is grouped by is there."""

    supplier_id: UUID | None
    unit_id: UUID | None
    category: str | None
    kind: str | None
    month: str | None
    briefs: int
    items: int
    amount: Decimal
    first_quotes: Decimal | None
    """What those items that were quoted would cost at the first quote for each; None where none was."""
    amount_quoted: Decimal | None
    """The amount of the same items."""
    budget: Decimal | None
    """Their parts of their briefs' budgets."""

    @property
    def saved_on_first_quotes(self) -> Decimal | None:
        """Below zero where more is paid than the first quote asked."""
        if self.first_quotes is None or self.amount_quoted is None:
            return None
        return self.first_quotes - self.amount_quoted

    @property
    def saved_on_budget(self) -> Decimal | None:
        """Below zero where more was approved than the briefs' budgets."""
        return None if self.budget is None else self.budget - self.amount


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    number: str
    """The brief's."""
    bought_at: datetime
    unit_id: UUID | None
    supplier_id: UUID | None
    category: str
    article: Article
    quantity: Decimal
    unit_price: Decimal
    first_unit_price: Decimal | None
    """Of the first quote for it; None where there was none."""
    budget_part: Decimal | None


@dataclass(frozen=True, slots=True)
class Ports:
    briefs: Briefs
    quotations: Quotations
    types: Types
    progress: Progress
    proofs: Proofs
    budgets: Budgets
    purchases: Purchases
    catalogue: Catalogue
    templates: Templates
    directory: Directory
    outbox: Outbox
    jobs: Jobs
    now: datetime
