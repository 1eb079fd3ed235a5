"""The bridge's process is killed at each step of an exchange, whatever the ERP at the other end."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args
from uuid import UUID, uuid4

import pytest

from optima_contracts.economics import OrderLineValue, OrderValued
from optima_contracts.envelope import EventData
from optima_contracts.erp import CustomerChanged, DocumentExported
from optima_contracts.logistics import DdtIssued, ShipmentLine
from optima_contracts.production import OrderConfirmed, OrderLine
from optima_kit.testing.nights import AT_NIGHT, NIGHTLY

from .conftest import DOUBLES, TRYTONS
from .proxy import FaultyProxy, Moment
from .systems import Remote, vat_number_of
from .test_bridge_with_tryton import COMPANY

if TYPE_CHECKING:
    from ..conftest import Bridge

pytestmark = pytest.mark.timeout(3600)

BY_DAY: Final = {("files", "after"), ("odoo", "before")}
STRIDES: Final = {"odoo": 5, "drop-folder": 3}
"""By day it is broken at every step so far from the last, and at every one by night."""


def _cases() -> Iterator[Any]:
    """Each kind of ERP, broken before and after a step took effect."""
    for each in ("files", "easyfatt", *DOUBLES, *TRYTONS):
        kind = pytest.param(each) if isinstance(each, str) else each
        for moment in get_args(Moment):
            by_day = (kind.values[0], moment) in BY_DAY
            yield pytest.param(kind.values[0], moment, marks=[*kind.marks, *([] if by_day else [NIGHTLY])])


class Workers:
    """Processes that run what is due for a bridge, and may be killed at a step of theirs: a request to the
    ERP, or what they do to its files."""

    def __init__(self, bridge: Bridge, process: asyncio.subprocess.Process) -> None:
        self._bridge = bridge
        self._process = process

    async def run(
        self, proxy: FaultyProxy | None, kill_at: int | None = None, moment: Moment = "before"
    ) -> int:
        """How one ended that ran what is due in an hour: 0, or the signal that killed it, negative."""
        assert self._process.stdin is not None
        self._bridge.clock.advance(timedelta(hours=1))
        # Meanwhile what was begun by one that was killed is nobody's any more.
        await self._bridge.stored.fetch("UPDATE jobs SET locked_until = NULL, hinted_at = NULL")
        process_id = asyncio.get_running_loop().create_future()

        async def kill() -> None:
            os.kill(await process_id, signal.SIGKILL)

        if kill_at is not None and proxy is not None:
            proxy.cut(kill_at, moment, kill)
        try:
            wanted = {"until": self._bridge.clock.now().isoformat(), "step": kill_at, "moment": moment}
            self._process.stdin.write(f"{json.dumps(wanted)}\n".encode())
            process_id.set_result(await self._line())
            return await self._line()
        finally:
            if proxy is not None:
                proxy.mend()

    async def _line(self) -> int:
        assert self._process.stdout is not None
        async with asyncio.timeout(300):
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
    told = {"database": asdict(bridge.stored), "drop_folder_root": str(bridge.root)}
    process.stdin.write(f"{json.dumps(told)}\n".encode())
    try:
        yield Workers(bridge, process)
    finally:
        process.kill()
        await process.wait()


def documents_of(bridge: Bridge, customer: str, *, shipped: bool) -> list[tuple[UUID, EventData]]:
    """An order with its price and, where one is written, its DDT; with their subjects."""
    order_id, job_id, shipment_id = uuid4(), uuid4(), uuid4()
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
    valued = OrderValued(order_id=order_id, brief_id=None, lines=[value], total="12.50")
    ddt = DdtIssued(
        shipment_id=shipment_id,
        order_id=order_id,
        brief_id=None,
        destination="MI-01",
        lines=[ShipmentLine(job_id=job_id, description="Espositore", quantity="1", unit="u")],
        number="12/2026",
        progressive=12,
        series="",
        year=2026,
        issue_date=bridge.clock.now().date(),
        sender=COMPANY,
        recipient=COMPANY,
        delivery_address=COMPANY,
        reason="vendita",
        transport_by="mittente",
    )
    orders: list[tuple[UUID, EventData]] = [(order_id, confirmed), (order_id, valued)]
    return [*orders, (shipment_id, ddt)] if shipped else orders


@pytest.mark.parametrize(("server", "moment"), _cases(), indirect=["server"])
async def test_a_bridge_that_is_killed_at_any_step_loses_and_doubles_nothing(
    bridge: Bridge, remote: Remote, moment: Moment
) -> None:
    """With SIGKILL, at each step of an exchange: customers come in, an order and its DDT go out."""
    description = remote.connector.describe()
    stride = 1 if AT_NIGHT else STRIDES.get(description.key, 1)
    async with workers(bridge) as running:
        others = {each.entity for each in description.capabilities} - {"customer", "order", "ddt"}
        wanted = {
            "connector": description.key,
            "settings": {**remote.endpoint.settings, **remote.endpoint.secrets},
            "exchanges": {each: {"enabled": False} for each in others},
        }
        response, told = await bridge.as_("admin").put("/v1/connections/erp", json=wanted)
        assert response.status == 200, told
        shipped = description.writes("ddt")
        codes: list[str] = []
        killed = 0
        for done, step in enumerate(itertools.count((stride + 1) // 2, stride), 1):
            customer = await remote.add_customer(f"C{done}", f"Cliente {done}", vat_number_of(done))
            codes.append(customer.code)
            for subject, event in documents_of(bridge, customer.code, shipped=shipped):
                await bridge.tell(event, subject=subject, correlation=subject)
            ended = await running.run(remote.proxy, step, moment)
            killed += ended == -signal.SIGKILL
            if ended:
                assert await running.run(remote.proxy) == 0
            assert await bridge.failures() == []
            assert [each["state"] for each in await remote.orders()] == ["open"] * done
            assert len(await remote.ddts()) == (done if shipped else 0)
            exported = await bridge.stored.published(DocumentExported.type)
            assert len({each.subject for each in exported}) == len(exported) == done * (1 + shipped)
            customers = await bridge.stored.published(CustomerChanged.type)
            assert sorted(each.data["code"] for each in customers) == sorted(codes)
            if not ended:
                break
        assert killed > (5 if stride == 1 else 1)
