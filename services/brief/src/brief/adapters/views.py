"""What clients send and get. Prices are left out whole for those who may not see them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from optima_kit.actor import Actor
from optima_kit.http import Amount, Code, Command, Count, Day, PageQuery, Query, Text, View
from optima_kit.ids import new_id

from ..application.access import allowed_actions, sees_prices, shown_content
from ..application.ports import Comment, PricedRevision, Summary
from ..domain.brief import Brief, Revision
from ..domain.content import Attachment, Content, Delivery, Item, Money
from ..domain.lifecycle import Cause, Move, State
from ..domain.pricing import PriceLine, Pricing

UnitPrice = Annotated[str, Field(pattern=r"^\d{1,9}(\.\d{1,4})?$", examples=["0.0345"])]
"""Euro for one unit, at most four decimals (printed matter costs fractions of a cent), written as text."""


class NewDelivery(Command):
    destination: Annotated[str, Text(60)]
    """Code of the destination."""
    quantity: Count


class NewItem(Command):
    kind: Annotated[str, Text(60)]
    description: Annotated[str, Text(500)]
    quantity: Count
    unit: Annotated[str, Text(10)] = "pz"
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
    """Of an item that the draft has already; none for a new one."""


class _ContentCommand(Command):
    title: Annotated[str, Text(200)]
    category: Annotated[str, Text(60)] | None = None
    purpose: Annotated[str, Text(4000, least=0)] = ""
    budget: Amount | None = None
    deadline: Day | None = None
    customer: Annotated[str, Text(60)] | None = None
    """Code of the customer on whose account the goods are made."""

    def _content(self, items: tuple[Item, ...]) -> Content:
        return Content(
            title=self.title,
            category=self.category,
            purpose=self.purpose,
            budget=self.budget,
            deadline=self.deadline,
            customer=self.customer,
            items=items,
        )


class DraftBrief(_ContentCommand):
    """A draft may lack category, budget, deadline and items; submission asks for them."""

    items: Annotated[list[NewItem], Field(max_length=200)] = Field(default_factory=list)

    def content(self) -> Content:
        return self._content(tuple(item.item(new_id()) for item in self.items))


class ReviseBrief(_ContentCommand):
    """The draft's whole new content, but for its attachments: what is left out is gone."""

    items: Annotated[list[RevisedItem], Field(max_length=200)] = Field(default_factory=list)

    def content(self) -> Content:
        return self._content(tuple(item.item(item.item_id or new_id()) for item in self.items))

    def kept_items(self) -> list[UUID]:
        return [item.item_id for item in self.items if item.item_id is not None]


class AttachmentQuery(Query):
    name: Annotated[str, Field(pattern=r'^[^/\\\x00-\x1f\x7f"<>|:*?]{1,120}$', examples=["bozzetto.pdf"])]
    """File name, without a folder."""


class SubmitBrief(Command):
    process: Code
    """Key of the approval process."""


class PriceItem(Command):
    item_id: UUID
    unit_price: UnitPrice


class PriceBrief(Command):
    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    """The revision that was read: prices of another are refused."""
    lines: Annotated[list[PriceItem], Field(min_length=1, max_length=200)]


class CommentBrief(Command):
    text: Annotated[str, Text(4000)]


class CancelBrief(Command):
    reason: Annotated[str, Text(1000)]


class BriefsQuery(PageQuery):
    state: State | None = None
    requester: Annotated[str, Field(pattern="^me$")] | None = None
    text: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")] | None = None
    """Words of the number or the title."""


class PersonView(View):
    person_id: UUID
    name: str


class PricingView(View):
    pricing_id: UUID
    lines: tuple[PriceLine, ...]
    total: Money
    priced_at: datetime
    priced_by: UUID


class ProposedPriceView(View):
    item_id: UUID
    unit_price: Money


class ContentView(View):
    title: str
    category: str | None
    purpose: str
    budget: Money | None
    deadline: date | None
    customer: str | None
    items: tuple[Item, ...]
    attachments: tuple[Attachment, ...]


class LinksView(View):
    approval_id: UUID | None
    order_id: UUID | None


