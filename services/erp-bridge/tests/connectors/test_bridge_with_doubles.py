"""The bridge with a double of an ERP at the other end."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from optima_contracts.economics import OrderLineValue, OrderValued
from optima_contracts.erp import CustomerChanged, DocumentExported
from optima_contracts.production import OrderConfirmed, OrderLine

from .proxy import FaultyProxy, Moment
from .systems import recorded

if TYPE_CHECKING:
    from ..conftest import Bridge


async def test_both_sides_are_compared_each_day_at_the_hour_that_is_wanted(bridge: Bridge) -> None:
    """And no more once nobody wants it."""
    async with recorded("odoo") as remote:
        await remote.add_customer("C1", "Cliente 1", "07643520567")
        wanted = {
            "connector": "odoo",
            "settings": {**remote.endpoint.settings, **remote.endpoint.secrets},
            "exchanges": {"customer": {"enabled": False, "compare_at": "03:00"}},
        }
        response, view = await bridge.as_("admin").put("/v1/connections/odoo", json=wanted)
        assert (response.status, view["exchanges"]["customer"]["compare_at"]) == (200, "03:00")

        async def compared() -> list[int]:
            """How many were missing here, the newest comparison first."""
            _, listed = await bridge.as_("admin").get("/v1/reconciliations")
            return [each["missing_here"] for each in listed["items"]]

        await bridge.work()
        assert await compared() == []
        for days in (1, 2):
            bridge.clock.advance(timedelta(days=1))
            await bridge.work()
            assert await compared() == [1] * days
        del wanted["exchanges"]["customer"]["compare_at"]
        changed = {"json": wanted, "headers": {"If-Match": '"1"'}}
        await bridge.as_("admin").put("/v1/connections/odoo", **changed)
        bridge.clock.advance(timedelta(days=1))
        await bridge.work()
        assert len(await compared()) == 2


class Workers:
    """Processes that run what is due for a bridge, and may be killed at a request of theirs to the ERP."""

    def __init__(self, bridge: Bridge, process: asyncio.subprocess.Process) -> None:
        self._bridge = bridge
        self._process = process

    async def run(self, proxy: FaultyProxy, kill_at: int | None = None, moment: Moment = "before") -> int:
        """How one ended that ran what is due in an hour: 0, or the signal that killed it, negative."""
        assert self._process.stdin is not None
        self._bridge.clock.advance(timedelta(hours=1))
        # Meanwhile what was begun by one that was killed is nobody's any more.
        await self._bridge.stored.fetch("UPDATE jobs SET locked_until = NULL, hinted_at = NULL")
        process_id = asyncio.get_running_loop().create_future()

        async def kill() -> None:
            os.kill(await process_id, signal.SIGKILL)

        if kill_at is not None:
            proxy.cut(kill_at, moment, kill)
        try:
            self._process.stdin.write(f"{self._bridge.clock.now().isoformat()}\n".encode())
            process_id.set_result(await self._line())
            return await self._line()
        finally:
            proxy.mend()

    async def _line(self) -> int:
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return int(await self._process.stdout.readline())


@asynccontextmanager
async def workers(bridge: Bridge) -> AsyncIterator[Workers]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("worker.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(f"{json.dumps(asdict(bridge.stored))}\n".encode())
    try:
        yield Workers(bridge, process)
    finally:
        process.kill()
        await process.wait()


def order_of(bridge: Bridge, customer: str) -> tuple[OrderConfirmed, OrderValued]:
    order_id, job_id = uuid4(), uuid4()
    line = OrderLine(
        job_id=job_id, item_id=None, kind="x", description="Espositore", quantity="1", unit="u", deliveries=[]
    )
    confirmed = OrderConfirmed(
        order_id=order_id,
        number="O-2026/7",
        brief_id=None,
        customer=customer,
        deadline=bridge.clock.now().date(),
        lines=[line],
    )
    value = OrderLineValue(job_id=job_id, unit_price="12.50", amount="12.50")
    return confirmed, OrderValued(order_id=order_id, brief_id=None, lines=[value], total="12.50")


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_bridge_that_is_killed_at_any_step_loses_and_doubles_nothing(
    bridge: Bridge, moment: Moment
) -> None:
    """A process, with SIGKILL, at each request of an exchange: customers come in, an order goes out."""
    async with recorded("odoo") as remote, workers(bridge) as running:
        others = ("supplier", "product", "payment_term", "vat_rate")
        wanted = {
            "connector": "odoo",
            "settings": {**remote.endpoint.settings, **remote.endpoint.secrets},
            "exchanges": {each: {"enabled": False} for each in others},
        }
        response, told = await bridge.as_("admin").put("/v1/connections/odoo", json=wanted)
        assert response.status == 200, told
        killed = 0
        for step in itertools.count(1):
            await remote.add_customer(f"C{step}", f"Cliente {step}", "07643520567")
            for event in order_of(bridge, f"C{step}"):
                await bridge.tell(event, subject=event.order_id, correlation=event.order_id)
            ended = await running.run(remote.proxy, step, moment)
            killed += ended == -signal.SIGKILL
            if ended:
                assert await running.run(remote.proxy) == 0
            assert await bridge.failures() == []
            assert len(await remote.orders()) == step
            exported = await bridge.stored.published(DocumentExported.type)
            assert len({each.subject for each in exported}) == len(exported) == step
            customers = await bridge.stored.published(CustomerChanged.type)
            assert sorted(each.data["code"] for each in customers) == sorted(f"C{n + 1}" for n in range(step))
            if not ended:
                break
        assert killed > 5
