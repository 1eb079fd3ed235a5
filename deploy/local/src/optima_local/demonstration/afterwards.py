"""What else the demonstration shows of a delivered brief: the ERP in step, and the trail of it all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .client import Person, StepFailed, until
from .customer import Customer
from .journey import Journey


async def show_erp(journey: Journey, drop_folder: Path) -> None:
    """The ERP tells of its customers, the order and the DDTs reach its folder under their codes, and a change
    that is born there comes back."""
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
        exported = await until(lambda: _exported(journey), "the trail to show the exports")
        said.append(f"{len(exported)} files in {location}/out below {drop_folder.name}/")
    async with journey.step("The ERP changes a customer's payment terms", backoffice) as said:
        file = erp["changed_customers_file"]
        said.append(await _import(customer, backoffice, connection, folder / "in", file))


async def _exported(journey: Journey) -> list[str] | None:
    """Names in the ERP of the brief's order and DDTs, once all are there."""
    customer = journey.customer
    path = f"/v1/entries?brief={journey.brief_id}&type=optima.erp.document_exported.v1"
    found = (await customer.api.as_(customer.people["auditor"], "GET", "trail", path)).body["items"]
    exports = {entry["data"]["internal_id"]: entry["data"] for entry in found}.values()
    kinds = [export["entity"] for export in exports]
    complete = "order" in kinds and kinds.count("ddt") >= journey.shipments
    return sorted(export["external_id"] for export in exports) if complete else None


async def _import(customer: Customer, person: Person, connection: str, folder: Path, name: str) -> str:
    """Puts the file where the ERP puts it, has it read, and waits until production knows."""
    content = customer.data.document(name)
    code = customer.data.erp["changed_customer"]
    row = next(line for line in content.decode().splitlines() if line.startswith(f"{code};"))
    wanted = row.split(";")[-1]
    _drop(folder, Path(name).name, content)
    await customer.api.as_(person, "POST", "erp-bridge", f"/v1/connections/{connection}/imports", json={})

    async def look() -> bool:
        try:
            found = await customer.api.as_(person, "GET", "production", f"/v1/customers/{code}")
        except StepFailed:
            return False
        return bool(found.body.get("payment_terms") == wanted)

    await until(look, f"the payment terms {wanted!r} of {code}")
    return f"{code}: {wanted}"


def _drop(folder: Path, name: str, content: bytes) -> None:
    """Lets the whole file appear at once, as the ERP must."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    part.write_bytes(content)
    os.replace(part, folder / name)


async def show_trail(journey: Journey) -> None:
    """The auditor reads every step of the brief, and the whole tenant's chain verifies."""
    customer, auditor = journey.customer, journey.customer.people["auditor"]
    async with journey.step("The trail shows every step", auditor) as said:
        # Others' events of the brief may still be on their way; its end is the last of its own.
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
