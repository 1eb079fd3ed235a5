"""A fact travels from one transaction into another: once, in order, with its cause."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from optima_contracts.envelope import Envelope
from optima_kit.broker import Publisher
from optima_kit.cause import Cause
from optima_kit.frames import Outgoing
from optima_kit.ids import new_id
from optima_kit.relay import Relay
from optima_kit.testing import eventually
from optima_kit.topology import EVENTS
from optima_kit.wake import WakeListener

pytestmark = pytest.mark.servers


async def test_every_event_has_exactly_one_effect(stage):
    await stage.relay()
    await stage.consumer()
    subjects = [new_id() for _ in range(20)]
    await asyncio.gather(
        *(stage.tally.count(stage.database, stage.tenant, subject) for subject in subjects for _ in range(10))
    )
    await stage.each_event_had_one_effect()


async def test_effects_of_a_subject_happen_in_its_order(stage):
    subjects = [new_id() for _ in range(5)]
    await stage.consumer()
    await stage.relay()
    for _ in range(20):
        await asyncio.gather(
            *(stage.tally.count(stage.database, stage.tenant, subject) for subject in subjects)
        )
    await stage.each_event_had_one_effect()
    for subject in subjects:
        seen = [e["sequence"] for e in await stage.effects() if e["subject"] == subject]
        assert seen == list(range(1, 21))


async def test_what_is_published_is_a_cloudevent_that_names_actor_correlation_and_trace(stage):
    actor, principal, brief, subject = new_id(), new_id(), new_id(), new_id()
    async with stage.database.transaction(
        stage.tenant,
        Cause(datetime.now(UTC), actor_id=actor, on_behalf_of=principal, traceparent='00-"quoted"'),
    ) as work:
        work.outbox.add(stage.tally.Counted(value=1, mood="«good»"), subject=subject, correlation=brief)
    (row,) = await stage.where.fetch("SELECT * FROM outbox")
    envelope = Envelope.model_validate_json(row["envelope"])
    assert envelope.id == row["id"]
    assert (envelope.actorid, envelope.onbehalfof) == (actor, principal)
    assert (envelope.subject, envelope.correlationid, envelope.sequence) == (subject, brief, 1)
    assert envelope.tenantid == stage.tenant
    assert envelope.traceparent == '00-"quoted"'
    assert envelope.causationid is None
    assert envelope.data == {"value": 1, "mood": "«good»", "after": None}


async def test_a_reactions_own_event_names_the_event_that_caused_it(stage):
    await stage.consumer()
    await stage.relay()
    subject, brief = new_id(), new_id()
    await stage.tally.count(stage.database, stage.tenant, subject, mood="loud", correlation=brief)
    await stage.each_event_had_one_effect()
    cause, effect = await stage.where.published()
    assert effect.type == stage.tally.Echoed.type
    assert effect.causationid == cause.id
    assert effect.correlationid == brief
    assert effect.sequence == cause.sequence + 1
    assert await stage.whats() == ["counted", "echoed"]


async def test_a_rolled_back_command_publishes_nothing(stage):
    async def change_my_mind():
        async with stage.database.transaction(stage.tenant) as work:
            work.outbox.add(stage.tally.Counted(value=1), subject=new_id(), correlation=new_id())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_my_mind()
    assert await stage.where.published() == []
    assert await stage.where.fetch("SELECT * FROM stream_heads") == []


async def test_one_batch_serves_several_tenants_each_in_its_own_rows(stage):
    tenants = [new_id() for _ in range(4)]
    for number in range(3):
        for tenant in tenants:
            await stage.tally.count(stage.database, tenant, new_id(), mood="loud" if number else "good")
    await stage.relay()
    await stage.consumer()
    await stage.each_event_had_one_effect()
    for tenant in tenants:
        async with stage.database.reading(tenant) as work:
            seen = await work.connection.fetch("SELECT what, tenant_id FROM effects ORDER BY what")
        assert [row["what"] for row in seen] == ["counted"] * 3 + ["echoed"] * 2
        assert {row["tenant_id"] for row in seen} == {tenant}


async def test_of_a_type_whose_newest_event_is_enough_older_ones_are_dropped(stage):
    subject = new_id()
    bodies = []
    for value in range(1, 6):
        async with stage.database.transaction(stage.tenant) as work:
            work.outbox.add(stage.tally.Stated(value=value), subject=subject, correlation=subject)
    for row in await stage.where.fetch("SELECT id, type, envelope FROM outbox ORDER BY position"):
        bodies.append(Outgoing(str(row["id"]), row["type"], stage.tally.signed(row["envelope"])))
    await stage.consumer()
    publisher = Publisher(stage.broker, EVENTS, "application/json")
    assert await publisher.publish([bodies[1], bodies[3]]) == [True, True]
    await eventually(lambda: _is(stage, 2))
    assert (await stage.whats())[-1] == "stated 4"
    before = await stage.whats()
    assert await publisher.publish([bodies[0], bodies[2]]) == [True, True]
    await eventually(lambda: _is(stage, 4))
    assert await stage.whats() == before
    assert await publisher.publish([bodies[4]]) == [True]
    await eventually(lambda: _is(stage, 5))
    assert (await stage.whats())[-1] == "stated 5"


async def _is(stage, handled):
    return (await stage.where.fetch("SELECT count(*) FROM inbox"))[0][0] == handled


async def test_what_no_queue_takes_is_not_confirmed(stage):
    name = f"test.{stage.tally.word}"
    async with stage.broker.channel() as channel:
        await channel.call(channel.raw.exchange_declare, exchange=name, exchange_type="topic")
        await channel.call(channel.raw.queue_declare, queue=name, exclusive=True)
        await channel.call(channel.raw.queue_bind, queue=name, exchange=name, routing_key="wanted")
        publisher = Publisher(stage.broker, name, "text/plain")
        batch = [Outgoing(str(n), "wanted" if n % 2 else "unwanted", b"-") for n in range(6)]
        assert await publisher.publish(batch) == [False, True, False, True, False, True]
        await channel.call(channel.raw.exchange_delete, exchange=name)


async def test_what_a_full_queue_refuses_is_not_confirmed(stage):
    name = f"test.{stage.tally.word}"
    async with stage.broker.channel() as channel:
        await channel.call(
            channel.raw.queue_declare,
            queue=name,
            durable=True,
            arguments={"x-max-length": 3, "x-overflow": "reject-publish"},
        )
        publisher = Publisher(stage.broker, "", "text/plain")
        confirmed = [await publisher.publish([Outgoing(str(n), name, b"-")]) for n in range(5)]
        assert confirmed == [[True], [True], [True], [False], [False]]
        await channel.call(channel.raw.queue_delete, queue=name)


async def test_what_was_refused_is_published_again_on_a_new_channel(stage, monkeypatch):
    """On the old one RabbitMQ may refuse for ever, when a node has died that led a queue."""
    name, opened, open_channel = f"test.{stage.tally.word}", [], stage.broker.open_channel

    async def counted():
        opened.append(await open_channel())
        return opened[-1]

    async with stage.broker.channel() as channel:
        limit = {"x-max-length": 1, "x-overflow": "reject-publish"}
        await channel.call(channel.raw.queue_declare, queue=name, durable=True, arguments=limit)
        monkeypatch.setattr(stage.broker, "open_channel", counted)
        publisher = Publisher(stage.broker, "", "text/plain")
        for confirmed, channels in (True, 1), (False, 1), (False, 2):
            assert await publisher.publish([Outgoing("1", name, b"-")]) == [confirmed]
            assert len(opened) == channels
        await channel.call(channel.raw.queue_purge, queue=name)
        assert await publisher.publish([Outgoing("1", name, b"-")]) == [True]
        assert len(opened) == 3
        await channel.call(channel.raw.queue_delete, queue=name)


async def test_an_exchange_that_is_missing_refuses_without_raising(stage):
    publisher = Publisher(stage.broker, f"missing.{stage.tally.word}", "text/plain")
    assert await publisher.publish([Outgoing("1", "anything", b"-")]) == [False]
    assert await publisher.publish([]) == []


async def test_an_event_committed_while_no_bell_rings_is_still_published(stage):
    """A process may die between its commit and the wake-up that it owes."""
    await stage.relay()
    stage.database.after_commit = lambda _: None
    await stage.tally.count(stage.database, stage.tenant, new_id())

    async def sent():
        return (await stage.where.fetch("SELECT sent_at FROM outbox"))[0][0]

    await eventually(sent, within=2)


async def test_what_follows_an_unconfirmed_event_of_its_subject_goes_out_again(stage):
    a, b = new_id(), new_id()
    for subject in (a, b, a, b, a, b):
        await stage.tally.count(stage.database, stage.tenant, subject)
    listener = WakeListener(stage.backbone.pool)
    relay = Relay(stage.backbone.pool, stage.broker, listener, stage.tally.signer)
    published = []

    async def refuse_the_second_of_a(batch):
        published.append([message.body for message in batch])
        first_time = len(published) == 1
        return [
            not (first_time and f'"subject":"{a}"'.encode() in body and b'"sequence":2,' in body)
            for body in published[-1]
        ]

    relay._publisher.publish = refuse_the_second_of_a
    relay.start()
    await eventually(stage.all_sent)
    await relay.stop()
    assert [len(batch) for batch in published] == [6, 2]
    assert list(map(unsigned, published[1])) == list(map(unsigned, (published[0][2], published[0][4])))


def unsigned(event):
    return event.rpartition(b',"signature":"')[0]


async def test_a_batch_of_one_subject_is_published_in_its_order(stage):
    subject = new_id()
    async with stage.database.transaction(stage.tenant) as work:
        for value in range(1, 30):
            work.outbox.add(stage.tally.Counted(value=value), subject=subject, correlation=subject)
            work.outbox.add(stage.tally.Counted(value=value), subject=new_id(), correlation=subject)
    rows = await stage.where.fetch(
        "SELECT sequence, envelope FROM outbox WHERE subject = $1 ORDER BY position", subject
    )
    assert [row["sequence"] for row in rows] == list(range(1, 30))
    envelopes = [Envelope.model_validate_json(row["envelope"]) for row in rows]
    assert [(envelope.sequence, envelope.data["value"]) for envelope in envelopes] == [
        (n, n) for n in range(1, 30)
    ]
    ids = [envelope.id for envelope in envelopes]
    assert ids == sorted(ids)


async def test_a_savepoint_that_is_undone_takes_its_events_and_jobs_with_it(stage):
    kept, undone = new_id(), new_id()
    async with stage.database.transaction(stage.tenant) as work:
        work.outbox.add(stage.tally.Counted(value=1), subject=kept, correlation=kept)
        with contextlib.suppress(ValueError):
            async with work.savepoint():
                work.outbox.add(stage.tally.Counted(value=1), subject=undone, correlation=undone)
                raise ValueError
    assert [event.subject for event in await stage.where.published()] == [kept]
