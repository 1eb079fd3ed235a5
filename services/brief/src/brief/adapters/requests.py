"""The bodies and query parameters that clients send."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from optima_kit.fields import PeriodQuery
from optima_kit.http import (
    Amount,
    Code,
    Command,
    Count,
    Day,
    FileName,
    Flag,
    Fraction,
    Limit,
    Moment,
    PageQuery,
    Query,
    Text,
    UnitPrice,
)
from optima_kit.ids import new_id

from ..application.read.purchases import SpendBy
from ..application.submit_proof import Review
from ..domain.content import Content, Delivery, Item
from ..domain.forms import MAX_FIELDS, Words
from ..domain.lifecycle import State
from ..domain.proofs import MAX_PAGES, Area
from ..domain.quotations import MAX_SUPPLIERS, PriceBreak, Quote, QuotedLine
from ..domain.types import MAX_KINDS


class NewDelivery(Command):
    destination: Code
    """Code of a destination in logistics."""
    quantity: Count


class NewItem(Command):
    kind: Annotated[str, Text(64)]
    description: Annotated[str, Text(500)]
    quantity: Count
    unit: Annotated[str, Text(16)] = "pz"
    deliveries: Annotated[list[NewDelivery], Field(max_length=100)] = Field(default_factory=list)

    def item(self, item_id: UUID) -> Item:
        return Item(
            item_id=item_id,
            kind=self.kind,
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            deliveries=tuple(
                Delivery(destination=delivery.destination, quantity=delivery.quantity)
                for delivery in self.deliveries
            ),
        )


class RevisedItem(NewItem):
    item_id: UUID | None = None
    """Id of an item that the draft has already; leave it out for a new item."""


class _ContentCommand(Command):
    title: Annotated[str, Text(200)]
    category: Annotated[str, Text(60)] | None = None
    purpose: Annotated[str, Text(4000, least=0)] = ""
    budget: Amount | None = None
    deadline: Day | None = None
    customer: Code | None = None
    """Code of the customer on whose account the goods are made."""
    cost_centre: Code | None = None
    """The cost centre whose budget is charged. If it is left out, the budget of the requester's unit is
    charged."""
    form: Annotated[dict[str, Any], Field(max_length=MAX_FIELDS)] = Field(default_factory=dict)
    """Answers to the form of the brief's type, by key of the field."""

    def _content(self, items: tuple[Item, ...]) -> Content:
        return Content(
            title=self.title,
            category=self.category,
            purpose=self.purpose,
            budget=self.budget,
            deadline=self.deadline,
            customer=self.customer,
            cost_centre=self.cost_centre,
            items=items,
        )


class DraftBrief(_ContentCommand):
    """A draft may lack category, budget, deadline, items and answers; submission asks for them."""

    type: Code | None = None
    """Key of an offered type. The brief keeps the version that is the newest now."""

    items: Annotated[list[NewItem], Field(max_length=200)] = Field(default_factory=list)

    def content(self) -> Content:
        return self._content(tuple(item.item(new_id()) for item in self.items))


class ReviseBrief(_ContentCommand):
    """The draft's whole new content except its attachments. What is left out is removed from the draft."""

    items: Annotated[list[RevisedItem], Field(max_length=200)] = Field(default_factory=list)

    def content(self) -> Content:
        return self._content(tuple(item.item(item.item_id or new_id()) for item in self.items))

    def kept_items(self) -> list[UUID]:
        return [item.item_id for item in self.items if item.item_id is not None]


class AttachmentQuery(Query):
    name: Annotated[FileName, Field(examples=["bozzetto.pdf"])]
    """File name. Folders, and characters that some systems do not allow, are removed."""


class KeepTemplate(Command):
    name: Annotated[str, Text(100)]
    """The name by which people choose the template."""


class SubmitBrief(Command):
    process: Code | None = None
    """Key of the approval process. If it is left out, the process of the brief's type is used."""


class PriceItem(Command):
    item_id: UUID
    unit_price: UnitPrice


class PriceBrief(Command):
    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    """The revision that was read. Prices for another revision are refused."""
    lines: Annotated[list[PriceItem], Field(min_length=1, max_length=200)]


def _states(text: str) -> str:
    """Return the text unchanged. Raises ValueError if a part between commas is not a state."""
    for each in text.split(","):
        if each not in set(State):
            raise PydanticCustomError("enum", "No such state", {"expected": ", ".join(State)})
    return text


class ReadComments(Command):
    comment_id: UUID
    """The newest comment that was read; the comments before it then count as read too."""


class CommentBrief(Command):
    text: Annotated[str, Text(4000)]
    mentioned_ids: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)
    """People whom the comment mentions. They must be allowed to see the brief."""


class CancelBrief(Command):
    reason: Annotated[str, Text(1000)]


