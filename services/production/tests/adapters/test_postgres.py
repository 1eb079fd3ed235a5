"""What the statements promise: indexes that keep lists fast, and figures without a tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import pytest

from optima_kit.migrate import migrate
from optima_kit.testing import ServiceDatabase
from production.adapters.figures import LATE_PHASES, OPEN_ORDERS, measure
from production.adapters.postgres import QUERIES
from production.domain.job import GRANTING, OPEN_TASKS

TENANT, ANNA = uuid4(), uuid4()
LAST, FIRST = UUID(int=2**128 - 1), UUID(int=0)

FILL = """
SELECT set_config('optima.tenant', '{tenant}', false);
INSERT INTO orders (id, number, title, customer, deadline, state, confirmed_at, version)
SELECT gen_random_uuid(), 'O-' || n, 'Ordine', 'C' || n % 50, date '2027-01-01' + n % 300,
       CASE n % 100 WHEN 0 THEN 'confirmed' WHEN 1 THEN 'cancelled' ELSE 'delivered' END, now(), 1
FROM generate_series(1, {orders}) AS n;
INSERT INTO order_jobs (id, order_id, position, kind, description, quantity, unit, deliveries,
                        tolerance_percent, state, version)
SELECT gen_random_uuid(), id, 1, 'k', 'd', 100, 'pz', '[]', 10, 'done', 1 FROM orders;
INSERT INTO phases (id, order_id, job_id, position, key, name, after, quality_check, skippable, deadline,
                    state, assignee_id, attempt, note)
SELECT gen_random_uuid(), order_id, order_jobs.id, 0, 'k', 'n', '{{}}', false, false, orders.deadline,
       CASE WHEN orders.state = 'confirmed' THEN 'assigned' WHEN number LIKE '%5' THEN 'ready'
            WHEN number LIKE '%7' THEN 'in_progress' ELSE 'done' END,
       CASE WHEN number LIKE '%7' THEN gen_random_uuid() ELSE '{anna}' END, 1, ''
FROM order_jobs JOIN orders ON orders.id = order_id;
INSERT INTO job_economics (job_id, cost, unit_price, materials, technical_sheet, vat_code)
SELECT id, 1, 1, '', '', '22' FROM order_jobs;
UPDATE order_jobs SET item_id = gen_random_uuid();
INSERT INTO approved_prices (item_id, unit_price) SELECT item_id, 1 FROM order_jobs;
INSERT INTO amendments (id, job_id, quantity, unit_price_before, unit_price, content_hash, reason, process,
                        requested_at, requested_by, state)
SELECT gen_random_uuid(), id, 1, 1, 2, '', '', 'p', now(), gen_random_uuid(),
       CASE WHEN position = 1 THEN 'in_approval' ELSE 'applied' END
