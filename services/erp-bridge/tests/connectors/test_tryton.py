"""What is Tryton's own: parts that change alone, too many calls, what the ERP lacks; where calls may lead."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Final
from uuid import UUID, uuid4

import pytest

from erp_bridge.adapters.egress import EgressGuard
from erp_bridge.application.ports import (
    Checkpoint,
    Conflict,
    Endpoint,
    Fault,
    Page,
    Rejected,
    RemoteLink,
    Throttled,
    Unreachable,
)
from erp_bridge.domain.documents import Document, OutgoingDocument
from optima_kit.refusals import Invalid
from optima_kit.testing.nights import AT_NIGHT, NIGHTLY
from optima_local.tryton_people import TrytonPeople, TrytonServer

from .proxy import Moment, faulty_proxy
from .systems import TrytonRemote
from .test_contract import JOB, VAT_NUMBERS, opened, order, pages

pytestmark = pytest.mark.timeout(600)

MOMENTS: Final[tuple[Moment, ...]] = ("before", "after")


@pytest.fixture
async def people(erp: TrytonServer) -> AsyncIterator[TrytonPeople]:
    async with erp.people() as people:
        yield people


@pytest.fixture
def remote(erp: TrytonServer, people: TrytonPeople) -> TrytonRemote:
    return TrytonRemote(erp, people)


async def changed(remote: TrytonRemote, since: Checkpoint) -> list[Page]:
    async with opened(remote) as session:
        return await pages(session, since)


async def test_many_records_of_one_moment_all_come(remote: TrytonRemote, people: TrytonPeople) -> None:
    category = await remote.category_id()
    names = [f"Uno di tanti {n}" for n in range(300 if AT_NIGHT else 30)]
    await people.do(
        "party.party.create", [{"name": name, "categories": [["add", [category]]]} for name in names]
    )
    async with opened(remote) as session:
        found = await pages(session)
    records = [record for page in found for record in page.records]
    assert sorted(str(each.values["name"]) for each in records) == sorted(names)
    assert len({each.version for each in records}) == 1


@pytest.mark.parametrize("part", ["addresses", pytest.param("identifiers", marks=NIGHTLY)])
async def test_a_part_that_changed_alone_brings_its_record(
    remote: TrytonRemote, people: TrytonPeople, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    (party,) = await people.do("party.party.read", [int(customer.remote_id)], ["write_date", part])
    # 7.0 keeps the country with the number.
    found = await people.do(
        "party.identifier.search_read", [["party", "=", party["id"]]], 0, 1, None, ["code"]
    )
    country = "IT" if found[0]["code"].startswith("IT") else ""
    change = {
        "addresses": ("party.address", {"city": "Monza"}),
        "identifiers": ("party.identifier", {"code": country + VAT_NUMBERS[1]}),
    }
    model, values = change[part]
    await people.do(f"{model}.write", party[part][:1], values)
    (after,) = await people.do("party.party.read", [int(customer.remote_id)], ["write_date"])
    assert after["write_date"] == party["write_date"]
    monkeypatch.setattr("erp_bridge.adapters.record_session.OVERLAP", timedelta(microseconds=-1))
    found = await changed(remote, {"until": party["write_date"]})
    assert [record.remote_id for page in found for record in page.records] == [customer.remote_id]


async def test_what_was_changed_in_the_second_of_our_write_is_not_written_over(
    remote: TrytonRemote, people: TrytonPeople
) -> None:
    """A line that is changed alone leaves its sale's time as it is, as does 7.0 on SQLite whatever is changed
    within a second."""
    order_id = uuid4()
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    line = {"description": "Espositore", "quantity": "60", "unit": "pz", "unit_price": ""}
    document = order(remote, order_id, customer, lines={JOB: line})  # without a price it stays a draft
    async with opened(remote) as session:
        first = await session.put(document, None)
        # What was noted before contents were is a time alone.
        assert first.version is not None
        time, _, content = first.version.partition("|")
        second = await session.put(document, RemoteLink(first.remote_id, time))
        assert (second.version or "").endswith(f"|{content}")
        (sale,) = await people.do("sale.sale.read", [int(first.remote_id)], ["lines", "_timestamp"])
        await people.do("sale.line.write", sale["lines"], {"quantity": 61.0})
        (after,) = await people.do("sale.sale.read", [int(first.remote_id)], ["_timestamp"])
        assert after["_timestamp"] == sale["_timestamp"]
        with pytest.raises(Conflict) as conflict:
            await session.put(document, RemoteLink(second.remote_id, second.version))
        assert conflict.value.current.startswith(f"{sale['_timestamp']}|")


async def test_a_server_that_is_asked_too_often_is_left_alone(
    remote: TrytonRemote, erp: TrytonServer
) -> None:
    with contextlib.closing(sqlite3.connect(erp.database)) as connection, connection:
        connection.executemany(
            "INSERT INTO res_user_login_attempt (login, create_date) VALUES (?, CURRENT_TIMESTAMP)",
            [("somebody",)] * 10,
        )
    settings = {**remote.endpoint.settings, "user": "somebody"}
    with pytest.raises(Throttled) as throttled:
        async with remote.connector.open(replace(remote.endpoint, settings=settings)) as session:
            await session.probe()
    assert throttled.value.retry_after.total_seconds() > 0


@NIGHTLY
async def test_what_comes_back_is_returned_once_wherever_it_breaks_off(
    erp: TrytonServer, people: TrytonPeople
) -> None:
    """One piece more each time, broken off at each request, before and after it took effect."""
    order_id, shipment_id = uuid4(), uuid4()
    async with faulty_proxy(erp.url) as proxy:
        remote = TrytonRemote(erp, people, proxy)
        customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
        async with opened(remote) as session:
            sale = await session.put(order(remote, order_id, customer), None)

        def ddt(back: int) -> OutgoingDocument:
            line = {"job": JOB, "quantity": "120", "unit": "pz", "refused_quantity": str(back)}
            told = {
                "reference": str(shipment_id),
                "order_reference": str(order_id),
                "number": "12/2026",
                "issue_date": people.rpc.server_time.date().isoformat(),
                "state": "issued",
            }
            document = Document(
                "ddt", shipment_id, "12/2026", order_id, told, {"1": line}, people.rpc.server_time
            )
            outgoing = document.outgoing(remote.connector.mapping().of("ddt"), customer)
            return replace(outgoing, order_remote_id=sale.remote_id, order_jobs=(JOB,))

        async with opened(remote) as session:
            link = RemoteLink((await session.put(ddt(0), None)).remote_id)
        back = 0
        for request, moment in itertools.product(range(1, 40), MOMENTS):
            back, broke = back + 1, False
            proxy.cut(request, moment)
            try:
                async with opened(remote) as session:
                    await session.put(ddt(back), link)
            except Fault:
                broke = True
            proxy.mend()
            async with opened(remote) as session:
                await session.put(ddt(back), link)
            wanted, asked = [["reference", "ilike", f"%{shipment_id}%"]], ["state", "incoming_moves.quantity"]
            found = await people.do("stock.shipment.out.return.search_read", wanted, 0, None, None, asked)
            assert {each["state"] for each in found} == {"done"}, (request, moment)
            moved = [move["quantity"] for each in found for move in each["incoming_moves."]]
            assert sum(moved) == back, (request, moment)
            if not broke:
                return
        pytest.fail("it breaks off for ever")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        pytest.param({"product": "NONE"}, "product_not_in_erp", marks=NIGHTLY),
        ({}, "unit_not_in_erp"),
    ],
)
async def test_what_the_erp_lacks_is_named(remote: TrytonRemote, settings: dict[str, str], code: str) -> None:
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    endpoint = replace(remote.endpoint, settings={**remote.endpoint.settings, **settings})
    line = {"description": "Espositore", "quantity": "60", "unit": "scatola", "unit_price": "12.50"}
    async with remote.connector.open(endpoint) as session:
        with pytest.raises(Rejected) as rejected:
            await session.put(order(remote, uuid4(), customer, lines={"j": line}), None)
    assert rejected.value.code == code


@pytest.mark.parametrize(
    ("url", "permitted"),
    [
        ("https://93.184.216.34", True),
        ("http://93.184.216.34", False),
        ("https://127.0.0.1", False),
        ("https://169.254.169.254", False),
        ("https://[::1]", False),
        ("https://[::ffff:10.0.0.1]", False),
        ("https://10.1.2.3:8000", False),
        ("https://10.20.0.7:8000", True),
        ("http://10.20.0.7:8000", True),
    ],
)
async def test_a_connection_leads_only_where_it_may(url: str, permitted: bool) -> None:
    guard = EgressGuard([ip_network("10.20.0.0/16")])
    if permitted:
        await guard.connector(guard.check(url)).close()
        return
    with pytest.raises(Unreachable) as fault:
        guard.connector(guard.check(url))
    assert fault.value.code == "address_not_permitted"


@pytest.mark.parametrize("name", ["localhost", "no-such-name.invalid"])
async def test_a_name_is_judged_by_where_it_leads(remote: TrytonRemote, name: str) -> None:
    """A name that leads inside is not told from one that there is not."""
    settings = {
        **remote.endpoint.settings,
        "url": remote.endpoint.settings["url"].replace("127.0.0.1", name),
    }
    strict = type(remote.connector)(EgressGuard([]))
    with pytest.raises(Unreachable) as fault:
        async with strict.open(Endpoint(UUID(int=1), settings, remote.endpoint.secrets)) as session:
            await session.probe()
    assert fault.value.code == "address_not_permitted"


@pytest.mark.parametrize(
    "url",
    ["", "erp.example.it", "ftp://erp.example.it", "https://a:b@erp.example.it", "https://x/y", "https://:1"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        EgressGuard([]).check(url)
    assert refusal.value.field == "settings.url"
