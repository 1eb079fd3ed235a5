"""The outbox: collects the events that a transaction publishes, and writes them in one statement before its
commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from optima_contracts.envelope import EventData

from .cause import Cause
from .ids import new_id
from .sql import Statement
from .words import INSERT_WORDS, words_of
from .writes import StateWrites

PARTITIONS: Final = 16
"""The number of values of the column `partition`, by which relays of the previous release divide an
outbox."""

# The rows in stream_heads are locked first. They are locked in the order of subjects, to avoid deadlocks, and
# before positions are drawn, so that an aggregate's positions follow its commits. The envelope is assembled
# here, since its sequence is known only now: `opening` ends with `"sequence":`, `closing` begins with a
# comma.
_HEADS = """
heads AS (
    INSERT INTO stream_heads AS known (subject, head)
    SELECT subject, added FROM unnest(:subjects::uuid[], :added::bigint[]) AS counted(subject, added)
    ON CONFLICT (subject) DO UPDATE SET head = known.head + excluded.head
    RETURNING subject, head
)
"""
_EVENTS = """
INSERT INTO outbox (id, partition, type, subject, sequence, envelope)
SELECT id, partition, type, subject, head - later, opening || (head - later) || closing
FROM unnest(:ids::uuid[], :partitions::smallint[], :types::text[], :about::uuid[], :openings::text[],
            :closings::text[], :later::bigint[])
    WITH ORDINALITY AS event(id, partition, type, subject, opening, closing, later, ordinal)
JOIN heads USING (subject)
ORDER BY ordinal
"""
# A key is unique within its day. If the same key exists on one of the two days before, the row gets that day,
# so that the two collide. A request soon after midnight inserts rows for both days, so that it also collides
# with a duplicate that began before midnight: no command takes ten minutes.
_ANSWERS = """
INSERT INTO idempotency_keys (person_id, key, request_hash, status, headers, body, day, looked)
SELECT person_id, key, request_hash, status, headers, body,
       coalesce((SELECT day FROM idempotency_keys AS earlier
                 WHERE earlier.person_id = answer.person_id AND earlier.key = answer.key
                     AND day BETWEEN optima_day(now()) - 2 AND optima_day(now()) - 1
                 LIMIT 1),
                optima_day(now()) - back),
       true
FROM unnest(:people::uuid[], :keys::text[], :hashes::bytea[], :statuses::smallint[], :headers::text[],
            :bodies::bytea[]) AS answer(person_id, key, request_hash, status, headers, body),
    generate_series(0, optima_day(now()) - optima_day(now() - interval '10 minutes')) AS back
ORDER BY person_id, key, back
"""
ADD_EVENTS: Final = Statement.parse(f"WITH {_HEADS} {_EVENTS}", "add_events")
ADD_ANSWERS: Final = Statement.parse(_ANSWERS, "add_answers")
ADD_EVENTS_AND_ANSWERS: Final = Statement.parse(
    f"WITH {_HEADS}, answered AS ({_ANSWERS}) {_EVENTS}", "add_events_and_answers"
)


class _Pending(NamedTuple):
    id: UUID
    type: str
    subject: UUID
    opening: str
    closing: str


class OutboxWrites:
    """The events of one transaction, with all their causes, in the order in which they were added."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._pending: list[_Pending] = []

    def add(
        self, event: EventData, *, subject: UUID, correlation: UUID, tenant_id: UUID, cause: Cause
    ) -> None:
        id_ = new_id()
        optional = ""
        if cause.causation_id is not None:
            optional += f',"causationid":"{cause.causation_id}"'
        if cause.actor_id is not None:
            optional += f',"actorid":"{cause.actor_id}"'
        if cause.on_behalf_of is not None:
            optional += f',"onbehalfof":"{cause.on_behalf_of}"'
        if cause.traceparent is not None:
            optional += f',"traceparent":{orjson.dumps(cause.traceparent).decode()}'
        time = cause.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        opening = (
            f'{{"specversion":"1.0","id":"{id_}","source":"{self._source}","type":"{event.type}",'
            f'"subject":"{subject}","time":"{time}","datacontenttype":"application/json",'
            f'"tenantid":"{tenant_id}","correlationid":"{correlation}"{optional},"sequence":'
        )
        closing = f',"data":{event.model_dump_json()}}}'
        self._pending.append(_Pending(id_, event.type, subject, opening, closing))

    def mark(self) -> int:
        """Return a mark of the present state for `rewind`."""
        return len(self._pending)

    def rewind(self, mark: int) -> None:
        """Drop the events that were added since `mark`."""
        del self._pending[mark:]

    def __len__(self) -> int:
        return len(self._pending)

    def take(self) -> dict[str, object]:
        """Return the pending events as parameters of `ADD_EVENTS`, and forget them."""
        pending, self._pending = self._pending, []
        ids, types, about, openings, closings = zip(*pending, strict=True)
        added: dict[UUID, int] = {}
        later: list[int] = []
        for subject in reversed(about):
            later.append(added.get(subject, 0))
            added[subject] = later[-1] + 1
        subjects = sorted(added)
        return {
            "ids": ids,
            "partitions": [subject.int % PARTITIONS for subject in about],
            "types": types,
            "about": about,
            "openings": openings,
            "closings": closings,
            "subjects": subjects,
            "added": [added[subject] for subject in subjects],
            "later": later[::-1],
        }


@dataclass(frozen=True, slots=True)
class CausedOutbox:
    """The outbox for the work of one cause. Implements `ports.Outbox`."""

    writes: OutboxWrites
    state: StateWrites
    tenant_id: UUID
    cause: Cause

    def add(self, event: EventData, *, subject: UUID, correlation: UUID) -> None:
        """Publish a fact about `subject` if the transaction commits."""
        for person_id, digest in words_of(event.type, subject, self.cause.actor_id, event):
            arguments = INSERT_WORDS.arguments({"person_id": person_id, "digest": digest})
            self.state.add(self.cause, INSERT_WORDS, arguments)
        self.writes.add(
            event, subject=subject, correlation=correlation, tenant_id=self.tenant_id, cause=self.cause
        )
