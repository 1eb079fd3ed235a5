"""The cause of some work: by whom, for whom, because of which event, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from .tracing import current_trace


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of some work. Every event and job that results from the work carries it."""

    at: datetime
    """The time at which the work takes place, which is the time of its events."""
    actor_id: UUID | None = None
    on_behalf_of: UUID | None = None
    causation_id: UUID | None = None
    """The event to which the work reacts."""
    traceparent: str | None = field(default_factory=current_trace)
    """The trace to which the work belongs. By default, the current one."""
