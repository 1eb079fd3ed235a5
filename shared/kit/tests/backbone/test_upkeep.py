"""What the backbone forgets, what it measures, and that its hot statements keep their indexes."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from optima_kit import relay, work
from optima_kit.clock import SystemClock
from optima_kit.retention import Retention

pytestmark = pytest.mark.servers


async def test_finished_jobs_that_have_had_their_time_are_forgotten_and_failed_ones_are_not(stage):
    await stage.where.fetch(
        """
        INSERT INTO jobs (id, tenant_id, kind, key, payload, due_at, state, finished_at)
        SELECT gen_random_uuid(), $1, 'k', state || age, '{}', now(), state, now() - age
        FROM unnest(array['done', 'cancelled', 'failed']) AS state,
             unnest(array['15 days', '13 days']::interval[]) AS age
        """,
        stage.tenant,
    )
    await Retention(stage.backbone.pool, SystemClock()).turn()
    kept = await stage.where.fetch(
        "SELECT state, finished_at > now() - interval '14 days' AS young FROM jobs"
    )
    assert Counter((row["state"], row["young"]) for row in kept) == {
        ("done", True): 1,
        ("cancelled", True): 1,
        ("failed", True): 1,
        ("failed", False): 1,
    }


async def test_hot_statements_keep_their_indexes(stage):
    """With a long history behind it, a relay looks at what is unsent or due, and at nothing else."""
    await stage.long_history()
    now = await stage.where.fetch("SELECT now()")
    for statement, arguments in [
        (relay.MARK_AND_READ, ([1, 2], [1, 2], 30)),
        (work._HINT_DUE, (now[0][0], 200, 200, [], 1, 5000)),
        (work._HINT_AGAIN, (60.0, 200)),
    ]:
        async with stage.backbone.connection() as connection:
            await connection.execute(relay.SESSION_SETTINGS)
            rows = await connection.fetch("EXPLAIN " + statement, *arguments)
            await connection.execute(relay._END_LEASE)
        plan = "\n".join(row[0] for row in rows)
        assert set(re.findall(r"(?:on|using) outbox_(?!\d+\b)(\w+)", plan)) <= {"unsent", "unsent_pkey"}, plan
        assert "Seq Scan on outbox" not in plan, plan
        assert "Seq Scan on jobs" not in plan, plan
