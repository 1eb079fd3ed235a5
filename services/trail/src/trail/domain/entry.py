"""One entry of the trail, and its canonical text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


def canonical_json(value: Any) -> str:
    """Return the canonical text of a JSON value: keys sorted, no spaces, ASCII only.

    Raises ValueError for values that JSON can't express (NaN, infinity).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as it arrived, before it has a number."""

    event_id: UUID
    source: str
    """The service that published it, such as "/optima/brief"."""
    type: str
    subject: UUID
    sequence: int
    correlation_id: UUID
    causation_id: UUID | None
    """The event that caused this one."""
    actor_id: UUID | None
    on_behalf_of: UUID | None
    occurred_at: datetime
    data: str
    """The event's data as canonical JSON."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place in the tenant's trail."""

    tenant_id: UUID
    number: int
    """The tenant's entries are numbered from 1 without gaps."""
    recorded_at: datetime
    occurrence: Occurrence

    def canonical(self) -> str:
        """Return the text that is hashed: the entry's canonical JSON.

        It is assembled by hand because verifying a long trail spends most of its time here. This is correct,
        since `data` is canonical already and everything else has a fixed form.
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
    """Write a moment in UTC with microseconds, so that all texts have the same length."""
    return moment.isoformat(timespec="microseconds")


def _quoted(id_: UUID | None) -> str:
    return "null" if id_ is None else f'"{id_}"'
