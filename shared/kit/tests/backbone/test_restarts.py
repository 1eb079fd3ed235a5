"""The servers themselves go down under load: nothing is lost, nothing happens twice, nobody is restarted."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import pytest
from conftest import stage_on
from killable import OwnPostgres, OwnRabbit, own_folder

from optima_kit.broker import Broker, BrokerRefused, Publisher, Subscription
from optima_kit.frames import Outgoing
from optima_kit.ids import new_id
from optima_kit.postgres import UNAVAILABLE
from optima_kit.relay import republish
from optima_kit.testing import eventually
from optima_kit.topology import EVENTS, Access, definitions, events_queue

pytestmark = [pytest.mark.servers, pytest.mark.faults]


@pytest.fixture(scope="module")
def own_rabbit():
    with own_folder("rabbit") as folder:
        rabbit = OwnRabbit(folder)
        try:
            rabbit.start()
            yield rabbit
        finally:
            rabbit.stop()


@pytest.fixture
def own_postgres(monkeypatch):
    with own_folder("postgres") as folder:
        postgres = OwnPostgres(folder)
        monkeypatch.setenv("OPTIMA_TEST_POSTGRES_URL", postgres.url)
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.crash()


async def commands(stage, accepted, stop):
    """Counts until told to stop; notes how often the answer was yes."""
    subjects = [new_id() for _ in range(5)]
    while not stop.is_set():
        for subject in subjects:
            with contextlib.suppress(*UNAVAILABLE):
                await stage.tally.count(stage.database, stage.tenant, subject)
                accepted.append(subject)
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def under_load(stage):
    accepted, stop = [], asyncio.Event()
    going_on = [asyncio.create_task(commands(stage, accepted, stop)) for _ in range(3)]
    yield accepted
    before = len(accepted)
    await eventually(lambda: len(accepted) > before + 30, within=20)
    stop.set()
    await asyncio.gather(*going_on)


async def test_a_broker_that_crashes_under_load(database_for, own_rabbit):
    async with stage_on(await database_for("tally"), own_rabbit.url) as stage:
        await stage.relay()
        await stage.consumer()
        async with under_load(stage) as accepted:
            await eventually(lambda: len(accepted) > 100, within=20)
            # The coordinator keeps the stream of all events.
            made = (events_queue(stage.tally.name), "rabbit_stream_coordinator")
            await eventually(lambda: own_rabbit.would_remember(*made), within=20)
            await asyncio.to_thread(own_rabbit.crash)
            before = len(accepted)
            await eventually(lambda: len(accepted) > before + 50, within=20)
            await asyncio.to_thread(own_rabbit.start)
        await eventually(stage.is_settled, within=40, describe=stage.describe)
        await stage.take_everything()
        await stage.each_event_had_one_effect()


async def test_a_database_that_crashes_under_load(own_postgres, database_for, amqp_url):
    async with stage_on(await database_for("tally"), amqp_url) as stage:
        await stage.relay()
        await stage.consumer()
        async with under_load(stage) as accepted:
            await eventually(lambda: len(accepted) > 100, within=20)
            own_postgres.crash()
            await asyncio.sleep(0.3)
            await asyncio.to_thread(own_postgres.start)
        await eventually(stage.is_settled, within=40, describe=stage.describe)
        await stage.take_everything()
        await stage.each_event_had_one_effect()
        # Whoever was told yes was counted; an answer may have been lost with the connection, not more.
        counted = await stage.where.fetch("SELECT sum(value) FROM counters")
        assert counted[0][0] >= len(accepted)
        assert len(await stage.effects()) == counted[0][0]


async def test_a_broker_that_lost_its_data_is_filled_again_from_the_outbox(database_for, own_rabbit):
    async with stage_on(await database_for("tally"), own_rabbit.url) as stage:
        began = datetime.now(UTC)
        await stage.relay()
        await stage.consumer()
        for _ in range(10):
            await stage.tally.count(stage.database, stage.tenant, new_id())
        await stage.each_event_had_one_effect()
        await stage.take_everything()
        for _ in range(20):
            await stage.tally.count(stage.database, stage.tenant, new_id())
        await eventually(stage.all_sent)
        async with stage.broker.channel() as channel:
            await channel.call(channel.raw.queue_purge, queue=events_queue(stage.tally.name))
        async with stage.backbone.connection() as connection:
            assert await republish(connection, datetime.now(UTC)) == 0
            assert await republish(connection, began) == 30
        await stage.consumer()
        await eventually(stage.is_settled)
        await stage.take_everything()
        await stage.each_event_had_one_effect()


async def test_an_alarm_of_the_broker_holds_publishing_and_not_commands(database_for, own_rabbit):
    async with stage_on(await database_for("tally"), own_rabbit.url) as stage:
        await stage.relay()
        await stage.consumer()
        await stage.tally.count(stage.database, stage.tenant, new_id())
        await stage.each_event_had_one_effect()
        await asyncio.to_thread(own_rabbit.control.run, "set_vm_memory_high_watermark", "0.000001")
        for _ in range(20):
            await stage.tally.count(stage.database, stage.tenant, new_id())

        async def some_wait():
            rows = await stage.where.fetch("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
            return rows[0][0] > 0

        await eventually(some_wait)
        await asyncio.to_thread(own_rabbit.control.run, "set_vm_memory_high_watermark", "0.6")
        await eventually(stage.is_settled, within=40, describe=stage.describe)
        await stage.take_everything()
        await stage.each_event_had_one_effect()


async def test_what_a_service_may_do_on_the_broker(own_rabbit):
    """The definitions that provisioning loads, on a real broker."""
    services = [
        Access("brief", ("optima.brief.#", "optima.economics.brief_priced.v1"), ("optima.approval.#",)),
        Access("erp-bridge", ("optima.erp.#",), ("optima.economics.order_valued.v1",)),
        Access("trail", (), ("optima.#",)),
    ]
    passwords = {access.user: f"secret-{access.user}" for access in services}
    made = definitions(services, passwords, administrator=("root", "secret-root"))
    assert "secret" not in json.dumps(made)
    await asyncio.to_thread(own_rabbit.crash)
    own_rabbit.rabbit.configure(made)
    await asyncio.to_thread(own_rabbit.start)

    def as_(user):
        return Broker(f"amqp://{user}:{passwords[user]}@127.0.0.1:{own_rabbit.port}/%2F", user)

    async with as_("brief") as broker:
        publisher = Publisher(broker, EVENTS, "application/json")

        async def up():
            """Its queues have leaders a moment after the port is open."""
            return await publisher.publish([Outgoing("1", "optima.brief.submitted.v1", b"{}")]) == [True]

        await eventually(up, within=20)
        for type_, allowed in [
            ("optima.brief.submitted.v1", True),
            ("optima.economics.brief_priced.v1", True),
            ("optima.economics.job_set.v1", False),
            ("optima.approval.approved.v1", False),
        ]:
            assert await publisher.publish([Outgoing("1", type_, b"{}")]) == [allowed], type_
        own = Publisher(broker, "brief.jobs", "application/json")
        assert await own.publish([Outgoing("1", "brief.jobs", b"{}")]) == [True]
        # Not into another's queues, neither past the exchange nor through it.
        around = Publisher(broker, "", "application/json")
        assert await around.publish([Outgoing("1", "erp-bridge.events", b"{}")]) == [False]
        others = Publisher(broker, "erp-bridge.jobs", "application/json")
        assert await others.publish([Outgoing("1", "erp-bridge.jobs", b"{}")]) == [False]
        for queue in ("brief.events", "brief.events.dead", "brief.jobs"):
            await (await Subscription.open(broker, queue, 1)).close()
        for queue in ("trail.events", "brief.jobs.XQ", "optima.events.history"):
            with pytest.raises(BrokerRefused, match="ACCESS_REFUSED"):
                await Subscription.open(broker, queue, 1)
        leads_away = {"x-dead-letter-exchange": EVENTS, "x-message-ttl": 0}
        for what, arguments in {
            "queue_declare": {"queue": "brief.events.mine", "arguments": leads_away},
            "queue_delete": {"queue": "brief.events"},
            "queue_purge": {"queue": "trail.events"},
            "queue_bind": {"queue": "brief.events", "exchange": EVENTS, "routing_key": "optima.approval.#"},
            "queue_unbind": {"queue": "brief.events", "exchange": EVENTS, "routing_key": "optima.approval.#"},
            "exchange_declare": {"exchange": "brief.events.mine"},
            "exchange_bind": {"destination": "brief.jobs", "source": EVENTS, "routing_key": "#"},
            "exchange_delete": {"exchange": "brief.jobs"},
        }.items():
            assert await is_refused(broker, what, arguments), what


async def is_refused(broker, what, arguments):
    """Whether RabbitMQ says that this is forbidden, and not that it is wrong."""
    async with broker.channel() as channel:
        try:
            await channel.call(getattr(channel.raw, what), **arguments)
        except BrokerRefused as refused:
            return "ACCESS_REFUSED" in str(refused)
    return False
