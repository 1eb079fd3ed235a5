"""What can't be handled is tried again later and parked in the end. It never holds back the rest."""

from __future__ import annotations

import asyncio

import pytest

from optima_contracts.signatures import EventSigner
from optima_kit import parking
from optima_kit.broker import Publisher
from optima_kit.frames import Outgoing
from optima_kit.ids import new_id
from optima_kit.parking import list_parked, replay
from optima_kit.testing import eventually
from optima_kit.topology import EVENTS, events_queue

pytestmark = pytest.mark.servers


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(parking, "FAILED_PAUSES", (0.02, 0.02))
    monkeypatch.setattr(parking, "NOT_YET_LIMIT", 0.5)


async def put(stage, body, type_=None):
    """Straight into the service's queue, whatever it is."""
    publisher = Publisher(stage.broker, "", "application/json")
    name = events_queue(stage.tally.name)
    async with stage.broker.channel() as channel:
        assert await publisher.publish([Outgoing("x", name, body)]) == [True]
        assert channel.is_open


async def parked_one(stage, reason):
    rows = await eventually(stage.parked, describe=stage.describe)
    assert [row["reason"] for row in rows] == [reason]
    return rows[0]


async def test_a_poisonous_event_holds_back_none_of_its_neighbours(stage, quickly):
    for number in range(41):
        mood = "poison" if number in (0, 7, 40) else "good"
        await stage.tally.count(stage.database, stage.tenant, new_id(), mood=mood)
    await stage.relay()
    await stage.consumer()

    async def three_parked():
        return len(await stage.parked()) == 3

    await eventually(three_parked, describe=stage.describe)
    assert await stage.whats() == ["counted"] * 38
    for row in await stage.parked():
        assert row["reason"] == "failed"
        assert row["error"] == "ValueError: this event can't be digested"
        assert row["attempts"] == 3
        assert row["tenant_id"] == stage.tenant
        assert row["type"] == stage.tally.Counted.type


async def test_an_event_that_comes_too_early_waits_for_the_other(stage):
    first, second, story = new_id(), new_id(), new_id()
    await stage.tally.count(stage.database, stage.tenant, second, after=first, correlation=story)
    await stage.relay()
    await stage.consumer()

    async def waits():
        return await stage.where.fetch("SELECT * FROM parking WHERE reason = 'not_yet'")

    await eventually(waits)
    assert await stage.parked() == []
    await stage.tally.count(stage.database, stage.tenant, first, correlation=story)
    await stage.each_event_had_one_effect()
    assert [effect["subject"] for effect in await stage.effects()] == [first, second]


async def test_a_waiting_event_is_tried_when_its_story_goes_on(stage, monkeypatch):
    """Not by the clock alone: the next attempt would be an hour away."""
    monkeypatch.setattr(parking, "NOT_YET_FIRST", 3600.0)
    monkeypatch.setattr(parking, "NOT_YET_LONGEST", 3600.0)
    ids = [new_id() for _ in range(4)]
    story = new_id()
    for index in (3, 2, 1):
        await stage.tally.count(
            stage.database, stage.tenant, ids[index], after=ids[index - 1], correlation=story
        )
    await stage.relay()
    await stage.consumer()

    async def three_wait():
        return len(await stage.where.fetch("SELECT FROM parking")) == 3

    await eventually(three_wait)
    await stage.tally.count(stage.database, stage.tenant, ids[0], correlation=story)
    await stage.each_event_had_one_effect()
    assert [effect["subject"] for effect in await stage.effects()] == ids


async def test_an_event_that_stays_too_early_is_parked(stage, quickly):
    await stage.tally.count(stage.database, stage.tenant, new_id(), after=new_id())
    await stage.relay()
    await stage.consumer()
    row = await parked_one(stage, "not_yet")
    assert row["error"] == "NotYet: the other one is not known yet"
    assert row["attempts"] > 2


async def test_a_database_error_that_a_reaction_swallows_is_a_failure(stage, quickly):
    """PostgreSQL would roll such a transaction back and answer COMMIT without an error."""
    await stage.tally.count(stage.database, stage.tenant, new_id(), mood="swallow")
    await stage.tally.count(stage.database, stage.tenant, new_id())
    await stage.relay()
    await stage.consumer()
    row = await parked_one(stage, "failed")
    assert row["error"].startswith(("NotCommitted", "InFailedSQLTransactionError"))
    assert await stage.whats() == ["counted"]


