"""The interfaces through which use cases reach the database, other services and the clock."""

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
from ..domain.lifecycle import Cause, State, Transition
from ..domain.pricing import Pricing
from ..domain.progress import ItemJob, Shipment
from ..domain.proofs import Annotation, Proof, ProofVersion, Reply
from ..domain.purchases import Article, LastPaid, Purchase
from ..domain.quotations import Quotation, QuotationFile, QuotationRequest
from ..domain.templates import Template
from ..domain.types import BriefType


@dataclass(frozen=True, slots=True)
class Summary:
    """A brief as a list shows it to one reader. The requester sees the draft; others see what was last
    submitted."""

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
    """The deadline to sort by. For drafts without a deadline it lies after all others."""


@dataclass(frozen=True, slots=True)
class UnreadComments:
    """The comments of a brief that others wrote and a person has not read yet."""

    count: int
    read_until: UUID | None
    """The newest comment that the person has read; None if they have read none."""


@dataclass(frozen=True, slots=True)
class PricedRevision:
    """A frozen revision with its newest prices, if it was priced."""

    revision: Revision
    pricing: Pricing | None


class Briefs(Protocol):
    """One tenant's briefs."""

    async def next_brief_number(self, year: int) -> int:
        """Return the tenant's next brief number of the year, from 1. Numbers rise, but may skip some."""

    async def insert_brief(self, brief: Brief) -> None: ...

    async def find_brief(self, brief_id: UUID) -> Brief | None: ...

    async def lock_brief(self, brief_id: UUID) -> Brief | None:
        """Find a brief and lock it, so that nobody else changes it until the transaction ends."""

    async def lock_briefs_under_way_of(self, requester_id: UUID) -> list[UUID]:
        """Lock the requester's briefs that are not over, and return their ids."""

    async def update_brief(self, brief: Brief) -> None:
        """Store a locked brief's state, requester and draft, and append its new transitions to its
        history."""

    async def insert_revision(self, brief_id: UUID, revision: Revision) -> None:
        """Store a revision, which never changes again, and protect its files from deletion."""

    async def insert_pricing(self, brief_id: UUID, pricing: Pricing) -> None: ...

    async def insert_file(self, brief_id: UUID, attachment: Attachment, data: bytes) -> None: ...

    async def delete_unfrozen_file(self, attachment_id: UUID) -> None:
        """Delete a file's bytes unless a frozen revision contains the file."""

    async def find_file(self, brief_id: UUID, attachment_id: UUID) -> StoredFile | None: ...

    async def insert_comment(self, brief_id: UUID, comment: Comment) -> None: ...

    async def find_comment(self, brief_id: UUID, comment_id: UUID) -> Comment | None: ...

    async def insert_comment_edit(self, brief_id: UUID, comment: Comment) -> None:
        """Store a comment's new text beside the former one, which is kept."""

    async def upsert_comments_read(
        self, brief_id: UUID, person_id: UUID, comment_id: UUID, now: datetime
    ) -> bool:
        """Record up to which comment the person has read. Tell whether this is further than before; if not,
        nothing changes."""

    async def list_unread_comments(
        self, person_id: UUID, brief_ids: Sequence[UUID], most: int
    ) -> Mapping[UUID, UnreadComments]:
        """Count the person's unread comments of each brief, up to `most`."""

    async def list_briefs(
        self, filters: Filters, after: tuple[date | None, UUID] | None, limit: int, *, by_deadline: bool
    ) -> list[Summary]:
        """List briefs newest first, or by rising deadline. `after` is the deadline and the id of the last
        brief that the reader has seen."""

    async def count_briefs(
        self, filters: Filters, states: Sequence[State], most: int
    ) -> list[tuple[State, int]]:
        """Count the briefs in each state, up to `most`. The filters `text` and `states` are ignored."""

    async def list_comments(self, brief_id: UUID, after: UUID | None, limit: int) -> list[Comment]:
        """List a brief's comments, oldest first."""

    async def list_transitions(self, brief_id: UUID, after: int, limit: int) -> list[tuple[int, Transition]]:
        """List a brief's transitions, oldest first, each with its position in the history."""

    async def list_revisions(self, brief_id: UUID, after: int, limit: int) -> list[PricedRevision]:
        """List a brief's frozen revisions, oldest first."""

    async def find_revision(self, brief_id: UUID, revision: int) -> PricedRevision | None: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    attachment: Attachment
    data: bytes
    frozen: bool
    """Whether a frozen revision contains the file. Until then only the requester may see it."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of briefs contains. A filter that is None lets everything through that the reader may
    see."""

    reader_id: UUID
    reads_all: bool
    """Whether the list contains other people's submitted briefs besides the reader's own."""
    today: date
    states: Sequence[State] | None = None
    text: str | None = None
    """Words that must all appear in the number or the title, ignoring letter case and accents. The last word
    may be the beginning of a word. A text without any word finds nothing."""
    unit_id: UUID | None = None
    type_key: str | None = None
    requester_id: UUID | None = None
    deadline_from: date | None = None
    deadline_to: date | None = None
    """The last day; briefs due on the first or on the last day are listed too."""
    priced: bool | None = None
    late: bool = False
    """Whether to list only briefs that are not over although their deadline has passed."""


