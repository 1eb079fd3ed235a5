"""Measures the trail alone, with few and with many entries, and prints each figure beside its budget.

    python benchmarks/entries.py                                10,000 and 1,000,000 entries
    python benchmarks/entries.py --few 2000 --many 20000          a look in a minute

It fills databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drops them afterwards. Both are
measured in turn, sample by sample: what else the machine does meets both.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from measure.growth import growth_of, report
from measure.stack import Figure

from optima_contracts.brief import BriefCommented
from optima_kit.actor import Actor
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.reactions import Received
from optima_kit.sql import Statement
from optima_kit.testing import ServiceDatabase, settings_for, temporary_database
from trail.adapters.messages import record
from trail.adapters.signatures import AnchorKeyMaker
from trail.adapters.verify_command import verify_command
from trail.application.export_entries import export_entries
from trail.application.ports import Ports, Selection
from trail.application.verify_chain import verify_chain
from trail.bootstrap import service
from trail.domain.anchors import Anchor, anchor_is_due_at
from trail.domain.chain import BEGINNING, Head, SealedEntry, extend
from trail.domain.competence import ReadScope
from trail.domain.entry import Occurrence, canonical_json
from trail.settings import TrailSettings

TENANT = UUID("019ab400-0001-7001-8a5d-3c1e0f000001")
SECRET = "only-for-this-benchmark-0123456789"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=20)
"""Between two events: a million in seven and a half months."""
STORY = 25
"""Entries of one brief, among those of nineteen others that are under way."""
AT_ONCE = 20
BUSY = UUID(int=7 << 64)
"""Acts in every hundredth entry, however many there are."""
READER = UUID(int=8 << 64)
"""Follows twenty stories, spread over all, and reads nothing else."""
EVERYTHING = ReadScope(
    person_id=UUID(int=0), everything=True, brief_prices=True, budgets=True, economics=True
)
HERS = ReadScope(person_id=READER, everything=False, brief_prices=False, budgets=False, economics=False)
KINDS = (
    "optima.brief.commented.v1",
    "optima.approval.decided.v1",
    "optima.production.phase_started.v1",
    "optima.logistics.shipment_drafted.v1",
)
RARE = "optima.identity.password_changed.v1"
CHUNK = 20_000
COLUMNS = (
    "tenant_id",
    "number",
    "event_id",
    "source",
    "type",
    "subject",
    "sequence",
    "correlation_id",
    "causation_id",
    "actor_id",
    "on_behalf_of",
    "occurred_at",
    "recorded_at",
    "data",
    "hash",
)


def story_of(number: int) -> UUID:
    round_, place = divmod(number, STORY * AT_ONCE)
    return UUID(int=(1 << 80) + round_ * AT_ONCE + place % AT_ONCE)


def occurrence(number: int) -> Occurrence:
    story, person = story_of(number), UUID(int=(2 << 80) + number % 211)
    data = {
        "approval_id": str(story),
        "subject_type": "brief",
        "subject_id": str(story),
        "subject_revision": 1,
        "content_hash": f"{number:064x}",
        "step": "acquisti",
        "person_id": str(person),
        "on_behalf_of": None,
        "outcome": "approved",
    }
    return Occurrence(
        event_id=UUID(int=(3 << 80) + number),  # in the order of time, as the services make them
        source="/optima/approval",
        type=RARE if number % 150 == 0 else KINDS[number % len(KINDS)],
        subject=story,
        sequence=number % STORY + 1,
        correlation_id=story,
        causation_id=UUID(int=(4 << 80) + number),
        actor_id=BUSY if number % 100 == 0 else person,
        on_behalf_of=UUID(int=(2 << 80) + number % 97) if number % 50 == 1 else None,
        occurred_at=BEGAN + number * EVERY,
        data=canonical_json(data),
    )


class Desk:
    """The trail on a filled database of its own."""

    def __init__(self, count: int, stored: ServiceDatabase, database: Database) -> None:
        self.count = count
        self.database = database
        self.stored = stored
        settings = settings_for(stored, TrailSettings, key_secret=SECRET)
        self.ports = service(settings).ports

    async def fill(self) -> None:
        """With COPY, every hash and anchor as the service makes them."""
        connection = await asyncpg.connect(self.stored.superuser_url)
        head, hours, days = BEGINNING, {}, {}
        for start in range(1, self.count + 1, CHUNK):
            told = [occurrence(number) for number in range(start, min(start + CHUNK, self.count + 1))]
            sealed = extend(head, told, tenant_id=TENANT, recorded_at=told[-1].occurred_at)
            head = Head(sealed[-1].entry.number, sealed[-1].hash)
            await connection.copy_records_to_table("entries", columns=COLUMNS, records=map(row, sealed))
            for each in sealed:
                at, number = each.entry.occurrence.occurred_at, each.entry.number
                hour = at.replace(minute=0, second=0)
                hours[hour] = (TENANT, hour, hours.get(hour, (0, 0, number))[2], number)
                days[at.date()] = each
        await connection.copy_records_to_table("hours", records=hours.values())
        await connection.execute("INSERT INTO heads VALUES ($1, $2, $3)", TENANT, head.number, head.hash)
        followed = {story_of(1 + n * (self.count - 1) // 20) for n in range(20)}
        await connection.copy_records_to_table(
            "grants", records=[(TENANT, READER, story, story) for story in followed]
        )
        await self.anchor(connection, days)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.close()

    async def anchor(self, connection: asyncpg.Connection, days: dict[date, SealedEntry]) -> None:
        maker = AnchorKeyMaker(SECRET)
        key = maker.new_key(BEGAN)
        await connection.execute(
            "INSERT INTO anchor_keys (kid, public, attestation, sealed, signs_from)"
            " VALUES ($1, $2, $3, $4, $5)",
            key.kid,
            key.public,
            key.attestation,
            key.sealed,
            key.signs_from,
        )
        for day, last in days.items():
            anchor = Anchor(TENANT, day, last.entry.number, last.hash, anchor_is_due_at(day), key.kid)
            anchor = replace(anchor, signature=maker.signature(key, anchor.message()))
            await connection.execute(
                "INSERT INTO anchors VALUES ($1, $2, $3, $4, $5, $6, $7)",
                TENANT,
                anchor.day,
                anchor.number,
                anchor.hash,
                anchor.signed_at,
                anchor.kid,
                anchor.signature,
            )

    async def append(self) -> None:
        """One event in a transaction of its own; usually many share one."""
        brief, person = new_id(), UUID(int=(2 << 80) + random.randrange(211))
        commented = BriefCommented(brief_id=brief, comment_id=new_id())
        event: Received[dict[str, Any]] = Received(
            data=commented.model_dump(mode="json"),
            id=new_id(),
            type=commented.type,
            source="/optima/brief",
            subject=brief,
            sequence=1,
            time=datetime.now(UTC),
            tenant_id=TENANT,
            correlation_id=brief,
            causation_id=None,
            actor_id=person,
            on_behalf_of=None,
            traceparent=None,
            body=b"",
        )
        async with self.database.transaction(TENANT) as work:
            await record(self.ports(work), event)

    async def page(self, selection: Selection, scope: ReadScope = EVERYTHING) -> None:
        async with self.database.reading(TENANT) as work:
            found = await self.ports(work).trail.entries(selection, scope)
        assert found, selection

    async def of_a_brief(self, share: float) -> None:
        await self.page(Selection(brief_id=story_of(int(self.count * share) or 1)))

    async def of_a_person(self, share: float) -> None:
        await self.page(Selection(person_id=BUSY, after=self.place(share * 0.4)))

    async def of_a_day(self, share: float) -> None:
        start = BEGAN + int(self.count * share * 0.9) * EVERY
        await self.page(Selection(occurred_from=start, occurred_before=start + timedelta(days=1)))

    async def of_a_kind(self, share: float) -> None:
        await self.page(Selection(types=("optima.approval.",), after=self.place(share * 0.9)))

    async def of_a_rare_kind(self, share: float) -> None:
        await self.page(Selection(types=("optima.identity.",)))

    async def of_ones_competence(self, share: float) -> None:
        await self.page(Selection(), HERS)

    def place(self, share: float) -> UUID:
        return occurrence(int(self.count * share) or 1).event_id

    async def verified(self) -> tuple[float, float]:
        """Seconds of the clock, and of the processor: this process and PostgreSQL's for it."""
        async with self.database.reading(TENANT) as work:
            pid = await work.fetchval(Statement.parse("SELECT pg_backend_pid()"))
            began, own, server = time.perf_counter(), time.process_time(), server_seconds(pid)
            outcome = await verify_chain(self.ports(work))
            took = time.perf_counter() - began
            spent = time.process_time() - own + server_seconds(pid) - server
        assert outcome.broken is None, outcome.broken
        assert outcome.checked >= self.count
        assert outcome.anchors > 0
        return took / outcome.checked, spent / outcome.checked

    async def verified_offline(self) -> float:
        """Seconds of the processor for an entry of an export of 100,000 at most."""
        count = min(self.count, 100_000)
        auditor = Actor(
            UUID(int=9),
            TENANT,
            "Ada",
            "internal",
            frozenset(),
            frozenset({"trail.read_all", "job.economics.read"}),
        )

        @contextlib.asynccontextmanager
        async def reading() -> AsyncIterator[Ports]:
            async with self.database.reading(TENANT) as work:
                yield self.ports(work)

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "export.jsonl")
            parts = await export_entries(reading, auditor, form="jsonl", after=0, limit=count)
            write(file, [part async for part in parts])
            began = time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                assert verify_command([str(file)]) == 0
            return (time.process_time() - began) / count


