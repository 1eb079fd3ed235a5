"""The reactions behind a real queue: an event that comes too early waits for what it builds on."""

from __future__ import annotations

import random
import string
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pika
import pytest

from brief.adapters.messages import reactions
from brief.adapters.postgres import ports_on
from optima_contracts.approval import Approved
from optima_contracts.envelope import Envelope, EventData
from optima_contracts.production import OrderDelivered, OrderStarted
from optima_contracts.signatures import EventKeys
from optima_kit.broker import Broker
from optima_kit.consumer import Consumer
from optima_kit.db import Database
from optima_kit.testing import eventually
from optima_kit.testing.provisioned import declare_service, declare_shared
from optima_kit.topology import EVENTS, dead_queue, events_queue

from ..conftest import Desk

pytestmark = pytest.mark.servers


@pytest.fixture
async def broker(desk: Desk, amqp_url: str) -> AsyncIterator[Broker]:
    """With a consumer of the brief service behind a queue of the test's own."""
    name = "brief-" + "".join(random.choices(string.ascii_lowercase, k=10))
    backbone = await Database.open(desk.database.backbone_url, source="/optima/brief")
    async with Broker(amqp_url, name) as broker:
        async with broker.channel() as channel:
            await declare_shared(channel)
            await declare_service(channel, name, reactions.bindings())
        consumer = Consumer(
            name,
            reactions=reactions,
            ports=ports_on,
            database=desk.app.database,
            backbone=backbone.pool,
            broker=broker,
            keys=EventKeys((), unsigned=True),
        )
        consumer.start()
        try:
            yield broker
        finally:
            await consumer.stop()
            async with broker.channel() as channel:
                for queue in (events_queue(name), dead_queue(name)):
                    await channel.call(channel.raw.queue_delete, queue=queue)
            await backbone.close()


async def test_early_events_wait_for_the_approval(desk: Desk, broker: Broker) -> None:
    brief = await desk.submitted()
    id_ = brief["id"]

    async def publish(event: EventData) -> None:
        envelope = Envelope(
            id=uuid4(),
            source="/optima/neighbour",
            type=event.type,
            subject=uuid4(),
            time=desk.app.clock.now(),
            tenantid=desk.tenant_id,
            sequence=1,
            correlationid=UUID(id_),
            data=event.model_dump(mode="json"),
        )
        async with broker.channel() as channel:
            channel.raw.basic_publish(
                EVENTS,
                event.type,
                envelope.model_dump_json().encode(),
                pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2),
            )

    async def state() -> str:
        return str((await desk.read(id_))["state"])

    async def wait_for_a_retry() -> bool:
        return len(await desk.database.fetch("SELECT FROM parking WHERE reason = 'not_yet'")) == 2

    async def is_closed() -> bool:
        return await state() == "closed"

    async def nothing_waits() -> bool:
        return await desk.database.fetch("SELECT FROM parking") == []

    await publish(desk.order(OrderDelivered, brief))
    await publish(desk.order(OrderStarted, brief))
    await eventually(wait_for_a_retry, describe="both events wait for a retry")
    assert await state() == "submitted"
    await publish(desk.approval(Approved, brief))
    await eventually(is_closed, within=10, describe=state)
    await eventually(nothing_waits, within=10, describe="no event waits any more")
    assert (await desk.app.types())[-1] == "closed"
