"""Commands that share a transaction answer, write and publish what they would have alone."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

import asyncpg
import pytest

from optima_kit import lanes as lanes_module
from optima_kit.answers import Answer
from optima_kit.backbone_metrics import COMMAND_GROUP, COMMAND_GROUPS_UNDONE
from optima_kit.cause import Cause
from optima_kit.ids import new_id
from optima_kit.lanes import Lanes
from optima_kit.refusals import Invalid
from optima_kit.sql import Statement
from optima_kit.testing import eventually

pytestmark = pytest.mark.servers

INSERT = Statement.parse("INSERT INTO counters (id, value) VALUES (:id, 1)")
COUNT = Statement.parse("""
INSERT INTO counters AS c (id, value) VALUES (:id, 1)
ON CONFLICT (id) DO UPDATE SET value = c.value + 1 RETURNING value
""")
LOCK = Statement.parse("SELECT value FROM counters WHERE id = :id FOR UPDATE")
NOTE = Statement.parse("INSERT INTO effects (what) VALUES (:what)")
BROKEN = Statement.parse("SELECT 1 / :zero::integer")
KINDS = (
    *["insert", "count", "note"] * 3,
    "collide gathered",
    "collide at once",
    "refuse at once",
    "refuse gathered",
    "refuse after a change",
    "break",
    "slow",
    "lock both ways",
    "repeat a key",
)


@dataclass(frozen=True)
class Command:
    """`target` names a row among few, so that commands meet."""

    kind: str
    target: int
    number: int

    def run(self, stage, tenant, person):
        async def command(transaction):
            work = transaction.unit(Cause(datetime.now(UTC), actor_id=person))
            outcome = await self._do(stage, work, lambda target: uuid5(tenant, str(target)))
            key = f"shared {self.target}" if self.kind == "repeat a key" else f"own {self.number}"
            transaction.answers.keep(person, key, Answer(b"-", 201, {}, outcome.encode()))
            return outcome

        return command

    async def _do(self, stage, work, row) -> str:
        match self.kind:
            case "insert" | "repeat a key":
                work.write(INSERT, id=new_id())
                work.write(NOTE, what=self.kind)
            case "note":
                work.write(NOTE, what="note")
            case "count":
                work.write(NOTE, what="counted")
                value = await work.fetchval(COUNT, id=row(f"count {self.target}"))
                subject = row(f"count {self.target}")
                work.outbox.add(stage.tally.Counted(value=value), subject=subject, correlation=subject)
            case "collide gathered":
                work.write(INSERT, id=row(f"one {self.target}"))
            case "collide at once":
                await work.execute(INSERT, id=row(f"one {self.target}"))
            case "refuse at once":
                raise Invalid("refused")
            case "refuse gathered":
                work.write(NOTE, what="must not be there")
                work.outbox.add(stage.tally.Counted(value=0), subject=new_id(), correlation=new_id())
                raise Invalid("refused")
            case "refuse after a change":
                work.write(NOTE, what="must not be there")
                await work.fetchval(COUNT, id=row(f"count {self.target}"))
                raise Invalid("refused")
            case "break":
                work.write(NOTE, what="must not be there")
                await work.fetchval(BROKEN, zero=0)
            case "slow":
                await asyncio.sleep(0.02)
                work.write(NOTE, what="slow")
            case "lock both ways":
                for target in (0, 1) if self.number % 2 else (1, 0):
                    await work.fetchval(LOCK, id=row(f"lock {target}"))
                    await asyncio.sleep(0.002)
                work.write(NOTE, what="locked")
        return "done"


async def outcome_of(command, running) -> tuple[str, object, str]:
    try:
        return command.kind, command.target, str(await running)
    except (Invalid, asyncpg.PostgresError) as error:
        return command.kind, command.target, type(error).__name__


async def traces(stage, tenant) -> dict[str, object]:
    """What the tenant's commands have left, without what differs from run to run."""
    fetch = stage.where.fetch
    return {
        "rows": Counter(row["value"] for row in await fetch(
            "SELECT value FROM counters WHERE tenant_id = $1", tenant)),
        "notes": Counter(row["what"] for row in await fetch(
            "SELECT what FROM effects WHERE tenant_id = $1", tenant)),
        "answers": Counter(row["key"] for row in await fetch(
            "SELECT key FROM idempotency_keys WHERE tenant_id = $1", tenant)),
        "events": Counter(
            (row["sequence"], row["value"])
            for row in await fetch(
                "SELECT sequence, (envelope::jsonb -> 'data' ->> 'value')::int AS value FROM outbox"
                " WHERE tenant_id = $1",
                tenant,
            )
        ),
    }  # fmt: skip


