"""A brief: its content in revisions, its prices, and the state that people follow.

Methods that answer events from other services return whether the brief changed: an event that comes again,
or after its time, changes nothing. States only move forward; the way back to a draft is a new revision.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from optima_kit.refusals import Absent, NotYet, WrongState

from .content import Attachment, Content
from .lifecycle import (
    APPROVED_AND_GOODS_HERE,
    BEFORE_APPROVAL,
    BEFORE_GOODS_LEFT,
    UNDER_APPROVAL,
    AuditContext,
    Cause,
    Move,
    State,
)
from .pricing import Pricing, QuotedTerms, carried_over_prices, content_hash, price_revision
from .rules import (
    brief_has_room_for_an_attachment,
    content_is_ready_to_submit,
    day_in_rome,
    destinations_are_named_once_per_item,
    kept_items_are_the_drafts_own,
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as frozen at submission."""

    revision: int
    content: Content
    content_hash: str
    """Of the content without prices; once priced, the pricing's hash is the current one."""
    process: str
    submitted_at: datetime
    submitted_by: UUID
    proposed_prices: dict[UUID, Decimal]
    """Unit prices carried over for unchanged items; the revision is unpriced until purchasing prices it."""


@dataclass(slots=True)
class Brief:
    brief_id: UUID
    number: str
    requester_id: UUID
    requester_name: str
    unit_id: UUID | None
    drafted_at: datetime
    changed_at: datetime
    state: State
    cause: Cause
    reason: str | None
    revision: int
    """The revision being drafted or, once submitted, the frozen one."""
    version: int
    draft: Content | None
    """Content that is not frozen yet."""
    submitted: Revision | None = None
    """The newest frozen revision."""
    pricing: Pricing | None = None
    """The newest prices of the newest frozen revision."""
    approval_id: UUID | None = None
    order_id: UUID | None = None
    moves: list[Move] = field(default_factory=list)
    """Moves that are not stored yet."""

    # --- what the requester does

    @classmethod
    def drafted(
        cls,
        brief_id: UUID,
        number: str,
        requester_id: UUID,
        requester_name: str,
        unit_id: UUID | None,
        content: Content,
        context: AuditContext,
    ) -> Brief:
        destinations_are_named_once_per_item(content)
        brief = cls(
            brief_id=brief_id,
            number=number,
            requester_id=requester_id,
            requester_name=requester_name,
            unit_id=unit_id,
            drafted_at=context.at,
            changed_at=context.at,
            state=State.DRAFT,
            cause=Cause.DRAFTED,
            reason=None,
            revision=1,
            version=1,
            draft=content,
        )
        brief.moves.append(_move(None, State.DRAFT, 1, Cause.DRAFTED, None, context))
        return brief

    def revise(self, content: Content, kept_items: Collection[UUID], at: datetime) -> None:
        """Replaces the draft's content; its attachments stay, and so do the ids of `kept_items`."""
        draft = self.open_draft()
        kept_items_are_the_drafts_own(draft, kept_items)
        destinations_are_named_once_per_item(content)
        self._change_draft(content.model_copy(update={"attachments": draft.attachments}), at)

    def attach(self, attachment: Attachment, at: datetime) -> None:
        draft = self.open_draft()
        brief_has_room_for_an_attachment(draft)
        self._change_draft(draft.with_attachment(attachment), at)

    def detach(self, attachment_id: UUID, at: datetime) -> None:
        draft = self.open_draft()
        if draft.attachment(attachment_id) is None:
            raise Absent("attachment_absent")
        self._change_draft(draft.without_attachment(attachment_id), at)

    def submit(self, process: str, context: AuditContext) -> Revision:
        """Freezes the draft and asks for approval under `process`."""
        content = self.open_draft()
        content_is_ready_to_submit(content, day_in_rome(context.at))
        earlier = self.submitted
        self.submitted = Revision(
            revision=self.revision,
            content=content,
            content_hash=content_hash(content),
            process=process,
            submitted_at=context.at,
            submitted_by=self.requester_id,
            proposed_prices=self._proposed_prices(earlier, content),
        )
        self.draft = None
        self.pricing = None
        self.approval_id = None
        self._move_to(State.SUBMITTED, Cause.SUBMITTED, None, context)
        return self.submitted

    def _proposed_prices(self, earlier: Revision | None, content: Content) -> dict[UUID, Decimal]:
        if earlier is None:
            return {}
        # Returned unpriced, a revision hands on what had been proposed for it.
        prices = self.pricing.unit_prices() if self.pricing else earlier.proposed_prices
        return carried_over_prices(earlier.content, prices, content)

    def cancel(self, reason: str, context: AuditContext) -> State:
        """Returns the state that the brief was cancelled from."""
        if self.state not in BEFORE_GOODS_LEFT:
            raise WrongState("brief_not_cancellable", number=self.number, state=self.state.value)
        left = self.state
        self._move_to(State.CANCELLED, Cause.CANCELLED_BY_REQUESTER, reason, context)
        return left

    def open_draft(self) -> Content:
        """The draft's content. Raises WrongState once it is frozen or the brief is cancelled."""
        if self.state is not State.DRAFT or self.draft is None:
            raise WrongState("brief_not_draft", number=self.number, state=self.state.value)
        return self.draft

    # --- what purchasing does

    def price(
        self,
        revision: int,
        prices: Sequence[tuple[UUID, Decimal]],
        pricing_id: UUID,
        at: datetime,
        by: UUID,
        quoted: Mapping[UUID, QuotedTerms] = MappingProxyType({}),
    ) -> Pricing | None:
        """Prices the submitted revision. Returns None when these are its prices already."""
        content = self.content_to_price()
        if revision != self.revision:
            raise WrongState("content_stale", field="revision", revision=revision, current=self.revision)
        pricing = price_revision(
            content, prices, quoted, revision=revision, pricing_id=pricing_id, at=at, by=by
        )
        if self.pricing is not None and pricing.same_prices_as(self.pricing):
            return None
        self.pricing = pricing
        self._changed(at)
        return pricing

    def content_to_price(self) -> Content:
        """Of the submitted revision. Raises WrongState once it is decided or sent back."""
        if self.state not in UNDER_APPROVAL or self.submitted is None:
            raise WrongState("brief_not_to_be_priced", number=self.number, state=self.state.value)
        return self.submitted.content

    # --- what approval decides

    def approval_opened(self, approval_id: UUID, revision: int, context: AuditContext) -> bool:
        """Priced anew after its approval, a revision is approved once more: the newer run is linked."""
        if not self.awaits_decision_on(revision) or approval_id == self.approval_id:
            return False
        self.approval_id = approval_id
        if self.state is State.SUBMITTED:
            self._move_to(State.IN_APPROVAL, Cause.APPROVAL_OPENED, None, context)
        else:
            self._changed(context.at)
        return True

    def approved(self, approval_id: UUID, revision: int, content_hash: str, context: AuditContext) -> bool:
        """Only approval of exactly the current content and prices counts."""
        if not self.would_be_approved(revision, content_hash):
            return False
        self.approval_id = approval_id
        self._move_to(State.APPROVED, Cause.APPROVED, None, context)
        return True

    def approved_over_budget(
        self, approval_id: UUID, revision: int, content_hash: str, context: AuditContext
    ) -> bool:
        """As `approved`, where the budget has no room: nothing may be ordered yet."""
        if not self.would_be_approved(revision, content_hash):
            return False
        self.approval_id = approval_id
        self._move_to(State.OVER_BUDGET, Cause.BUDGET_EXCEEDED, None, context)
        return True

    def budget_granted(self, reason: str | None, context: AuditContext) -> None:
        """There is room, or somebody who plans the budget made it."""
        self.waits_for_budget()
        self._move_to(State.APPROVED, Cause.BUDGET_GRANTED, reason, context)

    def waits_for_budget(self) -> None:
        if self.state is not State.OVER_BUDGET:
            raise WrongState("brief_not_over_budget", number=self.number, state=self.state.value)

    def rejected(self, approval_id: UUID, revision: int, reason: str, context: AuditContext) -> bool:
        if not self.awaits_decision_on(revision):
            return False
        self.approval_id = approval_id
        self._move_to(State.REJECTED, Cause.REJECTED, reason, context)
        return True

    def changes_requested(self, approval_id: UUID, revision: int, reason: str, context: AuditContext) -> bool:
        """The next revision's draft begins, with the content that was judged."""
        if not self.awaits_decision_on(revision):
            return False
        self.approval_id = approval_id
        self._move_to(State.CHANGES_REQUESTED, Cause.CHANGES_REQUESTED, reason, context)
        self._begin_next_revision(Cause.CHANGES_REQUESTED, reason, context)
        return True

    def returned(
        self, approval_id: UUID, revision: int, cause: Cause, reason: str | None, context: AuditContext
    ) -> bool:
        """The approval ended without a decision: the next revision's draft begins."""
        if not self.awaits_decision_on(revision):
            return False
        self.approval_id = approval_id
        self._begin_next_revision(cause, reason, context)
        return True

    def approval_revoked(
        self, approval_id: UUID, revision: int, reason: str, context: AuditContext
    ) -> State | None:
        """What was approved no longer is, while its goods are here. Returns the state that the brief left,
        or None if it stays."""
        if revision != self.revision or self.approval_id not in {None, approval_id}:
            return None
        if self.state is not State.OVER_BUDGET:
            self._must_have_been_approved()
            if self.state not in APPROVED_AND_GOODS_HERE:
                return None
        left = self.state
        self._move_to(State.CANCELLED, Cause.APPROVAL_REVOKED, reason, context)
        return left

    def awaits_decision_on(self, revision: int) -> bool:
        """Also before the approval's opening has been heard of: its end may arrive first."""
        return self.state in UNDER_APPROVAL and revision == self.revision

    def would_be_approved(self, revision: int, content_hash: str) -> bool:
        return self.awaits_decision_on(revision) and content_hash == self.content_hash

    # --- what production and logistics report

    def order_confirmed(self, order_id: UUID, at: datetime) -> bool:
        if self.order_id == order_id:
            return False
        self.order_id = order_id
        self._changed(at)
        return True

    def production_started(self, order_id: UUID, context: AuditContext) -> bool:
        self._must_have_been_approved()
        if self.state is not State.APPROVED:
            return False
        self.order_id = order_id
        self._move_to(State.IN_PRODUCTION, Cause.PRODUCTION_STARTED, None, context)
        return True

    def goods_left(self, order_id: UUID, context: AuditContext) -> bool:
        """In a cancelled brief nothing moves: logistics refuses the cancellation, and that revokes it."""
        self._must_have_been_approved()
        if self.state not in APPROVED_AND_GOODS_HERE:
            return False
        self.order_id = order_id
        self._move_to(State.IN_DELIVERY, Cause.GOODS_LEFT, None, context)
        return True

    def order_delivered(self, order_id: UUID, context: AuditContext) -> bool:
        """Everything has arrived: the brief is delivered, and closes by itself."""
        self._must_have_been_approved()
        if self.state is State.CANCELLED:
            raise NotYet("the refusal of the cancellation is still on its way")
        if self.state not in APPROVED_AND_GOODS_HERE | {State.IN_DELIVERY}:
            return False
        self.order_id = order_id
        self._move_to(State.DELIVERED, Cause.DELIVERED, None, context)
        self._move_to(State.CLOSED, Cause.CLOSED, None, context)
        return True

    def order_cancelled(
        self, reason: str, context: AuditContext, *, goods_came_back: bool = False
    ) -> State | None:
        """Backoffice cancelled the order: before goods left, or after they came back. Returns the state that
        the brief left, or None if it stays."""
        self._must_have_been_approved()
        in_delivery = {State.IN_DELIVERY} if goods_came_back else set()
        if self.state not in APPROVED_AND_GOODS_HERE | in_delivery:
            return None
        left = self.state
        self._move_to(State.CANCELLED, Cause.ORDER_CANCELLED, reason, context)
        return left

    def cancellation_refused(self, reason: str, context: AuditContext) -> bool:
        """Goods had left: the brief is in delivery, whether or not the cancellation got here first."""
        self._must_have_been_approved()
        if self.state not in APPROVED_AND_GOODS_HERE | {State.CANCELLED}:
            return False
        self._move_to(State.IN_DELIVERY, Cause.CANCELLATION_REFUSED, reason, context)
        return True

    # --- what the directory reports

    def hand_over(self, requester_id: UUID, requester_name: str, context: AuditContext) -> None:
        """The requester has left: this is who took over."""
        self.requester_id, self.requester_name = requester_id, requester_name
        self.moves.append(_move(self.state, self.state, self.revision, Cause.HANDED_OVER, None, context))
        self._changed(context.at)

    # --- what others read

    @property
    def content_hash(self) -> str | None:
        """Of the newest frozen revision with its newest prices."""
        if self.pricing is not None:
            return self.pricing.content_hash
        return self.submitted.content_hash if self.submitted else None

    # --- within

    def _must_have_been_approved(self) -> None:
        if self.state in BEFORE_APPROVAL:
            raise NotYet(f"brief {self.number} is not approved yet")

    def _begin_next_revision(self, cause: Cause, reason: str | None, context: AuditContext) -> None:
        assert self.submitted is not None
        self.revision += 1
        self.draft = self.submitted.content
        self._move_to(State.DRAFT, cause, reason, context)

    def _change_draft(self, content: Content, at: datetime) -> None:
        self.draft = content
        self._changed(at)

    def _move_to(self, state: State, cause: Cause, reason: str | None, context: AuditContext) -> None:
        self.moves.append(_move(self.state, state, self.revision, cause, reason, context))
        self.state, self.cause, self.reason = state, cause, reason
        self._changed(context.at)

    def _changed(self, at: datetime) -> None:
        self.changed_at = at
        self.version += 1


def _move(
    left: State | None, entered: State, revision: int, cause: Cause, reason: str | None, context: AuditContext
) -> Move:
    return Move(
        at=context.at,
        from_state=left,
        to_state=entered,
        revision=revision,
        cause=cause,
        reason=reason,
        actor_id=context.actor_id,
        on_behalf_of=context.on_behalf_of,
    )
