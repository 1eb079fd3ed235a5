"""Measures what the kit does with its own tables, with little and with much history, and prints each figure.

    python benchmarks/backbone.py                                 10,000 and 1,000,000 rows of each table

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. Both are
measured in turn, sample by sample: what else the machine does meets both.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from measure.growth import growth_of, report
from measure.stack import Figure

from optima_contracts.envelope import EventData
from optima_kit.answers import Answer
from optima_kit.cause import Cause
from optima_kit.clock import SystemClock
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.inbox import RECORD
from optima_kit.postgres import Connection
from optima_kit.relay import MARK_AND_READ, SESSION_SETTINGS
from optima_kit.retention import Retention
from optima_kit.testing import ServiceDatabase, temporary_database

SERVICE = "brief"
"""Whose database it is done in: the kit's tables are the same in all."""

# As if the upkeep of the past days had made them. Of the inbox all is in one: the worse case.
DAYS = """
DO $$
DECLARE
    parent text;
    day date;
BEGIN
    FOR parent, day IN
        SELECT 'outbox', current_date - n FROM generate_series(1, 14) AS n
        UNION ALL SELECT 'idempotency_keys', current_date - n FROM generate_series(1, 2) AS n
    LOOP
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
                       parent || to_char(day, '_YYYYMMDD'), parent || '_default');
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)',
                       parent, parent || to_char(day, '_YYYYMMDD'), day);
    END LOOP;
END $$
"""
OUTBOX = """
INSERT INTO outbox (id, tenant_id, partition, type, subject, sequence, envelope, created_at, sent_at)
SELECT gen_random_uuid(), $2, 0, 'optima.brief.filled.v1', gen_random_uuid(), 1, repeat('x', 700), at, at
FROM generate_series(1, $1) AS n, LATERAL (SELECT now() - n * interval '14 days' / $1) AS times(at)
"""
INBOX = """
INSERT INTO inbox (event_id, handled_at)
SELECT (left(optima_first_id(current_date - (n % 30)::int)::text, 19) || '8000-' || lpad(to_hex(n), 12, '0'))
    ::uuid, now()
FROM generate_series(1, $1::bigint) AS n
"""
ANSWERS = """
INSERT INTO idempotency_keys (tenant_id, person_id, key, request_hash, status, headers, body, day, looked)
SELECT $2, $2, gen_random_uuid()::text, '', 201, '{}', repeat('x', 300)::bytea, current_date - (n % 3)::int,
       true
FROM generate_series(1, $1) AS n
"""


class Filled(EventData):
    type: ClassVar[str] = "optima.brief.filled.v1"
    text: str


@dataclass(slots=True)
class Desk:
    stored: ServiceDatabase
    database: Database
    backbone: Database
    relay: Connection
    tenant: UUID = field(default_factory=new_id)
    person: UUID = field(default_factory=new_id)
    sent: list[int] = field(default_factory=list)

    async def fill(self, count: int) -> None:
        await self.stored.fetch(DAYS)
        await self.stored.fetch(OUTBOX, count, self.tenant)
        await self.stored.fetch(INBOX, count)
        await self.stored.fetch(ANSWERS, count, self.tenant)
        await self.stored.fetch("VACUUM ANALYZE")
        await self.stored.fetch("CHECKPOINT")

    async def command(self, _: float) -> None:
        async with self.database.begin(self.tenant) as transaction:
            work = transaction.unit(Cause(self.database.clock.now()))
            subject = new_id()
            work.outbox.add(Filled(text="x" * 300), subject=subject, correlation=subject)
            transaction.answers.keep(self.person, str(new_id()), Answer(b"", 201, {}, b"x" * 300))

    async def turn_of_the_relay(self, _: float) -> None:
        """Marks what the last turn read and reads what has come since."""
        rows = await self.relay.fetch(MARK_AND_READ, self.sent, self.sent, 500)
        self.sent = [row["position"] for row in rows]

    async def command_and_turn(self, share: float) -> None:
        await self.command(share)
        await self.turn_of_the_relay(share)

    async def handled(self, _: float) -> None:
        async with self.database.begin(self.tenant) as transaction:
            await transaction.connection.fetch(RECORD, [new_id() for _ in range(10)])

    async def upkeep(self, _: float) -> None:
        await Retention(self.backbone.pool, SystemClock()).turn()


WORK: dict[str, Callable[[Desk, float], Awaitable[None]]] = {
    "command: event and kept answer": Desk.command,
    "the same, and the relay's turn": Desk.command_and_turn,
    "ten handled events": Desk.handled,
    "retention, with nothing to drop": Desk.upkeep,
}


@contextlib.asynccontextmanager
async def desk(count: int) -> AsyncIterator[Desk]:
    async with contextlib.AsyncExitStack() as stack:
        stored = await stack.enter_async_context(temporary_database(SERVICE))
        database = await Database.open(stored.rw_url, source="/optima/brief", size=2)
        stack.push_async_callback(database.close)
        backbone = await Database.open(stored.backbone_url, source="/optima/brief", size=2)
        stack.push_async_callback(backbone.close)
        relay = await stack.enter_async_context(backbone.connection())
        await relay.execute(SESSION_SETTINGS)
        made = Desk(stored, database, backbone, relay)
        print(f"  filling a database with {count:,} rows a table", file=sys.stderr)
        await made.fill(count)
        yield made


async def measure(fewer: int, more: int, samples: int) -> list[Figure]:
    async with desk(fewer) as few, desk(more) as many:
        return await growth_of(WORK, (f"{fewer:,}", few), (f"{more:,}", many), samples)


if __name__ == "__main__":
    report(measure, __doc__)