def row(sealed: SealedEntry) -> tuple[Any, ...]:
    entry, o = sealed.entry, sealed.entry.occurrence
    told = (o.event_id, o.source, o.type, o.subject, o.sequence, o.correlation_id, o.causation_id)
    who = (o.actor_id, o.on_behalf_of, o.occurred_at)
    return (entry.tenant_id, entry.number, *told, *who, entry.recorded_at, o.data, sealed.hash)


def write(file: Path, parts: list[bytes]) -> None:
    file.write_bytes(b"".join(parts))


def server_seconds(pid: int) -> float:
    """Processor time of a process of this machine."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def desk(count: int) -> AsyncIterator[Desk]:
    async with temporary_database("trail") as stored:
        database = await Database.open(stored.rw_url, source="/optima/trail", size=2)
        made = Desk(count, stored, database)
        print(f"  filling a database with {count:,} entries", file=sys.stderr)
        await made.fill()
        yield made
        await database.close()


async def measure(few_entries: int, many_entries: int, samples: int) -> list[Figure]:
    figures: list[Figure] = []
    async with desk(few_entries) as few, desk(many_entries) as many:
        # As a service does once it has started.
        gc.collect()
        gc.freeze()
        took, spent = await many.verified()
        figures += [
            Figure("verification", 1 / took, "/s", "≥ 100,000 /s", 1 / took >= 100_000),
            Figure("verification, entries a second of processor time", 1 / spent, "/s"),
            Figure("verification offline, by processor time", 1 / await many.verified_offline(), "/s"),
        ]
        questions: dict[str, Callable[[Desk, float], Awaitable[None]]] = {
            "page of a brief": Desk.of_a_brief,
            "page of a person": Desk.of_a_person,
            "page of a day": Desk.of_a_day,
            "page of a kind": Desk.of_a_kind,
            "page of a rare kind": Desk.of_a_rare_kind,
            "page of one's competence": Desk.of_ones_competence,
            "append": lambda each, _: each.append(),
        }
        stored = f"{few_entries:,} entries", f"{many_entries:,} entries"
        figures += await growth_of(questions, (stored[0], few), (stored[1], many), samples)
    return figures


if __name__ == "__main__":
    report(measure, __doc__)
