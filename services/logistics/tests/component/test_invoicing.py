"""What is to be invoiced: documents that stand, with what the recipient has."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from logistics.domain.ddt import invoice_due
from optima_contracts.erp import DdtInvoicingChanged

from ..conftest import Depot

PERIOD = "issued_from=2026-11-01&issued_to=2026-11-30"


async def issued(depot: Depot, order: Any, **changes: Any) -> dict[str, Any]:
    shipment = await depot.picked(order, "10", **changes)
    return await depot.act(shipment, "issuance")  # type: ignore[no-any-return]


async def test_void_refused_and_returned_goods_are_not_to_be_invoiced(depot: Depot) -> None:
    order = await depot.stocked_order(description="=1+1")
    kept = await issued(depot, order, customer_reference="ODA 4711")
    await issued(depot, order, document_type="omaggio")
    await depot.act(await issued(depot, order), "voiding", reason="Errore", reissue=False)
    refused = await issued(depot, order)
    await depot.act(refused, "departure")
    await depot.act(refused, "refusal", reason="Rotti")
    back = await issued(depot, order)
    for shipment in (kept, back):
        await depot.act(shipment, "departure")
        await depot.act(shipment, "delivery", received_by="Neri")
    for shipment, quantity in ((kept, "4"), (back, "10")):
        lines = [{"job_id": str(order.jobs[0]), "quantity": quantity, "disposition": "stock"}]
        body = {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "x", "lines": lines}
        await depot.act(shipment, "returns", **body)
    _, page = await depot.client.get(f"/v1/ddts/to-be-invoiced?{PERIOD}")
    (found,) = page["items"]
    assert (found["shipment_id"], found["number"], found["invoice_by"]) == (
        kept["id"],
        "1/2026",
        "2026-12-15",
    )
    assert (found["customer_reference"], found["lines"][0]["quantity"]) == ("ODA 4711", "6")
    response, table = await depot.client.get(f"/v1/ddts/to-be-invoiced.csv?{PERIOD}")
    assert response.content_type == "text/csv"
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig")), delimiter=";"))
    assert [(row["numero_ddt"], row["quantita"], row["riferimento_cliente"]) for row in rows] == [
        ("1/2026", "6", "ODA 4711")
    ]
    assert rows[0]["descrizione"].startswith("'=1+1"), "never a formula"
    _, page = await depot.client.get("/v1/ddts/to-be-invoiced?issued_from=2026-12-01")
    assert page["items"] == []


async def test_what_the_erp_has_invoiced_is_not_to_be_invoiced(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await issued(depot, order)

    async def told(
        sequence: int, number: str | None, note: str | None = None
    ) -> tuple[list[str], str | None]:
        """What is to be invoiced then, and the invoice on the shipment."""
        changed = DdtInvoicingChanged(
            shipment_id=UUID(shipment["id"]),
            ddt_number="1/2026",
            connection_id=UUID(int=5),
            connection="gestionale",
            invoice_number=number,
            invoice_date=date(2026, 12, 4) if number else None,
            credit_note_number=note,
            credit_note_date=date(2026, 12, 9) if note else None,
        )
        await depot.deliver(changed, subject=UUID(shipment["id"]), sequence=sequence)
        _, page = await depot.client.get(f"/v1/ddts/to-be-invoiced?{PERIOD}")
        _, view = await depot.client.get(f"/v1/shipments/{shipment['id']}")
        assert view["ddt"].get("credit_note_number") == note
        assert [each.get("credit_note_number") for each in page["items"]] == [note] * len(page["items"])
        return [each["number"] for each in page["items"]], view["ddt"].get("invoice_number")

    assert await told(2, "FT-31") == ([], "FT-31")
    assert await told(3, None) == (["1/2026"], None)
    assert await told(2, "FT-31") == (["1/2026"], None), "late, and older than what is known"
    assert await told(4, "FT-32") == ([], "FT-32")
    # A credit note for a part leaves the invoice standing; without one the goods are to be invoiced again.
    assert await told(5, "FT-32", "NC-1") == ([], "FT-32")
    assert await told(6, None, "NC-1, NC-2") == (["1/2026"], None)
    _, table = await depot.client.get(f"/v1/ddts/to-be-invoiced.csv?{PERIOD}")
    assert "NC-1, NC-2" in table.decode("utf-8-sig")
    assert await told(7, "FT-33") == ([], "FT-33")


async def test_the_list_comes_in_pages_without_loss(depot: Depot) -> None:
    order = await depot.stocked_order()
    numbers = [(await issued(depot, order))["ddt"]["number"] for _ in range(3)]
    seen: list[str] = []
    cursor = ""
    while True:
        _, page = await depot.client.get(f"/v1/ddts/to-be-invoiced?limit=2{cursor}")
        seen += [each["number"] for each in page["items"]]
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == numbers


@pytest.mark.parametrize(
    ("issue_date", "due"),
    [
        (date(2026, 1, 31), date(2026, 2, 15)),
        (date(2026, 12, 1), date(2027, 1, 15)),
        (date(2028, 1, 29), date(2028, 2, 15)),
    ],
)
def test_the_invoice_follows_by_the_15th_of_the_next_month(issue_date: date, due: date) -> None:
    assert invoice_due(issue_date) == due


async def test_customers_are_listed_and_found_by_name_and_number(depot: Depot) -> None:
    order = await depot.stocked_order()
    for _ in range(2):
        await issued(depot, order)
    _, found = await depot.client.get(f"/v1/ddts/to-be-invoiced/customers?{PERIOD}")
    (customer,) = found["customers"]
    assert (customer["documents"], customer["oldest"], customer["invoice_by"], found["more"]) == (
        2,
        "2026-11-24",
        "2026-12-15",
        False,
    )

    async def numbers(named: str) -> list[str]:
        _, page = await depot.client.get(f"/v1/ddts/to-be-invoiced?customer={named}")
        _, listed = await depot.client.get(f"/v1/ddts/to-be-invoiced/customers?customer={named}")
        response, table = await depot.client.get(f"/v1/ddts/to-be-invoiced.csv?{PERIOD}&customer={named}")
        assert response.status == 200
        rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig")), delimiter=";")
        numbers = [each["number"] for each in page["items"]]
        assert [row["numero_ddt"] for row in rows] == numbers
        assert sum(each["documents"] for each in listed["customers"]) == len(numbers)
        return numbers

    assert await numbers(customer["vat_number"]) == ["1/2026", "2/2026"]
    assert await numbers(customer["name"][2:-2].lower()) == ["1/2026", "2/2026"]
    assert await numbers("nessuno") == []
