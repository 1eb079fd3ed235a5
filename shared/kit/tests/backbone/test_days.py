"""Outbox, inbox and kept answers by days: what midnight, a missing partition, the previous release and a
month's upkeep do to them. Time is the test's: `now()` in the kit's statements is a row of the database."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from conftest import Stage, stage_on
from uuid_utils.compat import uuid7

from optima_kit import inbox, outbox, relay
from optima_kit.answers import Answer, find_answer
from optima_kit.clock import FixedClock
from optima_kit.ids import new_id
from optima_kit.migrate import migrate, migrations_of
from optima_kit.relay import republish
from optima_kit.retention import ANSWERS_DAYS, INBOX_DAYS, OUTBOX_DAYS, Retention
from optima_kit.testing import eventually, temporary_database
from optima_kit.testing.nights import NIGHTLY

pytestmark = pytest.mark.servers

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)

# Comes before pg_catalog in the search path: statements that are parsed from here on mean this `now()`.
SIMULATED = """
CREATE SCHEMA simulated;
CREATE TABLE simulated.clock (at timestamptz NOT NULL);
INSERT INTO simulated.clock VALUES ('epoch');
CREATE FUNCTION simulated.now() RETURNS timestamptz LANGUAGE sql STABLE
    RETURN (SELECT at FROM simulated.clock);
GRANT USAGE ON SCHEMA simulated TO PUBLIC;
GRANT SELECT ON simulated.clock TO PUBLIC;
ALTER TABLE outbox ALTER created_at SET DEFAULT simulated.now();
ALTER TABLE inbox ALTER handled_at SET DEFAULT simulated.now();
ALTER TABLE idempotency_keys ALTER created_at SET DEFAULT simulated.now();
ALTER TABLE idempotency_keys ALTER day SET DEFAULT optima_day(simulated.now());
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = simulated, pg_catalog, public', current_database());
END $$
"""


class Calendar:
    """The one clock of a stage's database, processes and identifiers."""

    def __init__(self, where) -> None:
        self._where = where
        self.clock = FixedClock(NOON)

    async def set(self, at: datetime) -> None:
        self.clock.set(at)
        await self._where.fetch("UPDATE simulated.clock SET at = $1", at)

    def id(self):
        return uuid7(nanoseconds=int(self.clock.now().timestamp()) * 10**9)


@asynccontextmanager
async def simulated_stage(amqp_url, monkeypatch):
    async with temporary_database("tally") as where:
        root = await asyncpg.connect(where.superuser_url)
        try:
            await root.execute(SIMULATED)
        finally:
            await root.close()
        calendar = Calendar(where)
        monkeypatch.setattr(outbox, "new_id", calendar.id)
        async with stage_on(where, amqp_url) as stage:
            stage.database.clock = calendar.clock
            await calendar.set(NOON)
            yield stage, calendar


@pytest.fixture
async def simulated(amqp_url, monkeypatch):
    """A stage and its calendar, at noon of a day that has its partitions."""
    async with simulated_stage(amqp_url, monkeypatch) as (stage, calendar):
        await calendar.set(NOON - timedelta(days=1))
        await upkeep(stage)
        await calendar.set(NOON)
        await upkeep(stage)
        yield stage, calendar


async def upkeep(stage: Stage) -> None:
    await Retention(stage.backbone.pool, stage.database.clock).turn()


async def days_of(stage: Stage, table: str) -> list[date]:
    rows = await stage.where.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = $1::text::regclass AND relname ~ '_\\d{8}$' ORDER BY relname",
        table,
    )
    return [date.fromisoformat(row["relname"][-8:]) for row in rows]


async def keep(stage: Stage, person, key: str, body: bytes) -> bytes:
    """A command: keeps its answer, or finds that the key has one, which it returns instead."""
    try:
        async with stage.database.begin(stage.tenant) as transaction:
            transaction.answers.keep(person, key, Answer(b"same request", 200, {}, body))
    except asyncpg.UniqueViolationError:
        async with stage.database.reading(stage.tenant) as work:
            kept = await find_answer(work, person, key)
        assert kept is not None
        return kept.body
    return body


