"""Why something is done: by whom, for whom, because of what, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from .tracing import current_trace


@dataclass(frozen=True, slots=True)
class Cause:
    """It marks every event and job that comes of the work done for it."""

    at: datetime
    """The facts' time."""
    actor_id: UUID | None = None
    on_behalf_of: UUID | None = None
    causation_id: UUID | None = None
    """The event that is being answered."""
    traceparent: str | None = field(default_factory=current_trace)
    """The trace in hand, unless another is named."""