class Progress(Protocol):
    """What production and logistics have reported about one tenant's briefs."""

    def upsert_ordered(
        self, brief_id: UUID, jobs: Sequence[tuple[UUID, UUID | None, Decimal]], *, changed: bool = False
    ) -> None:
        """Store for each job the item that it makes and the ordered quantity. Quantities of a confirmed order
        do not replace those of a change (`changed`) that was handled before."""

    def upsert_produced(self, brief_id: UUID, job_id: UUID, quantity: Decimal) -> None: ...

    def upsert_closed(self, brief_id: UUID, job_id: UUID, shipped: Decimal) -> None: ...

    def upsert_valued(self, brief_id: UUID, unit_prices: Mapping[UUID, Decimal]) -> None:
        """Store what one unit of each of the order's jobs costs."""

    def upsert_shipment(self, brief_id: UUID, shipment: Shipment, sequence: int) -> None:
        """Store what an event says about a shipment. If a later event was handled before, only what is still
        missing is stored."""

    async def list_jobs(self, brief_id: UUID) -> list[ItemJob]: ...

    async def list_shipments(self, brief_id: UUID) -> list[Shipment]:
        """List a brief's shipments, oldest first."""


class Types(Protocol):
    """One tenant's types of briefs."""

    async def insert_type(self, brief_type: BriefType) -> bool:
        """Store a new version. Return False if somebody else has stored this version before."""

    async def find_type(self, key: str, version: int | None = None) -> BriefType | None:
        """Find the newest version of a type, or the given version."""

    async def list_types(self, after: str, limit: int) -> list[BriefType]:
        """List the newest version of each type, sorted by key."""


class Quotations(Protocol):
    """One tenant's requests for quotation. Lock the brief before you change one of its requests."""

    async def insert_request(self, request: QuotationRequest) -> None:
        """Store a request without its quotations."""

    async def insert_quotations(self, request_id: UUID, quotations: Sequence[Quotation]) -> None: ...

    async def insert_answer(self, quotation: Quotation) -> None:
        """Store the quotation's newest answer. Earlier answers are kept."""

    async def update_request(self, request: QuotationRequest) -> None: ...

    def insert_file(self, quotation_id: UUID, file: QuotationFile, data: bytes) -> None: ...

    def delete_file(self, file_id: UUID) -> None: ...

    async def find_file_data(self, file_id: UUID) -> bytes | None:
        """Return the content of a quotation's file, or None if the supplier took it back meanwhile."""

    async def find_request(self, request_id: UUID) -> QuotationRequest | None:
        """Find a request together with all its quotations."""

    async def find_quotation(self, supplier_id: UUID, quotation_id: UUID) -> QuotationRequest | None:
        """Find the request of one of the supplier's own quotations. The request contains only this
        quotation."""

    async def list_requests(self, filters: RequestFilters, limit: int) -> list[QuotationRequest]:
        """List requests without their quotations, newest first."""

    async def list_quotations(
        self, supplier_id: UUID, *, open_only: bool, before: UUID | None, limit: int
    ) -> list[QuotationRequest]:
        """List a supplier's own quotations, newest first. Each is a request that contains only this
        quotation."""


