"""Facts of a brief's life. Subject of all: the brief. No price travels here; see `economics`."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from .envelope import EventData, Fact, Money, Quantity


class BriefItem(Fact):
    """One thing asked for. `kind` names the tenant's kind of item, which decides its production phases."""

    item_id: UUID
    kind: str
    description: str
    quantity: Quantity
    unit: str = "pz"
    deliveries: list[ItemDelivery] = Field(default_factory=list)


class ItemDelivery(Fact):
    """How much of an item goes to which destination (the code of a `cliente destinazione`)."""

    destination: str
    quantity: Quantity


class Attachment(Fact):
    attachment_id: UUID
    name: str
    media_type: str
    size: int
    """Bytes."""
    sha256: str


class BriefContent(Fact):
    """What a revision asks for, as frozen at submission."""

    title: str
    category: str
    purpose: str = ""
    budget: Money
    deadline: date
    customer: str | None = None
    """Code of the customer on whose account the goods are made, as the ERP knows it."""
    cost_centre: str | None = None
    """Whose budget is charged; none: that of the requester's unit."""
    type_key: str | None = None
    type_version: int | None = None
    """The type that the brief began with, in the version of that day."""
    form: dict[str, bool | int | str | list[str]] = Field(default_factory=dict)
    """Answers to the type's form, by field: numbers with decimals are text."""
    items: list[BriefItem]
    attachments: list[Attachment] = Field(default_factory=list)


class BriefDrafted(EventData):
    """Somebody began to write a brief."""

    type: ClassVar[str] = "optima.brief.drafted.v1"
    brief_id: UUID
    number: str
    title: str
    requester_id: UUID
    unit_id: UUID | None = None


class BriefHandedOver(EventData):
    """The requester has left; who took over from them is the requester from now on."""

    type: ClassVar[str] = "optima.brief.handed_over.v1"
    brief_id: UUID
    number: str
    from_person_id: UUID
    to_person_id: UUID


class BriefRevised(EventData):
    """The draft's content changed."""

    type: ClassVar[str] = "optima.brief.revised.v1"
    brief_id: UUID
    revision: int
    title: str


class AttachmentAdded(EventData):
    """A file was attached to the draft."""

    type: ClassVar[str] = "optima.brief.attachment_added.v1"
    brief_id: UUID
    attachment: Attachment


class BriefCommented(EventData):
    """Somebody commented the brief; the text stays in the brief service."""

    type: ClassVar[str] = "optima.brief.commented.v1"
    brief_id: UUID
    comment_id: UUID
    mentioned_ids: list[UUID] = Field(default_factory=list)
    """People whom the comment is meant for; all of them may see the brief."""


class BriefCommentEdited(EventData):
    """Whoever wrote a comment changed it; what it said before stays in the brief service."""

    type: ClassVar[str] = "optima.brief.comment_edited.v1"
    brief_id: UUID
    comment_id: UUID
    mentioned_ids: list[UUID]
    """Those who were not mentioned before."""


class BriefCommentsRead(EventData):
    """The actor has read the brief's comments up to `comment_id`, those before it too."""

    type: ClassVar[str] = "optima.brief.comments_read.v1"
    brief_id: UUID
    comment_id: UUID
    all_read: bool
    """Whether nobody else had written a newer one: they need not be told of comments any more."""


class BriefSubmitted(EventData):
    """A revision was frozen and asks for approval under `process`."""

    type: ClassVar[str] = "optima.brief.submitted.v1"
    brief_id: UUID
    number: str
    revision: int
    content_hash: str
    """SHA-256, hexadecimal, of the revision's canonical JSON with its prices."""
    process: str
    requester_id: UUID
    unit_id: UUID | None = None
    purchasing_owner_id: UUID | None = None
    """Who of purchasing looks after briefs of its type."""
    budget_told: bool | None = None
    """Whether there is a budget that it is to be charged to, of which `economics.budget_told` tells."""
    content: BriefContent


class BriefChangesRequested(EventData):
    """Approval asks for changes to `revision`, and the next revision's draft began."""

    type: ClassVar[str] = "optima.brief.changes_requested.v1"
    brief_id: UUID
    revision: int
    reason: str


ReturnCause = Literal["approval_not_opened", "recalled", "approval_expired"]


class BriefReturned(EventData):
    """The approval ended without a decision, and the next revision's draft began."""

    type: ClassVar[str] = "optima.brief.returned.v1"
    brief_id: UUID
    revision: int
    cause: ReturnCause
    reason: str | None = None


class BriefRejected(EventData):
    """Approval turned `revision` down: the brief is over."""

    type: ClassVar[str] = "optima.brief.rejected.v1"
    brief_id: UUID
    revision: int
    reason: str


class BriefApproved(EventData):
    """The revision may be made: production turns this into an order."""

    type: ClassVar[str] = "optima.brief.approved.v1"
    brief_id: UUID
    number: str
    revision: int
    content_hash: str
    approval_id: UUID
    requester_id: UUID
    unit_id: UUID | None = None
    content: BriefContent
    valued: bool | None = None
    """Whether prices were approved with it, of which `economics.brief_prices_approved` tells."""


