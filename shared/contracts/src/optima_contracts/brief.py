"""Events of a brief's life. The subject is the brief unless an event says otherwise. They hold no prices;
events with prices are in `economics`."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from .envelope import EventData, Fact, Money, Quantity


class BriefItem(Fact):
    """One thing that a brief asks for. `kind` is the key of a kind of item that the tenant defined; it
    decides the production phases."""

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
    """The cost centre whose budget is charged. If there is none, the budget of the requester's unit is
    charged."""
    type_key: str | None = None
    type_version: int | None = None
    """Version of the type that was current when the brief was begun."""
    form: dict[str, bool | int | str | list[str]] = Field(default_factory=dict)
    """Answers to the type's form by key of the field. Numbers with decimals are texts."""
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
    """The requester has left the company, and their successor is the requester from now on."""

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
    """Somebody commented on the brief. The text stays in the brief service."""

    type: ClassVar[str] = "optima.brief.commented.v1"
    brief_id: UUID
    comment_id: UUID
    mentioned_ids: list[UUID] = Field(default_factory=list)
    """People whom the comment mentions. All of them may see the brief."""


class BriefCommentEdited(EventData):
    """The author of a comment changed it. The former text stays in the brief service."""

    type: ClassVar[str] = "optima.brief.comment_edited.v1"
    brief_id: UUID
    comment_id: UUID
    mentioned_ids: list[UUID]
    """People whom the comment mentions now and did not mention before."""


class BriefCommentsRead(EventData):
    """The actor has read the brief's comments up to and including `comment_id`."""

    type: ClassVar[str] = "optima.brief.comments_read.v1"
    brief_id: UUID
    comment_id: UUID
    all_read: bool
    """Whether there was no newer comment of somebody else, so that notices of comments can be cleared."""


class BriefSubmitted(EventData):
    """A revision was frozen and submitted for approval under the process with the key `process`."""

    type: ClassVar[str] = "optima.brief.submitted.v1"
    brief_id: UUID
    number: str
    revision: int
    content_hash: str
    """SHA-256 of the revision's canonical JSON including its prices, in hexadecimal."""
    process: str
    requester_id: UUID
    unit_id: UUID | None = None
    purchasing_owner_id: UUID | None = None
    """The person in purchasing who looks after briefs of this type."""
    budget_told: bool | None = None
    """Whether the brief is to be charged to a budget. If so, `economics.budget_told` was published before."""
    content: BriefContent


class BriefChangesRequested(EventData):
    """An approver asked for changes to `revision`, and the draft of the next revision was begun."""

    type: ClassVar[str] = "optima.brief.changes_requested.v1"
    brief_id: UUID
    revision: int
    reason: str


ReturnCause = Literal["approval_not_opened", "recalled", "approval_expired"]


class BriefReturned(EventData):
    """The approval ended without a decision, and the draft of the next revision was begun."""

    type: ClassVar[str] = "optima.brief.returned.v1"
    brief_id: UUID
    revision: int
    cause: ReturnCause
    reason: str | None = None


class BriefRejected(EventData):
    """The approval of `revision` ended in a rejection, which ends the brief."""

    type: ClassVar[str] = "optima.brief.rejected.v1"
    brief_id: UUID
    revision: int
    reason: str


class BriefApproved(EventData):
    """The revision was approved and may be made. Production makes an order from this event."""

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
    """Whether prices were approved with the revision. If so, `economics.brief_prices_approved` holds them."""


class BriefOverBudget(EventData):
    """The revision was approved, but its budget has no room for it. It waits until the budget's plan is
    raised, another brief frees room, or a person who plans budgets releases it; then `brief.approved`
    follows."""

    type: ClassVar[str] = "optima.brief.over_budget.v1"
    brief_id: UUID
    number: str
    revision: int
    approval_id: UUID
    requester_id: UUID
    title: str | None = None
    budget_id: UUID | None = None
    recipients: list[UUID] = Field(default_factory=list)
    """The people who plan budgets and are to be notified."""