@dataclass(frozen=True, slots=True)
class RequestFilters:
    requester_id: UUID | None
    """The reader, if they may see their own briefs; otherwise None."""
    reads_all: bool
    """Whether the reader may see everybody's submitted briefs."""
    brief_id: UUID | None = None
    open_only: bool = False
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """The pictures of one page, in WebP: one to look at and a smaller one for lists."""

    page: int
    width: int
    height: int
    """In pixels, like `width`."""
    image: bytes
    thumbnail: bytes


class Proofs(Protocol):
    """One tenant's proofs. Lock the brief before you change one of its proofs."""

    def insert_proof(self, proof: Proof) -> None:
        """Store a proof without its versions."""

    def insert_version(self, proof_id: UUID, version: ProofVersion, data: bytes) -> None: ...

    def update_version(self, proof_id: UUID, version: ProofVersion) -> None:
        """Store a version's review and preview. The file stays as it was submitted."""

    async def find_proof(self, proof_id: UUID) -> Proof | None: ...

    async def list_proofs(self, brief_id: UUID, after: UUID | None, limit: int) -> list[Proof]:
        """List a brief's proofs, oldest first."""

    async def find_file(self, proof_id: UUID, version: int) -> bytes | None: ...

    def insert_pages(self, proof_id: UUID, version: int, pages: Sequence[PreviewPage]) -> None:
        """Store pages of a preview. Pages that are stored already stay unchanged."""

    async def find_page(
        self, proof_id: UUID, version: int, page: int, *, thumbnail: bool
    ) -> bytes | None: ...

    def insert_annotation(self, annotation: Annotation) -> None: ...

    def update_annotation(self, annotation: Annotation) -> None:
        """Store whether an annotation is resolved."""

    def insert_reply(self, annotation_id: UUID, reply: Reply) -> None: ...

    async def find_annotation(self, annotation_id: UUID) -> Annotation | None: ...

    async def list_annotations(
        self, proof_id: UUID, version: int, after: UUID | None, limit: int
    ) -> list[Annotation]:
        """List the annotations of a version, oldest first."""


@dataclass(frozen=True, slots=True)
class BudgetFilters:
    unit_id: UUID | None = None
    cost_centre: str | None = None
    day: date | None = None
    """If given, only budgets whose period contains this day are listed."""
    exceeded: bool = False
    """Whether to list only budgets of which more is taken than planned, or which leave something
    uncovered."""


@dataclass(frozen=True, slots=True)
class ListedBudget:
    budget: Budget
    uncovered: bool
    """Whether briefs are charged to the budget for which it has no room."""


@dataclass(frozen=True, slots=True)
class ListedEntry:
    place: int
    """Position of the entry in the budget's history."""
    entry: Entry
    number: str | None
    requester_id: UUID | None
    """Requester of the entry's brief; `number` is this brief's number."""


@dataclass(frozen=True, slots=True)
class ListedCharge:
    charge: Charge
    number: str
    title: str
    requester_id: UUID
    state: State
    """State of the charged brief. `title` and `requester_id` are the brief's too, as last submitted."""


class Budgets(Protocol):
    """One tenant's budgets. Lock in this order: the brief (if you need its lock at all), its charge, the
    budget."""

    async def lock_holder(self, holder: Holder) -> None:
        """Keep everybody else from planning a budget for this holder until the transaction ends."""

    async def has_overlap(self, holder: Holder, period: Period, *, without: UUID | None = None) -> bool: ...

    async def is_charged(self, budget_id: UUID) -> bool:
        """Tell whether any brief is charged to the budget, or waits for it."""

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
        """List the ids of briefs that the budget leaves uncovered. The one that waits longest comes first."""

    async def list_budgets(
        self,
        filters: BudgetFilters,
        after: tuple[date | None, Decimal | None, UUID] | None,
        limit: int,
        *,
        by_available: bool,
    ) -> list[ListedBudget]:
        """List budgets with the newest period first, or by rising availability. `after` describes the last
        budget that the reader has seen: its first day, its available amount and its id."""

    async def list_entries(self, budget_id: UUID, before: int | None, limit: int) -> list[ListedEntry]:
        """List a budget's entries, newest first."""

    async def list_charges(
        self, budget_id: UUID, before: UUID | None, limit: int, *, uncovered_only: bool
    ) -> list[ListedCharge]:
        """List a budget's charges. Those of the newest briefs come first."""

    async def list_cost_centres(self, day: date, after: str, limit: int) -> list[tuple[str, str]]:
        """List the cost centres of budgets that have not ended before `day`: the code, by which they are
        sorted, and the name of such a budget."""


