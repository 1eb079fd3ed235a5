"""Append-only by permission, gapless by lock, cheap by the batch, verifiable after any tampering."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from optima_contracts.brief import BriefCommented, BriefDrafted
from optima_contracts.identity import PersonChanged
from optima_kit.db import Transaction
from optima_kit.sql import Statement
from trail.adapters.postgres import QUERIES, newest_first
from trail.application.ports import Selection
from trail.application.verify_chain import verify_chain
from trail.domain.chain import ChainBreak, Head
from trail.domain.competence import ReadScope

from ..conftest import Scene

TENANT, OTHER = UUID(int=1), UUID(int=2)
EVERYTHING = ReadScope(
    person_id=UUID(int=0), everything=True, brief_prices=True, budgets=True, economics=True
)


def commented(scene: Scene, n: int, **options: Any) -> Any:
    brief = UUID(int=100 + n)
    return scene.event(BriefCommented(brief_id=brief, comment_id=UUID(int=n)), subject=brief, **options)


async def verify(scene: Scene) -> ChainBreak | None:
    async with scene.database.reading(TENANT) as work:
        return (await verify_chain(scene.ports(work))).broken


async def test_numbers_have_no_gap_across_batches_of_concurrent_consumers(scene: Scene) -> None:
    batches = [[commented(scene, 10 * b + n) for n in range(10)] for b in range(8)]
    await asyncio.gather(*(scene.record(*batch) for batch in batches))
    rows = await scene.stored.fetch("SELECT number FROM entries ORDER BY number")
    assert [row["number"] for row in rows] == list(range(1, 81))
    assert await verify(scene) is None


async def test_a_failed_batch_leaves_no_gap(scene: Scene) -> None:
    twice = commented(scene, 1)
    await scene.record(commented(scene, 0), twice)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with scene.database.begin(TENANT) as transaction:
            await scene.react(transaction, [commented(scene, 2), twice])
    await scene.record(commented(scene, 3))
    rows = await scene.stored.fetch("SELECT number FROM entries ORDER BY number")
    assert [row["number"] for row in rows] == [1, 2, 3]


async def test_tenants_have_chains_of_their_own(scene: Scene) -> None:
    await scene.record(commented(scene, 1), commented(scene, 2))
    await scene.record(commented(scene, 3, tenant_id=OTHER))
    for tenant, length in ((TENANT, 2), (OTHER, 1)):
        async with scene.database.reading(tenant) as work:
            trail = scene.ports(work).trail
            assert (await trail.head()).number == length
            assert len(await trail.entries(Selection(), EVERYTHING)) == length


async def statements_for(scene: Scene, *events: Any) -> list[str]:
    """What a batch has the database do between its begin and its commit."""
    statements: list[str] = []
    async with scene.database.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL optima.tenant = '{TENANT}'")
        transaction = Transaction(connection, TENANT, "/optima/trail")
        with connection.query_logger(lambda record: statements.append(record.query)):
            await scene.react(transaction, events)
            assert statements == []
            await transaction.flush()
    return statements


async def test_a_batch_of_200_costs_two_statements(scene: Scene) -> None:
    await scene.record(commented(scene, 0))
    assert len(await statements_for(scene, *(commented(scene, n) for n in range(1, 201)))) == 2
    assert await verify(scene) is None


async def test_only_personal_texts_have_a_batch_ask_for_keys(scene: Scene) -> None:
    anna = UUID(int=31)
    changed = PersonChanged(
        person_id=anna, name="Anna", email="anna@example.it", kind="internal", roles=[], active=True
    )
    await scene.record(commented(scene, 0))
    first = await statements_for(scene, commented(scene, 1), scene.event(changed, subject=anna))
    later = await statements_for(scene, commented(scene, 2), scene.event(changed, subject=anna))
    assert (len(first), len(later)) == (4, 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET actor_id = NULL",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "ALTER TABLE entries DISABLE TRIGGER append_only",
    ],
)
async def test_the_service_itself_cannot_change_what_is_recorded(scene: Scene, statement: str) -> None:
    await scene.record(commented(scene, 1))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"permission denied|must be owner"):
        async with scene.database.transaction(TENANT) as work:
            await work.execute(Statement.parse(statement))
    assert len(await scene.stored.fetch("SELECT FROM entries")) == 1


@pytest.mark.parametrize(
    "statement", ["UPDATE entries SET actor_id = NULL", "DELETE FROM entries", "TRUNCATE entries"]
)
async def test_not_even_the_owner_can_by_mistake(scene: Scene, statement: str) -> None:
    await scene.record(commented(scene, 1))
    owner = await asyncpg.connect(scene.stored.owner_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await owner.execute(f"SET optima.tenant = '{TENANT}'; {statement}")
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["UPDATE entries SET data = replace(data, '0', '1') WHERE number = 4"], ChainBreak(4, "altered")),
        (["UPDATE entries SET actor_id = gen_random_uuid() WHERE number = 2"], ChainBreak(2, "altered")),
        (
            ["UPDATE entries SET occurred_at = occurred_at - interval '1 microsecond' WHERE number = 5"],
            ChainBreak(5, "altered"),
        ),
        (["DELETE FROM entries WHERE number = 3"], ChainBreak(3, "missing")),
        (["DELETE FROM entries WHERE number = 6"], ChainBreak(6, "missing")),
        (
            [
                "UPDATE entries SET number = 99 WHERE number = 2",
                "UPDATE entries SET number = 2 WHERE number = 3",
                "UPDATE entries SET number = 3 WHERE number = 99",
            ],
            ChainBreak(2, "altered"),
        ),
        (
            [
                "CREATE TEMP TABLE forged AS SELECT * FROM entries WHERE number = 6",
                "UPDATE forged SET number = 7, event_id = gen_random_uuid()",
                "INSERT INTO entries SELECT * FROM forged",
            ],
            ChainBreak(7, "altered"),
        ),
    ],
)
async def test_tampering_is_found_and_named(scene: Scene, statements: list[str], broken: ChainBreak) -> None:
    await scene.record(*(commented(scene, n) for n in range(6)))
    assert await verify(scene) is None
    await scene.tamper(*statements)
    assert await verify(scene) == broken


@pytest.mark.parametrize("column", ["data", "hash", "subject"])
async def test_a_value_taken_out_is_found_though_a_null_compares_with_nothing(
    scene: Scene, column: str
) -> None:
    await scene.record(*(commented(scene, n) for n in range(3)))
    await scene.tamper(
        f"ALTER TABLE entries ALTER {column} DROP NOT NULL",
        f"UPDATE entries SET {column} = NULL WHERE number = 2",
    )
    try:
        assert await verify(scene) == ChainBreak(2, "altered")
    finally:
        await scene.tamper("TRUNCATE entries", f"ALTER TABLE entries ALTER {column} SET NOT NULL")


async def test_a_number_given_twice_is_found_even_where_one_stretch_ends(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trail.adapters.postgres.STRETCH", 2)
    await scene.record(*(commented(scene, n) for n in range(5)))
    assert await verify(scene) is None
    await scene.tamper(
        "ALTER TABLE entries DROP CONSTRAINT entries_pkey",
        "CREATE TEMP TABLE forged AS SELECT * FROM entries WHERE number = 4",
        "UPDATE forged SET event_id = gen_random_uuid()",
        "INSERT INTO entries SELECT * FROM forged",
    )
    try:
        assert await verify(scene) == ChainBreak(4, "altered")
    finally:
        await scene.tamper("TRUNCATE entries", "ALTER TABLE entries ADD PRIMARY KEY (tenant_id, number)")


async def test_the_database_hashes_the_same_canonical_text(scene: Scene) -> None:
    odd = BriefDrafted(
        brief_id=UUID(int=5), number='"\\B%', title="più €\n😀\ud7ff", requester_id=UUID(int=6)
    )
    at = scene.now.replace(year=1999, microsecond=7)
    await scene.record(
        scene.event(odd, subject=UUID(int=5), actor_id=uuid4(), on_behalf_of=uuid4(), time=at),
        scene.event(odd, subject=UUID(int=5), time=at.astimezone(timezone(timedelta(hours=2)))),
    )
    async with scene.database.reading(TENANT) as work:
        outcome = await verify_chain(scene.ports(work))
    assert (outcome.broken, outcome.checked) == (None, 2)


async def test_a_rewritten_chain_disagrees_with_the_head(scene: Scene) -> None:
    await scene.record(commented(scene, 1))
    await scene.tamper("UPDATE heads SET hash = repeat('0', 64)")
    assert await verify(scene) == ChainBreak(1, "altered")


async def test_a_period_is_found_though_entries_come_late(scene: Scene) -> None:
    await scene.record(commented(scene, 1, time=scene.now - timedelta(days=3)), commented(scene, 2))
    await scene.record(commented(scene, 3, time=scene.now - timedelta(days=2)), commented(scene, 4))
    async with scene.database.reading(TENANT) as work:
        trail = scene.ports(work).trail
        selection = Selection(
            occurred_from=scene.now - timedelta(days=3), occurred_before=scene.now - timedelta(days=1)
        )
        found = await trail.entries(selection, EVERYTHING)
        assert [each.entry.number for each in found] == [1, 3]
        from_now = await trail.entries(Selection(occurred_from=scene.now), EVERYTHING)
        assert [each.entry.number for each in from_now] == [2, 4]
        nothing = await trail.entries(Selection(occurred_before=scene.now - timedelta(days=30)), EVERYTHING)
        assert nothing == []


async def test_hot_queries_use_their_index(scene: Scene) -> None:
    drafted = BriefDrafted(brief_id=UUID(int=5), number="B-5", title="t", requester_id=UUID(int=50))
    for _ in range(10):
        await scene.record(
            *(commented(scene, n % 40, actor_id=UUID(int=n % 25)) for n in range(200)),
            scene.event(drafted, subject=UUID(int=5)),
        )
    connection = await asyncpg.connect(scene.stored.superuser_url)
    await connection.execute("ANALYZE")
    await connection.close()
    nothing = dict.fromkeys(
        ("story_id", "person_id", "types", "occurred_from", "occurred_before", "viewer_id")
    )
    base = nothing | {
        "low": 0,
        "high": 10_000,
        "limit": 50,
        "brief_prices": True,
        "budgets": True,
        "economics": True,
    }
    for statement, parameter, value, index in (
        (QUERIES.list_entries, "story_id", UUID(int=105), "entries_by_story"),
        (QUERIES.list_entries_of_person, "person_id", UUID(int=3), "entries_by_actor"),
        (QUERIES.list_entries_of_person, "person_id", UUID(int=3), "entries_by_principal"),
        (QUERIES.list_entries_of_types, "types", [BriefDrafted.type], "entries_by_type"),
        (QUERIES.list_entries_of_few_stories, "viewer_id", UUID(int=50), "entries_by_story"),
        (QUERIES.list_entries_of_few_stories, "viewer_id", UUID(int=50), "entries_by_actor"),
        (QUERIES.list_entries, "low", 9_000, "entries_pkey"),
    ):
        for end in (statement, newest_first(statement)):
            async with scene.database.reading(TENANT) as work:
                explain = replace(end, sql=f"EXPLAIN {end.sql}")
                plan = await work.fetch(explain, **(base | {parameter: value}))
            text = "\n".join(row[0] for row in plan)
            assert index in text, text
            assert "Seq Scan on entries" not in text, text


@pytest.mark.parametrize("few_grants", [0, 200])
async def test_every_way_of_reading_gives_the_same_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, few_grants: int
) -> None:
    """Against the entries themselves, filtered here: own acts, acts on one's behalf, a whole story, a part of
    another, and a part of what is seen whole."""
    monkeypatch.setattr("trail.adapters.postgres.FEW_GRANTS", few_grants)
    me, other, story, job = UUID(int=70), UUID(int=71), UUID(int=72), UUID(int=73)
    people = [me, other, None]
    await scene.record(
        *(
            scene.event(
                BriefCommented(brief_id=UUID(int=n), comment_id=UUID(int=n)),
                subject=[story, job, UUID(int=80)][n % 3],
                correlation_id=[story, UUID(int=81)][n % 2],
                actor_id=people[n % 3],
                on_behalf_of=people[(n // 3) % 3],
            )
            for n in range(60)
        )
    )
    await scene.tamper(
        f"INSERT INTO grants VALUES ('{TENANT}', '{me}', '{story}', '{story}'),"
        f" ('{TENANT}', '{me}', '{story}', '{job}'), ('{TENANT}', '{me}', '{UUID(int=81)}', '{job}')"
    )

    def mine(o: Any) -> bool:
        return me in (o.actor_id, o.on_behalf_of) or o.correlation_id == story or o.subject == job

    hers = ReadScope(person_id=me, everything=False, brief_prices=True, budgets=True, economics=True)
    async with scene.database.reading(TENANT) as work:
        trail = scene.ports(work).trail
        everything = await trail.portion(after=0, through=60)
        for scope, visible in ((EVERYTHING, lambda _: True), (hers, mine)):
            for selection, asked in (
                (Selection(limit=100), lambda _: True),
                (Selection(person_id=me, limit=100), lambda o: me in (o.actor_id, o.on_behalf_of)),
                (Selection(brief_id=story, limit=100), lambda o: o.correlation_id == story),
                (Selection(types=(BriefCommented.type,), limit=7), lambda _: True),
                (Selection(beyond=20, limit=7), lambda _: True),
            ):
                found = await trail.entries(selection, scope)
                expected = [
                    each.entry.number
                    for each in everything
                    if visible(each.entry.occurrence)
                    and asked(each.entry.occurrence)
                    and each.entry.number > selection.beyond
                ]
                assert [each.entry.number for each in found] == expected[: selection.limit], selection
                backwards = await trail.entries(replace(selection, newest_first=True), scope)
                expected.reverse()
                assert [each.entry.number for each in backwards] == expected[: selection.limit], selection
                seen = replace(selection, newest_first=True, before=backwards[2].entry.occurrence.event_id)
                rest = await trail.entries(replace(seen, limit=100), scope)
                assert [each.entry.number for each in rest] == expected[3:], selection


async def test_an_unknown_cursor_is_followed_by_nothing(scene: Scene) -> None:
    await scene.record(commented(scene, 1))
    async with scene.database.reading(TENANT) as work:
        assert await scene.ports(work).trail.entries(Selection(after=uuid4()), EVERYTHING) == []
        backwards = Selection(before=uuid4(), newest_first=True)
        assert await scene.ports(work).trail.entries(backwards, EVERYTHING) == []
        assert await scene.ports(work).trail.head() != Head(0, "")
