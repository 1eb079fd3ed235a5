"""The approved price binds: the order has it, and what the ERP is given is what was approved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optima_contracts.money import amount_of, money_text
from optima_kit.refusals import NotYet
from production.domain.economics import Economics, price, price_to_set

from .conftest import ECONOMICS, ONE_PHASE, Plant, approved, prices_approved

DETAILS = {name: value for name, value in ECONOMICS.items() if name != "unit_price"}


async def attempt(plant: Plant, job: dict[str, Any], **changes: str) -> tuple[int, Any]:
    order = await plant.order(job["order_id"])
    (now,) = (each for each in order["jobs"] if each["id"] == job["id"])
    response, body = await plant.admin.put(
        f"/v1/jobs/{job['id']}/economics",
        DETAILS | changes,
        headers={"If-Match": f'"{now["version"]}"'},
    )
    return int(response.status), body


async def tolerate(plant: Plant, percent: str) -> None:
    _, policy = await plant.admin.get("/v1/price-policy")
    response, body = await plant.admin.put(
        "/v1/price-policy",
        {"tolerance_percent": percent},
        headers={"If-Match": f'"{policy["version"]}"'},
    )
    assert (response.status, body["tolerance_percent"]) == (200, f"{Decimal(percent):.2f}")


@given(
    st.decimals("0.001", "999999999", places=3),
    st.decimals(0, "999999999", places=4),
)
def test_for_any_approved_price_and_quantity_the_value_is_the_approved_one(
    quantity: Decimal, unit_price: Decimal
) -> None:
    economics = Economics(Decimal(1), price_to_set(Decimal(money_text(unit_price)), None), None, "", "", "22")
    assert price(economics, quantity) == amount_of(quantity, unit_price)


@pytest.mark.servers
class TestOrder:
    async def test_has_the_approved_prices(self, plant: Plant) -> None:
        await plant.define("gadget", ONE_PHASE)
        brief_id = await plant.approve(("gadget", "100000"), ("gadget", "3"), prices=["0.0345", "12.5"])
        order = await plant.order_of(brief_id)
        assert [job["approved_unit_price"] for job in order["jobs"]] == ["0.0345", "12.50"]
        for job in order["jobs"]:
            assert (await attempt(plant, job))[0] == 200
        (valued,) = await plant.database.published("optima.economics.order_valued.v1")
        lines = valued.data["lines"]
        assert [(line["unit_price"], line["amount"]) for line in lines] == [
            ("0.0345", "3450.00"),
            ("12.50", "37.50"),
        ]
        assert valued.data["total"] == "3487.50"
        shown = (await plant.order(order["id"]))["jobs"][0]["economics"]
        assert (shown["unit_price"], shown["price"]) == ("0.0345", "3450.00")

    async def test_waits_for_them(self, plant: Plant) -> None:
        await plant.define("gadget", ONE_PHASE)
        brief_id = uuid4()
        event = approved(brief_id, ("gadget", "10"), valued=True)
        with pytest.raises(NotYet):
            await plant.deliver(event, brief_id)
        for _ in range(2):
            await plant.deliver(prices_approved(event, "2.50"), brief_id)
        await plant.deliver(event, brief_id)
        assert (await plant.order_of(brief_id))["jobs"][0]["approved_unit_price"] == "2.50"

    async def test_without_an_approved_price_needs_one(self, plant: Plant) -> None:
        await plant.define("gadget", ONE_PHASE)
        (job,) = (await plant.order_of(await plant.approve(("gadget", "10"))))["jobs"]
        assert "approved_unit_price" not in job
        status, body = await attempt(plant, job)
        assert (status, body["errors"][0]["code"]) == (422, "unit_price_missing")
        assert (await attempt(plant, job, unit_price="0.0345"))[0] == 200


@pytest.mark.servers
class TestCost:
    LINES: ClassVar = [
        {"what": "material", "description": "Cartone", "quantity": "120", "unit_cost": "2.0050"},
        {
            "what": "phase",
            "description": "Stampa",
            "unit_cost": "300.00",
            "supplier": "Galli",
            "terms": "60 gg",
        },
        {"what": "set_up", "description": "Lastre", "unit_cost": "90.00", "actual": "101.50"},
    ]

    async def job(self, plant: Plant) -> dict[str, Any]:
        await plant.define("gadget", ONE_PHASE)
        (job,) = (await plant.order_of(await plant.approve(("gadget", "100"), prices=["10.00"])))["jobs"]
        assert isinstance(job, dict)
        return job

    async def set(self, plant: Plant, job: dict[str, Any], **body: Any) -> tuple[int, Any]:
        (now,) = (await plant.order(job["order_id"]))["jobs"]
        headers = {"If-Match": f'"{now["version"]}"'}
        response, answer = await plant.admin.put(f"/v1/jobs/{job['id']}/economics", body, headers=headers)
        return int(response.status), answer

    async def test_is_the_sum_of_its_lines_each_as_planned_until_it_is_known(self, plant: Plant) -> None:
        job = await self.job(plant)
        status, shown = await self.set(plant, job, cost_lines=self.LINES)
        assert (status, shown["cost"], shown["planned_cost"]) == (200, "642.10", "630.60")
        assert (shown["margin"], shown["margin_percent"]) == ("357.90", "35.8")
        assert [line["planned"] for line in shown["cost_lines"]] == ["240.60", "300.00", "90.00"]
        assert shown["cost_lines"][1]["terms"] == "60 gg"
        (fact,) = await plant.database.published("optima.economics.job_set.v1")
        assert fact.data["cost"] == "642.10"

    async def test_is_refused_where_it_is_not_that_sum_or_missing(self, plant: Plant) -> None:
        job = await self.job(plant)
        for body, code in (
            ({}, "cost_missing"),
            ({"cost": "1.00", "cost_lines": self.LINES}, "cost_differs_from_lines"),
        ):
            status, problem = await self.set(plant, job, **body)
            assert (status, problem["errors"][0]["code"]) == (422, code)
        assert (await self.set(plant, job, cost="642.10", cost_lines=self.LINES))[0] == 200

    async def test_every_change_is_kept_with_who_and_when(self, plant: Plant) -> None:
        job = await self.job(plant)
        await self.set(plant, job, cost_lines=self.LINES)
        await self.set(plant, job, cost="700.00")
        path = f"/v1/jobs/{job['id']}/economics-history"
        _, history = await plant.admin.get(path)
        costs = [
            (each["economics"]["cost"], len(each["economics"]["cost_lines"])) for each in history["items"]
        ]
        assert costs == [("700.00", 0), ("642.10", 3)]
        assert all("id" in each["set_by"] and each["set_at"] for each in history["items"])
        response, _ = await plant.as_("backoffice").get(path)
        assert response.status == 403


@pytest.mark.servers
class TestAnotherPrice:
    @pytest.fixture
    async def job(self, plant: Plant) -> dict[str, Any]:
        await plant.define("gadget", ONE_PHASE)
        order = await plant.order_of(await plant.approve(("gadget", "100"), prices=["10.00"]))
        job: dict[str, Any] = order["jobs"][0]
        return job

    async def test_is_refused(self, plant: Plant, job: dict[str, Any]) -> None:
        status, body = await attempt(plant, job, unit_price="9.99", price_reason="Sconto")
        (error,) = body["errors"]
        assert (status, error["code"], error["field"]) == (422, "price_not_approved", "unit_price")
        assert await plant.database.published("optima.economics.job_set.v1") == []

    async def test_within_the_tolerance_needs_a_reason(self, plant: Plant, job: dict[str, Any]) -> None:
        await tolerate(plant, "2")
        status, body = await attempt(plant, job, unit_price="10.20")
        (error,) = body["errors"]
        assert (status, error["code"], error["field"]) == (422, "price_reason_missing", "price_reason")
        status, body = await attempt(plant, job, unit_price="10.20", price_reason="Carta più cara")
        assert (status, body["price_reason"]) == (200, "Carta più cara")
        (fact,) = await plant.database.published("optima.economics.job_set.v1")
        assert (fact.data["approved_unit_price"], fact.data["price_reason"]) == ("10.00", "Carta più cara")
        status, body = await attempt(plant, job, unit_price="10.2001", price_reason="Carta più cara")
        assert (status, body["errors"][0]["code"]) == (422, "price_not_approved")

    async def test_is_measured_by_the_approved_one_however_often_it_changes(
        self, plant: Plant, job: dict[str, Any]
    ) -> None:
        await tolerate(plant, "2")
        assert (await attempt(plant, job, unit_price="10.20", price_reason="Carta"))[0] == 200
        assert (await attempt(plant, job, unit_price="10.40", price_reason="Carta"))[0] == 422
        status, body = await attempt(plant, job, price_reason="Carta")
        assert (status, body["unit_price"], "price_reason" in body) == (200, "10.00", False)

    async def test_does_not_come_after_delivery(self, plant: Plant, job: dict[str, Any]) -> None:
        order = await plant.order(job["order_id"])
        assert (await attempt(plant, job))[0] == 200
        worker = await plant.worker()
        (phase,) = order["jobs"][0]["phases"]
        await plant.assign(phase["id"], worker)
        await plant.work(phase["id"], worker, "100")
        await plant.ship("delivered", uuid4(), order, "100")
        status, body = await attempt(plant, job, unit_price="10.00")
        assert (status, body["code"]) == (409, "order_ended")

    async def test_is_shown_to_nobody_who_may_not_see_prices(self, plant: Plant, job: dict[str, Any]) -> None:
        _, order = await plant.as_("backoffice").get(f"/v1/orders/{job['order_id']}")
        assert "approved_unit_price" not in order["jobs"][0]


@pytest.mark.servers
async def test_each_tenant_has_a_policy_of_its_own(plant: Plant) -> None:
    await tolerate(plant, "2.5")
    stranger = plant.as_("admin", tenant_id=UUID(int=7))
    _, theirs = await stranger.get("/v1/price-policy")
    assert (theirs["tolerance_percent"], theirs["version"]) == ("0.00", 0)
    response, _ = await plant.admin.put(
        "/v1/price-policy", {"tolerance_percent": "9"}, headers={"If-Match": '"0"'}
    )
    assert response.status == 412