FROM order_jobs;
UPDATE orders SET brief_id = gen_random_uuid();
INSERT INTO proofs (proof_id, brief_id, version, sequence, approved)
SELECT gen_random_uuid(), brief_id, 1, 1, true FROM orders;
INSERT INTO directory_people (id, name, active, roles)
SELECT CASE n WHEN 1 THEN '{anna}'::uuid ELSE gen_random_uuid() END, 'P' || n, true, '{{}}'
FROM generate_series(1, 3000) AS n;
INSERT INTO customers (id, code, legal, connection)
SELECT gen_random_uuid(), 'C' || n, '{{}}', 'gamma' FROM generate_series(1, 3000) AS n;
INSERT INTO shipments (id, order_id, state, sequence)
SELECT gen_random_uuid(), id, 'delivered', 5 FROM orders;
INSERT INTO shipment_lines (shipment_id, job_id, quantity)
SELECT shipments.id, order_jobs.id, 100 FROM shipments JOIN order_jobs USING (order_id);
INSERT INTO sent_outside (phase_id, shipment_id, sequence, quantity)
SELECT id, gen_random_uuid(), 5, 100 FROM phases;
INSERT INTO back_from_outside (phase_id, return_id, good, scrap)
SELECT id, gen_random_uuid(), 97, 3 FROM phases;
INSERT INTO order_changes (id, order_id, changed_at, changed_by, reason, deadline_before)
SELECT gen_random_uuid(), id, now(), '{anna}', '', deadline FROM orders;
ANALYZE;
"""


@pytest.fixture
async def filled(
    database_for: Callable[[str], Awaitable[ServiceDatabase]],
) -> AsyncIterator[tuple[ServiceDatabase, asyncpg.Connection[asyncpg.Record]]]:
    database = await database_for("production")
    root = await asyncpg.connect(database.superuser_url)
    await root.execute(FILL.format(tenant=TENANT, anna=ANNA, orders=2000))
    await root.close()
    connection = await asyncpg.connect(database.rw_url)
    await connection.execute(f"SELECT set_config('optima.tenant', '{TENANT}', false)")
    yield database, connection
    await connection.close()


async def test_lists_keep_their_indexes(
    filled: tuple[ServiceDatabase, asyncpg.Connection[asyncpg.Record]],
) -> None:
    _, connection = filled
    some_job = await connection.fetchval("SELECT id FROM order_jobs LIMIT 1")
    some_order = await connection.fetchval("SELECT id FROM orders LIMIT 1")
    some_phase = await connection.fetchval("SELECT id FROM phases LIMIT 1")
    anything: dict[str, object] = dict.fromkeys(("brief_id", "number", "state", "customer", "before"))
    orders = {**anything, "limit": 50}
    nothing = dict.fromkeys(("state", "assignee_id", "lateness", "since", "until", "after_due", "after_id"))
    board = {**nothing, "unassigned": False, "today": date(2027, 1, 1), "limit": 5}
    own = {"assignee_id": ANNA, "after_deadline": date(2027, 3, 1), "after_id": FIRST, "limit": 5}
    tasks = {**own, "states": list(OPEN_TASKS)}
    granted = {"assignee_id": ANNA, "phase_id": some_phase, "states": list(GRANTING)}
    for name, index, values in (
        ("list_orders", "orders_newest", orders),
        ("list_orders", "orders_newest", {**orders, "before": LAST}),
        ("list_orders", "orders_by_state", {**orders, "state": "cancelled"}),
        ("list_orders", "orders_by_customer", {**orders, "customer": "C1"}),
        ("list_orders", "orders_tenant_id_brief_id_key", {**orders, "brief_id": uuid4()}),
        ("list_orders", "orders_tenant_id_number_key", {**orders, "number": "O-7"}),
        ("list_orders_by_words", "order_words_pkey", {**orders, "text": "ordine"}),
        ("list_orders_by_words", "order_words_pkey", {**orders, "text": "O-7 ord", "before": LAST}),
        ("list_open_tasks", "tasks_open", tasks),
        ("list_done_tasks", "tasks_done", own),
        ("find_task", "phases_pkey", granted),
        ("list_open_tasks", "sent_outside_pkey", tasks),
        ("list_open_tasks", "back_from_outside_pkey", tasks),
        ("list_open_tasks", "proofs_of_brief", tasks),
        ("list_board", "phases_by_due", board),
        ("list_board", "phases_by_state", {**board, "state": "assigned"}),
        ("list_board", "phases_by_due", {**board, "after_due": date(2027, 3, 1), "after_id": FIRST}),
        ("list_orders_with_work_of", "tasks_open", {"assignee_id": ANNA}),
        ("lock_order_of_job", "order_jobs_pkey", {"job_id": some_job}),
        ("lock_order_of_phase", "phases_pkey", {"phase_id": some_phase}),
        ("list_jobs", "phases_by_share", {"order_id": some_order, "job_id": some_job}),
        ("list_jobs", "order_jobs_order_id_position_key", {"order_id": some_order, "job_id": None}),
        ("list_jobs", "one_amendment_in_approval", {"order_id": some_order, "job_id": None}),
        ("list_amendments", "amendments_of_job", {"job_ids": f"{{{some_job}}}"}),
        ("list_jobs", "shipments_of_order", {"order_id": some_order, "job_id": None}),
        ("list_lines_without_shipment", "shipments_of_order", {"order_id": some_order, "shipment_id": FIRST}),
        ("find_order", "orders_pkey", {"order_id": some_order, "job_id": None}),
        ("find_order", "changes_of_order", {"order_id": some_order, "job_id": None}),
        ("find_order", "order_jobs_pkey", {"order_id": None, "job_id": some_job}),
    ):
        statement = getattr(QUERIES, name)
        mode = "force_custom_plan" if statement.custom_plan else "force_generic_plan"
        await connection.execute(f"SET plan_cache_mode = {mode}")
        plan = await _plan(connection, statement.sql, *statement.arguments(values))
        assert index in plan, f"{name}:\n{plan}"
        assert "Seq Scan" not in plan, f"{name}:\n{plan}"
        if "limit" in values and "_key" not in index and "pkey" not in index:
            assert "Sort" not in plan, f"{name}:\n{plan}"


async def _plan(connection: asyncpg.Connection[asyncpg.Record], sql: str, *arguments: object) -> str:
    statement = await connection.prepare(sql)
    types = ", ".join(parameter.name for parameter in statement.get_parameters())
    await connection.execute(f"PREPARE shown ({types}) AS {sql}")
    given = ", ".join(_literal(argument) for argument in arguments)
    rows = await connection.fetch(f"EXPLAIN EXECUTE shown ({given})")
    await connection.execute("DEALLOCATE shown")
    return "\n".join(row[0] for row in rows)


def _literal(argument: object) -> str:
    match argument:
        case None:
            return "NULL"
        case int():
            return str(argument)
        case list():
            return "ARRAY[" + ", ".join(map(_literal, argument)) + "]"
    return f"'{argument}'"


async def test_figures_count_open_orders_and_late_phases_of_all_tenants(
    filled: tuple[ServiceDatabase, asyncpg.Connection[asyncpg.Record]],
) -> None:
    database, connection = filled
    backbone = await asyncpg.connect(database.backbone_url)
    try:
        await measure(backbone)
        assert OPEN_ORDERS.labels("confirmed")._value.get() == 20
        assert OPEN_ORDERS.labels("ready")._value.get() == 0
        assert LATE_PHASES._value.get() == 0
        await connection.execute("UPDATE phases SET deadline = current_date - 2")
        await measure(backbone)
        assert LATE_PHASES._value.get() == 420
        for secret in (
            "SELECT title FROM orders",
            "SELECT assignee_id FROM phases",
            "SELECT * FROM customers",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await backbone.fetch(secret)
    finally:
        await backbone.close()


async def test_orders_from_before_the_words_are_found(
    filled: tuple[ServiceDatabase, asyncpg.Connection[asyncpg.Record]],
) -> None:
    database, connection = filled
    words = "SELECT count(*) FROM order_words WHERE word IN ('7', 'or')"
    before = await connection.fetchval(words)
    assert before == 2001
    root = await asyncpg.connect(database.superuser_url)
    await root.execute("DROP TABLE order_words; DROP FUNCTION add_order_words CASCADE")
    await root.execute("DROP FUNCTION words_match, sought_key, word_keys_of, folded_words_of")
    await root.execute("DELETE FROM schema_migrations WHERE name LIKE '%word%'")
    assert len(await migrate(database.owner_url, "production")) == 3
    forced = (
        "SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'order_words') AND relforcerowsecurity"
    )
    assert await root.fetchval(forced) == 2
    await root.close()
    assert await connection.fetchval(words) == before