class BriefView(ContentView):
    brief_id: UUID
    number: str
    state: State
    cause: Cause
    """What brought it into its state."""
    reason: str | None
    """Why, in the words of whoever caused it: of a rejection, a request for changes, a cancellation …"""
    revision: int
    content_hash: str | None = None
    """Of a submitted revision with its prices: what a decision is bound to."""
    process: str | None = None
    requester: PersonView
    unit_id: UUID | None
    drafted_at: datetime
    changed_at: datetime
    submitted_at: datetime | None = None
    prices: PricingView | None = None
    proposed_prices: list[ProposedPriceView] | None = None
    """Carried over from the revision before; confirmed or changed by pricing."""
    actions: list[str]
    """What the reader may do next."""
    links: LinksView


class SummaryView(View):
    brief_id: UUID
    number: str
    state: State
    cause: Cause
    revision: int
    title: str
    category: str | None
    budget: Money | None
    deadline: date | None
    requester: PersonView
    drafted_at: datetime
    changed_at: datetime


class RevisionView(ContentView):
    revision: int
    content_hash: str
    process: str
    submitted_at: datetime
    submitted_by: UUID
    prices: PricingView | None = None
    proposed_prices: list[ProposedPriceView] | None = None


class CommentView(View):
    comment_id: UUID
    author: PersonView
    text: str
    at: datetime


class MoveView(View):
    at: datetime
    from_state: State | None
    to_state: State
    revision: int
    cause: Cause
    reason: str | None
    actor_id: UUID | None
    on_behalf_of: UUID | None


def brief_view(actor: Actor, brief: Brief) -> BriefView:
    revision, content = shown_content(actor, brief)
    shows_frozen = brief.submitted is not None and revision == brief.submitted.revision
    frozen = _frozen(actor, brief.submitted, brief.pricing) if brief.submitted and shows_frozen else {}
    return BriefView(
        brief_id=brief.brief_id,
        number=brief.number,
        state=brief.state,
        cause=brief.cause,
        reason=brief.reason,
        revision=revision,
        requester=PersonView(person_id=brief.requester_id, name=brief.requester_name),
        unit_id=brief.unit_id,
        drafted_at=brief.drafted_at,
        changed_at=brief.changed_at,
        actions=allowed_actions(actor, brief),
        links=LinksView(approval_id=brief.approval_id, order_id=brief.order_id),
        **frozen,
        **_content(content),
    )


def revision_view(actor: Actor, found: PricedRevision) -> RevisionView:
    revision = found.revision
    return RevisionView(
        revision=revision.revision,
        submitted_by=revision.submitted_by,
        **_frozen(actor, revision, found.pricing),
        **_content(revision.content),
    )


def summary_view(summary: Summary) -> SummaryView:
    return SummaryView(
        brief_id=summary.brief_id,
        number=summary.number,
        state=summary.state,
        cause=summary.cause,
        revision=summary.revision,
        title=summary.title,
        category=summary.category,
        budget=summary.budget,
        deadline=summary.deadline,
        requester=PersonView(person_id=summary.requester_id, name=summary.requester_name),
        drafted_at=summary.drafted_at,
        changed_at=summary.changed_at,
    )


def comment_view(comment: Comment) -> CommentView:
    return CommentView(
        comment_id=comment.comment_id,
        author=PersonView(person_id=comment.author_id, name=comment.author_name),
        text=comment.text,
        at=comment.at,
    )


def move_view(move: Move) -> MoveView:
    return MoveView(
        at=move.at,
        from_state=move.from_state,
        to_state=move.to_state,
        revision=move.revision,
        cause=move.cause,
        reason=move.reason,
        actor_id=move.actor_id,
        on_behalf_of=move.on_behalf_of,
    )


def _frozen(actor: Actor, revision: Revision, pricing: Pricing | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "content_hash": pricing.content_hash if pricing else revision.content_hash,
        "process": revision.process,
        "submitted_at": revision.submitted_at,
    }
    if sees_prices(actor):
        shown["prices"] = _pricing(pricing) if pricing else None
        shown["proposed_prices"] = [
            ProposedPriceView(item_id=item_id, unit_price=price)
            for item_id, price in revision.proposed_prices.items()
        ]
    return shown


def _pricing(pricing: Pricing) -> PricingView:
    return PricingView(
        pricing_id=pricing.pricing_id,
        lines=pricing.lines,
        total=pricing.total,
        priced_at=pricing.priced_at,
        priced_by=pricing.priced_by,
    )


def _content(content: Content) -> dict[str, Any]:
    return {
        "title": content.title,
        "category": content.category,
        "purpose": content.purpose,
        "budget": content.budget,
        "deadline": content.deadline,
        "customer": content.customer,
        "items": content.items,
        "attachments": content.attachments,
    }
