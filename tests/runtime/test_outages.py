"""The broker is away for a while: every role says so once, and goes on when it is back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.balancer import pass_on
from tests.deploy.test_processes import Process, scraped

from optima_kit.testing import eventually
from optima_kit.testing.nights import NIGHTLY

from .own_broker import OwnBroker

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("own broker"), pytest.mark.timeout(180), NIGHTLY]


class Wire:
    """What lies between services and the broker: it can be cut, and mended."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._whole = True
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.refused = 0
        """Attempts to connect since it was cut."""

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            self.cut()
            server.close()

    def cut(self) -> None:
        self._whole, self.refused = False, 0
        for writer in list(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        self._whole = True

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            self.refused += 1
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            await pass_on(reader, writer, self._to)
        finally:
            self._open.discard(writer)


def url_through(wire: Wire, own_broker: OwnBroker) -> str:
    return own_broker.url_of("brief").replace(f":{own_broker.rabbit.port}/", f":{wire.port}/")


def warnings(told: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in told if line["level"] not in ("debug", "info")]


async def end(process: Process) -> list[dict[str, Any]]:
    """What it has logged."""
    told = await asyncio.to_thread(process.end)
    return [json.loads(line) for line in told.splitlines()]


async def connected(process: Process, number: int) -> bool:
    try:
        text = await asyncio.to_thread(scraped, process.metrics)
    except OSError:
        return False
    shown = [line for line in text.splitlines() if line.startswith("optima_broker_connected{")]
    return bool(shown) and all(line.endswith(f" {number}.0") for line in shown)


def lines_until(event: str, process: Process) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    assert process.running.stdout is not None
    while not told or told[-1]["event"] != event:
        told.append(json.loads(process.running.stdout.readline()))
    return told


ROLES = ("relay", "consume", "work")


async def test_an_outage_is_one_warning(own_broker: OwnBroker, database_for: Any) -> None:
    """However often a role tries meanwhile, and whatever the libraries have to say; likewise where the broker
    was never there."""
    wires = {role: Wire(own_broker.rabbit.port) for role in ROLES}
    databases = {role: await database_for("brief") for role in ROLES}

    async def goes_through_outages(role: str, wire: Wire) -> None:
        wire.cut()
        process = Process(role, databases[role], url_through(wire, own_broker))
        try:
            await eventually(lambda: wire.refused >= 10, within=90)
            wire.mend()
            await eventually(lambda: connected(process, 1), within=60)
            wire.cut()
            await eventually(lambda: connected(process, 0), within=30)
            await eventually(lambda: wire.refused >= 5, within=60)
            wire.mend()
            await eventually(lambda: connected(process, 1), within=30)
        finally:
            told = await end(process)
        assert warnings(told) == ["broker unreachable", "broker connection lost"], (role, told)
        assert [line["event"] for line in told].count("broker is back") == 2, (role, told)

    async with contextlib.AsyncExitStack() as open_, asyncio.TaskGroup() as at_once:
        for role, wire in wires.items():
            await open_.enter_async_context(wire.served())
            at_once.create_task(goes_through_outages(role, wire))


async def test_nor_does_a_worker_say_more_of_a_broker_whose_name_nobody_knows(database_for: Any) -> None:
    process = Process(
        "work",
        await database_for("brief"),
        "amqp://brief:secret@nobody.invalid/%2F",
        OPTIMA_ENVIRONMENT="demonstration",
    )
    try:
        before = await asyncio.to_thread(lines_until, "broker unreachable", process)
    finally:
        told = await end(process)
    assert warnings([*before, *told]) == ["broker unreachable"]