# Midnight


@pytest.mark.parametrize("hours", [0, 11.99, 12.01, 47.9])
async def test_a_key_has_one_answer_for_two_days_whatever_the_day(simulated, hours):
    stage, calendar = simulated
    person = new_id()
    assert await keep(stage, person, "a key", b"first") == b"first"
    assert await keep(stage, new_id(), "a key", b"another person's") == b"another person's"
    await calendar.set(NOON + timedelta(hours=hours))
    await upkeep(stage)
    assert await keep(stage, person, "a key", b"second") == b"first"
    assert await keep(stage, person, "another key", b"third") == b"third"


async def test_a_key_whose_answer_was_forgotten_is_as_a_new_one(simulated):
    stage, calendar = simulated
    person = new_id()
    await keep(stage, person, "a key", b"first")
    await calendar.set(NOON + timedelta(days=ANSWERS_DAYS + 1))
    assert await keep(stage, new_id(), "a key", b"before the upkeep") == b"before the upkeep"
    await upkeep(stage)
    assert await keep(stage, person, "a key", b"second") == b"second"


@pytest.mark.parametrize("first_commits", [True, False])
@pytest.mark.parametrize("order", [1, -1])
async def test_two_requests_at_midnight_have_one_answer(simulated, order, first_commits):
    """One began before midnight, its twin in another process after it: whichever is later waits."""
    stage, calendar = simulated
    person = new_id()
    first_at, second_at = [
        datetime(2030, 1, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2030, 2, 1, 0, 9, 59, tzinfo=UTC),
    ][::order]
    await calendar.set(first_at)
    with contextlib.suppress(ZeroDivisionError):
        async with stage.database.begin(stage.tenant) as first:
            first.answers.keep(person, "a key", Answer(b"same request", 200, {}, b"first"))
            await first.flush()
            await calendar.set(second_at)
            twin = asyncio.create_task(keep(stage, person, "a key", b"second"))

            async def waits():
                return await stage.where.fetch(
                    "SELECT FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )

            await eventually(waits)
            if not first_commits:
                raise ZeroDivisionError
    kept = b"first" if first_commits else b"second"
    assert await twin == kept
    rows = await stage.where.fetch("SELECT DISTINCT body FROM idempotency_keys")
    assert [row["body"] for row in rows] == [kept]


async def test_an_event_handled_before_midnight_is_recognised_after_it(simulated):
    stage, calendar = simulated
    await calendar.set(datetime(2030, 1, 31, 23, 59, 59, tzinfo=UTC))
    of_january = [calendar.id() for _ in range(3)]
    async with stage.database.connection() as connection:
        assert len(await connection.fetch(inbox.RECORD, of_january[:2])) == 2
        await calendar.set(datetime(2030, 2, 1, tzinfo=UTC))
        of_february = calendar.id()
        new = await connection.fetch(inbox.RECORD, [*of_january, of_february])
        assert {row["event_id"] for row in new} == {of_january[2], of_february}
        assert await connection.fetch(inbox.RECORD, [*of_january, of_february]) == []


# What is kept longer, and what is not refused


async def test_a_day_of_the_inbox_stays_while_a_late_event_of_it_must_be_recognised(simulated):
    """An event that was parked and replayed weeks later could be published again as long as any other."""
    stage, calendar = simulated
    late, early = calendar.id(), calendar.id()
    async with stage.database.connection() as connection:
        await connection.fetch(inbox.RECORD, [early])
        await calendar.set(NOON + timedelta(days=20))
        await connection.fetch(inbox.RECORD, [late])
        await calendar.set(NOON + timedelta(days=20 + INBOX_DAYS))
        await upkeep(stage)
        assert await connection.fetch(inbox.RECORD, [late]) == []
        await calendar.set(NOON + timedelta(days=21 + INBOX_DAYS))
        await upkeep(stage)
        assert NOON.date() not in await days_of(stage, "inbox")
        # Older than every partition: still recognised.
        assert len(await connection.fetch(inbox.RECORD, [late])) == 1
        assert await connection.fetch(inbox.RECORD, [late]) == []


async def test_without_upkeep_nothing_is_refused_and_afterwards_nothing_stays_for_ever(simulated):
    stage, calendar = simulated
    await stage.relay()
    await stage.consumer()
    person = new_id()
    await calendar.set(NOON + timedelta(days=30))
    await keep(stage, person, "a key", b"first")
    for _ in range(5):
        await stage.tally.count(stage.database, stage.tenant, new_id())
    await stage.each_event_had_one_effect()
    assert await counts(stage, "outbox_default", "inbox_default", "idempotency_keys_default") == [5, 5, 1]
    await upkeep(stage)
    await calendar.set(NOON + timedelta(days=31))
    assert await keep(stage, person, "a key", b"second") == b"first"
    assert await counts(stage, "outbox_default", "inbox_default", "idempotency_keys_default") == [5, 5, 1]
    await calendar.set(NOON + timedelta(days=31 + INBOX_DAYS))
    await upkeep(stage)
    assert await counts(stage, "outbox", "inbox", "idempotency_keys") == [0, 0, 0]


async def test_what_came_before_its_day_moves_to_it(simulated):
    """Another machine's clock is ahead: what it publishes and answers has a day to come."""
    stage, calendar = simulated
    person = new_id()
    await calendar.set(NOON + timedelta(days=10))
    ahead = calendar.id()
    await keep(stage, person, "a key", b"first")
    async with stage.database.connection() as connection:
        await connection.fetch(inbox.RECORD, [ahead])
    await calendar.set(NOON + timedelta(days=8))
    await upkeep(stage)
    day = (NOON + timedelta(days=10)).date()
    for table in ("outbox", "inbox", "idempotency_keys"):
        assert day in await days_of(stage, table)
    assert await counts(stage, "inbox_default", "idempotency_keys_default") == [0, 0]
    await calendar.set(NOON + timedelta(days=10))
    assert await keep(stage, person, "a key", b"second") == b"first"
    async with stage.database.connection() as connection:
        assert await connection.fetch(inbox.RECORD, [ahead]) == []


async def counts(stage: Stage, *tables: str) -> list[int]:
    return [(await stage.where.fetch(f"SELECT count(*) FROM {table}"))[0][0] for table in tables]


async def test_upkeep_that_meets_a_long_transaction_leaves_the_days_to_the_next_turn(simulated):
    stage, calendar = simulated
    async with stage.database.begin(stage.tenant) as transaction:
        await transaction.connection.fetch("SELECT FROM outbox")
        await calendar.set(NOON + timedelta(days=OUTBOX_DAYS + 10))
        with pytest.raises(asyncpg.LockNotAvailableError):
            await upkeep(stage)
    await upkeep(stage)
    assert min(await days_of(stage, "outbox")) > NOON.date()


async def test_many_processes_keep_the_same_days(simulated):
    stage, calendar = simulated
    for day in range(1, 20):
        await calendar.set(NOON + timedelta(days=day))
        await asyncio.gather(*(upkeep(stage) for _ in range(4)))
    today = (NOON + timedelta(days=19)).date()
    for table, days in [("outbox", OUTBOX_DAYS), ("idempotency_keys", ANSWERS_DAYS)]:
        expected = [today + timedelta(days=n) for n in range(-days, 4)]
        assert await days_of(stage, table) == expected


async def test_nobody_but_the_owner_reaches_a_day_past_the_policies(simulated):
    stage, _ = simulated
    rows = await stage.where.fetch(
        "SELECT relname, grantee FROM pg_class,"
        " aclexplode(relacl) AS acl(grantor, grantee, privilege, grantable)"
        " WHERE relispartition AND relkind = 'r' AND grantee <> relowner AND relname !~ '_default$'"
    )
    assert rows == []
    for call in ("optima_add_days(current_date)", "optima_drop_days('outbox', current_date)"):
        async with stage.database.connection() as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SELECT {call}")


# Six weeks


@NIGHTLY
async def test_sizes_stay_bounded_over_six_weeks_and_nothing_is_lost_or_done_twice(simulated, monkeypatch):
    """Upkeep once a day. Every week the last days go out again; for four days no relay runs; every key
    is used again within its two days."""
    stage, calendar = simulated
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.01)
    a_day, days, silent = 12, 44, range(20, 24)
    person = new_id()
    published = 0
    sizes: list[int] = []
    running = await stage.relay()
    await stage.consumer()
    for day in range(days):
        at = NOON + timedelta(days=day)
        await calendar.set(at)
        await upkeep(stage)
        if day == silent.start:
            await running.stop()
        if day == silent.stop:
            assert (await counts(stage, "outbox_unsent"))[0] == a_day * len(silent)
            await stage.relay()
        for _ in range(a_day):
            await stage.tally.count(stage.database, stage.tenant, new_id())
        published += a_day
        assert await keep(stage, person, f"day {day}", b"first") == b"first"
        for earlier in (day - 1, day - 2):
            if earlier >= 0:
                assert await keep(stage, person, f"day {earlier}", b"again") == b"first"
        if day in silent:
            continue
        await eventually(stage.all_sent)
        if day % 7 == 6:
            async with stage.backbone.connection() as connection:
                assert await republish(connection, at - timedelta(days=2)) == a_day * 3
            await eventually(stage.all_sent)

        async def all_noted(expected=published):
            return len(await stage.effects()) >= expected

        await eventually(all_noted, describe=stage.describe)
        # As autovacuum does, which counts in real minutes.
        await stage.where.fetch("VACUUM outbox_unsent")
        sizes.append(await bytes_of_all_days(stage))
    await stage.take_everything()
    noted = await stage.effects()
    assert Counter(effect["event_id"] for effect in noted).most_common(1)[0][1] == 1
    assert len(noted) == published == a_day * days
    events, handled, keys = await counts(stage, "outbox", "inbox", "idempotency_keys")
    assert a_day * (OUTBOX_DAYS + 1) <= events <= a_day * (OUTBOX_DAYS + 3), "two days went out twice"
    assert a_day * (INBOX_DAYS + 1) == handled
    assert keys == ANSWERS_DAYS + 1
    # What was handled late is recognised as long as the rest, and then gone.
    assert max(sizes[35:]) <= 1.1 * sizes[35], sizes
    assert max(sizes[-5:]) <= 1.02 * sizes[35], sizes


