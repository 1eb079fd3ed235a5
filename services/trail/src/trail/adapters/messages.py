"""Records every event that any service publishes."""

from __future__ import annotations

from typing import Any

from optima_kit.reactions import Reactions, Received

from ..application.ports import Ports
from ..application.record_event import record_event

reactions = Reactions()


@reactions.on_everything()
async def record(ports: Ports, event: Received[dict[str, Any]]) -> None:
    """Record an event. The inbox has already removed duplicates; a late event is recorded when it arrives."""
    record_event(
        ports,
        event_id=event.id,
        source=event.source,
        event_type=event.type,
        subject=event.subject,
        sequence=event.sequence,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        actor_id=event.actor_id,
        on_behalf_of=event.on_behalf_of,
        occurred_at=event.time,
        data=event.data,
    )
