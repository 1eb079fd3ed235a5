"""A phase that a company outside does: it ends with what came back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.envelope import EventData
from optima_contracts.logistics import DestinationKept, GoodsReturned, ReturnedGoods
from optima_kit.actor import Actor

from .conftest import NOW, Plant, shipment

FINISHER = uuid4()
LINE = {
    "name": "Espositore",
    "phases": [
        {"key": "stampa", "name": "Stampa"},
        {"key": "plastifica", "name": "Plastificazione", "after": ["stampa"], "quality_check": True},
        {"key": "taglio", "name": "Taglio", "after": ["plastifica"], "starts_on_parts": True},
    ],
}


class Work:
    """An order whose second phase FIN-01 does, and which Carla follows up. The first made 98 of 100."""

    def __init__(self, plant: Plant, carla: Actor, order: dict[str, Any]) -> None:
        self.plant, self.carla, self.order = plant, carla, order
        self.phase_id = order["jobs"][0]["phases"][1]["id"]
        self.sent, self.sequence = uuid4(), 0

    async def outsource(self, finisher: str | None = "FIN-01") -> tuple[int, Any]:
        body = {"finisher": finisher} if finisher else {}
        response, phase = await self.plant.admin.post(f"/v1/phases/{self.phase_id}/outsourcing", body)
        return response.status, phase

    async def do(self, action: str, body: Any = None) -> tuple[int, Any]:
        path = f"/v1/phases/{self.phase_id}/{action}"
        response, answer = await self.plant.app.as_(self.carla).request("POST", path, json=body)
        return response.status, answer

    async def complete(self, quantity: str) -> tuple[int, Any]:
        return await self.do("completion", {"quantity": quantity, "loss_reason": "Scarti"})

    async def send(self, state: str, quantity: str, *, sequence: int | None = None) -> None:
        self.sequence += 1
        event = outwards(shipment(state, self.sent, self.order, quantity), self.phase_id)
        await self.plant.deliver(event, self.sent, sequence=sequence or self.sequence)

    async def bring_back(
        self, quantity: str, disposition: str = "stock", return_id: UUID | None = None
    ) -> None:
        line = ReturnedGoods(
            job_id=UUID(self.phase_id), description="", quantity=quantity, unit="pz", disposition=disposition
        )
        back = GoodsReturned(
            return_id=return_id or uuid4(),
            shipment_id=self.sent,
            order_id=UUID(self.order["id"]),
            brief_id=None,
            ddt_number="1/2026",
            document_type="reso-da-conto-lavorazione",
            warehouse="BO1",
            number=None,
            date=NOW.date(),
            reason="Lavorati",
            lines=[line],
            closes_order_line=False,
        )
        await self.plant.deliver(back, back.return_id)

    async def outside(self) -> Any:
        order = await self.plant.order(self.order["id"])
        return order["jobs"][0]["phases"][1].get("outside")

    async def told(self) -> list[tuple[str | None, bool, str]]:
        events = await self.plant.database.published("optima.production.phase_outsourced.v1")
        return [(e.data.get("finisher"), e.data["open"], e.data["quantity"]) for e in events]


def outwards(event: EventData, phase_id: str) -> EventData:
    """The same shipment, of goods of a phase to who works on them."""
    (line,) = event.lines  # type: ignore[attr-defined]
    lines = [line.model_copy(update={"job_id": UUID(phase_id)})]
    return event.model_copy(update={"lines": lines, "closes_order_line": False, "destination": "FIN-01"})


@pytest.fixture
async def work(plant: Plant) -> Work:
    await plant.define("espositore", LINE)
    carla = await plant.worker()
    order = await plant.order_of(await plant.approve(("espositore", "100")))
    await plant.value(order["jobs"][0])
    first, second, _ = order["jobs"][0]["phases"]
    for phase in (first, second):
        await plant.assign(phase["id"], carla)
    await plant.work(first["id"], carla, "98")
    work = Work(plant, carla, order)
    status, phase = await work.outsource()
    assert (status, phase["outside"]["finisher"]) == (200, "FIN-01")
    return work


async def test_the_phase_ends_with_what_came_back(work: Work) -> None:
    assert await work.told() == [("FIN-01", False, "98")]
    assert (await work.do("start"))[0] == 200
    assert (await work.told())[-1] == ("FIN-01", True, "98")
    status, problem = await work.complete("98")
    assert (status, problem["code"]) == (409, "goods_not_back")
    await work.send("issued", "98")
    await work.send("delivered", "98")
    await work.bring_back("92")
    await work.bring_back("3", "scrap")
    assert await work.outside() == {
        "finisher": "FIN-01", "sent": "98", "away": "3", "made": "92", "scrap": "3",
    }  # fmt: skip
    status, problem = await work.complete("93")
    assert (status, problem["code"]) == (422, "quantity_beyond_returned")
    status, task = await work.complete("92")
    assert (status, task["lost"]) == (200, "6")
    assert (await work.told())[-1] == ("FIN-01", False, "98")


async def test_what_units_cannot_divide_ends_with_all_that_is_back(plant: Plant) -> None:
    """The least of 1234 is 1209.32, and 403.106 sheets of three make 1209.318, of which nobody makes more."""
    sheets = {"key": "stampa", "name": "Stampa", "unit": "fogli", "factor": "3"}
    film = {"key": "plastifica", "name": "Plastificazione", "after": ["stampa"]}
    line = {"name": "Espositore", "phases": [sheets, film], "tolerance_percent": "2"}
    await plant.define("espositore", line)
    carla = await plant.worker()
    order = await plant.order_of(await plant.approve(("espositore", "1234")))
    await plant.value(order["jobs"][0])
    work = Work(plant, carla, order)
    first, second = (phase["id"] for phase in order["jobs"][0]["phases"])
    for phase_id in (first, second):
        await plant.assign(phase_id, carla)
    await work.outsource()

    async def task() -> tuple[str, bool]:
        _, shown = await plant.app.as_(carla).get(f"/v1/tasks/{second}")
        _, tasks = await plant.app.as_(carla).get("/v1/tasks")
        assert shown in tasks["items"]
        return shown["least"], "complete" in shown["actions"]

    assert await task() == ("1209.32", False)
    await plant.work(first, carla, "403.106")
    await work.do("start")
    assert await task() == ("1209.318", False)
    await work.send("issued", "1209.318")
    await work.bring_back("1209.318")
    assert await task() == ("1209.318", True)
    status, done = await work.complete("1209.318")
    assert (status, done["state"]) == (200, "done")


async def test_who_does_it_has_a_name_for_all_who_see_it(work: Work) -> None:
    plant, job_id = work.plant, work.order["jobs"][0]["id"]

    async def keep(name: str, sequence: int) -> None:
        kept = DestinationKept(destination_id=FINISHER, code="FIN-01", name=name, city="Bologna")
        await plant.deliver(kept, FINISHER, sequence=sequence)

    async def names() -> list[str | None]:
        task = (await plant.app.as_(work.carla).get(f"/v1/tasks/{work.phase_id}"))[1]
        tasks = (await plant.app.as_(work.carla).get("/v1/tasks"))[1]["items"]
        (mine,) = (each for each in tasks if each["id"] == work.phase_id)
        _, job = await plant.admin.get(f"/v1/jobs/{job_id}")
        shown = [each["outside"].get("finisher_name") for each in (task, mine, job["phases"][1])]
        return [*shown, job["economics"]["cost_lines"][-1].get("supplier_name")]

    price = {"unit_cost": "1.50", "tolerance_percent": "5"}
    path = f"/v1/phases/{work.phase_id}/outsourcing"
    response, _ = await plant.admin.post(path, {"finisher": "FIN-01", "price": price})
    assert (response.status, await names()) == (200, [None] * 4)
    await keep("Plastificatura Emiliana", 2)
    await keep("Plastificatura", 1)  # late
    assert await names() == ["Plastificatura Emiliana, Bologna"] * 4


async def test_parts_that_are_back_are_handed_in(work: Work) -> None:
    await work.do("start")
    await work.send("delivered", "98")
    assert (await work.do("parts", {"quantity": "10"}))[1]["code"] == "goods_not_back"
    await work.bring_back("40")
    status, problem = await work.do("parts", {"quantity": "41"})
    assert (status, problem["code"]) == (422, "part_too_large")
    assert (await work.do("parts", {"quantity": "40"}))[0] == 200


async def test_what_is_refused_goes_out_again(work: Work) -> None:
    await work.do("start")
    await work.send("delivered", "98")
    await work.bring_back("98")
    assert (await work.complete("98"))[0] == 200
    rejection = f"/v1/phases/{work.phase_id}/rejection"
    response, _ = await work.plant.admin.post(rejection, {"reason": "Graffiata"})
    assert response.status == 200
    await work.do("start")
    assert (await work.told())[-1] == ("FIN-01", True, "196")
    assert (await work.complete("98"))[1]["code"] == "goods_not_back"


async def test_late_and_repeated_words_change_nothing(work: Work) -> None:
    await work.do("start")
    back = uuid4()
    await work.bring_back("50", return_id=back)  # before the shipment that it is of
    await work.send("delivered", "98", sequence=3)
    await work.send("issued", "98", sequence=1)
    await work.bring_back("50", return_id=back)
    outside = await work.outside()
    assert (outside["away"], outside["made"]) == ("48", "50")
    await work.send("voided", "98", sequence=4)
    await work.send("issued", "98", sequence=1)
    assert (await work.outside())["sent"] == "0"


async def test_who_has_the_goods_keeps_the_work(work: Work) -> None:
    await work.do("start")
    await work.send("issued", "98")
    status, problem = await work.outsource(None)
    assert (status, problem["code"]) == (409, "phase_already_started")
    await work.do("return", {"reason": "Ferie"})
    assert (await work.told())[-1] == ("FIN-01", False, "98")
    for other in (None, "FIN-02"):
        status, problem = await work.outsource(other)
        assert (status, problem["code"]) == (409, "goods_are_away")
    first = work.order["jobs"][0]["phases"][0]["id"]
    response, problem = await work.plant.admin.post(f"/v1/phases/{first}/rejection", {"reason": "Storto"})
    assert (response.status, problem["code"]) == (409, "work_built_upon")
    await work.send("refused", "98")
    status, phase = await work.outsource(None)
    assert (status, phase.get("outside")) == (200, None)
    assert (await work.told())[-1] == (None, False, "98")


async def test_nothing_goes_out_of_a_cancelled_order(work: Work) -> None:
    await work.do("start")
    path = f"/v1/orders/{work.order['id']}/cancellation"
    response, _ = await work.plant.admin.post(path, {"reason": "Sospesa"})
    assert response.status == 200
    assert (await work.told())[-1] == ("FIN-01", False, "98")


async def test_goods_that_are_of_no_phase_are_not_productions_business(work: Work) -> None:
    job = work.order["jobs"][0]["id"]
    event = outwards(shipment("delivered", work.sent, work.order, "5"), job)
    await work.plant.deliver(event, work.sent, sequence=1)
    assert (await work.outside())["sent"] == "0"
    assert (await work.plant.order(work.order["id"]))["jobs"][0]["shipped"] == "0"


async def test_what_it_costs_follows_what_came_back(work: Work) -> None:
    plant, job_id = work.plant, work.order["jobs"][0]["id"]

    async def line_set_to(**delivery: str) -> tuple[int, Any]:
        (now,) = (await plant.order(work.order["id"]))["jobs"]
        line: dict[str, Any] = {"what": "phase", "description": "Plastificazione", "quantity": "90"}
        line |= {"unit_cost": "1.50", "supplier": "FIN-01"}
        line["delivery"] = {"phase_id": work.phase_id, "tolerance_percent": "5", **delivery}
        body = {"cost_lines": [line], "unit_price": "2.50"}
        headers = {"If-Match": f'"{now["version"]}"'}
        response, answer = await plant.admin.put(f"/v1/jobs/{job_id}/economics", body, headers=headers)
        return response.status, answer

    async def comes_to() -> tuple[str, str | None, str | None]:
        (now,) = (await plant.order(work.order["id"]))["jobs"]
        (line,) = now["economics"]["cost_lines"]
        return now["economics"]["cost"], line.get("charged"), line.get("actual")

    status, problem = await line_set_to(phase_id=str(uuid4()))
    assert (status, problem["errors"][0]["code"]) == (422, "delivery_phase_unknown")
    assert (await line_set_to(under="us"))[0] == 200
    await work.do("start")
    await work.send("delivered", "98")
    await work.bring_back("93")
    assert await comes_to() == ("135.00", None, None)
    assert (await work.complete("93"))[0] == 200
    assert await comes_to() == ("135.00", None, None), "until it is accepted"
    response, _ = await plant.admin.post(f"/v1/phases/{work.phase_id}/acceptance")
    assert response.status == 200
    assert await comes_to() == ("139.50", "93", "139.50")
    back = uuid4()
    for _ in range(2):
        await work.bring_back("5", return_id=back)  # after it was handed in
    assert await comes_to() == ("141.75", "94.5", "141.75")
    assert (await line_set_to(over="us"))[1]["cost"] == "147.00"
    _, history = await plant.admin.get(f"/v1/jobs/{job_id}/economics-history")
    entries = [(each["economics"]["cost"], "set_by" in each) for each in history["items"]]
    assert entries[:4] == [("147.00", True), ("141.75", False), ("139.50", False), ("135.00", True)]
    told = await plant.database.published("optima.economics.job_set.v1")
    assert [event.data["cost"] for event in told][-3:] == ["139.50", "141.75", "147.00"]


async def test_what_the_company_asks_is_a_line_of_the_cost(work: Work) -> None:
    plant, job_id = work.plant, work.order["jobs"][0]["id"]
    path = f"/v1/phases/{work.phase_id}/outsourcing"

    async def cost() -> tuple[str, list[tuple[str, str]]]:
        _, job = await plant.admin.get(f"/v1/jobs/{job_id}")
        lines = [(each.get("supplier", ""), each["planned"]) for each in job["economics"]["cost_lines"]]
        return job["economics"]["cost"], lines

    assert await cost() == ("900.00", [])
    price = {"unit_cost": "1.50", "tolerance_percent": "5"}
    response, _ = await plant.admin.post(path, {"finisher": "FIN-01", "price": price})
    assert response.status == 200
    assert await cost() == ("1050.00", [("", "900.00"), ("FIN-01", "150.00")])
    await work.outsource("FIN-01")
    assert (await cost())[0] == "1050.00", "nothing else was agreed"
    await plant.admin.post(path, {"finisher": "FIN-02", "price": price | {"unit_cost": "1.20"}})
    assert await cost() == ("1020.00", [("", "900.00"), ("FIN-02", "120.00")])
    await work.outsource(None)
    assert await cost() == ("900.00", [("", "900.00")])
    response, problem = await plant.admin.post(path, {"price": price})
    assert (response.status, problem["errors"][0]["code"]) == (422, "price_without_finisher")
    assigns = plant.as_("capo", privileges={"phase.assign", "phase.read"})
    response, problem = await assigns.post(path, {"finisher": "FIN-01", "price": price})
    assert (response.status, problem["code"]) == (403, "missing_privilege")
