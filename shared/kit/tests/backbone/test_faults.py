"""Processes die, messages come doubled and in the wrong order: every event still has exactly one effect."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from optima_kit.backbone_metrics import BROKER_CHANNELS, BROKER_CHANNELS_CLOSED, INBOX_DUPLICATES
from optima_kit.broker import BrokerRefused, Publisher, Subscription
from optima_kit.frames import Outgoing
from optima_kit.ids import new_id
from optima_kit.testing import eventually
from optima_kit.topology import EVENTS, events_queue

pytestmark = [pytest.mark.servers, pytest.mark.faults]


async def count_some(stage, subjects=5, each=10, **options):
    ids = [new_id() for _ in range(subjects)]
    await asyncio.gather(
        *(
            stage.tally.count(stage.database, stage.tenant, subject, **options)
            for _ in range(each)
            for subject in ids  # not one after the other: commands of one subject wait for each other
        )
    )
    return ids


async def send(stage, rows):
    publisher = Publisher(stage.broker, EVENTS, "application/json")
    batch = [Outgoing(str(n), row["type"], stage.tally.signed(row["envelope"])) for n, row in enumerate(rows)]
    assert all(await publisher.publish(batch))


async def test_a_relay_killed_between_publishing_and_marking(stage):
    await count_some(stage)
    dying = await stage.process("relay", TALLY_DIE="published")
    assert await asyncio.wait_for(dying.wait(), 10) == -signal.SIGKILL
    unsent = await stage.where.fetch("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
    assert unsent[0][0] == 50
    await stage.relay()
    await stage.consumer()
    await eventually(stage.is_settled, within=15)
    await stage.take_everything()
    await stage.each_event_had_one_effect()


async def test_a_consumer_killed_between_committing_and_acknowledging(stage):
    await stage.relay()
    await count_some(stage)

    async def sent():
        rows = await stage.where.fetch("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        return rows[0][0] == 0

    await eventually(sent)
    dying = await stage.process("consume", TALLY_DIE="committed")
    assert await asyncio.wait_for(dying.wait(), 10) == -signal.SIGKILL
    handled = await stage.where.fetch("SELECT count(*) FROM inbox")
    assert handled[0][0] > 0
    await stage.consumer()
    await stage.take_everything()
    await stage.each_event_had_one_effect()


async def test_a_consumer_killed_in_the_middle_of_a_reaction(stage):
    await stage.relay()
    await count_some(stage, subjects=3, each=3)
    await count_some(stage, subjects=1, each=1, mood="deadly")
    await eventually(stage.all_sent)
    dying = await stage.process("consume", TALLY_DIE="handling")
    assert await asyncio.wait_for(dying.wait(), 10) == -signal.SIGKILL
    await stage.consumer()
    await stage.each_event_had_one_effect()


async def test_every_event_delivered_three_times(stage):
    await count_some(stage, subjects=10)
    rows = await stage.where.fetch("SELECT type, envelope FROM outbox ORDER BY position")
    for _ in range(2):
        await send(stage, rows)
    await stage.relay()
    await stage.consumer()
    await stage.consumer()
    await send(stage, rows)
    await stage.take_everything()
    await stage.each_event_had_one_effect()


async def test_a_batch_that_arrives_in_reverse_is_handled_in_order(stage, monkeypatch):
    batch = Subscription.batch
    # All in one, however slowly the broker hands them out.
    monkeypatch.setattr(Subscription, "batch", lambda of, limit, *, linger: batch(of, limit, linger=0.5))
    (subject,) = await count_some(stage, subjects=1, each=50)
    rows = await stage.where.fetch("SELECT type, envelope FROM outbox ORDER BY position DESC")
    await send(stage, rows)
    await stage.consumer()
    await stage.relay()
    await stage.each_event_had_one_effect()
    seen = [effect["sequence"] for effect in await stage.effects() if effect["subject"] == subject]
    assert seen == list(range(1, 51))


async def test_two_relays_and_two_consumers_at_once(stage):
    parts = [await stage.relay(), await stage.relay(), await stage.consumer(), await stage.consumer()]
    assert len(parts) == 4
    await count_some(stage, subjects=30, each=20)
    await stage.each_event_had_one_effect()


async def test_relays_never_publish_what_another_is_publishing(stage):
    """Two relays share a backlog: each event goes out once, and a subject's events in their order."""
    subjects = await count_some(stage, subjects=40, each=10)
    await asyncio.gather(stage.relay(), stage.relay(), stage.relay())

    async def sent():
        rows = await stage.where.fetch("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        return rows[0][0] == 0

    await eventually(sent)
    arrived = await take_all(stage, 400)
    assert len(arrived) == 400
    for subject in subjects:
        theirs = [body for body in arrived if f'"subject":"{subject}"'.encode() in body]
        assert [f'"sequence":{n},'.encode() in body for n, body in enumerate(theirs, 1)] == [True] * 10


async def take_all(stage, at_least):
    """What lies in the service's queue, in order, taken off it."""
    subscription = await Subscription.open(stage.broker, events_queue(stage.tally.name), 1000)
    arrived = []
    while len(arrived) < at_least:
        batch = await asyncio.wait_for(subscription.batch(1000), 5)
        arrived += [delivery.body for delivery in batch]
        subscription.acknowledge(batch[-1])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(subscription.batch(1000), 0.3)
    await subscription.close()
    return arrived


async def test_consumers_and_relays_come_and_go_under_load(stage):
    """Processes are killed at random moments while commands go on."""
    rnd = random.Random(7)
    done = asyncio.Event()

    async def commands():
        while not done.is_set():
            await count_some(stage, subjects=3, each=2, mood="loud")
            await asyncio.sleep(0.05)

    async def reaper(role):
        for _ in range(2):
            process = await stage.process(role)
            await asyncio.sleep(rnd.uniform(0.1, 0.4))
            process.kill()
            await process.wait()

    going_on = asyncio.create_task(commands())
    await asyncio.gather(reaper("relay"), reaper("consume"))
    done.set()
    await going_on
    await stage.relay()
    await stage.consumer()
    await eventually(stage.is_settled, within=15)
    await stage.take_everything()
    await stage.each_event_had_one_effect()


async def test_stopping_finishes_what_is_in_hand(stage):
    """A stopped consumer commits and acknowledges its batch: nothing of it is delivered again."""
    await stage.relay()
    consumer = await stage.consumer()
    await count_some(stage, subjects=2, each=2, mood="patient")
    await eventually(lambda: _waiting_on_release(stage))
    duplicates = INBOX_DUPLICATES._value.get()
    stopping = asyncio.create_task(consumer.stop())
    done, _ = await asyncio.wait({stopping}, timeout=0.3)
    assert not done
    stage.tally.release.set()
    await asyncio.wait_for(stopping, 5)
    assert len(await stage.effects()) > 0
    await stage.consumer()
    await stage.each_event_had_one_effect()
    await stage.take_everything()
    assert INBOX_DUPLICATES._value.get() == duplicates


async def _waiting_on_release(stage):
    rows = await stage.where.fetch(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
        " AND query LIKE '%inbox%'"
    )
    return bool(rows)


async def test_channels_are_counted_and_so_are_those_that_rabbitmq_closes(stage):
    def counted():
        return (
            BROKER_CHANNELS.labels("test")._value.get(),
            BROKER_CHANNELS_CLOSED.labels("test")._value.get(),
        )

    channels, closed = counted()
    kept, lost = await stage.broker.open_channel(), await stage.broker.open_channel()
    assert counted() == (channels + 2, closed)
    with pytest.raises(BrokerRefused):
        await lost.call(lost.raw.queue_declare, queue="nobody.has.it", passive=True)
    await eventually(lambda: counted() == (channels + 1, closed + 1))
    await kept.close()
    await eventually(lambda: counted() == (channels, closed + 1))