class BriefFilters(Query):
    type: Code | None = None
    requester: Annotated[str, Field(pattern=r"^(me|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")] | None = (
        None
    )
    """The briefs' requester: an id, or "me"."""
    unit_id: UUID | None = None
    deadline_from: Day | None = None
    deadline_to: Day | None = None
    """The last deadline to list. This day is included, and so is `deadline_from`."""
    priced: bool | None = None
    """Whether the briefs have prices. Only for readers who may see prices."""
    late: bool = False
    """Whether to list only briefs that are not over although their deadline has passed."""

    def wanted(self, reader_id: UUID) -> dict[str, Any]:
        return {
            "requester_id": reader_id if self.requester == "me" else self.requester and UUID(self.requester),
            "unit_id": self.unit_id,
            "type_key": self.type,
            "deadline_from": self.deadline_from,
            "deadline_to": self.deadline_to,
            "priced": self.priced,
            "late": self.late,
        }


class BriefsQuery(BriefFilters, PageQuery):
    state: Annotated[str, Field(max_length=200), AfterValidator(_states)] | None = None
    """One state, or several separated by commas."""
    sort: Literal["newest", "deadline"] = "newest"
    text: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")] | None = None
    """Words of the number or the title."""


Suppliers = Annotated[list[UUID], Field(min_length=1, max_length=MAX_SUPPLIERS)]
"""People who may quote."""


class RequestQuotations(Command):
    title: Annotated[str, Text(200)]
    """The title that suppliers see. They do not see the brief's own title."""
    note: Annotated[str, Text(4000, least=0)] = ""
    """Terms, and whatever else suppliers must know."""
    due_at: Moment
    """The deadline for the suppliers' answers."""
    supplier_ids: Suppliers


class AskMoreSuppliers(Command):
    supplier_ids: Suppliers


class NewPriceBreak(Command):
    from_quantity: Count
    unit_price: UnitPrice


class NewQuotedLine(Command):
    item_id: UUID
    breaks: Annotated[list[NewPriceBreak], Field(min_length=1, max_length=10)]
    """Price breaks by rising quantity. The quantity of the first is the least that the supplier sells."""
    lead_time_days: Annotated[int, Field(ge=0, le=365)]


class SubmitQuote(Command):
    """A quote. Items that the supplier does not make are left out."""

    lines: Annotated[list[NewQuotedLine], Field(min_length=1, max_length=200)]
    valid_until: Day
    note: Annotated[str, Text(2000, least=0)] = ""

    def quote(self) -> Quote:
        lines = [
            QuotedLine(
                item_id=line.item_id,
                breaks=tuple(PriceBreak(**each.__dict__) for each in line.breaks),
                lead_time_days=line.lead_time_days,
            )
            for line in self.lines
        ]
        return Quote(lines=tuple(lines), valid_until=self.valid_until, note=self.note)


class DeclineToQuote(Command):
    reason: Annotated[str, Text(1000)]


class AwardLine(Command):
    item_id: UUID
    quotation_id: UUID


class AwardRequest(Command):
    lines: Annotated[list[AwardLine], Field(min_length=1, max_length=200)]
    """The quotation to which each item is awarded. It may be the same one for all items."""
    prices: Annotated[list[PriceItem], Field(max_length=200)] = Field(default_factory=list)
    """Unit prices, entered by hand, of the items that are awarded to no quotation."""


class CancelRequest(Command):
    reason: Annotated[str, Text(1000)]


class RequestsQuery(PageQuery):
    brief_id: UUID | None = None
    open: bool = False
    """Whether to list only requests that are not awarded, cancelled or lapsed."""


class QuotationsQuery(PageQuery):
    open: bool = False
    """Whether to list only quotations that are not awarded or closed."""


class BothLanguages(Command):
    it: Annotated[str, Text(120)]
    en: Annotated[str, Text(120)]


class DefineType(Command):
    name: BothLanguages
    form: dict[str, Any]
    """JSON Schema of a flat object with `type`, `properties` and `required`. A property may have `type`,
    `enum`, `items`, `format` (date), `minimum`, `maximum`, `maxLength`, `x-label`, `x-hint`, `x-choices`,
    `x-section`, `x-unit` and `x-when`."""
    process: Code | None = None
    """Key of the approval process that the type proposes."""
    kinds: Annotated[list[Code], Field(max_length=MAX_KINDS)] = Field(default_factory=list)
    """Keys of the kinds of item that the type proposes."""
    purchasing_owner_id: UUID | None = None
    """The person in purchasing who looks after briefs of this type."""
    offered: Flag = True
    """Whether new briefs may be begun with this type."""

    def definition(self) -> dict[str, Any]:
        return {
            "name": Words(self.name.it, self.name.en),
            "schema": self.form,
            "process": self.process,
            "kinds": self.kinds,
            "purchasing_owner_id": self.purchasing_owner_id,
            "offered": self.offered,
        }


class TypeQuery(Query):
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


