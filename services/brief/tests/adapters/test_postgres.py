"""What the database itself holds to."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from openapi_spec_validator import validate

from brief.adapters.gauges import BRIEFS, measure_briefs
from brief.adapters.postgres import QUERIES, ports_on
from brief.application.ports import Filters
from optima_contracts.approval import ChangesRequested
from optima_kit.db import Database
from optima_kit.migrate import migrate
from optima_kit.sql import Statement

from ..conftest import Desk


async def test_history_cannot_be_changed_or_erased(desk: Desk) -> None:
    brief = await desk.submitted()
    await desk.price(brief, "1", "1")
    await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/comments", {"text": "Ciao"})
    statements = ["DELETE FROM briefs"]
    for table in ("revisions", "pricings", "comments", "moves", "budget_entries"):
        statements += [f"DELETE FROM {table}", f"UPDATE {table} SET tenant_id = tenant_id"]
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with desk.app.database.transaction(desk.tenant_id) as work:
                await work.execute(Statement.parse(statement))


async def test_numbers_are_unique_and_each_tenants_own(desk: Desk) -> None:
    async def draw(tenant_id: UUID, year: int) -> int:
        async with desk.app.database.transaction(tenant_id) as work:
            return await ports_on(work).briefs.next_brief_number(year)

    other = uuid4()
    drawn = await asyncio.gather(
        *(draw(desk.tenant_id, 2026) for _ in range(20)),
        *(draw(desk.tenant_id, 2027) for _ in range(2)),
        *(draw(other, 2026) for _ in range(2)),
    )
    assert sorted(drawn[:20]) == list(range(1, 21))
    assert sorted(drawn[20:22]) == sorted(drawn[22:]) == [1, 2]
    async with desk.app.database.connection() as connection:
        with pytest.raises(asyncpg.RaiseError):
            await connection.fetchval(QUERIES.next_brief_number.sql, 2026)


async def test_two_changes_at_once_follow_each_other(desk: Desk) -> None:
    """Whoever waits for the lock sees what the other did, the frozen revision included."""
    draft = await desk.draft()
    answers = await asyncio.gather(
        *(
            desk.as_(desk.anna).post(f"/v1/briefs/{draft['id']}/submission", {"process": "standard"})
            for _ in range(4)
        )
    )
    assert sorted(response.status for response, _ in answers) == [200, 409, 409, 409]
    assert (await desk.app.types()).count("submitted") == 1


async def test_lists_use_their_index(desk: Desk) -> None:
    """Whatever the plan cache decides, no list reads more of a tenant than its page."""
    async with desk.app.database.transaction(desk.tenant_id) as work:
        for thousand in range(8):
            await work.execute(
                Statement.parse("""
            INSERT INTO briefs (brief_id, number, requester_id, requester_name, state, cause, revision,
                                version, draft, submitted_revision, drafted_at, changed_at)
            SELECT gen_random_uuid(), 'X-' || n,
                   CASE WHEN n % 100 = 0 THEN :requester_id ELSE gen_random_uuid() END, 'Anna',
                   CASE WHEN n % 500 = 0 THEN 'rejected' ELSE 'closed' END, 'drafted', 1, 1,
                   '{"title": "x"}', 1, now(), now()
            FROM generate_series(1000 * :thousand + 1, 1000 * :thousand + 1000) AS n
            """),
                requester_id=desk.anna.person_id,
                thousand=thousand,
            )
        await work.execute(
            Statement.parse("""
            INSERT INTO revisions (brief_id, revision, content, content_hash, process, submitted_at,
                                   submitted_by, proposed_prices)
            SELECT brief_id, 1, '{"title": "x"}', 'x', 'standard', now(), requester_id, '{}' FROM briefs
            """)
        )
    owner = await asyncpg.connect(desk.database.superuser_url)
    await owner.execute("ANALYZE briefs, revisions, brief_words")
    await owner.close()
    asked = asdict(Filters(desk.anna.person_id, True, date(2026, 11, 24)))
    page = {"by_deadline": False, "last_deadline": None, "last_id": None, "limit": 51}
    seventh = {"text": "X-7"}
    cases: list[tuple[Statement, dict[str, Any], set[str]]] = [
        (QUERIES.list_briefs, {}, {"briefs_newest", "briefs_by_requester"}),
        (QUERIES.list_briefs, {"last_id": uuid4()}, {"briefs_newest"}),
        (QUERIES.list_briefs, {"reads_all": False}, {"briefs_by_requester"}),
        (QUERIES.list_briefs, {"states": ["rejected"]}, {"briefs_by_state"}),
        (QUERIES.list_briefs, {"by_deadline": True}, {"briefs_by_deadline"}),
        (QUERIES.list_briefs, {"late": True, "by_deadline": True}, {"briefs_due"}),
        (QUERIES.list_briefs, {"unit_id": uuid4()}, {"briefs_by_unit"}),
        (QUERIES.list_briefs_by_words, seventh, {"brief_words_pkey", "briefs_by_requester"}),
    ]
    async with desk.app.database.reading(desk.tenant_id) as work:
        await work.fetchval(
            Statement.parse("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
        )
        for statement, changes, indexes in cases:
            plan = await work.fetch(
                replace(statement, sql=f"EXPLAIN {statement.sql}"), **(asked | page | changes)
            )
            text = "\n".join(row[0] for row in plan)
            assert all(index in text for index in indexes), (changes, text)
            assert "Seq Scan on briefs" not in text, (changes, text)


async def test_the_search_knows_the_title_that_the_reader_sees(desk: Desk) -> None:
    """Words of the number and the title; others go on finding a revised draft by its submitted title."""

    async def found(actor: Any, text: str) -> list[str]:
        _, page = await desk.as_(actor).get(f"/v1/briefs?text={text}")
        return [each["id"] for each in page["items"]]

    brief = await desk.submitted(title="Lancio d'autunno")
    brief_id = brief["id"]
    await desk.deliver(desk.approval(ChangesRequested, brief, reason="Da rivedere"))
    read, _ = await desk.as_(desk.anna).get(f"/v1/briefs/{brief_id}")
    response, _ = await desk.as_(desk.anna).put(
        f"/v1/briefs/{brief_id}",
        desk.content(title="Lancio segreto"),
        headers={"If-Match": read.headers["ETag"]},
    )
    assert response.status == 200
    for text in ("LANCIO", "autunno", f"autunno%20{brief['number']}"):
        assert await found(desk.paola, text) == [brief_id], text
    for text in ("segreto", "autunno%20segreto", "-"):
        assert await found(desk.paola, text) == [], text
    assert await found(desk.anna, "segreto%20lancio") == [brief_id]
    assert await found(desk.anna, "autunno") == []


async def test_the_search_takes_beginnings_and_folds_accents(desk: Desk) -> None:
    async def found(actor: Any, text: str) -> list[str]:
        _, page = await desk.as_(actor).get("/v1/briefs", params={"text": text})
        return [each["title"] for each in page["items"]]

    title = "Qualità dell'Espositore Natalizio"
    await desk.submitted(title=title)
    await desk.submitted(title="Espositrice")
    for reader in (desk.paola, desk.anna):
        for text in ("qualita", "QUALITÀ", "quà", "esposito", "espositore nat", "natalizio qu", "espositore"):
            assert await found(reader, text) == [title], text
        for text in ("alita", "nat espositore", "espositori", "qualita x"):
            assert await found(reader, text) == [], text
        assert await found(reader, "esposit") == ["Espositrice", title]


async def test_briefs_from_before_the_words_are_found(desk: Desk) -> None:
    brief = await desk.submitted(title="Lancio d'autunno")
    await desk.database.fetch("DROP TABLE brief_words")
    await desk.database.fetch("DROP FUNCTION words_match, sought_key, word_keys_of, folded_words_of")
    await desk.database.fetch("DROP FUNCTION add_brief_words CASCADE")
    await desk.database.fetch("DELETE FROM schema_migrations WHERE name LIKE '%\\_word%'")
    assert len(await migrate(desk.database.owner_url, "brief")) == 5
    later = await desk.submitted(title="Autunno")
    _, page = await desk.as_(desk.paola).get("/v1/briefs?text=autu")
    assert [each["id"] for each in page["items"]] == [later["id"], brief["id"]]


async def test_words_are_written_without_a_look_at_their_brief_and_are_found_through_it(desk: Desk) -> None:
    brief = await desk.submitted(title="Lancio d'autunno")
    keys = await desk.database.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'brief_words'::regclass AND contype = 'f'"
    )
    assert keys == []
    owner = await asyncpg.connect(desk.database.superuser_url)
    await owner.execute("INSERT INTO brief_words SELECT tenant_id, word, gen_random_uuid() FROM brief_words")
    await owner.close()
    _, page = await desk.as_(desk.paola).get("/v1/briefs?text=autunno")
    assert [each["id"] for each in page["items"]] == [brief["id"]], "and those of no brief are nobody's"


async def test_the_gauge_counts_all_tenants_and_sees_only_states(desk: Desk) -> None:
    await desk.draft()
    await desk.submitted()
    async with desk.app.database.transaction(uuid4()) as work:
        await work.execute(
            Statement.parse("""
            INSERT INTO briefs (brief_id, number, requester_id, requester_name, state, cause, revision,
                                version, draft, drafted_at, changed_at)
            VALUES (gen_random_uuid(), 'X', gen_random_uuid(), 'X', 'draft', 'drafted', 1, 1, '{}', now(),
                    now())
            """)
        )
    backbone = await Database.open(desk.database.backbone_url, source="/optima/brief")
    try:
        async with backbone.connection() as connection:
            await measure_briefs(connection)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT number FROM briefs")
    finally:
        await backbone.close()
    values = {
        sample.labels["state"]: sample.value for metric in BRIEFS.collect() for sample in metric.samples
    }
    assert values == {
        "draft": 2,
        "submitted": 1,
        "over_budget": 0,
        "in_approval": 0,
        "approved": 0,
        "in_production": 0,
        "in_delivery": 0,
    }


async def test_the_openapi_document_is_valid(desk: Desk) -> None:
    _, document = await desk.as_(desk.anna).get("/openapi.json")
    validate(document)