class BriefOverBudget(EventData):
    """The revision was approved, and its budget has no room for it: it waits until the plan is raised,
    something else is given up, or whoever plans the budget releases it. `brief.approved` follows then."""

    type: ClassVar[str] = "optima.brief.over_budget.v1"
    brief_id: UUID
    number: str
    revision: int
    approval_id: UUID
    requester_id: UUID
    title: str | None = None
    budget_id: UUID | None = None
    recipients: list[UUID] = Field(default_factory=list)
    """Those who plan budgets, to be told of it."""


class BriefCancelled(EventData):
    """The requester cancelled the brief, backoffice its order, or its approval was revoked: what was begun is
    to stop."""

    type: ClassVar[str] = "optima.brief.cancelled.v1"
    brief_id: UUID
    reason: str
    from_state: str


class BriefCancellationRevoked(EventData):
    """Goods had already left when the brief was cancelled, so the brief goes on."""

    type: ClassVar[str] = "optima.brief.cancellation_revoked.v1"
    brief_id: UUID
    reason: str


class BriefProductionStarted(EventData):
    """The first phase of the brief's order began."""

    type: ClassVar[str] = "optima.brief.production_started.v1"
    brief_id: UUID
    order_id: UUID


class BriefDeliveryStarted(EventData):
    """The first goods of the brief's order have left."""

    type: ClassVar[str] = "optima.brief.delivery_started.v1"
    brief_id: UUID
    order_id: UUID


class BriefDelivered(EventData):
    """Everything that was ordered for the brief has been delivered."""

    type: ClassVar[str] = "optima.brief.delivered.v1"
    brief_id: UUID
    order_id: UUID


class BriefClosed(EventData):
    """The brief is over, right after its delivery."""

    type: ClassVar[str] = "optima.brief.closed.v1"
    brief_id: UUID


class FormFieldKind(Fact):
    """What a field of a type's form holds."""

    key: str
    kind: Literal["text", "number", "integer", "flag", "date", "choice", "choices"]


class BriefTypeDefined(EventData):
    """A type of brief was defined, or defined anew as its next version. Subject: the type."""

    type: ClassVar[str] = "optima.brief.type_defined.v1"
    type_id: UUID
    key: str
    version: int
    fields: list[str]
    """Keys of the form's fields."""
    form: list[FormFieldKind] = Field(default_factory=list)
    """The same fields with what they hold."""
    offered: bool
    """Whether new briefs may begin with it."""


class QuotationRequested(EventData):
    """Purchasing asked a supplier for a quote of a brief's items. One for each supplier; subject: the
    supplier's quotation, so that not even its sequence tells of other suppliers."""

    type: ClassVar[str] = "optima.brief.quotation_requested.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    title: str
    """As suppliers read it."""
    due_at: datetime
    """Until when it may be answered."""


class QuotationAnswered(EventData):
    """A supplier quoted, quoted anew, or declined to; what they said stays in the brief service. Subject: the
    supplier's quotation."""

    type: ClassVar[str] = "optima.brief.quotation_answered.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    asked_by: UUID
    """Who had asked."""
    title: str
    declined: bool


class QuotationFileChanged(EventData):
    """A supplier sent a file with their quotation, or took it back; what it says stays in the brief service.
    Subject: the supplier's quotation."""

    type: ClassVar[str] = "optima.brief.quotation_file_changed.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    file_id: UUID
    sha256: str
    """Of its content, hexadecimal."""
    taken_back: bool


class QuotationClosed(EventData):
    """A request for quotation is over: it was awarded or cancelled. One for each supplier; subject: the
    supplier's quotation."""

    type: ClassVar[str] = "optima.brief.quotation_closed.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    title: str
    awarded_item_ids: list[UUID]
    """What this supplier is to make, once the brief is approved; none for one who was not chosen."""


class ProofSubmitted(EventData):
    """A version of a proof asks for its review; an earlier one counts no longer. Subject: the proof."""

    type: ClassVar[str] = "optima.brief.proof_submitted.v1"
    brief_id: UUID
    proof_id: UUID
    version: int
    number: str
    """Of the brief."""
    title: str
    """What the proof is of."""
    file_name: str
    media_type: str
    size: int
    """Bytes."""
    sha256: str
    """Of the file: what is approved."""
    process: str
    requester_id: UUID
    """Who submitted it."""
    reviewer_ids: list[UUID] = Field(default_factory=list)
    """Whom they name; the process says whether they are asked."""
    due_on: date | None = None


ProofOutcome = Literal["approved", "approved_with_changes", "rejected", "not_reviewed"]


class ProofReviewEnded(EventData):
    """A version of a proof got its verdict, lost it since its approval was revoked (`rejected`), or will get
    none (`not_reviewed`). Subject: the proof."""

    type: ClassVar[str] = "optima.brief.proof_review_ended.v1"
    brief_id: UUID
    proof_id: UUID
    version: int
    number: str
    title: str
    sha256: str
    outcome: ProofOutcome
    requester_id: UUID
    """Who had submitted it."""


class ProofAnnotated(EventData):
    """Somebody marked a place of a proof, answered or settled a mark, or opened it again; the texts stay in
    the brief service. Subject: the proof."""

    type: ClassVar[str] = "optima.brief.proof_annotated.v1"
    brief_id: UUID
    proof_id: UUID
    version: int
    annotation_id: UUID
    act: Literal["annotated", "answered", "resolved", "reopened"]


BriefItem.model_rebuild()
