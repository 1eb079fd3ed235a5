"""The events that pages are hinted at. A duplicate or a late one hints once more: it costs nothing."""

from __future__ import annotations

from typing import Any, Final

from optima_contracts.catalogue import every_event_type
from optima_kit.db import UnitOfWork
from optima_kit.reactions import Reactions, Received

from .live import CHANNEL, Change
from .postgres import QUERIES

_AREAS: Final = ("approval", "brief", "logistics", "production")

reactions: Final = Reactions()


async def _hint(work: UnitOfWork, event: Received[Any]) -> None:
    """Sent with the commit. It serialises those of the consumer alone, which are few: one for many events."""
    area = event.type.split(".")[1]
    change = Change(str(event.tenant_id), area, str(event.subject), str(event.correlation_id))
    work.write(QUERIES.notify_change, channel=CHANNEL, change=change.text)


for _type, _model in every_event_type().items():
    if _type.split(".")[1] in _AREAS:
        reactions.on(_model)(_hint)
