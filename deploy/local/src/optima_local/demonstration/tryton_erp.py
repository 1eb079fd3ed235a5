"""What the demonstration shows if a Tryton is the customer's ERP."""

from __future__ import annotations

import csv
from typing import Any, Final

from ..tryton_people import TrytonPeople, people_of
from .afterwards import exported, taken_over
from .client import until
from .journey import Journey

WITHIN: Final = 120.0
"""In seconds. A sale and its shipments need some hundred requests, of which a busy machine does few per
second."""


async def show_tryton(journey: Journey, url: str) -> None:
    """Show the exchange with Tryton: it hands over its customers, the order becomes a sale and the DDTs
    become its shipments, and changed payment terms and a posted invoice arrive here."""
    customer, backoffice = journey.customer, journey.customer.people["backoffice"]
    erp = customer.data.erp
    connection, code, product = erp["tryton"]["key"], erp["changed_customer"], erp["tryton"]["product"]

    def row_in(file: str) -> dict[str, str]:
        rows = csv.DictReader(customer.data.document(file).decode().splitlines(), delimiter=";")
        return next(row for row in rows if row["codice"] == code)

    async with people_of(url) as people:
        async with journey.step("Tryton hands over its customers", backoffice) as said:
            row = row_in(erp["customers_file"])
            party = await _party(people, row, erp["tryton"]["customer_category"])
            await people.open_books(party, product, journey.brief_id)
            said.append(await taken_over(customer, backoffice, connection, code, row["condizioni_pagamento"]))
        async with journey.step("Tryton has the order and the DDTs", backoffice) as said:
            exports = await until(lambda: exported(journey), "the trail to show the exports", within=WITHIN)
            sale_id = next(int(each["external_id"]) for each in exports if each["entity"] == "order")
            (sale,) = await people.do("sale.sale.read", [sale_id], ["number", "state"])
            said.append(f"sale {sale['number']}, {sale['state']}, with {len(exports) - 1} shipments")
        async with journey.step("Tryton changes a customer's payment terms", backoffice) as said:
            terms = row_in(erp["changed_customers_file"])["condizioni_pagamento"]
            term = await people.payment_term(terms)
            await people.do("party.party.write", [party], {"customer_payment_term": term})
            said.append(await taken_over(customer, backoffice, connection, code, terms))
        async with journey.step(
            "Tryton posts the invoice, and the DDTs are invoiced here", backoffice
        ) as said:
            await people.invoice(sale_id)
            path, body = f"/v1/connections/{connection}/imports", {"entity": "ddt_invoice"}
            await customer.api.as_(backoffice, "POST", "erp-bridge", path, json=body)
            ddts = [each["internal_id"] for each in exports if each["entity"] == "ddt"]
            numbers = await until(
                lambda: _invoices(journey, ddts), "logistics to know the invoice", within=WITHIN
            )
            said.append(", ".join(sorted(set(numbers))))


async def _party(people: TrytonPeople, row: dict[str, str], category: str) -> int:
    """Add the customer, or update it if an earlier run added it, and return its id."""
    terms: dict[str, Any] = {"customer_payment_term": await people.payment_term(row["condizioni_pagamento"])}
    known = await people.first("party.party", ["code", "=", row["codice"]])
    if known is not None:
        await people.do("party.party.write", [known], terms)
        return known
    terms["categories"] = [["add", [await people.the("party.category", ["name", "=", category])]]]
    return await people.party(row["codice"], row["ragione_sociale"], row["partita_iva"], **terms)


async def _invoices(journey: Journey, shipment_ids: list[str]) -> list[str] | None:
    """Return the invoice number of each DDT, or None until all have one."""
    customer = journey.customer

    async def shipment(shipment_id: str) -> Any:
        path = f"/v1/shipments/{shipment_id}"
        return (await customer.api.as_(customer.people["backoffice"], "GET", "logistics", path)).body

    found = [(await shipment(each))["ddt"].get("invoice_number") for each in shipment_ids]
    return found if all(found) else None