async def test_an_io_error_of_a_reaction_is_its_own_and_not_the_databases(stage, quickly):
    await stage.tally.count(stage.database, stage.tenant, new_id(), mood="broken pipe")
    await stage.relay()
    await stage.consumer()
    row = await parked_one(stage, "failed")
    assert row["error"] == "BrokenPipeError: not the database's"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[1, 2]", b'{"specversion": "1.0"}', b"null"])
async def test_what_can_not_be_read_is_parked_at_once(stage, body):
    await put(stage, body)
    await stage.tally.count(stage.database, stage.tenant, new_id())
    await stage.relay()
    await stage.consumer()
    row = await parked_one(stage, "unparseable")
    assert row["body"] == body
    assert row["tenant_id"] is None
    await eventually(stage.whats)


async def test_data_of_another_shape_is_parked_without_its_values(stage):
    async with stage.database.transaction(stage.tenant) as work:
        work.outbox.add(stage.tally.Counted(value=1), subject=new_id(), correlation=new_id())
    (row,) = await stage.where.fetch("SELECT envelope FROM outbox")
    await put(stage, stage.tally.signed(row["envelope"].replace('"value":1', '"value":"1250.00 EUR"')))
    await stage.consumer()
    row = await parked_one(stage, "unparseable")
    assert row["error"].startswith("value: ")
    assert "1250" not in row["error"]


@pytest.mark.parametrize("forger", ["nobody", "somebody else"])
async def test_an_event_that_its_source_has_not_signed_has_no_effect(stage, forger):
    await stage.tally.count(stage.database, stage.tenant, new_id())
    (row,) = await stage.where.fetch("SELECT envelope FROM outbox")
    body = row["envelope"].encode()
    await put(stage, body if forger == "nobody" else EventSigner("somebody else's").signed([body])[0])
    await stage.consumer()
    parked = await parked_one(stage, "forged")
    assert parked["tenant_id"] is None  # nothing of what it says is believed
    async with stage.backbone.connection() as connection:
        assert await replay(connection, parked["id"])

    async def tried_again():
        rows = await stage.parked()
        return rows and rows[0]["last_failed_at"] > parked["last_failed_at"]

    await eventually(tried_again)
    assert await stage.whats() == []


@pytest.fixture
async def unknown(stage, monkeypatch):
    """An event whose type the service's reactions don't know; they do after `unknown()`."""
    monkeypatch.setattr(parking, "UNKNOWN_PAUSE", 0.2)
    async with stage.database.transaction(stage.tenant) as work:
        work.outbox.add(stage.tally.Counted(value=1), subject=new_id(), correlation=new_id())
    (sent,) = await stage.where.fetch("SELECT envelope FROM outbox")
    known = stage.tally.reactions._by_type.pop(stage.tally.Counted.type)
    await put(stage, stage.tally.signed(sent["envelope"]))
    return lambda: stage.tally.reactions._by_type.update({stage.tally.Counted.type: known})


async def test_an_unknown_type_waits_for_a_release_that_knows_it(stage, unknown):
    await stage.consumer()

    async def tried_again():
        return await stage.where.fetch("SELECT FROM parking WHERE reason = 'unknown_type' AND attempts > 2")

    await eventually(tried_again)
    assert await stage.parked() == []
    unknown()
    assert await eventually(stage.whats) == ["counted"]
    assert await stage.where.fetch("SELECT FROM parking") == []


async def test_what_the_release_before_parked_for_its_type_is_tried_again(stage, unknown, monkeypatch):
    monkeypatch.setattr(parking, "UNKNOWN_LIMIT", 0)
    first = await stage.consumer()
    row = await parked_one(stage, "unknown_type")
    await first.stop()
    monkeypatch.setattr(parking, "UNKNOWN_LIMIT", 60)
    unknown()
    await stage.consumer()
    assert await eventually(stage.whats) == ["counted"]
    assert await stage.where.fetch("SELECT FROM parking WHERE id = $1", row["id"]) == []


async def test_a_type_that_stays_unknown_is_parked_and_can_be_replayed(stage, unknown, monkeypatch):
    monkeypatch.setattr(parking, "UNKNOWN_LIMIT", 0)
    await stage.consumer()
    row = await parked_one(stage, "unknown_type")
    unknown()
    async with stage.backbone.connection() as connection:
        assert [message.id for message in await list_parked(connection)] == [row["id"]]
        assert await replay(connection, row["id"])
        assert not await replay(connection, new_id())
    await eventually(stage.whats)
    assert await stage.where.fetch("SELECT FROM parking") == []


