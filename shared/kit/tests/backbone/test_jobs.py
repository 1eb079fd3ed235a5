"""Jobs and timers: the row is the obligation, hints may be lost or doubled, workers may be many."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tally import Chore

from optima_kit import work
from optima_kit.backbone_metrics import BROKER_CONNECTED
from optima_kit.broker import BrokerRefused, Outgoing, Publisher
from optima_kit.cause import Cause
from optima_kit.clock import FixedClock, SystemClock
from optima_kit.ids import new_id
from optima_kit.testing import eventually
from optima_kit.testing.provisioned import declare_jobs
from optima_kit.topology import dead_jobs_queue, jobs_arguments, jobs_queue
from optima_kit.wake import WakeListener
from optima_kit.work import HINT_AGAIN_SECONDS, _hint

pytestmark = pytest.mark.servers


async def schedule(stage, name, *, kind="chore", mood="good", due_at=None, key=None):
    async with stage.database.transaction(stage.tenant) as unit:
        unit.jobs.schedule(kind, Chore(name=name, mood=mood), key=key or name, due_at=due_at)


async def jobs(stage):
    return await stage.where.fetch("SELECT * FROM jobs ORDER BY created_at, id")


async def states(stage):
    return [job["state"] for job in await jobs(stage)]


async def all_in(stage, state):
    async def check():
        found = await states(stage)
        return bool(found) and set(found) == {state}

    async def describe():
        return [dict(job) for job in await jobs(stage)]

    await eventually(check, within=10, describe=describe)


async def test_a_job_runs_once_through_hint_and_worker(stage):
    await stage.hints()
    await stage.work()
    for number in range(5):
        await schedule(stage, str(number))
    await all_in(stage, "done")
    assert sorted(await stage.whats()) == [f"chore {n}" for n in range(5)]


async def test_doubled_hints_change_nothing(stage):
    await stage.hints()
    await schedule(stage, "once", mood="patient")

    async def hinted():
        return (await jobs(stage))[0]["hinted_at"]

    await eventually(hinted)
    (job,) = await jobs(stage)
    queue = jobs_queue(stage.tally.name)
    body = _hint(queue, job["id"], stage.tenant).encode()
    publisher = Publisher(stage.broker, "", "application/json")
    assert all(await publisher.publish([Outgoing(str(n), queue, body) for n in range(6)]))
    await stage.work()
    await stage.work()
    stage.tally.release.set()
    await all_in(stage, "done")

    async def drained():
        async with stage.broker.channel() as channel:
            answer = await channel.call(channel.raw.queue_declare, queue=queue, passive=True)
        return answer.method.message_count == 0

    await eventually(drained)
    assert await stage.whats() == ["chore once"]


async def test_a_lost_hint_is_sent_again(stage):
    await stage.hints(again_after=0.3)
    queue = jobs_queue(stage.tally.name)
    await schedule(stage, "forgotten")

    async def lost():
        async with stage.broker.channel() as channel:
            answer = await channel.call(channel.raw.queue_purge, queue=queue)
        return answer.method.message_count

    async def hinted():
        return (await jobs(stage))[0]["hinted_at"]

    await eventually(hinted)
    await eventually(lost)
    await stage.work()
    await all_in(stage, "done")
    assert await stage.whats() == ["chore forgotten"]


async def test_timers_fire_once_with_three_workers_and_two_relays(stage):
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    for number in range(30):
        await schedule(stage, f"{number:02}", due_at=soon)
    for _ in range(2):
        await stage.hints(again_after=0.2)
    for _ in range(3):
        await stage.work()
    assert datetime.now(UTC) < soon + timedelta(seconds=5)
    await all_in(stage, "done")
    assert sorted(await stage.whats()) == [f"chore {n:02}" for n in range(30)]
    finished = min(job["finished_at"] for job in await jobs(stage))
    assert finished >= soon


async def test_a_timer_waits_for_its_time(stage):
    clock = FixedClock(datetime(2030, 1, 7, 9, 0, tzinfo=UTC))
    await schedule(stage, "reminder", due_at=clock.now() + timedelta(days=2))
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 0
    clock.advance(timedelta(days=2))
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
    assert await stage.whats() == ["chore reminder"]


async def test_scheduling_an_unfinished_job_moves_it_and_replaces_its_payload(stage):
    clock = FixedClock(datetime(2030, 1, 7, 9, 0, tzinfo=UTC))
    later = clock.now() + timedelta(hours=1)
    await schedule(stage, "old", key="k", due_at=clock.now())
    await schedule(stage, "new", key="k", due_at=later)
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 0
    clock.set(later)
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
    assert await stage.whats() == ["chore new"]
    await schedule(stage, "next", key="k", due_at=later)
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
    assert await states(stage) == ["done", "done"]


async def test_a_cancelled_job_does_not_run(stage):
    await schedule(stage, "unwanted")
    async with stage.database.transaction(stage.tenant) as unit:
        unit.jobs.cancel("chore", "unwanted")
        unit.jobs.cancel("chore", "never heard of")
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 0
    assert await states(stage) == ["cancelled"]


async def test_of_several_words_in_one_transaction_the_last_counts(stage):
    async with stage.database.transaction(stage.tenant) as unit:
        unit.jobs.schedule("chore", Chore(name="a"), key="a")
        unit.jobs.cancel("chore", "a")
        unit.jobs.cancel("chore", "b")
        unit.jobs.schedule("chore", Chore(name="b"), key="b")
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 1
    assert await stage.whats() == ["chore b"]


async def test_a_failing_job_is_tried_again_with_pauses_and_given_up(stage):
    clock = FixedClock(datetime(2030, 1, 7, 9, 0, tzinfo=UTC))
    stage.database.clock = clock
    await schedule(stage, "hopeless", kind="errand", mood="poison", due_at=clock.now())
    pauses = []
    for _ in range(3):
        assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
        (job,) = await jobs(stage)
        pauses.append((job["due_at"] - clock.now()).total_seconds())
        clock.set(job["due_at"])
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 0
    assert job["state"] == "failed"
    assert job["attempts"] == 3
    assert job["last_error"] == "ConnectionRefusedError: nobody is there"
    assert 0.5 <= pauses[0] <= 1 <= pauses[1] <= 2 <= pauses[2] <= 4
    assert await stage.whats() == ["errand hopeless begun"] * 3


async def due(stage):
    return [(job["key"], job["due_at"]) for job in await jobs(stage) if job["state"] == "due"]


async def test_a_repeating_job_schedules_its_next_run(stage):
    clock = FixedClock(datetime(2030, 1, 7, 9, 0, tzinfo=UTC))
    stage.database.clock = clock
    await schedule(stage, "daily", kind="round", due_at=clock.now())
    for day in range(3):
        assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
        assert len(await stage.whats()) == day + 1
        clock.advance(timedelta(days=1))
        assert await due(stage) == [("daily", clock.now())]


async def test_a_repeating_job_ends_its_series_by_cancelling_itself(stage):
    async def last(ports, chore):
        ports.jobs.cancel("last round", chore.name)

    stage.tally.jobs.every(timedelta(days=1), "last round", Chore)(last)
    await schedule(stage, "x", kind="last round")
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 1
    assert await states(stage) == ["done"]


async def test_a_run_that_is_given_up_does_not_end_the_series(stage):
    clock = FixedClock(datetime(2030, 1, 7, 9, 0, tzinfo=UTC))
    stage.database.clock = clock
    await schedule(stage, "daily", kind="round", mood="poison", due_at=clock.now())
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
    ((_, again),) = await due(stage)
    assert again < clock.now() + timedelta(seconds=2), "the run is tried again first"
    clock.set(again)
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
    assert sorted(await states(stage)) == ["due", "failed"]
    assert await due(stage) == [("daily", clock.now() + timedelta(days=1))]


@pytest.mark.parametrize("way", ["on", "outside"])
async def test_a_job_that_schedules_itself_goes_on_after_a_run_that_is_given_up(stage, way):
    async def broken(*_):
        raise ZeroDivisionError

    getattr(stage.tally.jobs, way)("broken", Chore, attempts=1, again_after=timedelta(hours=1))(broken)
    stage.database.clock = clock = FixedClock(datetime(2030, 1, 7, 9, 0, tzinfo=UTC))
    await schedule(stage, "x", kind="broken", due_at=clock.now())
    assert await stage.runner.run_due(stage.backbone.pool, clock) == 1
    assert sorted(await states(stage)) == ["due", "failed"]
    assert await due(stage) == [("x", clock.now() + timedelta(hours=1))]


async def test_a_failing_jobs_own_writes_are_undone(stage):
    await schedule(stage, "hopeless", mood="poison")
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 1
    (job,) = await jobs(stage)
    assert (job["state"], job["attempts"]) == ("due", 1)
    assert await stage.whats() == []


async def test_an_errand_that_forgets_to_finish_has_failed(stage):
    await schedule(stage, "open end", kind="errand", mood="forgetful")
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 1
    (job,) = await jobs(stage)
    assert (job["state"], job["attempts"]) == ("due", 1)
    assert "finish" in job["last_error"]


async def test_nobody_else_runs_an_errand_that_is_under_way(stage):
    await schedule(stage, "long", kind="errand", mood="patient")
    (job,) = await jobs(stage)
    await stage.where.fetch("UPDATE jobs SET hinted_at = now()")
    first = asyncio.create_task(stage.runner.run(job["id"], stage.tenant))

    async def begun():
        return await stage.whats() == ["errand long begun"]

    await eventually(begun)
    await stage.runner.run(job["id"], stage.tenant)
    assert await stage.whats() == ["errand long begun"]
    stage.tally.release.set()
    await first
    assert await stage.whats() == ["errand long begun", "errand long done"]
    assert await states(stage) == ["done"]


async def test_each_is_told_of_what_it_waits_for_alone(stage):
    """Most commits add events and no job: who hints at jobs need not look each time."""
    listener = WakeListener(stage.backbone.pool)
    events, jobs = listener.listen("events"), listener.listen("jobs")
    listener.start()

    async def told(*wanted):
        await asyncio.gather(*(asyncio.wait_for(wake.wait(), 5) for wake in wanted))
        assert [wake.is_set() for wake in (events, jobs)] == [wake in wanted for wake in (events, jobs)]
        events.clear()
        jobs.clear()

    try:
        await told(events, jobs)  # of what was before it listened
        await stage.tally.count(stage.database, stage.tenant, new_id())
        await told(events)
        await schedule(stage, "one")
        await told(jobs)
        async with stage.database.transaction(stage.tenant) as unit:
            unit.jobs.cancel("chore", "one")
            unit.outbox.add(stage.tally.Stated(value=1), subject=new_id(), correlation=new_id())
        await told(events, jobs)
        await stage.backbone.pool.execute("NOTIFY optima_wake")  # the previous release says no more
        await told(events, jobs)
    finally:
        await listener.stop()


@pytest.mark.parametrize(("mood", "state"), [("good", "done"), ("poison", "due")])
async def test_an_errands_end_tells_who_hints_at_jobs_that_a_worker_is_free(stage, mood, state):
    told = []
    stage.database.after_commit = told.append
    await schedule(stage, "short", kind="errand", mood=mood)
    (job,) = await jobs(stage)
    await stage.where.fetch("UPDATE jobs SET hinted_at = now()")
    told.clear()
    await stage.runner.run(job["id"], stage.tenant)
    assert await states(stage) == [state]
    assert told == [{"jobs"}]


async def test_what_is_rescheduled_during_its_run_runs_again(stage):
    await schedule(stage, "first", kind="errand", mood="patient", key="k")
    (job,) = await jobs(stage)
    await stage.where.fetch("UPDATE jobs SET hinted_at = now()")
    run = asyncio.create_task(stage.runner.run(job["id"], stage.tenant))

    async def begun():
        return await stage.whats()

    await eventually(begun)
    await schedule(stage, "second", kind="errand", key="k")
    stage.tally.release.set()
    await run
    assert await states(stage) == ["due"]
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 1
    assert await states(stage) == ["done"]
    assert (await stage.whats())[-2:] == ["errand second begun", "errand second done"]


async def test_a_run_that_lost_its_lease_must_not_finish(stage):
    await schedule(stage, "slow", kind="errand", mood="patient")
    (job,) = await jobs(stage)
    await stage.where.fetch("UPDATE jobs SET hinted_at = now()")
    run = asyncio.create_task(stage.runner.run(job["id"], stage.tenant))

    async def begun():
        return await stage.whats()

    await eventually(begun)
    await stage.where.fetch("UPDATE jobs SET locked_until = now() + interval '1 hour'")
    stage.tally.release.set()
    await run
    assert await stage.whats() == ["errand slow begun"]
    (job,) = await jobs(stage)
    assert (job["state"], job["attempts"]) == ("due", 0)
    assert job["locked_until"] > datetime.now(UTC) + timedelta(minutes=50), "the other's lease stands"


async def test_a_worker_killed_in_the_middle_leaves_the_job_to_another(stage, monkeypatch):
    await schedule(stage, "interrupted")
    await stage.hints(again_after=0.3)
    queue = jobs_queue(stage.tally.name)
    (job,) = await jobs(stage)

    async def held():
        async with stage.database.transaction(stage.tenant) as unit:
            await unit.connection.fetchrow("SELECT FROM jobs WHERE id = $1 FOR UPDATE", job["id"])
            await stage.work()
            await asyncio.sleep(0.2)
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await held()
    await all_in(stage, "done")
    assert queue == f"{stage.tally.name}.jobs"
    assert await stage.whats() == ["chore interrupted"]


async def test_an_unknown_kind_is_a_failure_that_a_later_release_can_mend(stage):
    await schedule(stage, "novelty", kind="invented tomorrow")
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 1
    (job,) = await jobs(stage)
    assert job["state"] == "due"
    assert job["last_error"] == "LookupError: this release has no jobs of the kind invented tomorrow"


async def test_a_jobs_events_name_what_caused_the_job(stage):
    async def tell(ports, chore):
        ports.outbox.add(stage.tally.Counted(value=0), subject=stage.tenant, correlation=stage.tenant)

    stage.tally.jobs.on("tell", Chore)(tell)
    cause = new_id()
    async with stage.database.transaction(stage.tenant, Cause(datetime.now(UTC), causation_id=cause)) as unit:
        unit.jobs.schedule("tell", Chore(name="x"), key="x")
    assert await stage.runner.run_due(stage.backbone.pool, SystemClock()) == 1
    (event,) = await stage.where.published()
    assert event.causationid == cause


async def test_stopping_waits_for_the_job_in_hand(stage):
    await stage.hints()
    worker = await stage.work()
    await schedule(stage, "careful", mood="patient")

    async def begun():
        return await stage.where.fetch(
            "SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )

    await eventually(begun)
    stopping = asyncio.create_task(worker.stop(10))
    await asyncio.sleep(0.05)
    assert not stopping.done()
    stage.tally.release.set()
    await asyncio.wait_for(stopping, 10)
    assert await states(stage) == ["done"]


async def test_many_due_jobs_are_all_hinted_at(stage, monkeypatch):
    monkeypatch.setattr(work, "_HINTS_A_TURN", 7)
    async with stage.database.transaction(stage.tenant) as unit:
        for number in range(50):
            unit.jobs.schedule("chore", Chore(name=f"{number:02}"), key=str(number))
    await stage.hints()
    await stage.work()
    await all_in(stage, "done")
    assert sorted(await stage.whats()) == [f"chore {n:02}" for n in range(50)]
    assert HINT_AGAIN_SECONDS >= 30


async def test_a_backlog_is_hinted_at_within_bounds_and_is_worked_off(stage, monkeypatch):
    """Nobody works at first: hints neither pile up over time nor beyond their bound, by more than the turn
    that the broker had not counted yet."""
    monkeypatch.setattr(work, "_HINTS_WAITING", 12)
    monkeypatch.setattr(work, "_HINTS_A_TURN", 5)
    for number in range(20):
        await schedule(stage, f"{number:02}")
    await stage.hints(again_after=0.05)
    queue = jobs_queue(stage.tally.name)

    async def waiting():
        async with stage.broker.channel() as channel:
            answer = await channel.call(channel.raw.queue_declare, queue=queue, passive=True)
        return answer.method.message_count

    async def full():
        return await waiting() >= 12

    await eventually(full, within=10)
    turns = []

    async def looked_again():
        turns.append(await waiting())
        return len(turns) > 10

    await eventually(looked_again, within=20)
    assert max(turns) <= 12 + 5
    await stage.work()
    await all_in(stage, "done")
    assert sorted(await stage.whats()) == [f"chore {n:02}" for n in range(20)]


async def hinted_at(stage, most, *, slow=(), slow_of_one=0, of_one=200):
    """The names of the jobs that a turn of the dispatcher hints at, in their order, each with its tenant."""
    parameters = (datetime.now(UTC), most, of_one, list(slow), slow_of_one, work._LOOKED_THROUGH)
    rows = await stage.backbone.pool.fetch(work._HINT_DUE, *parameters)
    names = {job["id"]: job["key"] for job in await jobs(stage)}
    return [names[row["id"]] for row in rows]


async def owe(stage, tenant, names, kind="chore", *, hours=1):
    async with stage.database.transaction(tenant) as unit:
        for number, name in enumerate(names):
            past = datetime.now(UTC) - timedelta(hours=hours) + timedelta(seconds=number)
            unit.jobs.schedule(kind, Chore(name=name), key=name, due_at=past)


async def test_tenants_take_turns_however_much_one_of_them_owes(stage):
    """Between two jobs of one tenant stands one of every other that has one due."""
    noisy, quiet, other = (new_id() for _ in range(3))
    await owe(stage, noisy, [f"noisy {n:03}" for n in range(300)], hours=9)
    await owe(stage, quiet, ["quiet 0", "quiet 1"])
    await owe(stage, other, ["other 0"])
    hinted = await hinted_at(stage, 8)
    assert {name.split()[0] for name in hinted[:3]} == {"noisy", "quiet", "other"}
    assert sorted(hinted[3:5]) == ["noisy 001", "quiet 1"]
    assert hinted[5:] == ["noisy 002", "noisy 003", "noisy 004"]


async def test_one_tenant_has_a_bounded_share_of_the_hints(stage):
    noisy, quiet = new_id(), new_id()
    await owe(stage, noisy, [f"noisy {n:03}" for n in range(40)])
    assert len(await hinted_at(stage, 30, of_one=10)) == 10
    assert await hinted_at(stage, 30, of_one=10) == [], "until a worker has done one"
    await owe(stage, quiet, ["quiet 0"])
    assert await hinted_at(stage, 30, of_one=10) == ["quiet 0"]


async def test_a_tenant_whose_receivers_are_slow_leaves_workers_to_the_others(stage):
    noisy, quiet = new_id(), new_id()
    await owe(stage, noisy, [f"errand {n:03}" for n in range(40)], kind="errand")
    await owe(stage, noisy, ["chore 0"])
    await owe(stage, quiet, ["quiet 0"], kind="errand")
    hinted = await hinted_at(stage, 30, slow=["errand"], slow_of_one=2)
    assert sorted(hinted) == ["chore 0", "errand 000", "errand 001", "quiet 0"]
    assert await hinted_at(stage, 30, slow=["errand"], slow_of_one=2) == []


async def test_a_timer_of_tomorrow_is_nobodys_turn(stage):
    late, soon = new_id(), new_id()
    async with stage.database.transaction(late) as unit:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        unit.jobs.schedule("chore", Chore(name="late"), key="late", due_at=tomorrow)
    assert await hinted_at(stage, 30) == []
    await owe(stage, soon, ["soon"])
    assert await hinted_at(stage, 30) == ["soon"]


async def test_hints_outlive_their_node(stage):
    dead = dead_jobs_queue(jobs_queue(stage.tally.name))
    hints = jobs_queue(stage.tally.name)
    for queue, arguments in ((hints, jobs_arguments(hints)), (dead, {"x-max-length": 1000})):
        channel = await stage.broker.open_channel()
        classic = arguments | {"x-queue-type": "classic"}
        with pytest.raises(BrokerRefused, match=r"x-queue-type.*current is.*'quorum'"):
            await channel.call(channel.raw.queue_declare, queue=queue, durable=True, arguments=classic)


async def test_a_worker_shows_its_connection(stage):
    def shown():
        return BROKER_CONNECTED.labels(f"{stage.tally.name} work")._value.get()

    worker = await stage.work()
    assert shown() == 0
    await eventually(lambda: shown() == 1)
    # As when the broker goes: the queue is taken from under the consumer.
    async with stage.broker.channel() as channel:
        await channel.call(channel.raw.queue_delete, queue=jobs_queue(stage.tally.name))
    await eventually(lambda: shown() == 0)
    async with stage.broker.channel() as channel:
        await declare_jobs(channel, stage.tally.name)
    await eventually(lambda: shown() == 1, within=15)
    await worker.stop(1.0)
    assert shown() == 0
