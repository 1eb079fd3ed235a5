"""Whole journeys while parts of the stack are killed, held still, doubled or fed everything again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from optima_kit.broker import Broker, Outgoing, Publisher
from optima_kit.testing import eventually
from optima_kit.testing.nights import NIGHTLY, sampled
from optima_kit.topology import EVENTS
from optima_local.demonstration.load import LoadResult, run_load
from optima_local.demonstration.show import customer_of
from tests.stack import Stack

from .invariants import errors_logged, everything_settles

pytestmark = [
    pytest.mark.servers,
    pytest.mark.faults,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(900),
]

PEOPLE, BRIEFS = 3, 6


async def under_load(stack: Stack, hurt: Callable[[], Awaitable[None]]) -> LoadResult:
    """Journeys, with `hurt` in the middle of them. Every one of them must end well all the same."""
    begun = asyncio.Event()
    async with customer_of(stack.stage, patience=60) as customer:
        load = asyncio.create_task(run_load(customer, PEOPLE, BRIEFS, lambda done, _: begun.set()))
        await asyncio.wait_for(begun.wait(), 300)
        await hurt()
        result = await load
    assert result.failures == [], errors_logged(stack)
    assert len(result.journeys) == BRIEFS
    return result


async def test_servers_and_services_are_killed_one_after_the_other(stack):
    async def one_after_the_other() -> None:
        for part in sampled(("rabbitmq", "logistics", "production", "postgres", "approval", "brief"), 6):
            await stack.kill(part)

    await under_load(stack, one_after_the_other)
    await everything_settles(stack)


@NIGHTLY
@pytest.mark.parametrize("server", ["rabbitmq", "postgres"])
async def test_a_server_is_killed(stack, server):
    await under_load(stack, lambda: stack.kill(server))
    await everything_settles(stack)


async def test_a_service_stands_still_for_a_while(stack):
    async def hold_production() -> None:
        brief = await asyncpg.connect(stack.database_url("brief"))
        try:
            with stack.standing_still("production"):
                # Others go on meanwhile: what they tell production waits for it.
                approved = "SELECT count(*) FROM outbox WHERE type = 'optima.brief.submitted.v1'"
                before = await brief.fetchval(approved)
                await eventually(
                    lambda: _more(brief, approved, before),
                    within=120,
                    describe="a brief to be submitted while production stands still",
                )
        finally:
            await brief.close()

    async with customer_of(stack.stage, patience=60) as customer:
        load = asyncio.create_task(run_load(customer, PEOPLE, BRIEFS, lambda *_: None))
        await hold_production()
        result = await load
    assert result.failures == []
    await everything_settles(stack)


async def _more(connection: asyncpg.Connection, count: str, than: int) -> bool:
    return bool(await connection.fetchval(count) > than)


@NIGHTLY
async def test_every_role_runs_twice(stack):
    async with (
        stack.one_more("brief", "relay", "consume"),
        stack.one_more("production", "relay", "consume", "http"),
        stack.one_more("logistics", "relay", "consume", "work"),
        stack.one_more("trail", "consume"),
        customer_of(stack.stage, patience=60) as customer,
    ):
        result = await run_load(customer, PEOPLE, BRIEFS, lambda *_: None)
    assert result.failures == []
    await everything_settles(stack)


async def test_every_event_arrives_two_times_more_and_backwards(stack):
    """What was delivered once is delivered again twice, the newest first: nothing comes of it."""
    async with customer_of(stack.stage, patience=60) as customer:
        await run_load(customer, 1, 1, lambda *_: None)
    await everything_settles(stack)
    services = ("identity", "brief", "approval", "production", "logistics", "erp-bridge")
    connections = {name: await asyncpg.connect(stack.database_url(name)) for name in (*services, "trail")}
    try:
        before = {name: await _events(connection) for name, connection in connections.items()}
        messages = []
        for name in services:
            rows = await connections[name].fetch("SELECT id, type, envelope FROM outbox ORDER BY position")
            signed = stack.signer(name).signed([row["envelope"].encode() for row in rows])
            messages += [
                Outgoing(str(row["id"]), row["type"], m) for row, m in zip(rows, signed, strict=True)
            ]
        messages.reverse()
        async with Broker(stack.addresses["amqp"], "every event again") as broker:
            publisher = Publisher(broker, EVENTS, "application/cloudevents+json")
            await eventually(lambda: broker.connected, describe="the broker")
            for again in (messages, messages):
                for start in range(0, len(again), 500):
                    assert all(await publisher.publish(again[start : start + 500]))
            await eventually(lambda: _queues_are_empty(broker), within=180, describe="the queues to drain")
        assert {name: await _events(connection) for name, connection in connections.items()} == before
    finally:
        for connection in connections.values():
            await connection.close()
    await everything_settles(stack)


async def _events(connection: asyncpg.Connection) -> tuple[int, int]:
    """How many events a service has published, and how many it has handled."""
    published = await connection.fetchval("SELECT count(*) FROM outbox")
    return published, await connection.fetchval("SELECT count(*) FROM inbox")


async def _queues_are_empty(broker: Broker) -> bool:
    async with broker.channel() as channel:
        for service in ("brief", "approval", "production", "logistics", "erp-bridge", "trail"):
            declared = await channel.call(channel.raw.queue_declare, queue=f"{service}.events", passive=True)
            if declared.method.message_count:
                return False
    return True
