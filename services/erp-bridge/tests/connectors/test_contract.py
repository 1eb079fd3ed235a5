"""What every connector must do, tried on each: a folder of files, a real Tryton, and the guide's example."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from erp_bridge.application.ports import Checkpoint, Page, Rejected, RemoteLink, Session, Unreachable
from erp_bridge.domain.documents import Document, OutgoingDocument, RemoteCustomer
from erp_bridge.domain.entities import fields_of
from optima_kit.clock import SystemClock

from .example import ExampleRemote
from .server import TrytonServer
from .systems import EasyfattRemote, FolderRemote, Remote, TrytonRemote

JOB, OTHER_JOB = str(UUID(int=0xA2)), str(UUID(int=0xA3))
VAT_NUMBERS = ["07643520567", "12345670587", "01234560371", "00905811006", "01585570581", "00743110157"]

# The first run on a machine makes the server ready.
pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("tryton")]


@pytest.fixture(params=["files", "easyfatt", "example", "tryton"])
def server(request: pytest.FixtureRequest) -> TrytonServer | str:
    """The server where there is one, the connector's name where there is none."""
    found: TrytonServer | str = request.param
    return request.getfixturevalue("tryton") if found == "tryton" else found


@pytest.fixture
async def remote(server: TrytonServer | str, tmp_path: Path) -> AsyncIterator[Remote]:
    if server == "files":
        yield FolderRemote(tmp_path / "drop")
    elif server == "easyfatt":
        yield EasyfattRemote(tmp_path / "drop")
    elif isinstance(server, str):
        yield ExampleRemote(tmp_path / "erp.json")
    else:
        async with server.people() as people:
            yield TrytonRemote(server, people)


@pytest.fixture
def order_id() -> UUID:
    return uuid4()


def opened(remote: Remote) -> AbstractAsyncContextManager[Session]:
    return remote.connector.open(remote.endpoint)


async def pages(session: Session, checkpoint: Checkpoint | None = None) -> list[Page]:
    return [page async for page in session.changes("customer", checkpoint)]


def told(remote: Remote, found: list[Page]) -> dict[str, str]:
    """The name by code of what came in, the last word of each."""
    mapping = remote.connector.mapping().of("customer")
    fields = [mapping.read(record.values) for page in found for record in page.records]
    return {each["code"] or "": each["name"] or "" for each in fields}


def order(remote: Remote, order_id: UUID, customer: RemoteCustomer, **changes: Any) -> OutgoingDocument:
    document = Document(
        entity="order",
        internal_id=order_id,
        number="O-2026/7",
        correlation_id=order_id,
        heading={
            "reference": str(order_id),
            "number": "O-2026/7",
            "state": "confirmed",
            "deadline": "2026-12-15",
        },
        lines={
            JOB: {
                "kind": "espositore",
                "description": "Espositore da banco",
                "quantity": "120",
                "unit": "pz",
                "unit_price": "12.50",
                "amount": "1500.00",
                "vat_code": "22",
            }
        },
        changed_at=SystemClock().now(),
    )
    document = replace(document, **changes)
    return document.outgoing(remote.connector.mapping().of("order"), customer)


async def test_it_says_what_it_carries(remote: Remote) -> None:
    description, mapping = remote.connector.describe(), remote.connector.mapping()
    for capability in description.capabilities:
        mapped = mapping.of(capability.entity).fields.keys()
        assert mapped <= fields_of(capability.entity)
        if capability.writes:
            assert fields_of(capability.entity) - mapped <= set(capability.cannot_carry)
            assert capability.idempotency
    assert {each.entity for each in description.capabilities} == mapping.entities.keys()


async def test_it_says_who_answers(remote: Remote) -> None:
    async with opened(remote) as session:
        assert await session.probe()


async def test_an_unreachable_system_is_told_from_one_that_refuses(remote: Remote) -> None:
    connector, endpoint = remote.broken
    with pytest.raises(Unreachable):
        async with connector.open(endpoint) as session:
            await session.probe()


async def test_all_comes_in_and_then_what_changed(remote: Remote) -> None:
    customers = [
        await remote.add_customer(f"C{n}", f"Cliente {n}", each) for n, each in enumerate(VAT_NUMBERS)
    ]
    async with opened(remote) as session:
        await session.probe()
        found = await pages(session)
        assert told(remote, found) == {each.code: f"Cliente {n}" for n, each in enumerate(customers)}
        assert len(found) > 1
        for page in found:
            await session.settle(page, refused=False)
        await remote.rename_customer(customers[2], "Cliente nuovo")
        added = await remote.add_customer("C/9 àè", "Cliente «accentato»", "02118311006")
        later = told(remote, await pages(session, found[-1].checkpoint))
        assert (
            later.items() >= {customers[2].code: "Cliente nuovo", added.code: "Cliente «accentato»"}.items()
        )


async def test_nothing_is_lost_at_a_pages_boundary(remote: Remote) -> None:
    """Whatever page was the last to be committed, the next run brings all the rest."""
    for n, each in enumerate(VAT_NUMBERS):
        await remote.add_customer(f"C{n}", f"Cliente {n}", each)
    async with opened(remote) as session:
        found = await pages(session)
        for done in range(1, len(found) + 1):
            missing = told(remote, found).keys() - told(remote, found[:done]).keys()
            rest = await pages(session, found[done - 1].checkpoint)
            assert missing <= told(remote, rest).keys()


async def test_a_write_that_is_repeated_after_a_crash_doubles_nothing(remote: Remote, order_id: UUID) -> None:
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    for _ in range(2):
        async with opened(remote) as session:
            link = await session.find("order", str(order_id))
            written = await session.put(order(remote, order_id, customer), link)
    assert [(each["number"], each["state"]) for each in await remote.orders()] == [("O-2026/7", "open")]
    assert written.remote_id


async def test_a_change_and_a_cancellation_reach_the_same_record(remote: Remote, order_id: UUID) -> None:
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    async with opened(remote) as session:
        first = await session.put(order(remote, order_id, customer), None)
        link = RemoteLink(first.remote_id, first.version)
        line = {"description": "Espositore", "quantity": "60", "unit": "pz", "unit_price": "12.50"}
        lines = {JOB: line, OTHER_JOB: {**line, "description": "Volantino"}}
        second = await session.put(order(remote, order_id, customer, lines=lines), link)
        assert second.remote_id == first.remote_id
        (found,) = await remote.orders()
        assert (found["state"], found["quantity"]) == ("open", 60.0)
        heading = {
            "reference": str(order_id),
            "number": "O-2026/7",
            "state": "cancelled",
            "deadline": "2026-12-15",
        }
        link = RemoteLink(second.remote_id, second.version)
        cancelled = order(remote, order_id, customer, lines=lines, heading=heading)
        capability = remote.connector.describe().capability("order")
        if capability is not None and "cancel" not in capability.writes:
            with pytest.raises(Rejected, match="cancellation_not_carried"):
                await session.put(cancelled, link)
            assert await remote.orders() == []
            return
        last = await session.put(cancelled, link)
        assert last.remote_id == first.remote_id
    (found,) = await remote.orders()
    assert found["state"] == "cancelled"


async def test_settings_are_checked_without_calling_anybody(remote: Remote) -> None:
    settings = {**remote.endpoint.settings, **remote.endpoint.secrets}
    assert remote.connector.check(settings).items() >= settings.items()
    names = {each.name for each in remote.connector.describe().settings}
    assert settings.keys() <= names
