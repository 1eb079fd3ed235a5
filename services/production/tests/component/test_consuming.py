"""Production's reactions behind the real broker: duplicates, reversals, a poison message, two at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from optima_contracts.envelope import CONTENT_TYPE, Envelope, EventData
from optima_contracts.signatures import EventKeys
from optima_kit.broker import Broker, Publisher
from optima_kit.consumer import Consumer
from optima_kit.db import Database
from optima_kit.frames import Outgoing
from optima_kit.testing import ServiceDatabase, eventually
from optima_kit.testing.provisioned import declare_service, declare_shared
from optima_kit.topology import dead_queue, events_queue
from production.adapters.messages import reactions
from production.application.ports import Ports
from production.bootstrap import ports

from .conftest import NOW, Plant, approved, cancelled, shipment


@dataclass(slots=True)
class Line:
    """A queue of the test's own, and the consumers that it starts at its end."""

    name: str
    tenant: UUID
    where: ServiceDatabase
    database: Database
    backbone: Database
    broker: Broker
    consumers: list[Consumer[Ports]] = field(default_factory=list)

    def envelope(self, event: EventData, subject: UUID, sequence: int) -> bytes:
        envelope = Envelope(
            id=uuid4(),
            source="/optima/test",
            type=event.type,
            subject=subject,
            time=NOW,
            tenantid=self.tenant,
            sequence=sequence,
            correlationid=subject,
            data=event.model_dump(mode="json"),
        )
        return envelope.model_dump_json().encode()

    async def put(self, *bodies: bytes) -> None:
        publisher = Publisher(self.broker, "", CONTENT_TYPE)
        batch = [Outgoing(str(n), events_queue(self.name), body) for n, body in enumerate(bodies)]
        assert all(await publisher.publish(batch))

    def consume(self) -> None:
        consumer = Consumer(
            self.name,
            reactions=reactions,
            ports=ports,
            database=self.database,
            backbone=self.backbone.pool,
            broker=self.broker,
            keys=EventKeys((), unsigned=True),
        )
        consumer.start()
        self.consumers.append(consumer)

    async def states(self) -> list[str]:
        rows = await self.where.fetch(
            "SELECT state FROM orders WHERE tenant_id = $1 ORDER BY id", self.tenant
        )
        return [row["state"] for row in rows]

    async def aside(self) -> list[tuple[str, bool]]:
        """Reason, and whether it is parked for good, of this tenant's messages and of unreadable ones."""
        rows = await self.where.fetch(
            "SELECT reason, next_attempt_at IS NULL AS parked FROM parking"
            " WHERE tenant_id = $1 OR body = $2 ORDER BY 1",
            self.tenant,
            self.unreadable,
        )
        return [(row["reason"], row["parked"]) for row in rows]

    @property
    def unreadable(self) -> bytes:
        return f"no event of {self.tenant}".encode()


@pytest.fixture
async def line(plant: Plant, amqp_url: str) -> AsyncIterator[Line]:
    name = f"production-{uuid4().hex[:8]}"
    where = plant.database
    backbone = await Database.open(where.backbone_url, source="/optima/production", size=4)
    async with Broker(amqp_url, "test production") as broker:
        async with broker.channel() as channel:
            await declare_shared(channel)
            await declare_service(channel, name, [])
        made = Line(name, plant.tenant, where, plant.app.database, backbone, broker)
        yield made
        for consumer in made.consumers:
            await consumer.stop()
        async with broker.channel() as channel:
            for queue in (events_queue(name), dead_queue(name)):
                await channel.call(channel.raw.queue_delete, queue=queue)
    await backbone.close()


async def test_each_approved_brief_makes_one_order_whatever_the_broker_does(line: Line) -> None:
    kept, dropped, poison = [uuid4() for _ in range(5)], uuid4(), uuid4()
    approvals = [line.envelope(approved(brief, ("gadget", "10")), brief, 4) for brief in kept]
    stop = line.envelope(cancelled(dropped), dropped, 5)
    late = line.envelope(approved(dropped, ("gadget", "10")), dropped, 4)
    impossible = line.envelope(approved(poison, ("gadget", "0")), poison, 4)
    await line.put(
        *approvals, stop, line.unreadable, impossible, *reversed(approvals), late, stop, *approvals
    )
    line.consume()
    line.consume()

    async def seen() -> tuple[list[str], list[tuple[str, bool]]]:
        # Two consumers: the late approval may still be the first to be handled. Then its order is cancelled.
        states = [state for state in await line.states() if state != "cancelled"]
        return states, await line.aside()

    wanted = ["confirmed"] * 5, [("failed", False), ("unparseable", True)]

    async def settled() -> bool:
        return await seen() == wanted

    await eventually(settled, describe=seen)


async def test_shipments_that_overtake_their_order_wait(line: Line) -> None:
    brief, parcel = uuid4(), uuid4()
    ahead = shipment("departed", parcel, {"id": str(uuid4()), "jobs": []})
    await line.put(
        line.envelope(ahead, parcel, 4), line.envelope(approved(brief, ("gadget", "10")), brief, 4)
    )
    line.consume()

    async def seen() -> tuple[list[str], list[tuple[str, bool]]]:
        return await line.states(), await line.aside()

    async def settled() -> bool:
        return await seen() == (["confirmed"], [("not_yet", False)])

    await eventually(settled, describe=seen)
