"""An order that was born in an ERP becomes one here, once, and does not go back there."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from optima_contracts.erp import DocumentExported, OrderReceived
from optima_contracts.production import OrderCancelled, OrderConfirmed, OrderLine

from ..conftest import Bridge
from .test_exports import BRIEF, CONFIRMED, ISSUED, ORDER, SHIPMENT, VALUED

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


async def confirm(bridge: Bridge, quantity: str = "1200.5") -> UUID:
    """Production makes an order of the one that came."""
    (order,) = await received(bridge)
    line = OrderLine(
        job_id=JOB,
        item_id=None,
        kind="espositore",
        description="E",
        quantity=quantity,
        unit="pz",
        deliveries=[],
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
    await bridge.tell(confirmed, subject=confirmed.order_id, correlation=confirmed.order_id)
    return confirmed.order_id


async def cancel(bridge: Bridge, order_id: UUID) -> None:
    cancelled = OrderCancelled(order_id=order_id, brief_id=None, reason="x")
    await bridge.tell(cancelled, subject=order_id, correlation=order_id)
    await bridge.work()


def left(bridge: Bridge, folder: str = "ordini") -> list[dict[str, str]]:
    """The first row of each file that was left for the ERP."""
    found = []
    for file in sorted(Path(bridge.folder, "out", folder).glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as text:
            found.append(next(csv.DictReader(text, delimiter=";")))
    return found


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
    await confirm(shop)
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


NO_ORDERS: list[tuple[Any, ...]] = [
    (FIRST.replace("1.200,5", "0"), ("quantity_wrong", "lines.1.quantity")),
    (FIRST.replace("1.200,5", "1,2345"), ("quantity_wrong", "lines.1.quantity")),
    (FIRST.replace("espositore", "", 1), ("value_missing", "lines.1.kind")),
    (FIRST.replace("15/02/2027", ""), ("value_missing", "deadline")),
    (FIRST.replace("15/02/2027", "domani"), ("date_unreadable", "data_consegna")),
    (FIRST.replace("AURORA-MI", ""), ("value_missing", "customer")),
    (FIRST + SECOND.replace("AURORA-MI", "ALTRO"), ("received_rows_disagree", "codice_cliente")),
]


async def test_an_order_that_can_not_be_is_refused_by_its_place(shop: Any) -> None:
    for row, problem in NO_ORDERS:
        source = await receive(shop, row, OTHER)
        assert (source["created"] + source["unchanged"], source["refused"]) == (1, 1), row
        (failure,) = await shop.failures()
        assert [(each["code"], each["field"]) for each in failure["problems"]] == [problem]


DATED = "data_ordine;" + HEADER
NEXT = FIRST.replace("15/02/2027", "15/02/2028").replace("1.200,5", "7")
"""Of the same number a year later."""


async def dated(bridge: Bridge, *rows: str) -> tuple[int, int, int]:
    """How many were created, unchanged and refused of orders that say when they were made."""
    bridge.drop(*rows, name="ordini.csv", header=DATED)
    (source,) = (each for each in await bridge.import_all() if each["entity"] == "received_order")
    return source["created"], source["unchanged"], source["refused"]


async def numbers(bridge: Bridge) -> list[tuple[str, str]]:
    """The number and the deadline of each order that was made."""
    return [(each["number"], each["deadline"]) for each in await received(bridge)]


async def test_numbers_that_begin_again_each_january_are_other_orders(shop: Any) -> None:
    assert await dated(shop, f"10/11/2026;{FIRST}", f"10/11/2026;{SECOND}") == (1, 0, 0)
    # The file of January has both: the rows of one number are of two orders.
    both = (f"10/11/2026;{FIRST}", f"11/01/2028;{NEXT}", f"10/11/2026;{SECOND}")
    assert await dated(shop, *both) == (1, 1, 0)
    assert await dated(shop, *both) == (0, 2, 0)
    assert await numbers(shop) == [("OV-118", "2027-02-15"), ("OV-118", "2028-02-15")]
    assert [len(each["lines"]) for each in await received(shop)] == [2, 1]
    # Whoever changes the one is told of it as of the one.
    assert await dated(shop, f"11/01/2028;{NEXT.replace(';7;', ';8;')}") == (0, 0, 1)
    (failure,) = await shop.failures()
    assert (failure["problems"][0]["code"], failure["record"]) == (
        "received_order_changed",
        "OV-118 (2028)",
    )
    assert await dated(shop, f"11/01/2028;{NEXT}") == (0, 1, 0)
    assert await shop.failures() == []


async def test_an_order_that_was_kept_without_a_year_gets_one_with_the_next_file(shop: Any) -> None:
    await receive(shop, FIRST)
    later = f"10/01/2199;{NEXT}"
    assert await dated(shop, f"10/01/2026;{FIRST}", later) == (1, 1, 0)
    # The release before, which asks for the number alone, would find it still.
    links = "SELECT external_id, remote_year FROM links WHERE entity = 'received_order' ORDER BY external_id"
    found = [tuple(each) for each in await shop.stored.fetch(links)]
    assert found == [("OV-118", "2026"), ("OV-118 (2199)", "2199")]
    # From now on it is told by it, whatever is changed of it, and its day may be mended.
    assert await dated(shop, f"12/01/2026;{FIRST}", later) == (0, 2, 0)
    assert await dated(shop, f"12/01/2026;{FIRST.replace('1.200,5', '9')}", later) == (0, 1, 1)
    # A file without dates means the last of the number.
    source = await receive(shop, NEXT)
    assert (source["created"], source["unchanged"]) == (0, 1)
    assert await numbers(shop) == [("OV-118", "2027-02-15"), ("OV-118", "2028-02-15")]


async def test_a_date_that_is_mended_makes_no_second_order(shop: Any) -> None:
    """In January people write the old year; and what is no date at all is refused until it is one."""
    assert await dated(shop, f"31/02/2026;{FIRST}") == (0, 0, 1)
    assert await dated(shop, f"11/01/2026;{FIRST}") == (1, 0, 0)
    assert await shop.failures() == []
    assert await dated(shop, f"11/01/2027;{FIRST}") == (0, 1, 0)
    assert await dated(shop, f"11/01/2027;{FIRST.replace('1.200,5', '9')}") == (0, 0, 1)
    assert await numbers(shop) == [("OV-118", "2027-02-15")]


async def test_what_waits_for_a_person_without_a_year_stays_until_its_own_order_has_come(shop: Any) -> None:
    assert await dated(shop, f"31/02/2026;{FIRST}") == (0, 0, 1)
    assert await dated(shop, f"11/01/2028;{NEXT}") == (1, 0, 0)
    assert [each["record"] for each in await shop.failures()] == ["OV-118"]
    assert await dated(shop, f"28/02/2026;{FIRST}", f"11/01/2028;{NEXT}") == (1, 1, 0)
    assert await shop.failures() == []


async def test_of_a_number_that_was_kept_without_a_year_the_likeliest_is_it(shop: Any) -> None:
    await receive(shop, FIRST)
    older = FIRST.replace("15/02/2027", "15/02/2025")
    assert await dated(shop, f"11/01/2025;{older}", f"11/01/2026;{FIRST}") == (1, 1, 0)


async def test_rows_of_an_order_need_its_date_once_where_there_is_one_of_its_number(shop: Any) -> None:
    assert await dated(shop, f";{FIRST}", f"10/11/2026;{SECOND}", f"10/11/2026;{OTHER}") == (2, 0, 0)
    order, _ = await received(shop)
    assert [each["kind"] for each in order["lines"]] == ["espositore", "volantino"]
    # Of two years: whose line is that of the row without one? None of them may be made with a part of it.
    other = OTHER.replace("119", "120")
    rows = (f"11/01/2028;{other}", f"11/01/2029;{other}", f";{other}")
    assert await dated(shop, *rows) == (0, 0, 3)
    problems = [problem for each in await shop.failures() for problem in each["problems"]]
    assert {(each["code"], each["field"]) for each in problems} == {("received_rows_disagree", "data_ordine")}


async def test_whose_cancellation_it_is_is_told_by_number_and_date(shop: Any) -> None:
    await dated(shop, f"10/11/2026;{FIRST}")
    order_id = await confirm(shop)
    await shop.tell(ISSUED.model_copy(update={"order_id": order_id}), subject=SHIPMENT, correlation=order_id)
    await cancel(shop, order_id)
    known = ("OV-118", "10/11/2026", "2026")
    columns = [f"{each}_ordine_gestionale" for each in ("numero", "data", "anno")]
    for folder in ("ordini", "ddt"):
        (told,) = left(shop, folder)
        assert tuple(told[each] for each in columns) == known
    # What is cancelled is the one of that year.
    assert await dated(shop, f"10/11/2026;{FIRST}", f"11/01/2028;{NEXT}") == (1, 1, 0)


async def test_a_change_of_theirs_is_settled_once_the_order_of_that_year_is_cancelled(shop: Any) -> None:
    await dated(shop, f"10/11/2026;{FIRST}")
    order_id = await confirm(shop)
    assert await dated(shop, f"10/11/2026;{FIRST.replace('15/02', '16/02')}") == (0, 0, 1)
    assert [each["record"] for each in await shop.failures()] == ["OV-118 (2026)"]
    await cancel(shop, order_id)
    assert await shop.failures() == []


async def test_orders_of_two_years_are_compared_each_with_its_own(shop: Any) -> None:
    await receive(shop, FIRST)
    await confirm(shop)
    shop.drop(f"10/11/2026;{FIRST}", f"11/01/2199;{NEXT}", name="ordini.csv", header=DATED)
    path, reader = "/v1/connections/gestionale/reconciliations", shop.as_("admin")
    _, told = await reader.post(path, json={"entity": "received_order"})
    assert [told[each] for each in ("missing_here", "missing_there", "differing")] == [1, 0, 0]
    _, listed = await reader.get(f"/v1/reconciliations/{told['id']}/differences")
    assert [(each["kind"], each["remote_id"]) for each in listed["items"]] == [
        ("missing_here", "OV-118 (2199)")
    ]


STATED = HEADER.replace("\n", ";riferimento;stato;importo\n")


def row(order: str, *, reference: str = "", state: str = "", amount: str = "") -> str:
    return order.replace("\n", f";{reference};{state};{amount}\n")


async def exported(bridge: Bridge, *rows: str) -> dict[str, Any]:
    """What came of an export that says of each order what became of it."""
    bridge.drop(*rows, name="ordini.csv", header=STATED)
    (source,) = (each for each in await bridge.import_all() if each["entity"] == "received_order")
    return dict(source)


async def test_an_order_that_the_erp_cancels_is_a_persons_to_cancel_here(shop: Any) -> None:
    await exported(shop, row(FIRST, state="Aperto"), row(OTHER, state="ANNULLATO"))
    order_id = await confirm(shop)  # of what was cancelled before it came nothing is made
    # A line of it alone is for a person, too.
    await exported(shop, row(FIRST, state="annullata"), row(SECOND, state="aperta"))
    (failure,) = await shop.failures()
    assert failure["problems"][0]["code"] == "received_order_changed"
    source = await exported(shop, row(FIRST, state="Annullato"))
    assert (source["created"], source["refused"]) == (0, 1)
    (failure,) = await shop.failures()
    assert failure["problems"][0]["code"] == "received_order_cancelled"
    # The ERP took it back.
    await exported(shop, row(FIRST, state="Evaso"))
    assert await shop.failures() == []
    await exported(shop, row(FIRST, state="Annullato"))
    await cancel(shop, order_id)
    assert await shop.failures() == []
    assert (await exported(shop, row(FIRST, state="Annullato")))["unchanged"] == 1
    # Whatever the ERP says of it from now on.
    assert (await exported(shop, row(FIRST.replace("15/02", "16/02"), state="Aperto")))["unchanged"] == 1
    assert await shop.failures() == []


async def test_of_an_order_that_is_cancelled_before_it_could_come_nothing_is_made_afterwards(
    shop: Any,
) -> None:
    unknown = FIRST.replace("AURORA-MI", "ALTRO")
    await exported(shop, row(unknown, state="Aperto"))
    (failure,) = await shop.failures()
    assert failure["problems"][0]["code"] == "customer_not_linked"
    await exported(shop, row(unknown, state="Annullato"))
    assert await shop.failures() == []


async def test_an_order_of_which_a_line_is_cancelled_is_refused(shop: Any) -> None:
    source = await exported(shop, row(FIRST, state="annullata"), row(SECOND, state="aperta"))
    assert (source["created"], source["refused"]) == (0, 1)
    (failure,) = await shop.failures()
    told = [(each["code"], each["field"]) for each in failure["problems"]]
    assert told == [("received_rows_disagree", "stato")]


async def test_an_order_that_is_cancelled_here_is_told_by_the_erps_own_number(shop: Any) -> None:
    await receive(shop, FIRST)
    order_id = await confirm(shop)
    ddt = ISSUED.model_copy(update={"order_id": order_id})
    await shop.tell(ddt, subject=SHIPMENT, correlation=order_id)
    await shop.work()
    assert [each["numero_ordine_gestionale"] for each in left(shop, "ddt")] == ["OV-118"]
    assert left(shop) == []
    await cancel(shop, order_id)
    (told,) = left(shop)
    assert (told["numero_ordine_gestionale"], told["stato"]) == ("OV-118", "annullato")
    # One of ours has no number of theirs.
    await shop.tell(CONFIRMED, subject=ORDER, correlation=BRIEF)
    await shop.work()
    assert [each["numero_ordine_gestionale"] for each in left(shop)] == ["OV-118", ""]


async def test_our_own_orders_come_back_in_an_export_and_are_compared(shop: Any) -> None:
    """With quantities and amounts, by month; nothing is made of them."""
    for event in (CONFIRMED, VALUED):
        await shop.tell(event, subject=ORDER, correlation=BRIEF)
    await receive(shop, FIRST)
    born = await confirm(shop)
    await shop.work()
    ours = "4711;AURORA-MI;;15/12/2026;espositore;Espositore;120;pz\n"
    source = await exported(shop, row(ours, reference=str(ORDER)), row(FIRST, reference=str(born)))
    assert (source["created"], source["unchanged"], source["refused"]) == (0, 1, 0)
    path, reader = "/v1/connections/gestionale/reconciliations", shop.as_("admin")
    for entity in ("order", "received_order"):
        response, problem = await reader.post(path, json={"entity": entity})
        assert (response.status, problem["code"]) == (409, "comparison_empty")
    shop.drop(
        row(ours, reference=str(ORDER), amount="1.500,00"), row(FIRST), name="ordini.csv", header=STATED
    )
    both = {"there": 1, "linked": 1}
    for entity, period, quantity in (("order", "2026-12", "120"), ("received_order", "2027-02", "1200.5")):
        response, told = await reader.post(path, json={"entity": entity})
        assert response.status == 200, told
        assert [told[each] for each in ("missing_here", "missing_there", "differing")] == [0, 0, 0]
        (total,) = told["totals"]
        quantities = {"there_quantity": quantity, "linked_quantity": quantity}
        assert {**total, "period": period, **both, **quantities} == total
    await cancel(shop, born)
    shop.drop(
        row(ours.replace("120", "12"), reference=str(ORDER)),
        row(FIRST),
        row(OTHER),
        row(OTHER.replace("119", "120"), state="annullata"),
        name="ordini.csv",
        header=STATED,
    )
    for entity, differences in (
        ("order", [("differing", "O-2026/7")]),
        ("received_order", [("differing", "Espositori"), ("missing_here", None)]),
    ):
        _, told = await reader.post(path, json={"entity": entity})
        _, listed = await reader.get(f"/v1/reconciliations/{told['id']}/differences")
        assert [(each["kind"], each.get("name")) for each in listed["items"]] == differences