def _people(text: str) -> str:
    """Return the text unchanged. Raises ValueError if a part between commas is not an id, or there are too
    many."""
    ids = text.split(",")
    for each in ids:
        try:
            UUID(each)
        except ValueError:
            raise PydanticCustomError("uuid_parsing", "Not an id") from None
    if len(ids) > MAX_REVIEWERS:
        raise PydanticCustomError("too_long", "Too many people", {"max_length": MAX_REVIEWERS})
    return text


MAX_REVIEWERS: Final = 20


class StoryQuery(Query):
    limit: Limit = 50
    """Most rows of each list."""


class VersionQuery(Query):
    name: Annotated[FileName, Field(examples=["esecutivo.pdf"])]
    """File name. Folders, and characters that some systems do not allow, are removed."""
    process: Code
    """Key of a published process for proofs."""
    reviewer_ids: Annotated[str, Field(max_length=800), AfterValidator(_people)] | None = None
    """Ids of people who are to review the version, separated by commas. The process decides whether they or
    others are asked. They must be allowed to see the brief and to decide approvals."""
    due_on: Day | None = None
    """The day by which they are to decide."""

    def review(self) -> Review:
        ids = self.reviewer_ids.split(",") if self.reviewer_ids else []
        return Review(self.process, [UUID(each) for each in ids], self.due_on)


class ProofQuery(VersionQuery):
    title: Annotated[str, Text(120)]
    """What the proof shows."""


class PreviewQuery(Query):
    thumbnail: bool = False
    """Whether to return the smaller picture for lists."""


class MarkedArea(Command):
    """A rectangle on a page, measured from the upper left corner in fractions of the page's width and
    height."""

    x: Fraction
    y: Fraction
    width: Fraction
    height: Fraction

    def area(self) -> Area:
        return Area(x=self.x, y=self.y, width=self.width, height=self.height)


class AnnotateProof(Command):
    page: Annotated[int, Field(ge=1, le=MAX_PAGES)]
    area: MarkedArea
    text: Annotated[str, Text(2000)]


class AnswerAnnotation(Command):
    text: Annotated[str, Text(2000)]


class SettleAnnotation(Command):
    resolved: Flag
    """Whether the annotation is resolved; `false` reopens it."""


class PlanBudget(Command):
    """A budget for either a unit or a cost centre."""

    name: Annotated[str, Text(100)]
    unit_id: UUID | None = None
    cost_centre: Code | None = None
    period_from: Day
    period_to: Day
    """The last day of the period, which may be a year, a quarter, a month … The first and the last day both
    belong to it."""
    planned: Amount
    blocking: Flag = False
    """Whether the budget forbids to commit more than is left. Otherwise it may be exceeded, and shows by how
    much."""
    reason: Annotated[str, Text(1000)] | None = None


class ChangePlan(Command):
    planned: Amount
    blocking: Flag
    period_from: Day | None = None
    period_to: Day | None = None
    """The last day of the period. Without `period_from` and `period_to` the period stays. It can be changed
    until a brief is charged to the budget."""
    reason: Annotated[str, Text(1000)]


class ReleaseBudget(Command):
    reason: Annotated[str, Text(1000)]


class ChangeCataloguePrice(Command):
    breaks: Annotated[list[NewPriceBreak], Field(min_length=1, max_length=10)]
    """Price breaks by rising quantity. The quantity of the first is the least that the supplier sells."""
    lead_time_days: Annotated[int, Field(ge=0, le=365)]
    valid_from: Day
    valid_until: Day
    """The last day; the price is valid on the first and on the last day too."""

    def terms(self) -> dict[str, Any]:
        breaks = tuple(PriceBreak(**each.__dict__) for each in self.breaks)
        return {
            "breaks": breaks,
            "lead_time_days": self.lead_time_days,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
        }


class KeepCataloguePrice(ChangeCataloguePrice):
    supplier_id: UUID
    kind: Annotated[str, Text(64)]
    """Kind of item, as in briefs."""
    description: Annotated[str, Text(500)] | None = None
    """Description of the article, as in briefs. If it is left out, the price holds for every article of the
    kind."""
    unit: Annotated[str, Text(16)] = "pz"


class CatalogueQuery(PageQuery):
    supplier_id: UUID | None = None
    kind: Annotated[str, Text(64)] | None = None
    valid: bool = False
    """Whether to list only prices that are valid today."""


class BudgetsQuery(PageQuery):
    unit_id: UUID | None = None
    cost_centre: Code | None = None
    day: Day | None = None
    """If given, only budgets whose period contains this day are listed."""
    exceeded: bool = False
    """Whether to list only budgets of which more is taken than planned, or which leave something
    uncovered."""
    sort: Literal["period", "available"] = "period"


class ChargesQuery(PageQuery):
    uncovered: bool = False
    """Whether to list only charges for which the budget has no room."""


class SpendQuery(PeriodQuery):
    by: SpendBy = "supplier"