class Catalogue(Protocol):
    """Suppliers' catalogue prices in one tenant."""

    def insert_price(self, price: CataloguePrice) -> None: ...

    def update_price(self, price: CataloguePrice) -> None:
        """Store a changed price. Its supplier and its article never change."""

    async def find_price(self, price_id: UUID) -> CataloguePrice | None: ...

    async def lock_price(self, price_id: UUID) -> CataloguePrice | None: ...

    async def list_prices(
        self, supplier_id: UUID | None, kind: str | None, day: date | None, before: UUID | None, limit: int
    ) -> list[CataloguePrice]:
        """List prices, newest first. If a day is given, only prices valid on that day are listed."""

    async def list_valid(self, articles: Sequence[Article], day: date) -> list[CataloguePrice]:
        """List the prices valid on the day for any of these articles, or for all articles of their kinds."""


class Templates(Protocol):
    """Templates of briefs in one tenant."""

    def insert_template(self, template: Template) -> None: ...

    def delete_template(self, template_id: UUID) -> None: ...

    async def find_template(self, template_id: UUID) -> Template | None: ...

    async def list_templates(
        self, person_id: UUID, unit_id: UUID | None, before: UUID | None, limit: int
    ) -> list[Template]:
        """List the person's own templates and the unit's, newest first."""


class Purchases(Protocol):
    """What was bought in one tenant."""

    def insert_purchases(self, brief: Brief, purchases: Sequence[Purchase], at: datetime) -> None:
        """Store the purchases of an approved brief. A repeated call changes nothing."""

    async def list_last_paid(
        self, articles: Sequence[Article], without_brief: UUID
    ) -> dict[Article, LastPaid]:
        """Return for each article what was last paid for it or, if it was never bought, for another article
        of the same kind and unit. Articles for which neither was bought are missing from the answer."""

    async def list_spend(self, by: str, since: datetime, until: datetime, limit: int) -> list[Spend]:
        """Group what was bought from `since` until before `until`. `by` is supplier, unit, category, kind or
        month. Months come in their order, other groups with the largest amount first."""

    async def list_purchases(self, since: datetime, until: datetime, limit: int) -> list[PurchaseRow]:
        """List the purchases from `since` until before `until`, oldest first."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Spend of one group. Only the field by which it is grouped is set among the first five."""

    supplier_id: UUID | None
    unit_id: UUID | None
    category: str | None
    kind: str | None
    month: str | None
    briefs: int
    items: int
    amount: Decimal
    first_quotes: Decimal | None
    """What the quoted items would cost at the first quote for each; None if no item was quoted."""
    amount_quoted: Decimal | None
    """What the same items actually cost."""
    budget: Decimal | None
    """The sum of the items' parts of their briefs' budgets."""

    @property
    def saved_on_first_quotes(self) -> Decimal | None:
        """The saving against the first quotes. It is negative if more was paid than they asked."""
        if self.first_quotes is None or self.amount_quoted is None:
            return None
        return self.first_quotes - self.amount_quoted

    @property
    def saved_on_budget(self) -> Decimal | None:
        """The saving against the briefs' budgets. It is negative if more was approved than they allowed."""
        return None if self.budget is None else self.budget - self.amount


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    number: str
    """The brief's number."""
    bought_at: datetime
    unit_id: UUID | None
    supplier_id: UUID | None
    category: str
    article: Article
    quantity: Decimal
    unit_price: Decimal
    first_unit_price: Decimal | None
    """The unit price of the first quote for the item; None if there was no quote."""
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
