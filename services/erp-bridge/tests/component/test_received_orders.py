"""An order that was born in an ERP becomes one here, once, and does not go back there."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from optima_contracts.erp import DocumentExported, OrderReceived
from optima_contracts.production import OrderConfirmed, OrderLine

from ..conftest import Bridge

HEADER = "numero_ordine;codice_cliente;oggetto;data_consegna;tipo;descrizione;quantita;unita_misura\n"
FIRST = "OV-118;AURORA-MI;Espositori;15/02/2027;espositore;Da banco;1.200,5;pz\n"
SECOND = "OV-118;AURORA-MI;Espositori;15/02/2027;volantino;Volantino A5;20000;pz\n"
OTHER = "OV-119;AURORA-MI;;01/03/2027;volantino;Volantino A4;10;pz\n"
JOB = UUID(int=14)


async def receive(bridge: Bridge, *rows: str) -> dict[str, Any]:
    """What came of one file of orders."""
    bridge.drop(*rows, name="ordini.csv", header=HEADER)
    (source,) = (each for each in await bridge.import_all() if each["entity"] == "received_order")
    return dict(source)


async def received(bridge: Bridge) -> list[dict[str, Any]]:
    return [each.data for each in await bridge.stored.published(OrderReceived.type)]


@pytest.fixture
async def shop(bridge: Bridge) -> Any:
    await bridge.connect()
    await bridge.import_customers()
    return bridge


async def test_an_order_of_the_erp_becomes_one_here_once(shop: Any) -> None:
    # The rows of one order need not stand together.
    source = await receive(shop, FIRST, OTHER, SECOND)
    assert (source["created"], source["refused"]) == (2, 0)
    order, other = await received(shop)
    _, listed = await shop.as_("backoffice").get("/v1/customers")
    assert (order["customer"], order["customer_id"]) == ("AURORA-MI", listed["items"][0]["id"])
    assert (order["number"], order["title"], order["deadline"]) == ("OV-118", "Espositori", "2027-02-15")
    assert [(each["kind"], each["quantity"]) for each in order["lines"]] == [
        ("espositore", "1200.5"),
        ("volantino", "20000"),
    ]
    assert other["title"] == "OV-119"
    source = await receive(shop, FIRST, SECOND, OTHER)
    assert (source["created"], source["unchanged"]) == (0, 2)
    assert len(await received(shop)) == 2


async def test_it_does_not_go_back_to_where_it_was_born(shop: Any) -> None:
    second = {"connector": "drop-folder", "settings": {"folder": "due"}}
    await shop.as_("admin").put("/v1/connections/secondo", json=second)
    folder = shop.folder.parent / "due"
    (folder / "in").mkdir(parents=True)
    (customers,) = (shop.folder / "done").iterdir()
    (folder / "in" / "clienti.csv").write_bytes(customers.read_bytes())
    await shop.as_("backoffice").post("/v1/connections/secondo/imports", json={})
    await receive(shop, FIRST)
    (order,) = await received(shop)
    line = OrderLine(
        job_id=JOB, item_id=None, kind="espositore", description="E", quantity="1", unit="pz", deliveries=[]
    )
    confirmed = OrderConfirmed(
        order_id=UUID(order["order_id"]),
        number="O-2026-0001",
        brief_id=None,
        customer=order["customer"],
        customer_id=UUID(order["customer_id"]),
        deadline=date(2027, 2, 15),
        lines=[line],
    )
    await shop.tell(confirmed, subject=confirmed.order_id, correlation=confirmed.order_id)
    await shop.work()
    assert not (shop.folder / "out" / "ordini").exists()
    assert len(list((folder / "out" / "ordini").iterdir())) == 1
    (event,) = await shop.stored.published(DocumentExported.type)
    assert event.data["connection"] == "secondo"
    wanted = {"entity": "order", "since": "2026-11-01T00:00:00+01:00"}
    await shop.as_("backoffice").post("/v1/connections/gestionale/resends", json=wanted)
    await shop.work()
    assert not (shop.folder / "out" / "ordini").exists()


async def test_what_the_erp_changes_of_it_later_is_a_persons_to_see(shop: Any) -> None:
    await receive(shop, FIRST)
    source = await receive(shop, FIRST.replace("1.200,5", "10"))
    assert (source["created"], source["refused"]) == (0, 1)
    (failure,) = await shop.failures()
    assert failure["problems"][0]["code"] == "received_order_changed"
    assert len(await received(shop)) == 1
    # As it was again, nothing is left to see.
    await receive(shop, FIRST)
    assert await shop.failures() == []


async def test_an_order_waits_for_its_customer(bridge: Bridge) -> None:
    await bridge.connect()
    await receive(bridge, FIRST)
    (failure,) = await bridge.failures()
    assert failure["problems"][0]["code"] == "customer_not_linked"
    await bridge.import_customers()
    response, told = await bridge.as_("backoffice").post(f"/v1/failures/{failure['id']}/replay")
    assert (response.status, told["resolved"]) == (200, True)
    assert len(await received(bridge)) == 1


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (FIRST.replace("1.200,5", "0"), ("quantity_wrong", "lines.1.quantity")),
        (FIRST.replace("1.200,5", "1,2345"), ("quantity_wrong", "lines.1.quantity")),
        (FIRST.replace("espositore", "", 1), ("value_missing", "lines.1.kind")),
        (FIRST.replace("15/02/2027", ""), ("value_missing", "deadline")),
        (FIRST.replace("15/02/2027", "domani"), ("date_unreadable", "data_consegna")),
        (FIRST.replace("AURORA-MI", ""), ("value_missing", "customer")),
        (FIRST + SECOND.replace("AURORA-MI", "ALTRO"), ("received_rows_disagree", "codice_cliente")),
    ],
)
async def test_an_order_that_can_not_be_is_refused_by_its_place(
    shop: Any, row: str, problem: tuple[str, str]
) -> None:
    source = await receive(shop, row, OTHER)
    assert (source["created"], source["refused"]) == (1, 1)
    (failure,) = await shop.failures()
    assert [(each["code"], each["field"]) for each in failure["problems"]] == [problem]