class BriefCancelled(EventData):
    """The brief was cancelled, because the requester cancelled it, backoffice cancelled its order, or its
    approval was revoked. All work that was begun for it is to stop."""

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
    """A type of brief was defined, or its next version was defined. Subject: the type."""

    type: ClassVar[str] = "optima.brief.type_defined.v1"
    type_id: UUID
    key: str
    version: int
    fields: list[str]
    """Keys of the form's fields."""
    form: list[FormFieldKind] = Field(default_factory=list)
    """The same fields, each with the kind of value that it holds."""
    offered: bool
    """Whether new briefs may be begun with this type."""


class QuotationRequested(EventData):
    """Purchasing asked a supplier to quote for a brief's items. Each supplier gets an event of its own.
    Subject: the supplier's quotation, so that not even the event's sequence number shows that other suppliers
    exist."""

    type: ClassVar[str] = "optima.brief.quotation_requested.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    title: str
    """The title that suppliers read."""
    due_at: datetime
    """The deadline for the supplier's answer."""


class QuotationAnswered(EventData):
    """A supplier quoted, changed their quote, or declined to quote. The content of the answer stays in the
    brief service. Subject: the supplier's quotation."""

    type: ClassVar[str] = "optima.brief.quotation_answered.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    asked_by: UUID
    """The person who had asked for the quotation."""
    title: str
    declined: bool


class QuotationFileChanged(EventData):
    """A supplier added a file to their quotation, or took it back. The file stays in the brief service.
    Subject: the supplier's quotation."""

    type: ClassVar[str] = "optima.brief.quotation_file_changed.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    file_id: UUID
    sha256: str
    """SHA-256 of the file's content, in hexadecimal."""
    taken_back: bool


class QuotationClosed(EventData):
    """A request for quotation ended, because it was awarded or cancelled. Each supplier gets an event of its
    own. Subject: the supplier's quotation."""

    type: ClassVar[str] = "optima.brief.quotation_closed.v1"
    brief_id: UUID
    quotation_id: UUID
    supplier_id: UUID
    title: str
    awarded_item_ids: list[UUID]
    """Items that this supplier is to make once the brief is approved; empty for a supplier who was not
    chosen."""


class ProofSubmitted(EventData):
    """A version of a proof was submitted for review. Earlier versions no longer count. Subject: the proof."""

    type: ClassVar[str] = "optima.brief.proof_submitted.v1"
    brief_id: UUID
    proof_id: UUID
    version: int
    number: str
    """The brief's number."""
    title: str
    """What the proof shows."""
    file_name: str
    media_type: str
    size: int
    """Size of the file in bytes."""
    sha256: str
    """SHA-256 of the file, which is what the reviewers approve."""
    process: str
    requester_id: UUID
    """The person who submitted the version."""
    reviewer_ids: list[UUID] = Field(default_factory=list)
    """People whom the requester names as reviewers. The process says whether they are asked."""
    due_on: date | None = None


ProofOutcome = Literal["approved", "approved_with_changes", "rejected", "not_reviewed"]


class ProofReviewEnded(EventData):
    """The review of a proof's version ended with a verdict, will end without one, or lost its verdict because
    the approval was revoked (both `not_reviewed`). Subject: the proof."""

    type: ClassVar[str] = "optima.brief.proof_review_ended.v1"
    brief_id: UUID
    proof_id: UUID
    version: int
    number: str
    title: str
    sha256: str
    outcome: ProofOutcome
    requester_id: UUID
    """The person who had submitted the version."""


class ProofAnnotated(EventData):
    """Somebody annotated a place in a proof, or answered, resolved or reopened an annotation. The texts stay
    in the brief service. Subject: the proof."""

    type: ClassVar[str] = "optima.brief.proof_annotated.v1"
    brief_id: UUID
    proof_id: UUID
    version: int
    annotation_id: UUID
    act: Literal["annotated", "answered", "resolved", "reopened"]


BriefItem.model_rebuild()
