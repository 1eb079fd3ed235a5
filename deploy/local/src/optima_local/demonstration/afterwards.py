"""What the demonstration shows after a brief's delivery: its budget, the ERP, the warehouse, and the
trail."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .client import Person, StepFailed, until
from .customer import Customer
from .journey import Journey


async def show_budget(journey: Journey) -> None:
    """Show the budget to which the brief is charged: all that was delivered is spent."""
    admin = journey.customer.people["admin"]
    async with journey.step("The budget shows what the brief has spent", admin) as said:
        path = f"/v1/briefs/{journey.brief_id}/budget"
        found = (await journey.customer.api.as_(admin, "GET", "brief", path)).body
        if found["spent"] != found["amount"]:
            raise StepFailed(f"the brief cost {found['amount']}, and its budget says {found['spent']}")
        said.append(f"€ {found['spent']} of {found['budget']['name']}, € {found['budget']['available']} left")


async def show_erp(journey: Journey, drop_folder: Path) -> None:
    """Show the exchange with the ERP: it hands over its customers, the order and the DDTs reach its folder,
    and a change made in the ERP arrives here."""
    customer, backoffice = journey.customer, journey.customer.people["backoffice"]
    erp = customer.data.erp
    connection = erp["connection"]["key"]
    path = f"/v1/connections/{connection}"
    location = (await customer.api.as_(backoffice, "GET", "erp-bridge", path)).body["location"]
    folder = drop_folder / location
    async with journey.step("The ERP hands over its customers", backoffice) as said:
        file = erp["customers_file"]
        said.append(await _import(customer, backoffice, connection, folder / "in", file))
    async with journey.step("The ERP has the order and the DDTs", backoffice) as said:
        exports = await until(lambda: exported(journey), "the trail to show the exports")
        said.append(f"{len(exports)} files in {location}/out below {drop_folder.name}/")
    async with journey.step("The ERP changes a customer's payment terms", backoffice) as said:
        file = erp["changed_customers_file"]
        said.append(await _import(customer, backoffice, connection, folder / "in", file))


async def exported(journey: Journey) -> list[Any] | None:
    """Return the data of the events about the export of the brief's order and DDTs, or None until all are
    exported."""
    customer = journey.customer
    path = f"/v1/entries?brief={journey.brief_id}&type=optima.erp.document_exported.v1"
    found = (await customer.api.as_(customer.people["auditor"], "GET", "trail", path)).body["items"]
    exports = list({entry["data"]["internal_id"]: entry["data"] for entry in found}.values())
    kinds = [export["entity"] for export in exports]
    return exports if "order" in kinds and kinds.count("ddt") >= journey.shipments else None


async def _import(customer: Customer, person: Person, connection: str, folder: Path, name: str) -> str:
    """Put the file where the ERP puts it, import it, and wait until production has the change."""
    content = customer.data.document(name)
    code = customer.data.erp["changed_customer"]
    row = next(line for line in content.decode().splitlines() if line.startswith(f"{code};"))
    _drop(folder, Path(name).name, content)
    return await taken_over(customer, person, connection, code, row.split(";")[-1])


async def taken_over(customer: Customer, person: Person, connection: str, code: str, wanted: str) -> str:
    """Import the ERP's changes, and wait until production has the customer's payment terms."""
    body = {"entity": "customer"}
    await customer.api.as_(person, "POST", "erp-bridge", f"/v1/connections/{connection}/imports", json=body)

    async def look() -> bool:
        try:
            found = await customer.api.as_(person, "GET", "production", f"/v1/customers/{code}")
        except StepFailed:
            return False
        return bool(found.body.get("payment_terms") == wanted)

    await until(look, f"the payment terms {wanted!r} of {code}")
    return f"{code}: {wanted}"


def _drop(folder: Path, name: str, content: bytes) -> None:
    """Write the file and then rename it, so that it appears complete, as the ERP must do."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    part.write_bytes(content)
    os.replace(part, folder / name)