async def bytes_of_all_days(stage: Stage) -> int:
    rows = await stage.where.fetch(
        "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
        " WHERE inhparent IN ('outbox'::regclass, 'inbox'::regclass, 'idempotency_keys'::regclass)"
    )
    return int(rows[0][0])


# The previous release


async def test_rows_of_the_previous_release_move_without_loss_and_its_statements_go_on(stage):
    """The tables as they were, filled; then the migration; then the previous release's statements."""
    owner = await asyncpg.connect(stage.where.owner_url)
    root = await asyncpg.connect(stage.where.superuser_url)
    try:
        await root.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION tally_owner")
        await root.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
        await owner.execute(
            "CREATE TABLE schema_migrations ("
            " package text NOT NULL, name text NOT NULL, checksum text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (package, name))"
        )
        for migration in migrations_of("optima_kit")[:2]:
            await owner.execute(migration.sql)
            await owner.execute(
                "INSERT INTO schema_migrations (package, name, checksum) VALUES ($1, $2, $3)",
                "optima_kit", migration.name, migration.checksum,
            )  # fmt: skip
        await root.execute(FILL, json.dumps({"tenant": str(stage.tenant)}))
        before = {table: await rows_of(root, table) for table in ("outbox", "inbox", "idempotency_keys")}
        assert {table: len(rows) for table, rows in before.items()} == {
            "outbox": 40, "inbox": 31, "idempotency_keys": 2,
        }  # fmt: skip
        await migrate(stage.where.owner_url, "tally")
        for table, rows in before.items():
            assert await rows_of(root, table) == rows, table
        assert await root.fetchval("SELECT count(*) FROM outbox_unsent") == 3
        assert await root.fetchval("SELECT count(*) FROM inbox_default") == 1, "no identifier of a day past"
        assert await root.fetchval("SELECT count(*) FROM outbox_default") == 0
        await beneath_the_previous_release(stage)
        await upkeep(stage)
    finally:
        await owner.close()
        await root.close()


