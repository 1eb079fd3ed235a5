"""A brief: its revisions, its prices, and the state that people follow.

Methods that handle events of other services return whether the brief changed. A repeated or late event
changes nothing. States only move forward; the way back to a draft is a new revision."""

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
    State,
    Transition,
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
    """Hash of the content without prices. Once the revision is priced, the pricing's hash counts instead."""
    process: str
    submitted_at: datetime
    submitted_by: UUID
    proposed_prices: dict[UUID, Decimal]
    """Unit prices carried over for unchanged items, by item. They are proposals: the revision has no prices
    until purchasing sets them."""


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
    """The content being drafted, which is not frozen yet."""
    submitted: Revision | None = None
    """The newest frozen revision."""
    pricing: Pricing | None = None
    """The newest prices of the newest frozen revision."""
    approval_id: UUID | None = None
    order_id: UUID | None = None
    transitions: list[Transition] = field(default_factory=list)
    """Transitions that are not stored yet."""

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
        brief.transitions.append(_new_transition(None, State.DRAFT, 1, Cause.DRAFTED, None, context))
        return brief

    def revise(self, content: Content, kept_items: Collection[UUID], at: datetime) -> None:
        """Replace the draft's content. Its attachments stay, and `kept_items` keep their ids."""
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
        """Freeze the draft and submit it for approval under the process with the key `process`."""
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
        # If a revision was sent back before it was priced, the prices proposed for it are proposed again.
        prices = self.pricing.unit_prices() if self.pricing else earlier.proposed_prices
        return carried_over_prices(earlier.content, prices, content)

    def cancel(self, reason: str, context: AuditContext) -> State:
        """Cancel the brief. Return its state before."""
        if self.state not in BEFORE_GOODS_LEFT:
            raise WrongState("brief_not_cancellable", number=self.number, state=self.state.value)
        left = self.state
        self._move_to(State.CANCELLED, Cause.CANCELLED_BY_REQUESTER, reason, context)
        return left

    def open_draft(self) -> Content:
        """Return the draft's content. Raises WrongState if it is frozen or the brief is cancelled."""
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
        """Price the submitted revision. Return None if it has these prices already."""
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
        """Return the content of the submitted revision. Raises WrongState if it was decided or sent back."""
        if self.state not in UNDER_APPROVAL or self.submitted is None:
            raise WrongState("brief_not_to_be_priced", number=self.number, state=self.state.value)
        return self.submitted.content

    # --- what approval decides

    def approval_opened(self, approval_id: UUID, revision: int, context: AuditContext) -> bool:
        """Link an approval that was opened for the revision. A revision whose prices change during its
        approval gets another approval; the newer one replaces the link."""
        if not self.awaits_decision_on(revision) or approval_id == self.approval_id:
            return False
        self.approval_id = approval_id
        if self.state is State.SUBMITTED:
            self._move_to(State.IN_APPROVAL, Cause.APPROVAL_OPENED, None, context)
        else:
            self._changed(context.at)
        return True

    def approved(self, approval_id: UUID, revision: int, content_hash: str, context: AuditContext) -> bool:
        """Approve the revision if the approval is for exactly the current content and prices."""
        if not self.would_be_approved(revision, content_hash):
            return False
        self.approval_id = approval_id
        self._move_to(State.APPROVED, Cause.APPROVED, None, context)
        return True

    def approved_over_budget(
        self, approval_id: UUID, revision: int, content_hash: str, context: AuditContext
    ) -> bool:
        """Handle an approval for which the budget has no room: nothing may be ordered yet. Otherwise it is
        like `approved`."""
        if not self.would_be_approved(revision, content_hash):
            return False
        self.approval_id = approval_id
        self._move_to(State.OVER_BUDGET, Cause.BUDGET_EXCEEDED, None, context)
        return True

    def budget_granted(self, reason: str | None, context: AuditContext) -> None:
        """Approve a brief that waited for its budget, which has room now or was released by its planner."""
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
        """Begin the draft of the next revision with the content that was judged."""
        if not self.awaits_decision_on(revision):
            return False
        self.approval_id = approval_id
        self._move_to(State.CHANGES_REQUESTED, Cause.CHANGES_REQUESTED, reason, context)
        self._begin_next_revision(Cause.CHANGES_REQUESTED, reason, context)
        return True

    def returned(
        self, approval_id: UUID, revision: int, cause: Cause, reason: str | None, context: AuditContext
    ) -> bool:
        """Begin the draft of the next revision, because the approval ended without a decision."""
        if not self.awaits_decision_on(revision):
            return False
        self.approval_id = approval_id
        self._begin_next_revision(cause, reason, context)
        return True

    def approval_revoked(
        self, approval_id: UUID, revision: int, reason: str, context: AuditContext
    ) -> State | None:
        """Cancel the brief because its approval was revoked, unless goods have left. Return the state before,
        or None if the brief keeps its state."""
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
        """Tell whether the revision waits for a decision. This holds before the approval's opening is handled
        too, because the event of its end may arrive first."""
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
        """Handle the departure of goods. A cancelled brief stays cancelled here: logistics refuses its
        cancellation with an event of its own, which revokes the cancellation."""
        self._must_have_been_approved()
        if self.state not in APPROVED_AND_GOODS_HERE:
            return False
        self.order_id = order_id
        self._move_to(State.IN_DELIVERY, Cause.GOODS_LEFT, None, context)
        return True

    def order_delivered(self, order_id: UUID, context: AuditContext) -> bool:
        """Deliver and close the brief, because everything has arrived."""
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
        """Cancel the brief because backoffice cancelled its order, before goods left or after they came back.
        Return the state before, or None if the brief keeps its state."""
        self._must_have_been_approved()
        in_delivery = {State.IN_DELIVERY} if goods_came_back else set()
        if self.state not in APPROVED_AND_GOODS_HERE | in_delivery:
            return None
        left = self.state
        self._move_to(State.CANCELLED, Cause.ORDER_CANCELLED, reason, context)
        return left

    def cancellation_refused(self, reason: str, context: AuditContext) -> bool:
        """Put the brief into delivery, because goods had left before it was cancelled. It does not matter
        whether the cancellation was handled here before."""
        self._must_have_been_approved()
        if self.state not in APPROVED_AND_GOODS_HERE | {State.CANCELLED}:
            return False
        self._move_to(State.IN_DELIVERY, Cause.CANCELLATION_REFUSED, reason, context)
        return True

    # --- what the directory reports

    def hand_over(self, requester_id: UUID, requester_name: str, context: AuditContext) -> None:
        """Make the successor of a requester who has left the company the requester."""
        self.requester_id, self.requester_name = requester_id, requester_name
        self.transitions.append(
            _new_transition(self.state, self.state, self.revision, Cause.HANDED_OVER, None, context)
        )
        self._changed(context.at)

    # --- what other modules read

    @property
    def content_hash(self) -> str | None:
        """The hash of the newest frozen revision with its newest prices; None if no revision is frozen."""
        if self.pricing is not None:
            return self.pricing.content_hash
        return self.submitted.content_hash if self.submitted else None

    # --- internal

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
        self.transitions.append(_new_transition(self.state, state, self.revision, cause, reason, context))
        self.state, self.cause, self.reason = state, cause, reason
        self._changed(context.at)

    def _changed(self, at: datetime) -> None:
        self.changed_at = at
        self.version += 1


def _new_transition(
    left: State | None, entered: State, revision: int, cause: Cause, reason: str | None, context: AuditContext
) -> Transition:
    return Transition(
        at=context.at,
        from_state=left,
        to_state=entered,
        revision=revision,
        cause=cause,
        reason=reason,
        actor_id=context.actor_id,
        on_behalf_of=context.on_behalf_of,
    )
