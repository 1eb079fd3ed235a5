"""One entry of the trail, and its canonical text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


def canonical_json(value: Any) -> str:
    """The one text of a JSON value: keys sorted, no spaces, ASCII only.

    Raises ValueError for what JSON cannot say (NaN, infinity).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as it arrived, not yet numbered."""

    event_id: UUID
    source: str
    """The service that told of it: "/optima/brief"."""
    type: str
    subject: UUID
    sequence: int
    correlation_id: UUID
    causation_id: UUID | None
    """The event that this one answers."""
    actor_id: UUID | None
    on_behalf_of: UUID | None
    occurred_at: datetime
    data: str
    """Canonical JSON."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place in the tenant's trail."""

    tenant_id: UUID
    number: int
    """1..n in the tenant, without a gap."""
    recorded_at: datetime
    occurrence: Occurrence

    def canonical(self) -> str:
        """What is hashed: the entry's canonical JSON.

        Written out by hand, since everything but `data` is of fixed form and `data` is canonical
        already: verification of a long trail spends its time here.
        """
        o = self.occurrence
        return (
            f'{{"actor_id":{_quoted(o.actor_id)},"causation_id":{_quoted(o.causation_id)},'
            f'"correlation_id":"{o.correlation_id}","data":{o.data},'
            f'"event_id":"{o.event_id}","number":{self.number},'
            f'"occurred_at":"{instant(o.occurred_at)}","on_behalf_of":{_quoted(o.on_behalf_of)},'
            f'"recorded_at":"{instant(self.recorded_at)}","sequence":{o.sequence},'
            f'"source":"{o.source}","subject":"{o.subject}","tenant_id":"{self.tenant_id}","type":"{o.type}"}}'
        )


def instant(moment: datetime) -> str:
    """A moment in UTC with its microseconds, always of the same length."""
    return moment.isoformat(timespec="microseconds")


def _quoted(id_: UUID | None) -> str:
    return "null" if id_ is None else f'"{id_}"'