FILL = """
WITH given AS (SELECT ($1::json ->> 'tenant')::uuid AS tenant),
events AS (
    INSERT INTO outbox (id, tenant_id, partition, type, subject, sequence, envelope, sent_at)
    SELECT gen_random_uuid(), tenant, 0, 't', gen_random_uuid(), n, '{}',
           CASE WHEN n > 3 THEN now() - n * interval '9 hours' END
    FROM given, generate_series(1, 40) AS n),
handled AS (
    INSERT INTO inbox (event_id)
    SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid FROM generate_series(1, 30) AS n
    UNION ALL SELECT 'f0000000-0000-4000-8000-000000000000')
INSERT INTO idempotency_keys (tenant_id, person_id, key, request_hash, status, headers, body, created_at)
SELECT tenant, tenant, n::text, 'same request', 200, '{}', 'first', now() - n * interval '20 hours'
FROM given, generate_series(1, 2) AS n
"""


async def rows_of(root, table: str) -> set[str]:
    rows = await root.fetch(f"SELECT to_jsonb(t) - 'day' - 'looked' FROM {table} AS t")
    return {row[0] for row in rows}


async def beneath_the_previous_release(stage: Stage) -> None:
    """Its statements, as they were."""
    command = await asyncpg.connect(stage.where.rw_url)
    async with stage.backbone.connection() as connection:
        await command.execute(f"SET optima.tenant = '{stage.tenant}'")
        with pytest.raises(asyncpg.UniqueViolationError):
            await command.execute(PREVIOUS_ANSWER, stage.tenant, "1")
        await command.execute(PREVIOUS_ANSWER, stage.tenant, "3")
        with pytest.raises(asyncpg.UniqueViolationError):
            await command.execute(PREVIOUS_ANSWER, stage.tenant, "3")
        await command.execute(
            "INSERT INTO outbox (id, partition, type, subject, sequence, envelope)"
            " VALUES (gen_random_uuid(), 1, 't', gen_random_uuid(), 1, '{}')"
        )
        known = "01900000-0000-7000-8000-000000000001"
        assert await command.fetch(inbox.RECORD, [known]) == []
        assert len(await command.fetch(inbox.RECORD, [new_id()])) == 1
        unsent = [row["position"] for row in await connection.fetch(PREVIOUS_TURN, [], [], 500)]
        assert unsent == [1, 2, 3, 41]
        assert await connection.fetch(PREVIOUS_TURN, unsent, unsent, 500) == []
        assert await connection.fetch(PREVIOUS_TURN, [], [], 500) == []
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 41
        for statement in PREVIOUS_PRUNING:
            await connection.execute(statement, timedelta(days=60), 1000)
    await command.close()


PREVIOUS_ANSWER = """
INSERT INTO idempotency_keys (person_id, key, request_hash, status, headers, body)
VALUES ($1, $2, 'same request', 200, '{}', 'again')
"""
PREVIOUS_TURN = """
WITH marked AS (UPDATE outbox SET sent_at = now() WHERE position = ANY($1::bigint[]))
SELECT position, id, type, subject, envelope FROM outbox
WHERE sent_at IS NULL AND position <> ALL($2::bigint[])
ORDER BY position LIMIT $3
"""
PREVIOUS_PRUNING = (
    "DELETE FROM outbox WHERE position IN"
    " (SELECT position FROM outbox WHERE sent_at < now() - $1::interval LIMIT $2)",
    "DELETE FROM inbox WHERE event_id IN"
    " (SELECT event_id FROM inbox WHERE handled_at < now() - $1::interval LIMIT $2)",
    "DELETE FROM idempotency_keys WHERE (tenant_id, person_id, key) IN"
    " (SELECT tenant_id, person_id, key FROM idempotency_keys"
    "  WHERE created_at < now() - $1::interval LIMIT $2)",
)
