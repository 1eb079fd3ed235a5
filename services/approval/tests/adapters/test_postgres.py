"""What the statements promise: the state is what the events say, indexes keep lists fast, figures have no
tenant, and no statement sees another's rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from approval.adapters.gauges import OVERDUE, WAITING, measure_approvals
from approval.adapters.postgres import Store
from approval.adapters.postgres_approvals import FIRST, NEWEST, QUERIES, PostgresApprovals
from approval.adapters.rows import OLDEST
from approval.adapters.stored_json import stored_event
from approval.adapters.subject_types import BUILT_IN_TYPES
from approval.domain.approval import Event, rebuild
from optima_kit.testing import ServiceDatabase, temporary_database

from ..conftest import Desk

TENANT, ANNA = uuid4(), uuid4()
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)

FILL = """
SELECT set_config('optima.tenant', '{tenant}', false);
INSERT INTO approvals (approval_id, process_key, process_version, subject_type, subject_id, subject_revision,
    subject_sequence, correlation_id, title, amount, requester_id, state, content, content_hash, steps,
    choices, version, opened_at, ended_at)
SELECT gen_random_uuid(), 'p' || n % 5, 1, 'brief', gen_random_uuid(), 1, 1, gen_random_uuid(),
    'Espositori ' || n, 100, '{anna}', CASE WHEN n % 10 = 0 THEN 'open' ELSE 'approved' END, '{{}}', 'h',
    '{{}}', '{{}}', 1, now(), CASE WHEN n % 10 = 0 THEN NULL ELSE now() END
FROM generate_series(1, 20000) AS n;
INSERT INTO concerned (person_id, approval_id) SELECT '{anna}', approval_id FROM approvals;
INSERT INTO open_parts (approval_id, step, person_id, why, requested_at, due_at)
SELECT approval_id, 'uno', CASE WHEN random() < 0.1 THEN '{anna}'::uuid ELSE gen_random_uuid() END, 'role:x',
    now(), now() - interval '1 hour'
FROM approvals WHERE state = 'open';
INSERT INTO open_rules (rule, approval_id)
SELECT 'role:' || (random() * 50)::int, approval_id FROM approvals WHERE state = 'open';
INSERT INTO approval_words (word, approval_id)
SELECT unnest(tsvector_to_array(search)), approval_id FROM approvals;
INSERT INTO approval_events (approval_id, number, at, event)
SELECT approval_id, 1, now(), '{{}}' FROM approvals;
ANALYZE;
"""


async def fill(database: ServiceDatabase) -> None:
    root = await asyncpg.connect(database.superuser_url)
    await root.execute(FILL.format(tenant=TENANT, anna=ANNA))
    await root.close()


@pytest.fixture(scope="session")
def full() -> Iterator[ServiceDatabase]:
    """On a loop of its own: an asynchronous fixture would be made anew for each test, whatever its scope."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        stack = AsyncExitStack()
        database = runner.run(stack.enter_async_context(temporary_database("approval")))
        runner.run(fill(database))
        yield database
        runner.run(stack.aclose())


@pytest.fixture
async def filled(full: ServiceDatabase) -> AsyncIterator[tuple[ServiceDatabase, Any]]:
    connection = await asyncpg.connect(full.rw_url)
    await connection.execute(f"SELECT set_config('optima.tenant', '{TENANT}', false)")
    yield full, connection
    await connection.close()


FILTERS = {
    "before": NEWEST,
    "limit": 50,
    "subject_id": None,
    "state": None,
    "process": None,
    "text": None,
    "concerned": None,
}
INBOX = {
    "reader_id": ANNA,
    "people": [ANNA],
    "processes": [None],
    "limits": [None],
    "subject_id": None,
    "process": None,
    "due_before": None,
    "back_by": None,
    "text": None,
    "how": None,
    "requesters": None,
    "least": None,
    "most": None,
}
START = {
    "sort": "requested",
    "after_rank": FIRST.rank,
    "after_moment": FIRST.moment,
    "after_approval_id": FIRST.approval_id,
    "after_step": FIRST.step,
    "after_person_id": FIRST.person,
    "limit": 50,
}
ASKING = {"people": [uuid4(), uuid4()], "rules": ["role:7"], "after": None, "limit": 100}

PAGED = ("list_past_approvals", "list_movable_approvals")
"""Read by jobs, page after page to the last: none sorts what the pages before have read."""


