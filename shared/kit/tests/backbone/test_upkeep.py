"""What the backbone forgets, what it measures, and that its hot statements keep their indexes."""

from __future__ import annotations

import pytest

from optima_kit import relay, work
from optima_kit.retention import Retention

pytestmark = pytest.mark.servers


async def test_what_has_had_its_time_is_forgotten_and_nothing_else(stage):
    await stage.where.fetch(
        """
        WITH events AS (
            INSERT INTO outbox (id, tenant_id, partition, type, subject, sequence, envelope, sent_at)
            SELECT gen_random_uuid(), $1, 0, 't', gen_random_uuid(), 1, '{}', now() - age
            FROM unnest(array['15 days', '13 days', null]::interval[]) AS age),
        seen AS (
            INSERT INTO inbox SELECT gen_random_uuid(), now() - age
            FROM unnest(array['31 days', '29 days']::interval[]) AS age),
        keys AS (
            INSERT INTO idempotency_keys (tenant_id, person_id, key, request_hash, created_at)
            SELECT $1, $1, age::text, '', now() - age
            FROM unnest(array['49 hours', '47 hours']::interval[]) AS age)
        INSERT INTO jobs (id, tenant_id, kind, key, payload, due_at, state, finished_at)
        SELECT gen_random_uuid(), $1, 'k', state, '{}', now(), state, now() - interval '15 days'
        FROM unnest(array['done', 'cancelled', 'failed']) AS state
        """,
        stage.tenant,
    )
    pruned = await Retention(stage.backbone.pool).prune()
    assert pruned == {"outbox": 1, "inbox": 1, "jobs": 2, "idempotency_keys": 1}
    assert await Retention(stage.backbone.pool).prune() == dict.fromkeys(pruned, 0)
    kept = await stage.where.fetch("SELECT state FROM jobs")
    assert [row["state"] for row in kept] == ["failed"]


async def test_hot_statements_keep_their_indexes(stage):
    """With a long history behind it, a relay looks at what is unsent or due, and at nothing else."""
    await stage.where.fetch(
        """
        WITH events AS (
            INSERT INTO outbox (id, tenant_id, partition, type, subject, sequence, envelope, sent_at)
            SELECT gen_random_uuid(), $1, n % 16, 't', gen_random_uuid(), 1, '{}',
                   CASE WHEN n % 2000 > 0 THEN now() END
            FROM generate_series(1, 40000) AS n)
        INSERT INTO jobs (id, tenant_id, kind, key, payload, due_at, state)
        SELECT gen_random_uuid(), $1, 'k', n::text, '{}', now(),
               CASE WHEN n % 2000 > 0 THEN 'done' ELSE 'due' END
        FROM generate_series(1, 40000) AS n
        """,
        stage.tenant,
    )
    await stage.where.fetch("VACUUM ANALYZE")
    now = await stage.where.fetch("SELECT now()")
    for statement, arguments in [
        (relay._MARK_AND_READ, ([1, 2], [1, 2], 30)),
        (work._HINT_DUE, (now[0][0], 200)),
        (work._HINT_AGAIN, (60.0, 200)),
    ]:
        async with stage.backbone.connection() as connection:
            rows = await connection.fetch("EXPLAIN " + statement, *arguments)
        plan = "\n".join(row[0] for row in rows)
        assert "Seq Scan on outbox " not in plan, plan
        assert "Seq Scan on jobs" not in plan, plan
