"""The states of a brief, the causes that change them, and sets of states that rules refer to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_APPROVAL = "in_approval"
    CHANGES_REQUESTED = "changes_requested"
    """A brief passes through this state only in its history, because the draft of the next revision begins at
    once."""
    REJECTED = "rejected"
    OVER_BUDGET = "over_budget"
    """The brief was approved, but nothing is ordered before its budget has room for it."""
    APPROVED = "approved"
    IN_PRODUCTION = "in_production"
    IN_DELIVERY = "in_delivery"
    DELIVERED = "delivered"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """Why a brief got its state or, for `HANDED_OVER`, another requester."""

    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    APPROVAL_OPENED = "approval_opened"
    APPROVAL_NOT_OPENED = "approval_not_opened"
    APPROVED = "approved"
    BUDGET_EXCEEDED = "budget_exceeded"
    BUDGET_GRANTED = "budget_granted"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    RECALLED = "recalled"
    APPROVAL_EXPIRED = "approval_expired"
    PRODUCTION_STARTED = "production_started"
    GOODS_LEFT = "goods_left"
    DELIVERED = "delivered"
    CLOSED = "closed"
    CANCELLED_BY_REQUESTER = "cancelled_by_requester"
    ORDER_CANCELLED = "order_cancelled"
    APPROVAL_REVOKED = "approval_revoked"
    CANCELLATION_REFUSED = "cancellation_refused"
    HANDED_OVER = "handed_over"
    """The requester left the company and a successor took over; the state stays."""


UNDER_APPROVAL: Final = frozenset({State.SUBMITTED, State.IN_APPROVAL})
BEFORE_APPROVAL: Final = frozenset({State.DRAFT, *UNDER_APPROVAL, State.REJECTED, State.OVER_BUDGET})
"""States in which production does not know of the brief."""
APPROVED_AND_GOODS_HERE: Final = frozenset({State.APPROVED, State.IN_PRODUCTION})
BEFORE_GOODS_LEFT: Final = frozenset(
    {State.DRAFT, *UNDER_APPROVAL, State.OVER_BUDGET, *APPROVED_AND_GOODS_HERE}
)
OVER: Final = frozenset({State.REJECTED, State.DELIVERED, State.CLOSED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a brief's history. Transitions are appended and never changed."""

    at: datetime
    from_state: State | None
    to_state: State
    revision: int
    cause: Cause
    reason: str | None
    actor_id: UUID | None
    on_behalf_of: UUID | None


@dataclass(frozen=True, slots=True)
class AuditContext:
    """When something happened, who did it and on whose behalf. Every transition records this."""

    at: datetime
    actor_id: UUID | None = None
    on_behalf_of: UUID | None = None