@pytest.mark.parametrize(
    ("statement", "index", "parameters"),
    [
        ("list_approvals", "approvals_newest", FILTERS),
        ("list_approvals_of_subject", "approvals_of_subject", {**FILTERS, "subject_id": uuid4()}),
        ("list_approvals_in_state", "approvals_by_state", {**FILTERS, "state": "open"}),
        ("list_approvals_of_process", "approvals_by_process", {**FILTERS, "process": "p1"}),
        ("list_approvals_by_words", "approval_words_pkey", {**FILTERS, "text": "prova 7", "word": "prova"}),
        ("list_own_approvals", "concerned_pkey", {**FILTERS, "concerned": ANNA}),
        ("list_inbox", "open_parts_of_person", {**INBOX, **START}),
        ("count_inbox", "open_parts_of_person", {**INBOX, "now": None}),
        ("list_open_approvals", "approvals_by_state", {"after": OLDEST, "limit": 100}),
        ("list_open_approvals_asking", "open_rules_pkey", ASKING),
        ("list_open_approvals_asking", "open_parts_of_person", ASKING),
        ("list_open_approvals_asking", "approvals_open_of_requester", ASKING),
        (
            "list_movable_approvals",
            "approvals_open_of_process",
            {"process_key": "p1", "to_version": 2, "after": OLDEST, "limit": 100},
        ),
        ("list_past_approvals", "approvals_over", {}),
        ("list_events", "approval_events_pkey", {}),
        ("list_events_shown", "approval_events_pkey", {}),
    ],
)
async def test_lists_keep_their_indexes(filled, statement, index, parameters):
    _, connection = filled
    known = getattr(QUERIES, statement)
    if known.custom_plan:
        plan = await connection.fetch(f"EXPLAIN {known.sql}", *known.arguments(parameters))
    else:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE listed AS {known.sql}")
        values = ", ".join("NULL" for _ in known.parameters)
        plan = await connection.fetch(f"EXPLAIN EXECUTE listed({values})")
    text = "\n".join(row[0] for row in plan)
    assert index in text, text
    assert "Seq Scan on approvals" not in text, text
    if statement in PAGED:
        assert "Sort" not in text, text


async def test_without_a_tenant_there_are_no_rows(filled):
    database, _ = filled
    connection = await asyncpg.connect(database.rw_url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        if table in ("approvals", "approval_events", "open_parts", "concerned", "open_rules"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute(
            "INSERT INTO units (unit_id, key, name) VALUES (gen_random_uuid(), 'a', 'a')"
        )
    await connection.close()


async def test_history_and_versions_can_only_grow(filled):
    _, connection = filled
    for statement in (
        "DELETE FROM approval_events",
        "UPDATE approval_events SET at = now()",
        "DELETE FROM process_versions",
        "UPDATE process_versions SET number = 9",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_gauges_count_over_tenants_and_see_no_more(filled):
    database, _ = filled
    connection = await asyncpg.connect(database.backbone_url)
    await measure_approvals(connection)
    assert (WAITING._value.get(), OVERDUE._value.get()) == (2000, 2000)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT title FROM approvals")
    await connection.close()


async def test_what_is_stored_is_what_the_events_say(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    approval_id = UUID((await desk.approval("ada", brief_id))["id"])
    await desk.decide("lia", approval_id, "marketing", reason="bene")
    await desk.price(brief_id, "9000.00")
    await desk.decide("paolo", approval_id, "acquisti", "reject", reason="troppo caro")
    rows = await desk.database.fetch("SELECT event FROM approval_events ORDER BY number")
    told = rebuild(EVENTS.validate_json(row["event"]) for row in rows)
    async with desk.app.database.reading(desk.tenant_id) as work:
        held = await PostgresApprovals(work).find(approval_id)
    assert held is not None
    assert held.approval == told


async def test_a_version_whose_publication_was_undone_is_not_kept(desk: Desk):
    await desk.publish("materiali-pop")
    store = Store()

    async def publish(name: str, *, undo: bool = False) -> str:
        async with desk.app.database.transaction(desk.tenant_id) as work:
            processes = store.ports(work).processes
            draft = await processes.find("materiali-pop")
            assert draft is not None
            definition = draft.definition.model_copy(update={"name": name})
            await processes.publish(definition, BUILT_IN_TYPES["brief"], 2, work.now, uuid4())
            version = await processes.version("materiali-pop", 2)
            assert version is not None
            if undo:
                raise RuntimeError(name)
        return version.definition.name

    with pytest.raises(RuntimeError):
        await publish("Undone", undo=True)
    assert await publish("Done") == "Done"


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Of every kind, with and without what they may lack."""
    kind = draw(st.sampled_from(get_args(Event)))
    facts = {name: hint for name, hint in get_type_hints(kind).items() if "tuple[dict" not in str(hint)}
    del facts["kind"]
    return kind(**{n: {} if "Any" in str(hint) else draw(st.from_type(hint)) for n, hint in facts.items()})


@given(events())
def test_every_event_is_read_as_it_was_written(event: Event) -> None:
    assert EVENTS.validate_json(orjson.dumps(stored_event(event))) == event