async def test_a_replayed_message_is_handled_once_its_cause_is_mended(stage, quickly):
    first, second = new_id(), new_id()
    await stage.tally.count(stage.database, stage.tenant, second, after=first)
    await stage.relay()
    await stage.consumer()
    row = await parked_one(stage, "not_yet")
    await stage.tally.count(stage.database, stage.tenant, first)
    await eventually(stage.whats)
    assert len(await stage.parked()) == 1, "what is parked waits for a person"
    async with stage.database.transaction(stage.tenant) as work:
        assert await replay(work.connection, row["id"])
    await stage.each_event_had_one_effect()


async def test_a_message_whose_texts_were_erased_is_still_handled(stage, quickly):
    """Its signature was checked when it came, and holds no more."""
    first, second = new_id(), new_id()
    await stage.tally.count(stage.database, stage.tenant, second, after=first)
    await stage.relay()
    await stage.consumer()
    row = await parked_one(stage, "not_yet")
    await stage.tally.count(stage.database, stage.tenant, first)
    await eventually(stage.whats)
    erased = (
        "UPDATE parking SET erased = true, body = convert_to(convert_from(body, 'UTF8')::jsonb::text, 'UTF8')"
    )
    await stage.where.fetch(erased)
    async with stage.database.transaction(stage.tenant) as work:
        assert await replay(work.connection, row["id"])
    await stage.each_event_had_one_effect()


async def test_a_tenant_sees_and_replays_its_own_messages_only(stage, quickly):
    await stage.tally.count(stage.database, stage.tenant, new_id(), mood="poison")
    await put(stage, b"unreadable")
    await stage.relay()
    await stage.consumer()

    async def both():
        return len(await stage.parked()) == 2

    await eventually(both)
    async with stage.database.transaction(stage.tenant) as work:
        (mine,) = await list_parked(work.connection)
        assert mine.reason == "failed"
    async with stage.database.transaction(new_id()) as work:
        assert await list_parked(work.connection) == []
        assert not await replay(work.connection, mine.id)


async def test_what_the_broker_gives_up_is_parked(stage):
    """A message that ends its consumers' processes comes back until the delivery limit."""
    await stage.tally.count(stage.database, stage.tenant, new_id())
    await stage.relay()
    rejected = asyncio.Semaphore(0)
    async with stage.broker.channel() as channel:

        def reject(raw, method, *_):
            raw.basic_nack(method.delivery_tag, requeue=True)
            rejected.release()

        channel.raw.basic_consume(events_queue(stage.tally.name), reject)
        for _ in range(21):
            await asyncio.wait_for(rejected.acquire(), 10)
    await stage.consumer()
    row = await parked_one(stage, "delivery_limit")
    assert row["type"] == stage.tally.Counted.type
    async with stage.backbone.connection() as connection:
        assert await replay(connection, row["id"])
    await stage.each_event_had_one_effect()


async def test_a_dead_letter_that_was_handled_after_all_is_forgotten(stage):
    await stage.relay()
    await stage.consumer()
    await stage.tally.count(stage.database, stage.tenant, new_id())
    await stage.each_event_had_one_effect()
    (sent,) = await stage.where.fetch("SELECT envelope FROM outbox")
    publisher = Publisher(stage.broker, "", "application/json")
    dead = Outgoing("x", f"{events_queue(stage.tally.name)}.dead", stage.tally.signed(sent["envelope"]))
    assert await publisher.publish([dead, Outgoing("y", dead.routing_key, b"noise")]) == [True, True]
    row = await parked_one(stage, "delivery_limit")
    assert row["body"] == b"noise"
    assert await stage.whats() == ["counted"]


async def test_a_parked_event_that_comes_again_and_succeeds_is_no_longer_parked(stage, quickly):
    first, second = new_id(), new_id()
    await stage.tally.count(stage.database, stage.tenant, second, after=first)
    await stage.relay()
    consumer = await stage.consumer()
    await parked_one(stage, "not_yet")
    await stage.tally.count(stage.database, stage.tenant, first)

    async def the_other_is_known():
        return len(await stage.whats()) == 1

    await eventually(the_other_is_known, describe=stage.describe)
    (sent,) = await stage.where.fetch("SELECT type, envelope FROM outbox WHERE subject = $1", second)
    publisher = Publisher(stage.broker, EVENTS, "application/json")
    assert await publisher.publish([Outgoing("1", sent["type"], stage.tally.signed(sent["envelope"]))]) == [
        True
    ]

    async def both():
        return len(await stage.whats()) == 2

    await eventually(both, describe=stage.describe)
    await consumer._parking.forget_handled()
    await stage.each_event_had_one_effect()