async def show_warehouse(journey: Journey) -> None:
    """Show the warehouse: an article arrives and leaves from stock in labelled packages, and some of it comes
    back; some goes to a finisher (conto lavorazione), who still has a part of it; another article is kept by
    lots and locations."""
    logistics = journey.customer.data.logistics
    backoffice, stock = journey.customer.people["backoffice"], logistics["stock"]
    warehouse, article = logistics["warehouses"][0]["code"], logistics["articles"][0]["code"]

    async def post(path: str, body: Mapping[str, Any] | None = None) -> Any:
        options = {} if body is None else {"json": body}
        return (await journey.customer.api.as_(backoffice, "POST", "logistics", path, **options)).body

    async def send(document_type: str, destination: str, quantity: str, what: str = article) -> Any:
        """Take a shipment from its draft to its delivery."""
        lines = [{"article": what, "quantity": quantity}]
        body = {"warehouse": warehouse, "destination": destination, "lines": lines}
        drafted = await post(
            "/v1/shipments", {**logistics["shipment"], **body, "document_type": document_type}
        )
        path = f"/v1/shipments/{drafted['id']}"
        await post(f"{path}/labels")
        await post(f"{path}/picking")
        await post(f"{path}/issuance", {})
        await post(f"{path}/departure", {})
        return await post(f"{path}/delivery", {"received_by": logistics["received_by"]})

    async def take_back(shipment: Any, document_type: str, quantity: str, disposition: str) -> None:
        (line,) = shipment["lines"]
        back = {"job_id": line["job_id"], "quantity": quantity, "disposition": disposition}
        body = {"document_type": document_type, "warehouse": warehouse, "reason": "Rientro", "lines": [back]}
        await post(f"/v1/shipments/{shipment['id']}/returns", body)

    async with journey.step("Articles come in under a supplier's DDT", backoffice) as said:
        body = {
            "supplier": stock["supplier"],
            "number": journey.brief_id[-12:],
            "date": datetime.now(ZoneInfo("Europe/Rome")).date().isoformat(),
            "warehouse": warehouse,
            "lines": [{"article": article, "quantity": "50", "unit": "conf"}],
        }
        received = await post("/v1/supplier-receipts", body)
        said.append(f"{received['lines'][0]['quantity']} {article}")
    async with journey.step("Goods leave from stock, and some come back", backoffice) as said:
        sent = await send("vendita", stock["customer"], "60")
        await take_back(sent, "reso-da-cliente", "5", "scrap")
        said.append(f"DDT {sent['ddt']['number']}, 5 of 60 back")
    async with journey.step("Goods go to a finisher, who has some of them still", backoffice) as said:
        sent = await send("conto-lavorazione", stock["finisher"], "40")
        await take_back(sent, "reso-da-conto-lavorazione", "30", "stock")
        said.append(f"DDT {sent['ddt']['number']}, 30 of 40 back")
    await _show_lots(journey, post, send)


async def _show_lots(
    journey: Journey, post: Callable[..., Awaitable[Any]], send: Callable[..., Awaitable[Any]]
) -> None:
    """Show lots: two arrive and are put away, and the one that expires first leaves first, wherever it
    lies."""
    customer = journey.customer
    logistics, backoffice = customer.data.logistics, customer.people["backoffice"]
    warehouse, article = logistics["warehouses"][0]["code"], logistics["articles"][1]["code"]
    stock, (entrance, *shelves) = logistics["stock"], logistics["locations"]
    today = datetime.now(ZoneInfo("Europe/Rome")).date()
    days = [today + timedelta(days=each) for each in stock["lots_expire_in_days"]]
    lots = [f"L{day:%y%m%d}" for day in days]
    async with journey.step("Lots come in and are put to their locations", backoffice) as said:
        body = {
            "supplier": stock["supplier"],
            "number": f"{journey.brief_id[-12:]}/L",
            "date": today.isoformat(),
            "warehouse": warehouse,
            "lines": [
                {
                    "article": article,
                    "quantity": "5",
                    "unit": "conf",
                    "lot": lot,
                    "expires_on": day.isoformat(),
                    "location": entrance,
                }
                for lot, day in zip(lots, days, strict=True)
            ],
        }
        received = await post("/v1/supplier-receipts", body)
        for line, shelf in zip(received["lines"], shelves, strict=False):
            put = {name: line[name] for name in ("job_id", "quantity", "lot")} | {"warehouse": warehouse}
            put |= {"from_location": entrance, "to_location": shelf}
            await post("/v1/relocations", put)
            said.append(f"lot {line['lot']} in {shelf}")
    async with journey.step("What expires first leaves first", backoffice) as said:
        sent = await send("omaggio", stock["customer"], "110", article)
        path = f"/v1/shipments/{sent['id']}/picks"
        picks = (await customer.api.as_(backoffice, "GET", "logistics", path)).body["picks"]
        expire_on = [each["expires_on"] for each in picks]
        if picks[0]["lot"] != lots[-1] or len(picks) < 2 or expire_on != sorted(expire_on):
            raise StepFailed(f"of the lots {lots} that expire on {days}, the document has {picks}")
        places = ", ".join(f"{each['quantity']} of lot {each['lot']}" for each in picks)
        said.append(f"DDT {sent['ddt']['number']}: {places}")