async def prepared(stage) -> tuple[UUID, UUID]:
    """A tenant whose rows to be locked are there."""
    tenant, person = new_id(), new_id()
    async with stage.database.transaction(tenant) as work:
        for target in (0, 1):
            work.write(INSERT, id=uuid5(tenant, f"lock {target}"))
    return tenant, person


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", range(12))
async def test_commands_in_groups_do_what_they_do_alone(stage, seed):
    """Answers, rows, events, sequences and kept answers of a random mix, compared with a run one by one."""
    rnd = random.Random(seed)
    commands = [Command(rnd.choice(KINDS), rnd.randrange(3), number) for number in range(80)]
    lanes = Lanes(stage.database)

    tenant, person = await prepared(stage)
    undone = COMMAND_GROUPS_UNDONE._value.get()
    together = await asyncio.gather(
        *(outcome_of(each, lanes.run(tenant, each.run(stage, tenant, person))) for each in commands)
    )
    assert COMMAND_GROUPS_UNDONE._value.get() > undone
    found = await traces(stage, tenant)

    tenant, person = await prepared(stage)
    alone = [await outcome_of(each, lanes.run(tenant, each.run(stage, tenant, person))) for each in commands]
    expected = await traces(stage, tenant)

    # Which of two that collide is first is free, and so is which kind of the two that insert the same row.
    def merged(outcomes):
        return Counter((kind.partition(" ")[0], target, outcome) for kind, target, outcome in outcomes)

    assert merged(together) == merged(alone)
    assert found["rows"] == expected["rows"]
    assert found["notes"] == expected["notes"]
    assert found["events"] == expected["events"]
    assert len(found["answers"]) == len(expected["answers"])


async def test_waiting_for_a_lock_does_not_hold_up_the_others(stage):
    """Two commands that wait for a lock for long leave both lanes; those behind them go on."""
    tenant, person = await prepared(stage)
    lanes = Lanes(stage.database)
    async with stage.database.transaction(tenant) as holder:
        for target in (0, 1):
            await holder.fetchval(LOCK, id=uuid5(tenant, f"lock {target}"))
        blocked = [
            asyncio.ensure_future(
                lanes.run(tenant, Command("lock both ways", 0, number).run(stage, tenant, person))
            )
            for number in range(2)
        ]
        others = [
            lanes.run(tenant, Command("note", 0, number).run(stage, tenant, person))
            for number in range(2, 40)
        ]
        assert await asyncio.wait_for(asyncio.gather(*others), 5) == ["done"] * 38
        assert not any(each.done() for each in blocked)
    assert await asyncio.wait_for(asyncio.gather(*blocked), 5) == ["done"] * 2


async def test_a_command_that_nobody_waits_beside_keeps_its_place_at_a_lock(stage):
    tenant, person = await prepared(stage)
    lanes, runs = Lanes(stage.database), 0

    async def locking(transaction):
        nonlocal runs
        runs += 1
        return await Command("lock both ways", 0, 0).run(stage, tenant, person)(transaction)

    async def waits_for_long():
        return await stage.where.fetch(
            "SELECT true FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND now() - query_start > make_interval(secs => $1)",
            3 * lanes_module.LOCK_MILLISECONDS / 1000,
        )

    async with stage.database.transaction(tenant) as holder:
        for target in (0, 1):
            await holder.fetchval(LOCK, id=uuid5(tenant, f"lock {target}"))
        waiting = asyncio.ensure_future(lanes.run(tenant, locking))
        await eventually(waits_for_long, describe="the command waits longer than one in a group may")
    assert await asyncio.wait_for(waiting, 5) == "done"
    assert runs == 1


async def test_what_arrives_while_a_group_begins_joins_it(stage, monkeypatch):
    monkeypatch.setattr(lanes_module, "GROUP_SECONDS", 60.0)  # however busy the machine is
    tenant, person = await prepared(stage)
    lanes = Lanes(stage.database)
    running = []
    groups = sum(bucket.get() for bucket in COMMAND_GROUP._buckets)
    for number in range(12):
        command = Command("note", 0, number).run(stage, tenant, person)
        running.append(asyncio.create_task(lanes.run(tenant, command)))
        for _ in range(3 if number == 0 else 0):
            await asyncio.sleep(0)  # so that a lane has taken it; the database has not answered yet
    assert await asyncio.gather(*running) == ["done"] * 12
    assert sum(bucket.get() for bucket in COMMAND_GROUP._buckets) == groups + 1


async def test_who_gives_up_waiting_takes_nobody_along(stage):
    tenant, person = await prepared(stage)
    lanes = Lanes(stage.database)
    running = [
        asyncio.ensure_future(lanes.run(tenant, Command("note", 0, number).run(stage, tenant, person)))
        for number in range(30)
    ]
    await asyncio.sleep(0)
    for each in running[::3]:
        each.cancel()
    answers = await asyncio.gather(*running, return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, BaseException)] == ["done"] * 20


async def test_a_database_that_drops_the_session_fails_each_command_by_itself(stage):
    tenant, person = await prepared(stage)
    lanes = Lanes(stage.database)

    async def deadly(transaction):
        await transaction.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    running = [lanes.run(tenant, deadly)] + [
        lanes.run(tenant, Command("note", 0, number).run(stage, tenant, person)) for number in range(20)
    ]
    first, *others = await asyncio.gather(*running, return_exceptions=True)
    assert isinstance(first, asyncpg.PostgresError | asyncpg.InterfaceError | OSError)
    assert others == ["done"] * 20
    assert (await traces(stage, tenant))["notes"] == {"note": 20}
