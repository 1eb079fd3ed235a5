"""Figures of a whole service are measured by one process, and shown only where they are measured."""

from __future__ import annotations

import asyncio

import pytest
from tally import Chore

from optima_kit import measuring
from optima_kit.ids import new_id
from optima_kit.measuring import Measuring, measure_jobs, measure_outbox, measure_parking
from optima_kit.metrics import MEASURED
from optima_kit.testing import eventually

pytestmark = pytest.mark.servers


def shown() -> dict[tuple[str, str], float]:
    """(name, label) and value of what a scrape of this process would tell of the service as a whole. Not as
    text: after thousands of tests, writing and reading all that this process has counted takes seconds."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in MEASURED.collect()
        for sample in family.samples
    }


@pytest.fixture
async def measuring_once(stage):
    measures = [measure_outbox, measure_parking, measure_jobs(stage.tally.jobs)]
    made = []

    def start(*more):
        one = Measuring(stage.backbone.pool, [*measures, *more], every=0.05)
        one.start()
        made.append(one)
        return one

    yield start
    for one in made:
        await one.stop()


async def test_a_dead_relay_shows_nothing_and_a_living_one_what_there_is(stage, measuring_once):
    assert shown() == {}
    for _ in range(3):
        await stage.tally.count(stage.database, stage.tenant, new_id())
    await stage.where.fetch("UPDATE outbox SET created_at = now() - interval '1 minute' WHERE position = 1")
    async with stage.database.transaction(stage.tenant) as unit:
        unit.jobs.schedule("chore", Chore(name="x"), key="x")
        unit.jobs.schedule("errand", Chore(name="y"), key="y")
        unit.jobs.schedule("errand", Chore(name="z"), key="z")
    await stage.where.fetch(
        "UPDATE jobs SET due_at = now() - interval '2 minutes', locked_until = CASE key WHEN 'z'"
        " THEN now() + interval '1 hour' END"
    )
    one = measuring_once()
    await eventually(shown)
    figures = shown()
    assert figures["optima_outbox_pending", ""] == 3
    assert 59 < figures["optima_outbox_oldest_seconds", ""] < 90
    assert figures["optima_jobs_due", "errand"] == figures["optima_jobs_running", "errand"] == 1
    assert 119 < figures["optima_jobs_oldest_due_seconds", "errand"] < 150
    assert figures["optima_parked_messages", "delivery_limit"] == 0, "zeros are told, for who scales by them"
    await one.stop()
    assert shown() == {}


async def test_one_of_many_measures_and_another_follows_it(stage, measuring_once):
    turns = []

    def noting(name):
        async def note(_):
            turns.append(name)

        return note

    first = measuring_once(noting("first"))
    await eventually(lambda: len(turns) > 2)
    measuring_once(noting("second"))
    await asyncio.sleep(0)
    seen = len(turns)
    await eventually(lambda: len(turns) > seen + 3)
    assert set(turns) == {"first"}
    await first.stop()
    await eventually(lambda: turns[-1] == "second")


async def test_what_is_not_measured_any_more_is_not_shown(stage, measuring_once, monkeypatch):
    failing = False

    async def fails(_):
        if failing:
            raise ConnectionError

    measuring_once(fails)
    await eventually(shown)
    failing = True
    await eventually(lambda: not shown())
    failing = False
    await eventually(shown)
    monkeypatch.setattr(MEASURED, "_until", 0.0)
    assert shown() == {}, "an old measurement is none"
    assert measuring.EVERY_SECONDS * 3 < measuring._FRESH_SECONDS


async def test_measuring_keeps_its_indexes(stage):
    """With a long history behind it, it looks at what is unsent or due, and at nothing else."""
    await stage.long_history()
    for statement in (measuring._OUTBOX, measuring._JOBS, measuring._FAILED):
        async with stage.backbone.connection() as connection:
            rows = await connection.fetch("EXPLAIN " + statement)
        plan = "\n".join(row[0] for row in rows)
        assert "Seq Scan on outbox " not in plan, plan
        assert "Seq Scan on jobs" not in plan, plan


async def test_what_costs_more_is_measured_seldom_and_at_once_after_a_failure(monkeypatch):
    now, tries = [100.0], []
    monkeypatch.setattr(measuring.time, "monotonic", lambda: now[0])

    async def measure(_):
        tries.append(now[0])
        if len(tries) == 1:
            raise RuntimeError("in vain")

    seldom = measuring.seldom(measure, every=60.0)
    with pytest.raises(RuntimeError):
        await seldom(None)
    for second in range(100, 230):
        now[0] = float(second)
        await seldom(None)
    assert tries == [100.0, 100.0, 160.0, 220.0]