async def show_short_close(journey: Journey) -> None:
    """Show a line closed short: a customer takes less of an order from stock than was ordered, and the order
    ends with what was delivered."""
    customer, logistics = journey.customer, journey.customer.data.logistics
    backoffice, admin = customer.people["backoffice"], customer.people["admin"]
    short = logistics["short"]
    article, destination = logistics["articles"][0]["code"], logistics["stock"]["customer"]

    async def ask(person: Person, method: str, service: str, path: str, **options: Any) -> Any:
        return (await customer.api.as_(person, method, service, path, **options)).body

    async def order_now() -> Any:
        return await ask(backoffice, "GET", "production", f"/v1/orders/{order['id']}")

    async def set_aside() -> bool:
        try:
            found = await ask(backoffice, "GET", "logistics", f"/v1/orders/{order['id']}")
        except StepFailed:
            return False
        return bool(found["lines"][0].get("received") == short["ordered"])

    async def delivered() -> bool:
        return bool((await order_now())["jobs"][0]["delivered"] == short["taken"])

    async def ended() -> bool:
        return bool((await order_now())["state"] == "delivered")

    async with journey.step("An order is served from stock", backoffice, admin) as said:
        deliveries = [{"destination": destination, "quantity": short["ordered"]}]
        body = {
            "title": short["title"],
            "deadline": (datetime.now(ZoneInfo("Europe/Rome")).date() + timedelta(days=20)).isoformat(),
            "items": [{"article": article, "quantity": short["ordered"], "deliveries": deliveries}],
        }
        order = await ask(backoffice, "POST", "production", "/v1/orders", json=body)
        (job,) = order["jobs"]
        await journey.set_economics(admin, job["id"], short["economics"])
        await until(set_aside, "the warehouse to set the goods aside")
        shipment = {
            **logistics["shipment"],
            "order_id": order["id"],
            "warehouse": logistics["warehouses"][0]["code"],
            "destination": destination,
            "lines": [{"job_id": job["id"], "quantity": short["taken"]}],
        }
        drafted = await ask(backoffice, "POST", "logistics", "/v1/shipments", json=shipment)
        path = f"/v1/shipments/{drafted['id']}"
        await ask(backoffice, "POST", "logistics", f"{path}/picking")
        for step in ("issuance", "departure"):
            await ask(backoffice, "POST", "logistics", f"{path}/{step}", json={})
        signed = {"received_by": logistics["received_by"]}
        await ask(backoffice, "POST", "logistics", f"{path}/delivery", json=signed)
        said.append(f"{order['number']}: {short['taken']} of {short['ordered']} {article}")
    async with journey.step("What the customer does not take is closed short", backoffice) as said:
        await until(delivered, "production to know what was delivered")
        because = {"reason": short["reason"]}
        await ask(backoffice, "POST", "production", f"/v1/jobs/{job['id']}/closure", json=because)
        await until(ended, "the order to be delivered")
        said.append(short["reason"])


async def show_trail(journey: Journey) -> None:
    """Show the trail: the auditor reads every step of the brief and verifies the tenant's whole chain."""
    customer, auditor = journey.customer, journey.customer.people["auditor"]
    async with journey.step("The trail shows every step", auditor) as said:
        # Wait for the brief's closing, its last own event. Events of other services may still be on their
        # way.
        entries = await until(lambda: _entries(customer, auditor, journey.brief_id), "the trail's entries")
        people = {entry["actor"]["id"] for entry in entries if "actor" in entry}
        said.append(f"{len(entries)} entries by {len(people)} people")
    async with journey.step("The trail verifies", auditor) as said:
        found = (await customer.api.as_(auditor, "GET", "trail", "/v1/verification")).body
        if not found["intact"]:
            raise StepFailed(f"the trail is broken at entry {found['broken_entry']}: {found['reason']}")
        said.append(f"{found['entries']} entries, intact")


async def _entries(customer: Customer, person: Person, brief_id: str) -> list[Any] | None:
    entries: list[Any] = []
    path = f"/v1/entries?brief={brief_id}&limit=200"
    cursor = ""
    while True:
        page = (await customer.api.as_(person, "GET", "trail", path + cursor)).body
        entries += page["items"]
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"
    return entries if any(entry["type"] == "optima.brief.closed.v1" for entry in entries) else None
