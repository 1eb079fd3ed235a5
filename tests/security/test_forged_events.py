"""Whoever holds one service's RabbitMQ user can't speak for another, by any way that leads to a queue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from optima_contracts.envelope import Envelope
from optima_contracts.identity import PersonChanged
from optima_contracts.signatures import EventKeys, EventSigner
from optima_kit.broker import Broker
from optima_kit.consumer import Consumer
from optima_kit.db import Database
from optima_kit.testing import eventually
from optima_kit.topology import EVENTS, events_queue
from optima_local.access import load_access
from tests.runtime.own_broker import OwnBroker

from .conftest import Served

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("own broker of security")]

SIGNERS = {name: EventSigner(f"the secret of {name}") for name in load_access()}
KEYS = EventKeys(f"{name}={signer.public_key}" for name, signer in SIGNERS.items())
SAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "samples"
FORGER, VICTIM = "brief", "approval"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """With every service's rights as deploy/rabbitmq/access.toml says."""
    own = OwnBroker(tmp_path_factory.mktemp("rabbit"), list(load_access().values()))
    own.start()
    yield own
    own.stop()


class Victim:
    """The approval service, which hears of people from identity."""

    def __init__(self, served: Served, tenant_id: UUID) -> None:
        self.served, self.tenant_id = served, tenant_id

    def person(self, source: str = "/optima/identity") -> bytes:
        sample = json.loads((SAMPLES / f"{PersonChanged.type}.json").read_text(encoding="utf-8"))
        id_ = uuid4()
        facts = {"id": id_, "source": source, "tenantid": self.tenant_id, "sequence": 1}
        event = Envelope.model_validate(sample | facts)
        return event.model_dump_json(exclude={"signature"}).encode()

    async def handled(self) -> int:
        return int((await self.served.database.fetch("SELECT count(*) FROM inbox"))[0][0])

    async def parked(self) -> list[str]:
        return [row["error"] for row in await self.served.database.fetch("SELECT error FROM parking")]


@pytest.fixture
async def victim(serve: Any, broker: OwnBroker) -> AsyncIterator[Victim]:
    served: Served = await serve(VICTIM)
    with broker.as_(broker.url) as channel:
        channel.queue_purge(events_queue(VICTIM))
    backbone = await Database.open(served.database.backbone_url, source=f"/optima/{VICTIM}", size=4)
    async with Broker(broker.url_of(VICTIM), "victim") as connection:
        consumer = Consumer(
            VICTIM,
            reactions=served.service.reactions,
            ports=served.service.ports,
            database=served.app.database,
            backbone=backbone.pool,
            broker=connection,
            keys=KEYS,
        )
        consumer.start()
        yield Victim(served, served.tenant_id)
        await consumer.stop()
    await backbone.close()


def publish(url: str, exchange: str, key: str, body: bytes, **headers: Any) -> bool:
    """Whether the broker took it."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, body, pika.BasicProperties(headers=headers))
    except ChannelClosedByBroker as closed:
        if closed.reply_code != 403:
            raise
        return False
    finally:
        with suppress(pika.exceptions.AMQPError):
            connection.close()
    return True


def forged_by_queue(channel: Any) -> None:
    """A queue of one's own, whose messages run out at once and go back as somebody else's."""
    leads_back = {"x-dead-letter-exchange": EVENTS, "x-dead-letter-routing-key": PersonChanged.type}
    channel.queue_declare(f"{FORGER}.events.mine", arguments=leads_back | {"x-message-ttl": 0})


async def test_a_genuine_event_is_handled(broker: OwnBroker, victim: Victim) -> None:
    body = signed("identity", victim.person())
    assert await asyncio.to_thread(publish, broker.url_of("identity"), EVENTS, PersonChanged.type, body)
    await eventually(victim.handled, within=10)
    assert await victim.parked() == []


async def test_the_broker_lets_a_service_speak_for_itself_alone(broker: OwnBroker, victim: Victim) -> None:
    body = victim.person()
    url = broker.url_of(FORGER)
    for exchange, key in ((EVENTS, PersonChanged.type), ("", events_queue(VICTIM)), ("approval.jobs", "x")):
        assert not await asyncio.to_thread(publish, url, exchange, key, body), (exchange, key)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
        forged_by_queue(connection.channel())
    connection.close()


def signed(by: str, body: bytes) -> bytes:
    return SIGNERS[by].signed([body])[0]


def with_signature_of(other: bytes, body: bytes) -> bytes:
    return body[:-1] + b"".join(other.rpartition(b',"signature"')[1:])


FORGERIES: dict[str, Callable[[Victim], bytes]] = {
    "unsigned": lambda victim: victim.person(),
    "signed by the forger, as itself": lambda victim: signed(FORGER, victim.person("/optima/brief")),
    "signed by the forger, as identity": lambda victim: signed(FORGER, victim.person()),
    "another event's signature": lambda victim: with_signature_of(
        signed("identity", victim.person()), victim.person()
    ),
    "changed after it was signed": lambda victim: signed("identity", victim.person()).replace(
        b'"sequence":1', b'"sequence":9'
    ),
}


async def test_what_gets_through_all_the_same_is_parked(broker: OwnBroker, victim: Victim) -> None:
    """RabbitMQ checks the routing key, and not those that a message's CC header adds to it."""
    url = broker.url_of(FORGER)
    for number, (forgery, forge) in enumerate(FORGERIES.items(), 1):
        body = forge(victim)
        taken = await asyncio.to_thread(
            publish, url, EVENTS, "optima.brief.submitted.v1", body, CC=[PersonChanged.type]
        )
        if not taken:  # a RabbitMQ that checks them
            await asyncio.to_thread(broker.publish, PersonChanged.type, body)

        async def is_parked(number: int = number) -> bool:
            return len(await victim.parked()) == number

        await eventually(is_parked, within=10)
        assert await victim.handled() == 0, forgery
    reasons = await victim.served.database.fetch("SELECT reason, tenant_id FROM parking")
    assert {(row["reason"], row["tenant_id"]) for row in reasons} == {("forged", None)}
