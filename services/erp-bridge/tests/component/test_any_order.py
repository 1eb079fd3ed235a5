"""Everything twice and out of order gives the same state: what an ERP hands over, and what others publish.

Streams keep their own order, as the backbone keeps that of a subject and an ERP that of a record. How they
mix, when the bridge works and what comes again is made up, by day the same each time.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from optima_contracts.envelope import Envelope, EventData
from optima_contracts.erp import CustomerChanged, DdtInvoicingChanged, DocumentExported
from optima_contracts.logistics import (
    DdtIssued,
    DdtVoided,
    GoodsReturned,
    ReturnedGoods,
    ShipmentLine,
    ShipmentPartlyRefused,
)
from optima_contracts.production import OrderCancelled, OrderChanged
from optima_kit.refusals import NotYet
from optima_kit.testing.nights import AT_NIGHT

from ..conftest import Bridge
from .test_ddt_invoices import HEADER as INVOICES
from .test_exports import BRIEF, CONFIRMED, ISSUED, JOB, MILANO, ROMA, VALUED, rows

MIXES: Final = 100 if AT_NIGHT else 3
SECOND: Final = "AURORA-RM"

pytestmark = pytest.mark.timeout(1800)

Step = EventData | tuple[str, str] | None
"""An event, a file with its name's beginning and its content, or that the bridge works."""


def order(n: int, customer: str, *, then: str) -> list[Step]:
    """Its stream: it is confirmed, priced, and changed or cancelled."""
    order_id = UUID(int=0x100 + n)
    facts: dict[str, Any] = {"order_id": order_id, "brief_id": BRIEF}
    confirmed = CONFIRMED.model_copy(update={**facts, "number": f"O-2026/{n}", "customer": customer})
    valued = VALUED.model_copy(update=facts)
    if then == "cancelled":
        return [confirmed, valued, OrderCancelled(**facts, reason="x")]
    lines = [each.model_copy(update={"quantity": "80"}) for each in CONFIRMED.lines]
    changed = OrderChanged(
        **facts, number=confirmed.number, deadline=date(2027, 1, 7), lines=lines, reason="Meno pezzi"
    )
    dearer = [each.model_copy(update={"unit_price": "15.00", "amount": "1200.00"}) for each in VALUED.lines]
    return [confirmed, valued, changed, valued.model_copy(update={"lines": dearer, "total": "1200.00"})]


def ddt(n: int, order_number: int) -> DdtIssued:
    facts = {"shipment_id": UUID(int=0x200 + n), "order_id": UUID(int=0x100 + order_number)}
    return ISSUED.model_copy(update={**facts, "number": f"{n}/2026", "progressive": n})


def streams() -> list[list[Step]]:
    invoiced, voided, returned = ddt(1, 1), ddt(2, 1), ddt(3, 2)
    facts = {"shipment_id", "order_id", "brief_id", "destination"}
    part = [ShipmentLine(job_id=JOB, description="Espositore", quantity="10", unit="pz")]
    refused = ShipmentPartlyRefused(**returned.model_dump(include=facts), reason="Rotti", lines=part)
    back = GoodsReturned(
        return_id=UUID(int=0x300),
        **returned.model_dump(include={"shipment_id", "order_id", "brief_id"}),
        ddt_number=returned.number,
        document_type="reso-da-cliente",
        warehouse="MI",
        number=None,
        date=date(2026, 12, 1),
        reason="Eccedenza",
        lines=[
            ReturnedGoods(job_id=JOB, description="Espositore", quantity="5", unit="pz", disposition="stock")
        ],
        closes_order_line=True,
    )
    rome = ROMA.replace("AURORA-MI", SECOND)
    return [
        [("clienti", MILANO), ("clienti", MILANO.replace("MP12;RB 60", "MP05;BB 30"))],
        [("clienti", rome), ("clienti", rome.replace("Roma S.r.l.", "Roma S.p.A."))],
        [("fornitori", MILANO.replace("AURORA-MI", "FORN-1"))],
        order(1, "AURORA-MI", then="changed"),
        order(2, SECOND, then="cancelled"),
        [invoiced, ("fatture", "1/2026;FT-31;04/12/2026\n"), ("fatture", "1/2026;FT-32;05/12/2026\n")],
        [voided, DdtVoided(**voided.model_dump(include={*facts, "lines"}), number="2/2026", reason="errore")],
        [returned, refused],
        [back],
    ]


