"""Records every event as an entry of the trail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from optima_contracts.personal import personal_texts

from ..domain.entry import Occurrence, canonical_json
from .grants import assignment_of, grants_of
from .ports import Ports


def record_event(
    ports: Ports,
    *,
    event_id: UUID,
    source: str,
    event_type: str,
    subject: UUID,
    sequence: int,
    correlation_id: UUID,
    causation_id: UUID | None,
    actor_id: UUID | None,
    on_behalf_of: UUID | None,
    occurred_at: datetime,
    data: dict[str, Any],
) -> None:
    """Record an event under the tenant's next number.

    A late event is recorded when it arrives: numbers follow the order of recording, and `occurred_at` is the
    time at which the fact occurred. Raises pydantic's ValidationError if an event of a known type lacks the
    data that the type promises.
    """
    occurrence = Occurrence(
        event_id=event_id,
        source=source,
        type=event_type,
        subject=subject,
        sequence=sequence,
        correlation_id=correlation_id,
        causation_id=causation_id,
        actor_id=actor_id,
        on_behalf_of=on_behalf_of,
        occurred_at=occurred_at.astimezone(UTC),
        data=canonical_json(data),
    )
    ports.trail.record(
        occurrence,
        grants_of(event_type, correlation_id, data),
        assignment_of(event_type, correlation_id, data),
        personal_texts(event_type, subject, actor_id, data),
    )
