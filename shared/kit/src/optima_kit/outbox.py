"""Events that a transaction publishes: buffered, then written before its commit in one statement."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from optima_contracts.envelope import EventData

from .ids import new_id

if TYPE_CHECKING:
    from .db import Connection

PARTITIONS: Final = 16
"""Into how many parts relays may divide an outbox. An aggregate stays in one, which keeps its order."""

# The heads' row locks are taken first, in the order of subjects (no deadlocks) and before positions are
# drawn (an aggregate's positions follow its commits). The envelope is put together here, since its
# sequence is known only now: `opening` ends with `"sequence":`, `closing` begins with a comma.
_ADD_EVENTS: Final = """
WITH heads AS (
    INSERT INTO stream_heads AS known (subject, head)
    SELECT subject, added FROM unnest($7::uuid[], $8::bigint[]) AS counted(subject, added)
    ON CONFLICT (subject) DO UPDATE SET head = known.head + excluded.head
    RETURNING subject, head
)
INSERT INTO outbox (id, partition, type, subject, sequence, envelope)
SELECT id, partition, type, subject, head - later, opening || (head - later) || closing
FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::uuid[], $5::text[], $6::text[], $9::bigint[])
    WITH ORDINALITY AS event(id, partition, type, subject, opening, closing, later, ordinal)
JOIN heads USING (subject)
ORDER BY ordinal
"""


@dataclass(frozen=True, slots=True)
class _Pending:
    id: UUID
    type: str
    subject: UUID
    opening: str
    closing: str


@dataclass(slots=True)
class OutboxBuffer:
    """The outbox of one transaction and one cause; implements `ports.Outbox`.

    `now` is the facts' time. `for_cause` gives another cause's view of the same buffer: a batch of
    reactions shares one, so that its events are written together, in the order in which they were added.
    """

    source: str
    tenant_id: UUID
    now: datetime
    actor_id: UUID | None = None
    on_behalf_of: UUID | None = None
    causation: UUID | None = None
    traceparent: str | None = None
    _pending: list[_Pending] = field(default_factory=list)

    def add(self, event: EventData, *, subject: UUID, correlation: UUID) -> None:
        """Publish a fact about `subject` if the transaction commits."""
        id_ = new_id()
        optional = ""
        if self.causation is not None:
            optional += f',"causationid":"{self.causation}"'
        if self.actor_id is not None:
            optional += f',"actorid":"{self.actor_id}"'
        if self.on_behalf_of is not None:
            optional += f',"onbehalfof":"{self.on_behalf_of}"'
        if self.traceparent is not None:
            optional += f',"traceparent":{orjson.dumps(self.traceparent).decode()}'
        time = self.now.astimezone(UTC).isoformat().replace("+00:00", "Z")
        opening = (
            f'{{"specversion":"1.0","id":"{id_}","source":"{self.source}","type":"{event.type}",'
            f'"subject":"{subject}","time":"{time}","datacontenttype":"application/json",'
            f'"tenantid":"{self.tenant_id}","correlationid":"{correlation}"{optional},"sequence":'
        )
        closing = f',"data":{event.model_dump_json()}}}'
        self._pending.append(_Pending(id_, event.type, subject, opening, closing))

    def for_cause(
        self,
        *,
        actor_id: UUID | None,
        on_behalf_of: UUID | None,
        causation: UUID | None,
        traceparent: str | None,
        now: datetime,
    ) -> OutboxBuffer:
        """The same buffer, for events with another cause."""
        return OutboxBuffer(
            source=self.source,
            tenant_id=self.tenant_id,
            now=now,
            actor_id=actor_id,
            on_behalf_of=on_behalf_of,
            causation=causation,
            traceparent=traceparent,
            _pending=self._pending,
        )

    def mark(self) -> int:
        """Remembers what stands in the buffer, for `rewind`."""
        return len(self._pending)

    def rewind(self, mark: int) -> None:
        """Forgets what was added since `mark`."""
        del self._pending[mark:]

    def __len__(self) -> int:
        return len(self._pending)

    async def flush(self, connection: Connection) -> bool:
        """Write what was added since the last flush. Returns whether there was anything."""
        pending = self._pending
        if not pending:
            return False
        counts = Counter(event.subject for event in pending)
        later = dict(counts)
        laters = []
        for event in pending:
            later[event.subject] -= 1
            laters.append(later[event.subject])
        subjects = sorted(counts)
        await connection.execute(
            _ADD_EVENTS,
            [event.id for event in pending],
            [event.subject.int % PARTITIONS for event in pending],
            [event.type for event in pending],
            [event.subject for event in pending],
            [event.opening for event in pending],
            [event.closing for event in pending],
            subjects,
            [counts[subject] for subject in subjects],
            laters,
        )
        pending.clear()
        return True