class Telling:
    """Hands over one step after the other, as the consumer and the ERP do."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._files = 0
        self._early: deque[Envelope] = deque()
        self._not_sent: deque[str] = deque()
        """Invoices of DDTs that the ERP has not got yet."""
        self.delivered: list[Envelope] = []
        """To be delivered again: the backbone may at any time."""

    async def tell(self, step: Step | Envelope) -> None:
        match step:
            case None:
                await self._bridge.work()
            case ("fatture", content):
                self._not_sent.append(content)
            case (kind, content):
                await self._drop(kind, content)
            case EventData():
                await self._deliver(self._bridge.app.event(step, source="/optima/production"))
            case Envelope():
                await self._deliver(step)
        await self._invoice()

    async def _drop(self, kind: str, content: str, **header: str) -> None:
        self._files += 1
        self._bridge.drop(content, name=f"{kind}-{self._files}.csv", **header)
        await self._bridge.import_all()

    async def _invoice(self) -> None:
        """An ERP invoices what it has got."""
        sent = {row["numero_ddt"] for file in self._bridge.folder.glob("out/ddt/*.csv") for row in rows(file)}
        while self._not_sent and self._not_sent[0].partition(";")[0] in sent:
            await self._drop("fatture", self._not_sent.popleft(), header=INVOICES)

    async def _deliver(self, envelope: Envelope) -> None:
        """What comes too early waits, and comes again after whatever comes next."""
        waiting = [envelope, *self._early]
        self._early.clear()
        for each in waiting:
            try:
                await self._bridge.app.deliver(each)
                self.delivered.append(each)
            except NotYet:
                self._early.append(each)

    async def finish(self) -> None:
        """Until nothing is left to be done."""
        for _ in range(3):
            self._bridge.clock.advance(timedelta(hours=1))
            await self._bridge.work()
            await self._invoice()
        assert not self._early
        assert not self._not_sent


async def state(bridge: Bridge) -> dict[str, Any]:
    """All that people here, people in the ERP and other services see in the end."""
    reader = bridge.as_("backoffice")
    tables = {}
    for table in ("customers", "suppliers"):
        _, listed = await reader.get(f"/v1/{table}")
        tables[table] = [(each["code"], each["name"], each["payment"]["terms"]) for each in listed["items"]]
    folders = {
        folder: sorted(str(row) for file in (bridge.folder / "out" / folder).iterdir() for row in rows(file))
        for folder in ("ordini", "ddt")
    }
    told: dict[str, dict[Any, Any]] = {}
    for event, key in ((CustomerChanged, "code"), (DdtInvoicingChanged, "ddt_number")):
        ours = {"customer_id", "connection_id"}
        published = await bridge.stored.published(event.type)
        told[event.type] = {
            each.data[key]: {name: value for name, value in each.data.items() if name not in ours}
            for each in published
        }
    exported = {each.subject for each in await bridge.stored.published(DocumentExported.type)}
    waiting = (await bridge.connection())["waiting"]
    return {
        **tables,
        **folders,
        **told,
        "exported": exported,
        "waiting": waiting,
        "failures": await bridge.failures(),
    }


def mixed(made: random.Random) -> list[Step]:
    """All streams in one, each in its own order."""
    left = [deque(each) for each in streams()]
    found: list[Step] = []
    while left:
        stream = made.choice(left)
        found.append(stream.popleft())
        left = [each for each in left if each]
    return found


async def test_everything_twice_and_out_of_order_gives_the_same_state(
    bridge: Bridge, again: Callable[[Callable[[Bridge], Awaitable[Any]]], Awaitable[Any]]
) -> None:
    async def plain(bridge: Bridge) -> dict[str, Any]:
        await bridge.connect()
        telling = Telling(bridge)
        for stream in streams():
            for step in stream:
                await telling.tell(step)
        await telling.finish()
        return await state(bridge)

    wanted = await again(plain)
    assert (wanted["waiting"], wanted["failures"], len(wanted["exported"])) == (0, [], 5)
    assert [len(wanted[each]) for each in ("customers", "suppliers", "ordini", "ddt")] == [2, 1, 2, 3]
    for seed in range(MIXES):
        made = random.Random(seed)

        async def any_order(bridge: Bridge, made: random.Random = made) -> dict[str, Any]:
            await bridge.connect()
            telling = Telling(bridge)
            for step in mixed(made):
                await telling.tell(step)
                # A file comes again before the next of its records does; an event whenever it likes.
                if isinstance(step, tuple) and made.random() < 0.5:
                    await telling.tell(step)
                if telling.delivered and made.random() < 0.5:
                    await telling.tell(made.choice(telling.delivered))
                if made.random() < 0.3:
                    await telling.tell(None)
            for envelope in made.sample(telling.delivered, len(telling.delivered)):
                await telling.tell(envelope)
            await telling.finish()
            return await state(bridge)

        found = await again(any_order)
        for name, expected in wanted.items():
            assert found[name] == expected, (seed, name)
