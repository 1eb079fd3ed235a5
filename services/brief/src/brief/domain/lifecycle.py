"""States of a brief, what moves it from one to another, and which moves go forward."""

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
    """Passed through, never rested in: the next revision's draft begins at once."""
    REJECTED = "rejected"
    OVER_BUDGET = "over_budget"
    """Approved, and its budget has no room for it: nothing is ordered before there is."""
    APPROVED = "approved"
    IN_PRODUCTION = "in_production"
    IN_DELIVERY = "in_delivery"
    DELIVERED = "delivered"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """What happened to bring a brief into its state, or to somebody else."""

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
    """The requester left and another took over: the state stays."""


UNDER_APPROVAL: Final = frozenset({State.SUBMITTED, State.IN_APPROVAL})
BEFORE_APPROVAL: Final = frozenset({State.DRAFT, *UNDER_APPROVAL, State.REJECTED, State.OVER_BUDGET})
"""Production has not been told of it."""
APPROVED_AND_GOODS_HERE: Final = frozenset({State.APPROVED, State.IN_PRODUCTION})
BEFORE_GOODS_LEFT: Final = frozenset(
    {State.DRAFT, *UNDER_APPROVAL, State.OVER_BUDGET, *APPROVED_AND_GOODS_HERE}
)
OVER: Final = frozenset({State.REJECTED, State.DELIVERED, State.CLOSED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a brief's history. Appended, never changed."""

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
    """When something happened, and who did it for whom: what every move records."""

    at: datetime
    actor_id: UUID | None = None
    on_behalf_of: UUID | None = None
