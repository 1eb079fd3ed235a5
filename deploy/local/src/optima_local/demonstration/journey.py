"""The journey of one brief from its request to its delivery. Each step is done by the people whose task it
is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from .client import Answer, Api, ChangedMeanwhile, Person, StepFailed, until
from .customer import Customer


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the journey: who did it, what came of it, and how long it took, including waiting."""

    title: str
    person: str
    detail: str
    seconds: float


@dataclass(slots=True)
class Journey:
    """Takes the brief `wanted` (an entry of `briefs.yaml`) through all its steps for `customer`."""

    customer: Customer
    wanted: dict[str, Any]
    requester: Person
    show: Callable[[Step], None]
    brief_id: str = ""
    shipments: int = 0
    """How many shipments have left."""
    parts: int = 0
    """How many parts of phases were handed in before the rest."""
    steps: list[Step] = field(default_factory=list)

    async def run(self) -> None:
        """Do all steps. Raises StepFailed at the first step that does not succeed."""
        await self._request()
        if "changes" in self.wanted:
            await self._change()
        await self._approve()
        if "cost_centre" in self.wanted:
            await self._find_room()
        order = await self._order()
        if "proof" in self.wanted:
            await self._prove(self.wanted["proof"])
        await self._produce(order)
        await self._deliver(order)

    # The brief

    async def _request(self) -> None:
        async with self.step("Marketing writes the brief", self.requester) as said:
            written = await self._as(
                self.requester,
                "POST",
                "brief",
                "/v1/briefs",
                json={**self._content(self.wanted["items"]), "type": self.wanted.get("type")},
            )
            self.brief_id = written.body["id"]
            said.append(f"{written.body['number']}, {len(self.wanted['items'])} items")
        if "attachment" in self.wanted:
            attachment = self.wanted["attachment"]
            async with self.step("Marketing attaches a document", self.requester) as said:
                await self._as(
                    self.requester,
                    "POST",
                    "brief",
                    f"{self._brief}/attachments?name={attachment['name']}",
                    data=self.customer.data.document(attachment["file"]),
                    headers={"Content-Type": attachment["media_type"]},
                )
                said.append(attachment["name"])
        await self._submit("Marketing submits the brief")

    async def _change(self) -> None:
        purchasing, changes = self._person("purchasing"), self.wanted["changes"]
        await self._price("Purchasing prices it")
        async with self.step("Purchasing asks for changes", purchasing) as said:
            await self._decide(purchasing, "request_changes", changes["reason"])
            said.append(changes["reason"])
            await self._brief_becomes("draft")
        async with self.step("Marketing revises it", self.requester) as said:
            read = await self._as(self.requester, "GET", "brief", self._brief)
            await self._as(
                self.requester,
                "PUT",
                "brief",
                self._brief,
                json=self._content(changes["items"]),
                headers={"If-Match": read.etag},
            )
            said.append(f"revision {read.body['revision']}")
        await self._submit("Marketing submits it again")

    async def _approve(self) -> None:
        if "quotes" in self.wanted:
            await self._quote()
        else:
            await self._price("Purchasing prices it")
        purchasing, lead, director = (self._person(key) for key in ("purchasing", "lead", "direttore"))
        async with self.step("Purchasing and marketing approve", purchasing, lead):
            await asyncio.gather(self._decide(purchasing, "approve"), self._decide(lead, "approve"))
        if await self._needs(director):
            async with self.step("The director's step appears: he approves", director) as said:
                await self._decide(director, "approve")
                said.append("the amount passes the threshold")

    async def _find_room(self) -> None:
        """Raise the plan of the cost centre's budget, which blocks and has no room, by the lacking amount."""
        admin = self._person("admin")
        async with self.step("Its budget has no room: the brief waits", self.requester):
            await self._brief_becomes("over_budget")
        async with self.step("The plan is raised, and the brief goes on", admin) as said:

            async def raised() -> Decimal | None:
                """Raise the plan until the brief is covered. Other briefs may wait for the same budget and
                take the room that was meant for this one."""
                charge = (await self._as(admin, "GET", "brief", f"{self._brief}/budget")).body
                if not charge["waiting"]:
                    return Decimal(charge["budget"]["planned"])
                planned = Decimal(charge["budget"]["planned"]) + max(-Decimal(charge["left"]), Decimal(0))
                body = {"planned": f"{planned:.2f}", "blocking": True, "reason": "Lancio approvato"}
                await self._as(admin, "PUT", "brief", f"/v1/budgets/{charge['budget']['id']}/plan", json=body)
                return None

            said.append(f"€ {await until(raised, 'the budget to have room'):.2f} planned")
            await self._brief_leaves("over_budget")

    async def _submit(self, title: str) -> None:
        async with self.step(title, self.requester) as said:
            body = {"process": self.wanted["process"]}
            await self._as(self.requester, "POST", "brief", f"{self._brief}/submission", json=body)
            await self._brief_becomes("in_approval")
            said.append(self.wanted["process"])

    async def _price(self, title: str) -> None:
        purchasing = self._person("purchasing")
        async with self.step(title, purchasing) as said:
            brief = (await self._as(purchasing, "GET", "brief", self._brief)).body
            prices = self.customer.data.briefs["prices"]
            lines = [
                {"item_id": item["item_id"], "unit_price": prices[item["kind"]]} for item in brief["items"]
            ]
            body = {"revision": brief["revision"], "lines": lines}
            priced = await self._as(purchasing, "PUT", "brief", f"{self._brief}/prices", json=body)
            said.append(f"€ {priced.body['prices']['total']}")

    async def _quote(self) -> None:
        """Have suppliers quote, who do not see each other's quotes, and award each item to the cheapest
        quote."""
        purchasing, quotes = self._person("purchasing"), self.wanted["quotes"]
        suppliers = [self._person(key) for key in quotes]
        for price in self.wanted.get("catalogue", ()):
            await self._keep_catalogue_price(purchasing, price)
        async with self.step("Purchasing asks suppliers for quotes", purchasing) as said:
            body = {
                "title": self.wanted["title"],
                "due_at": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
                "supplier_ids": [supplier.person_id for supplier in suppliers],
            }
            path = f"{self._brief}/quotation-requests"
            asked = await self._as(purchasing, "POST", "brief", path, json=body)
            said.append(f"{len(suppliers)} suppliers")
        async with self.step("Each supplier quotes, unseen by the others", *suppliers):
            own = {each["supplier"]["id"]: each["id"] for each in asked.body["quotations"]}
            for supplier, prices in zip(suppliers, quotes.values(), strict=True):
                await self._quote_as(supplier, own[str(supplier.person_id)], prices)
        async with self.step("Purchasing awards each item to whoever asks least", purchasing) as said:
            path = f"/v1/quotation-requests/{asked.body['id']}"
            read = await self._as(purchasing, "GET", "brief", path)
            lines = [
                {"item_id": line["item_id"], "quotation_id": quotation["id"]}
                for quotation in read.body["quotations"]
                for line in quotation["lines"]
                if line["best"]
            ]
            headers = {"If-Match": read.etag}
            await self._as(
                purchasing, "POST", "brief", f"{path}/award", json={"lines": lines}, headers=headers
            )
            said.append(f"€ {read.body['split_total']}")

    async def _keep_catalogue_price(self, purchasing: Person, price: dict[str, Any]) -> None:
        """Add a catalogue price, unless one from an earlier brief is still valid."""
        supplier, today = self._person(price["supplier"]), datetime.now(UTC).date()
        async with self.step("A catalogue price is suggested beside the quotes", purchasing) as said:
            query = f"supplier_id={supplier.person_id}&kind={price['kind']}&valid=true"
            known = await self._as(purchasing, "GET", "brief", f"/v1/catalogue-prices?{query}")
            if not known.body["items"]:
                body = {
                    "supplier_id": supplier.person_id,
                    "kind": price["kind"],
                    "breaks": price["breaks"],
                    "lead_time_days": price["lead_time_days"],
                    "valid_from": today.isoformat(),
                    "valid_until": (today + timedelta(days=180)).isoformat(),
                }
                await self._as(purchasing, "POST", "brief", "/v1/catalogue-prices", json=body)
            suggested = await self._as(purchasing, "GET", "brief", f"{self._brief}/price-suggestions")
            said += [
                f"{each['supplier']['name']}: € {each['unit_price']}" for each in suggested.body["catalogue"]
            ]

    async def _quote_as(self, supplier: Person, quotation_id: str, prices: dict[str, str]) -> None:
        path = f"/v1/quotations/{quotation_id}"
        items = (await self._as(supplier, "GET", "brief", path)).body["items"]
        lines = [
            {
                "item_id": item["item_id"],
                "breaks": [{"from_quantity": "1", "unit_price": prices[item["kind"]]}],
                "lead_time_days": 12,
            }
            for item in items
            if item["kind"] in prices
        ]
        valid_until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
        body = {"lines": lines, "valid_until": valid_until}
        await self._as(supplier, "PUT", "brief", f"{path}/quote", json=body)

    async def _needs(self, person: Person) -> bool:
        """Tell whether the approval asks `person` before it ends."""

        async def look() -> list[bool] | None:
            if await self._waiting_for(person):
                return [True]
            # A person who was never asked cannot see the approval, so look at it as the requester.
            approval = await self._approval(self.requester)
            return None if approval["state"] == "open" else [False]

        return (await until(look, "the approval to go on"))[0]

    async def _decide(self, person: Person, outcome: str, reason: str | None = None) -> None:
        """Decide what waits for `person`, about exactly the brief's present content."""

        async def look() -> dict[str, Any] | None:
            entry = await self._waiting_for(person)
            if entry is None:
                return None
            brief = (await self._as(person, "GET", "brief", self._brief)).body
            return entry if entry["content_hash"] == brief["content_hash"] else None

        entry = await until(look, f"the approval to ask {person.name}")
        body = {"step": entry["step"], "outcome": outcome, "content_hash": entry["content_hash"]}
        if reason is not None:
            body["reason"] = reason
        path = f"/v1/approvals/{entry['approval_id']}/decisions"
        await self._as(person, "POST", "approval", path, json=body)

    async def _waiting_for(self, person: Person, subject_id: str = "") -> dict[str, Any] | None:
        path = f"/v1/inbox?subject_id={subject_id or self.brief_id}"
        items: list[dict[str, Any]] = (await self._as(person, "GET", "approval", path)).body["items"]
        return items[0] if items else None

    async def _approval(self, person: Person) -> dict[str, Any]:
        path = f"/v1/approvals?subject_id={self.brief_id}"
        items: list[dict[str, Any]] = (await self._as(person, "GET", "approval", path)).body["items"]
        return max(items, key=lambda item: int(item["subject_revision"]))

    # The order

    async def _order(self) -> dict[str, Any]:
        backoffice = self._person("backoffice")
        async with self.step("An order arises", backoffice) as said:

            async def look() -> dict[str, Any] | None:
                found = await self._as(
                    backoffice, "GET", "production", f"/v1/orders?brief_id={self.brief_id}"
                )
                return found.body["items"][0] if found.body["items"] else None

            summary = await until(look, "the order")
            path = f"/v1/orders/{summary['id']}"
            order: dict[str, Any] = (await self._as(backoffice, "GET", "production", path)).body
            said.append(f"{order['number']}, {len(order['jobs'])} jobs")
        return order

    async def _prove(self, wanted: dict[str, str]) -> None:
        """Submit a proof, have a change requested, submit it again, and have it approved."""
        purchasing, lead = self._person("purchasing"), self._person("lead")
        query = f"name={wanted['name']}&process={wanted['process']}&reviewer_ids={lead.person_id}"
        file = self.customer.data.document(wanted["file"])

        async def submit(path: str, data: bytes) -> dict[str, Any]:
            headers = {"Content-Type": wanted["media_type"]}
            sent = await self._as(purchasing, "POST", "brief", path, data=data, headers=headers)
            proof: dict[str, Any] = sent.body
            return proof

        async with self.step("Purchasing submits a proof", purchasing) as said:
            proof = await submit(f"{self._brief}/proofs?title={wanted['title']}&{query}", file)
            said.append(wanted["name"])
        async with self.step("Who leads marketing marks it and asks for a change", lead) as said:
            area = {"x": "0.1", "y": "0.1", "width": "0.4", "height": "0.2"}
            path = f"/v1/proofs/{proof['id']}/versions/1/annotations"
            mark = {"page": 1, "area": area, "text": wanted["change"]}
            await self._as(lead, "POST", "brief", path, json=mark)
            await self._judge(lead, proof["id"], 1, outcome="request_changes", reason=wanted["change"])
            await self._proof_becomes(proof["id"], "rejected")
            said.append(wanted["change"])
        async with self.step("Purchasing submits the changed proof", purchasing) as said:
            proof = await submit(f"/v1/proofs/{proof['id']}/versions?{query}", file + b"\n% 2\n")
            said.append(f"version {proof['versions'][0]['version']}")
        async with self.step("She approves exactly this file", lead) as said:
            await self._judge(lead, proof["id"], 2, outcome="approve", fields={"with_changes": False})
            await self._proof_becomes(proof["id"], "approved")
            said.append(f"{proof['versions'][0]['file']['sha256'][:12]}…")

    async def _proof_becomes(self, proof_id: str, state: str) -> None:
        async def look() -> bool:
            seen = await self._as(self._person("lead"), "GET", "brief", f"/v1/proofs/{proof_id}")
            return bool(seen.body["state"] == state)

        await until(look, f"the proof to be {state}")

    async def _judge(self, person: Person, proof_id: str, version: int, **decision: Any) -> None:
        async def look() -> dict[str, Any] | None:
            entry = await self._waiting_for(person, proof_id)
            return entry if entry and entry["subject_revision"] == version else None

        entry = await until(look, f"the proof to reach {person.name}")
        body = {"step": entry["step"], "content_hash": entry["content_hash"], **decision}
        await self._as(
            person, "POST", "approval", f"/v1/approvals/{entry['approval_id']}/decisions", json=body
        )

    async def set_economics(self, admin: Person, job_id: str, economics: dict[str, Any]) -> None:
        """Set a job's economics. If the job changes in the meantime, as it does when the warehouse sets goods
        aside, read it again and repeat the change."""
        path = f"/v1/jobs/{job_id}"
        while True:
            read = await self._as(admin, "GET", "production", path)
            change = {"json": economics, "headers": {"If-Match": read.etag}}
            with suppress(ChangedMeanwhile):
                await self._as(admin, "PUT", "production", f"{path}/economics", **change)
                return

    async def _produce(self, order: dict[str, Any]) -> None:
        admin, data = self._person("admin"), self.customer.data.production
        async with self.step("The admin sets the economics", admin) as said:
            for job in order["jobs"]:
                body = self._economics(data["economics"][job["kind"]], job["quantity"])
                await self.set_economics(admin, job["id"], body)
            said.append(f"{len(order['jobs'])} jobs")
        async with self.step("The admin assigns the phases", admin) as said:
            workers: dict[str, set[str]] = {}
            for job in order["jobs"]:
                for phase in job["phases"]:
                    worker = data["assignments"][job["kind"]][phase["key"]]
                    body = {"assignee_id": self._person(worker).person_id}
                    await self._as(
                        admin, "POST", "production", f"/v1/phases/{phase['id']}/assignment", json=body
                    )
                    workers.setdefault(worker, set()).add(phase["id"])
            said.append(f"{sum(map(len, workers.values()))} phases to {len(workers)} dealers")
        if any(job["kind"] in data["outsourced"] for job in order["jobs"]):
            await self._outsource(order, data["outsourced"])
        people = [self._person(key) for key in workers]
        async with self.step("Each dealer sees only their own tasks", *people):
            phases = set().union(*workers.values())
            await asyncio.gather(
                *(self._sees_only(self._person(key), own, phases - own) for key, own in workers.items())
            )
        async with self.step("The dealers do the work", *people) as said:
            await asyncio.gather(
                *(self._work(self._person(key), own, order["id"]) for key, own in workers.items())
            )
            if self.parts:
                said.append(f"{self.parts} handed in by parts")

    async def _sees_only(self, dealer: Person, own: set[str], others: set[str]) -> None:
        seen = {task["id"] for task in await self._tasks(dealer)}
        if not own <= seen:
            raise StepFailed(f"{dealer.name} does not see the tasks {sorted(own - seen)}")
        if others & seen:
            raise StepFailed(f"{dealer.name} sees tasks of others: {sorted(others & seen)}")

    async def _outsource(self, order: dict[str, Any], finishers: dict[str, dict[str, str]]) -> None:
        """Give some phases to external companies."""
        admin = self._person("admin")
        async with self.step("The admin gives a phase to a finisher outside", admin) as said:
            for job in order["jobs"]:
                for phase in job["phases"]:
                    if finisher := finishers.get(job["kind"], {}).get(phase["key"]):
                        path = f"/v1/phases/{phase['id']}/outsourcing"
                        await self._as(admin, "POST", "production", path, json={"finisher": finisher})
                        said.append(f"{phase['name']}: {finisher}")

    async def _work(self, dealer: Person, own: set[str], order_id: str) -> None:
        """Do each of the dealer's phases as soon as the phases before it are done."""
        left = set(own)
        while left:

            async def look() -> list[dict[str, Any]] | None:
                tasks = await self._tasks(dealer)
                return [t for t in tasks if t["id"] in left and "start" in t["actions"]] or None

            for task in await until(look, f"work for {dealer.name}"):
                path = f"/v1/phases/{task['id']}"
                await self._as(dealer, "POST", "production", f"{path}/start")
                if "outside" in task:
                    await self._work_outside(dealer, task, order_id)
                elif task["phase"] in self.wanted.get("in_parts", ()):
                    part = {"quantity": str(Decimal(task["quantity"]) // 2)}
                    await self._as(dealer, "POST", "production", f"{path}/parts", json=part)
                    self.parts += 1
                body = {"quantity": task["quantity"]}
                await self._as(dealer, "POST", "production", f"{path}/completion", json=body)
                left.discard(task["id"])

    async def _work_outside(self, dealer: Person, task: dict[str, Any], order_id: str) -> None:
        """Send the goods of a phase to its finisher (conto lavorazione) and take them back."""
        backoffice, logistics = self._person("backoffice"), self.customer.data.logistics
        warehouse = logistics["warehouses"][0]["code"]

        async def look() -> bool:
            lines = await self._in_the_warehouse(backoffice, order_id)
            return any(line["job_id"] == task["id"] and "send_out" in line["actions"] for line in lines)

        async def back() -> bool:
            seen = (await self._as(dealer, "GET", "production", f"/v1/tasks/{task['id']}")).body
            return "complete" in seen["actions"]

        async with self.step("Goods go to the finisher, and are back", backoffice) as said:
            await until(look, "the warehouse to know of the work outside")
            goods = {"job_id": task["id"], "quantity": task["quantity"]}
            body = {
                **logistics["shipment"],
                "order_id": order_id,
                "document_type": "conto-lavorazione",
                "warehouse": warehouse,
                "destination": task["outside"]["finisher"],
                "lines": [goods],
            }
            drafted = (await self._as(backoffice, "POST", "logistics", "/v1/shipments", json=body)).body
            path = f"/v1/shipments/{drafted['id']}"
            await self._as(backoffice, "POST", "logistics", f"{path}/picking")
            issued = await self._as(backoffice, "POST", "logistics", f"{path}/issuance", json={})
            await self._as(backoffice, "POST", "logistics", f"{path}/departure", json={})
            signed = {"received_by": logistics["received_by"]}
            await self._as(backoffice, "POST", "logistics", f"{path}/delivery", json=signed)
            returned = {
                "document_type": "reso-da-conto-lavorazione",
                "warehouse": warehouse,
                "reason": "Lavorati",
                "lines": [{**goods, "disposition": "stock"}],
            }
            await self._as(backoffice, "POST", "logistics", f"{path}/returns", json=returned)
            await until(back, "production to know that the goods are back")
            said.append(f"DDT {issued.body['ddt']['number']}, {task['quantity']} {task['unit']}")

    async def _tasks(self, dealer: Person) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = (await self._as(dealer, "GET", "production", f"/v1/tasks?limit=200{cursor}")).body
            found += page["items"]
            if "next_cursor" not in page:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    # The goods

    async def _deliver(self, order: dict[str, Any]) -> None:
        backoffice, logistics = self._person("backoffice"), self.customer.data.logistics
        warehouse = logistics["warehouses"][0]["code"]
        async with self.step("The goods enter the warehouse", backoffice) as said:
            for job in order["jobs"]:
                await until(partial(self._made, backoffice, order, job), "the finished goods")
                body = {"warehouse": warehouse, "job_id": job["id"], "quantity": job["quantity"]}
                await self._as(backoffice, "POST", "logistics", "/v1/receipts", json=body)
            said.append(warehouse)
        shipments = []
        for destination in sorted({d["destination"] for job in order["jobs"] for d in job["deliveries"]}):
            async with self.step("A shipment leaves with its DDT", backoffice) as said:
                shipment = await self._ship(order, warehouse, destination)
                shipments.append(shipment["id"])
                self.shipments += 1
                said.append(f"DDT {shipment['ddt']['number']} for {destination}")
        async with self.step("The goods are delivered", backoffice) as said:
            for shipment_id in shipments:
                body = {"received_by": logistics["received_by"]}
                path = f"/v1/shipments/{shipment_id}/delivery"
                await self._as(backoffice, "POST", "logistics", path, json=body)
            said.append(f"{len(shipments)} shipments")
        async with self.step("The brief closes by itself", self.requester) as said:
            await self._brief_becomes("closed")
            said.append("closed")

    async def _made(self, person: Person, order: dict[str, Any], job: dict[str, Any]) -> bool:
        """Tell whether the warehouse knows that the job is done."""
        lines = await self._in_the_warehouse(person, order["id"])
        return any(line["job_id"] == job["id"] and line.get("produced") for line in lines)

    async def _in_the_warehouse(self, person: Person, order_id: str) -> list[dict[str, Any]]:
        """Return the lines of an order as the warehouse knows them, or none if it does not know it yet."""
        try:
            found = await self._as(person, "GET", "logistics", f"/v1/orders/{order_id}")
        except StepFailed:
            return []
        lines: list[dict[str, Any]] = found.body["lines"]
        return lines

    async def _ship(self, order: dict[str, Any], warehouse: str, destination: str) -> dict[str, Any]:
        backoffice = self._person("backoffice")
        lines = [
            {"job_id": job["id"], "quantity": delivery["quantity"]}
            for job in order["jobs"]
            for delivery in job["deliveries"]
            if delivery["destination"] == destination
        ]
        body = {
            "order_id": order["id"],
            "warehouse": warehouse,
            "destination": destination,
            "lines": lines,
            **self.customer.data.logistics["shipment"],
        }
        drafted = (await self._as(backoffice, "POST", "logistics", "/v1/shipments", json=body)).body
        path = f"/v1/shipments/{drafted['id']}"
        await self._as(backoffice, "POST", "logistics", f"{path}/picking")
        issued: dict[str, Any] = (
            await self._as(backoffice, "POST", "logistics", f"{path}/issuance", json={})
        ).body
        document = await self._as(backoffice, "GET", "logistics", f"{path}/ddt.pdf")
        if not document.body.startswith(b"%PDF"):
            raise StepFailed(f"the DDT {issued['ddt']['number']} is not a PDF")
        await self._as(backoffice, "POST", "logistics", f"{path}/departure", json={})
        return issued

    # Helpers of the steps

    @property
    def _brief(self) -> str:
        return f"/v1/briefs/{self.brief_id}"

    @property
    def _api(self) -> Api:
        return self.customer.api

    def _person(self, key: str) -> Person:
        return self.customer.people[key]

    async def _as(self, person: Person, method: str, service: str, path: str, **options: Any) -> Answer:
        return await self._api.as_(person, method, service, path, **options)

    async def _brief_becomes(self, state: str) -> None:
        async def look() -> bool:
            seen = (await self._as(self.requester, "GET", "brief", self._brief)).body["state"]
            return bool(seen == state)

        await until(look, f"the brief to become {state}")

    async def _brief_leaves(self, state: str) -> None:
        async def look() -> bool:
            seen = (await self._as(self.requester, "GET", "brief", self._brief)).body["state"]
            return bool(seen != state)

        await until(look, f"the brief not to be {state} any more")

    def _content(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the brief's content in the form that the brief service takes."""
        return {
            "title": self.wanted["title"],
            "category": self.wanted["category"],
            "purpose": self.wanted["purpose"],
            "budget": self.wanted["budget"],
            "deadline": (datetime.now(UTC) + timedelta(days=self.wanted["days"])).date().isoformat(),
            "customer": self.wanted.get("customer"),
            "cost_centre": self.wanted.get("cost_centre"),
            "form": self.wanted.get("form", {}),
            "items": [
                {
                    **item,
                    "deliveries": [
                        {"destination": destination, "quantity": quantity}
                        for destination, quantity in item["deliveries"].items()
                    ],
                }
                for item in items
            ],
        }

    @staticmethod
    def _economics(per_unit: dict[str, Any], quantity: str) -> dict[str, Any]:
        """Return a job's economics. The cost is for the whole job."""
        cost = Decimal(per_unit["unit_cost"]) * Decimal(quantity)
        rest = {name: value for name, value in per_unit.items() if name != "unit_cost"}
        return {"cost": f"{cost:.2f}", **rest}

    @asynccontextmanager
    async def step(self, title: str, *people: Person) -> AsyncIterator[list[str]]:
        """Time a step, and show it when it has succeeded. Texts that the block appends to the list become its
        detail."""
        details: list[str] = []
        began = time.perf_counter()
        yield details
        names = ", ".join(person.name for person in people)
        step = Step(title, names, "; ".join(details), time.perf_counter() - began)
        self.steps.append(step)
        self.show(step)
