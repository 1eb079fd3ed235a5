"""The bridge behind the real broker: prices and voidings that overtake, and duplicates."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from erp_bridge.adapters.messages import reactions
from optima_contracts.economics import OrderLineValue, OrderValued
from optima_contracts.envelope import CONTENT_TYPE, Envelope, EventData
from optima_contracts.erp import DocumentExported
from optima_contracts.production import OrderConfirmed, OrderLine
from optima_contracts.signatures import EventKeys
from optima_kit.broker import Broker, Publisher
from optima_kit.consumer import Consumer
from optima_kit.db import Database
from optima_kit.frames import Outgoing
from optima_kit.testing import eventually
from optima_kit.testing.provisioned import declare_service, declare_shared
from optima_kit.topology import dead_queue, events_queue

from ..conftest import Bridge

ORDER, BRIEF, JOB = uuid4(), uuid4(), uuid4()


def envelope(bridge: Bridge, event: EventData, sequence: int) -> bytes:
    made = Envelope(
        id=uuid4(),
        source="/optima/production",
        type=event.type,
        subject=ORDER,
        time=bridge.clock.now(),
        tenantid=bridge.tenant_id,
        sequence=sequence,
        correlationid=BRIEF,
        data=event.model_dump(mode="json"),
    )
    return made.model_dump_json().encode()


async def test_prices_that_overtake_their_order_still_reach_the_erp(bridge: Bridge, amqp_url: str) -> None:
    await bridge.connect()
    name = f"erp-bridge-{uuid4().hex[:8]}"
    line = OrderLine(
        job_id=JOB, item_id=None, kind="k", description="d", quantity="10", unit="pz", deliveries=[]
    )
    confirmed = envelope(
        bridge,
        OrderConfirmed(
            order_id=ORDER,
            number="O-1",
            brief_id=BRIEF,
            customer=None,
            deadline=date(2026, 12, 1),
            lines=[line],
        ),
        1,
    )
    value = OrderLineValue(job_id=JOB, unit_price="1.50", amount="15.00")
    valued = envelope(bridge, OrderValued(order_id=ORDER, brief_id=BRIEF, lines=[value], total="15.00"), 2)
    backbone = await Database.open(bridge.stored.backbone_url, source="/optima/erp-bridge", size=4)
    async with Broker(amqp_url, "test erp-bridge") as broker:
        async with broker.channel() as channel:
            await declare_shared(channel)
            await declare_service(channel, name, [])
        publisher = Publisher(broker, "", CONTENT_TYPE)
        consumer = Consumer(
            name,
            reactions=reactions,
            ports=bridge.service.ports,
            database=bridge.app.database,
            backbone=backbone.pool,
            broker=broker,
            keys=EventKeys((), unsigned=True),
        )
        consumer.start()

        async def put(*bodies: bytes) -> None:
            batch = [Outgoing(str(n), events_queue(name), body) for n, body in enumerate(bodies)]
            assert all(await publisher.publish(batch))

        async def aside() -> list[Any]:
            return await bridge.stored.fetch(
                "SELECT reason FROM parking WHERE tenant_id = $1", bridge.tenant_id
            )

        async def priced() -> bool:
            rows = await bridge.stored.fetch("SELECT lines::text FROM documents")
            return bool(rows) and "15.00" in rows[0]["lines"]

        try:
            await put(valued, valued)
            await eventually(aside)
            await put(confirmed, confirmed)
            await eventually(priced, within=10, describe=aside)
        finally:
            await consumer.stop()
            async with broker.channel() as channel:
                for queue in (events_queue(name), dead_queue(name)):
                    await channel.call(channel.raw.queue_delete, queue=queue)
    await backbone.close()
    await bridge.work()
    (file,) = (bridge.folder / "out" / "ordini").iterdir()
    assert "1,50;15,00;22" in file.read_text("utf-8")
    assert len(await bridge.stored.published(DocumentExported.type)) == 1
