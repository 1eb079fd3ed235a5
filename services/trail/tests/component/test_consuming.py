"""The trail behind the real broker: duplicates, reversals, an unreadable message, two consumers at once."""

from __future__ import annotations

from uuid import UUID, uuid4

from optima_contracts.brief import BriefCommented
from optima_contracts.envelope import CONTENT_TYPE, Envelope
from optima_contracts.signatures import EventKeys
from optima_kit.broker import Broker, Outgoing, Publisher
from optima_kit.consumer import Consumer
from optima_kit.db import Database
from optima_kit.testing import eventually
from optima_kit.testing.provisioned import declare_service, declare_shared
from optima_kit.topology import dead_queue, events_queue
from trail.adapters.messages import reactions
from trail.application.verify_chain import verify_chain

from ..conftest import Scene

EACH = 300


def envelope(scene: Scene, tenant: UUID, n: int) -> bytes:
    brief = uuid4()
    made = Envelope(
        id=uuid4(),
        source="/optima/brief",
        type=BriefCommented.type,
        subject=brief,
        time=scene.now,
        tenantid=tenant,
        sequence=1,
        correlationid=brief,
        data=BriefCommented(brief_id=brief, comment_id=UUID(int=n)).model_dump(mode="json"),
    )
    return made.model_dump_json().encode()


async def test_every_event_becomes_one_entry_whatever_the_broker_does(scene: Scene, amqp_url: str) -> None:
    name = f"trail-{uuid4().hex[:8]}"
    tenants = (uuid4(), uuid4())
    bodies = [envelope(scene, tenant, n) for n in range(EACH) for tenant in tenants]
    backbone = await Database.open(scene.stored.backbone_url, source="/optima/trail", size=4)
    async with Broker(amqp_url, "test trail") as broker:
        async with broker.channel() as channel:
            await declare_shared(channel)
            await declare_service(channel, name, [])
        publisher = Publisher(broker, "", CONTENT_TYPE)
        sent = [*bodies, b"no event", *reversed(bodies), *bodies]
        batch = [Outgoing(str(n), events_queue(name), body) for n, body in enumerate(sent)]
        assert all(await publisher.publish(batch))
        consumers = [
            Consumer(
                name,
                reactions=reactions,
                ports=scene.ports,
                database=scene.database,
                backbone=backbone.pool,
                broker=broker,
                keys=EventKeys((), unsigned=True),
            )
            for _ in range(2)
        ]
        for consumer in consumers:
            consumer.start()

        async def recorded() -> list[list[int]]:
            rows = await scene.stored.fetch("SELECT tenant_id, number FROM entries ORDER BY number")
            return [[row["number"] for row in rows if row["tenant_id"] == tenant] for tenant in tenants]

        async def settled() -> bool:
            async with broker.channel() as channel:
                left = await channel.call(channel.raw.queue_declare, queue=events_queue(name), passive=True)
            return left.method.message_count == 0 and await recorded() == [list(range(1, EACH + 1))] * 2

        try:
            await eventually(settled, within=20, describe=recorded)
        finally:
            for consumer in consumers:
                await consumer.stop()
            async with broker.channel() as channel:
                for queue in (events_queue(name), dead_queue(name)):
                    await channel.call(channel.raw.queue_delete, queue=queue)
    await backbone.close()
    assert await recorded() == [list(range(1, EACH + 1))] * 2
    for tenant in tenants:
        async with scene.database.reading(tenant) as work:
            outcome = await verify_chain(scene.ports(work))
        assert (outcome.broken, outcome.checked) == (None, EACH)
