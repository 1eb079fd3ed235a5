"""Another price or quantity than the approved one binds once it is approved anew, and not before."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.approval import (
    ApprovalExpired,
    ApprovalNotOpened,
    ApprovalOpened,
    ApprovalRevoked,
    Approved,
    Rejected,
)
from optima_contracts.envelope import EventData

from .conftest import ONE_PHASE, Plant

pytestmark = pytest.mark.servers

ASKED = {"unit_price": "12.00", "reason": "La carta è aumentata"}
APPROVAL = uuid4()


class Line:
    """An order's line of 100 pieces at 10.00, approved and valued."""

    def __init__(self, plant: Plant, order_id: str, job_id: str) -> None:
        self.plant, self.order_id, self.job_id = plant, order_id, job_id

    async def job(self) -> dict[str, Any]:
        (job,) = (await self.plant.order(self.order_id))["jobs"]
        assert isinstance(job, dict)
        return job

    async def ask(self, **changes: str) -> tuple[int, Any]:
        return await self.ask_for(ASKED | changes)

    async def ask_for(self, asked: dict[str, Any]) -> tuple[int, Any]:
        response, body = await self.plant.admin.post(f"/v1/jobs/{self.job_id}/amendments", asked)
        return int(response.status), body

    async def begin(self, made: str) -> None:
        """Its work, of which so much is handed in."""
        worker = await self.plant.worker()
        (phase,) = (await self.job())["phases"]
        await self.plant.assign(phase["id"], worker)
        client = self.plant.app.as_(worker)
        for path, body in (("start", None), ("parts", {"quantity": made})):
            response, told = await client.post(f"/v1/phases/{phase['id']}/{path}", body)
            assert response.status == 200, told

    async def newest(self) -> dict[str, Any]:
        newest: dict[str, Any] = (await self.job())["amendments"][0]
        return newest

    async def approval_says(self, kind: type[EventData], **facts: Any) -> None:
        (asked, *_) = reversed(await self.plant.database.published("optima.economics.amendment_requested.v1"))
        subject = UUID(asked.data["amendment_id"])
        told = {
            "approval_id": APPROVAL,
            "subject_type": "order_amendment",
            "subject_id": subject,
            "subject_revision": 1,
            "content_hash": asked.data["content_hash"],
            "requester_id": UUID(asked.data["requester_id"]),
            "process_key": "order-amendment",
            "process_version": 1,
            "title": asked.data["title"],
            "recipients": [],
            **facts,
        }
        known = {name: value for name, value in told.items() if name in kind.model_fields}
        await self.plant.deliver(kind(**known), APPROVAL)

    async def outcomes(self) -> list[str]:
        ended = await self.plant.database.published("optima.economics.amendment_ended.v1")
        return [each.data["outcome"] for each in ended]

    async def valued(self) -> list[str]:
        """What the ERP was told that the order is worth, from the first time on."""
        told = await self.plant.database.published("optima.economics.order_valued.v1")
        return [each.data["total"] for each in told]


@pytest.fixture
async def line(plant: Plant) -> Line:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "100"), prices=["10.00"]))
    (job,) = order["jobs"]
    await plant.value(job, unit_price="10.00")
    return Line(plant, order["id"], job["id"])


async def test_what_is_asked_for_says_both_prices_and_changes_nothing(line: Line) -> None:
    status, asked = await line.ask()
    assert (status, asked["state"], asked["amount_before"], asked["amount"]) == (
        201,
        "in_approval",
        "1000.00",
        "1200.00",
    )
    (told,) = await line.plant.database.published("optima.economics.amendment_requested.v1")
    assert (told.data["unit_price_before"], told.data["unit_price"]) == ("10.00", "12.00")
    assert (told.data["process"], told.data["reason"]) == ("order-amendment", "La carta è aumentata")
    job = await line.job()
    assert (job["approved_unit_price"], job["economics"]["unit_price"]) == ("10.00", "10.00")
    assert "request_amendment" not in job["actions"]
    status, problem = await line.ask(unit_price="13.00")
    assert (status, problem["code"]) == (409, "amendment_open")


async def test_once_approved_it_binds_up_to_the_erp(line: Line) -> None:
    await line.ask()
    await line.approval_says(ApprovalOpened)
    assert (await line.newest())["approval_id"] == str(APPROVAL)
    for _ in range(2):
        await line.approval_says(Approved)
    job = await line.job()
    assert (job["approved_unit_price"], job["economics"]["unit_price"]) == ("12.00", "12.00")
    assert (await line.newest())["state"] == "applied"
    assert await line.outcomes() == ["applied"]
    assert await line.valued() == ["1000.00", "1200.00"]
    response, body = await line.plant.admin.put(
        f"/v1/jobs/{line.job_id}/economics",
        {"cost": "900.00", "unit_price": "10.00"},
        headers={"If-Match": f'"{job["version"]}"'},
    )
    assert (response.status, body["errors"][0]["code"]) == (422, "price_not_approved")


@pytest.mark.parametrize(
    ("kind", "facts", "state"),
    [
        (Rejected, {"reason": "Troppo caro"}, "rejected"),
        (ApprovalExpired, {}, "not_approved"),
        (ApprovalNotOpened, {"reason": "no_process:order-amendment"}, "not_approved"),
        (Approved, {"content_hash": "0" * 64}, "in_approval"),
    ],
    ids=["rejected", "expired", "not opened", "of other terms"],
)
async def test_otherwise_the_price_stays(
    line: Line, kind: type[EventData], facts: dict[str, str], state: str
) -> None:
    await line.ask()
    await line.approval_says(kind, **facts)
    amended = await line.newest()
    assert (amended["state"], amended.get("ended_because")) == (state, facts.get("reason"))
    assert (await line.job())["approved_unit_price"] == "10.00"
    assert await line.valued() == ["1000.00"]
    if state != "in_approval":
        assert (await line.ask())[0] == 201


async def test_it_lapses_with_the_order_and_with_another_quantity(line: Line) -> None:
    await line.ask()
    job = await line.job()
    response, _ = await line.plant.admin.put(
        f"/v1/jobs/{line.job_id}/line",
        {"quantity": "90", "deliveries": [], "reason": "Ne bastano meno"},
        headers={"If-Match": f'"{job["version"]}"'},
    )
    assert response.status == 200
    assert await line.outcomes() == ["lapsed"]
    await line.approval_says(Approved)
    assert (await line.job())["approved_unit_price"] == "10.00"
    await line.ask()
    response, _ = await line.plant.admin.post(
        f"/v1/orders/{line.order_id}/cancellation", {"reason": "Sospesa"}
    )
    assert response.status == 200
    assert await line.outcomes() == ["lapsed", "lapsed"]


async def test_it_lapses_with_the_delivery(line: Line) -> None:
    await line.ask()
    order = await line.plant.order(line.order_id)
    worker = await line.plant.worker()
    (phase,) = order["jobs"][0]["phases"]
    await line.plant.assign(phase["id"], worker)
    await line.plant.work(phase["id"], worker, "100")
    await line.plant.ship("delivered", uuid4(), order, "100")
    assert await line.outcomes() == ["lapsed"]


async def test_a_revoked_one_gives_the_former_price_back(line: Line) -> None:
    await line.ask()
    await line.approval_says(Approved)
    for _ in range(2):
        await line.approval_says(ApprovalRevoked, reason="Approvato per errore")
    job = await line.job()
    assert (job["approved_unit_price"], job["economics"]["unit_price"]) == ("10.00", "10.00")
    assert await line.outcomes() == ["applied", "revoked"]
    assert await line.valued() == ["1000.00", "1200.00", "1000.00"]


async def test_what_was_not_approved_needs_none(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    (job,) = (await plant.order_of(await plant.approve(("gadget", "10"))))["jobs"]
    assert "request_amendment" not in job["actions"]
    response, problem = await plant.admin.post(f"/v1/jobs/{job['id']}/amendments", ASKED)
    assert (response.status, problem["code"]) == (409, "price_was_not_approved")


async def test_its_hash_betrays_no_price(line: Line) -> None:
    hashes = set()
    for _ in range(2):
        await line.ask()
        await line.approval_says(Rejected, reason="No")
    for told in await line.plant.database.published("optima.economics.amendment_requested.v1"):
        hashes.add(told.data["content_hash"])
    assert len(hashes) == 2, "the same prices, and nothing of them to be found by trying"


async def test_nobody_without_prices_sees_it(line: Line) -> None:
    await line.ask()
    _, order = await line.plant.as_("backoffice").get(f"/v1/orders/{line.order_id}")
    assert "amendments" not in order["jobs"][0]


async def test_it_enters_the_process_that_the_tenant_names(line: Line) -> None:
    _, policy = await line.plant.admin.get("/v1/price-policy")
    response, body = await line.plant.admin.put(
        "/v1/price-policy",
        {"tolerance_percent": "2", "process": "variazioni"},
        headers={"If-Match": f'"{policy["version"]}"'},
    )
    assert (response.status, body["process"]) == (200, "variazioni")
    await line.ask()
    (told,) = await line.plant.database.published("optima.economics.amendment_requested.v1")
    assert told.data["process"] == "variazioni"


# --- another quantity

MORE = {"quantity": "150", "reason": "Altri negozi"}


def to_milan(quantity: str) -> list[dict[str, str]]:
    return [{"destination": "MI-01", "quantity": quantity}]


async def test_another_quantity_binds_once_it_is_approved(line: Line) -> None:
    status, asked = await line.ask_for(MORE)
    assert status == 201, asked
    assert (asked["quantity"], asked["quantity_after"], asked["deliveries_after"]) == (
        "100",
        "150",
        to_milan("150"),
    )
    assert (asked["amount_before"], asked["amount"]) == ("1000.00", "1500.00")
    (told,) = await line.plant.database.published("optima.economics.amendment_requested.v1")
    assert (told.data["quantity"], told.data["quantity_after"]) == ("100", "150")
    assert (await line.job())["quantity"] == "100"
    for _ in range(2):
        await line.approval_says(Approved)
    job = await line.job()
    assert (job["quantity"], job["deliveries"], job["approved_unit_price"]) == (
        "150",
        to_milan("150"),
        "10.00",
    )
    assert await line.valued() == ["1000.00", "1500.00"]
    (changed,) = await line.plant.database.published("optima.production.order_changed.v1")
    assert (changed.data["lines"][0]["quantity"], changed.data["changed_jobs"]) == ("150", [line.job_id])
    (kept,) = (await line.plant.order(line.order_id))["changes"]
    assert (kept["quantity_before"], kept["reason"]) == ("100", "Altri negozi")
    assert await line.outcomes() == ["applied"]


async def test_the_tolerance_is_of_the_quantity_that_was_approved_last(line: Line) -> None:
    await line.ask_for(MORE)
    await line.approval_says(Approved)
    for quantity, status in (("151", 422), ("149", 200), ("150", 200)):
        job = await line.job()
        response, _ = await line.plant.admin.put(
            f"/v1/jobs/{line.job_id}/line",
            {"quantity": quantity, "deliveries": [], "reason": "Prova"},
            headers={"If-Match": f'"{job["version"]}"'},
        )
        assert response.status == status, quantity


async def test_both_bind_together_and_are_revoked_together(line: Line) -> None:
    await line.ask_for(MORE | {"unit_price": "8.00"})
    await line.approval_says(Approved)
    job = await line.job()
    assert (job["quantity"], job["economics"]["unit_price"]) == ("150", "8.00")
    for _ in range(2):
        await line.approval_says(ApprovalRevoked, reason="Approvato per errore")
    job = await line.job()
    assert (job["quantity"], job["deliveries"], job["economics"]["unit_price"]) == (
        "100",
        to_milan("100"),
        "10.00",
    )
    assert await line.valued() == ["1000.00", "1200.00", "1000.00"]
    assert await line.outcomes() == ["applied", "revoked"]


async def test_a_quantity_that_is_being_made_stays_when_its_approval_is_revoked(line: Line) -> None:
    await line.ask_for(MORE | {"unit_price": "8.00"})
    await line.approval_says(Approved)
    await line.begin("10")
    await line.approval_says(ApprovalRevoked, reason="Approvato per errore")
    job = await line.job()
    assert (job["quantity"], job["economics"]["unit_price"]) == ("150", "10.00")


async def test_it_lapses_once_the_quantity_may_not_change(line: Line) -> None:
    await line.ask_for(MORE)
    await line.begin("10")
    assert await line.outcomes() == ["lapsed"]
    await line.approval_says(Approved)
    assert (await line.job())["quantity"] == "100"
    status, problem = await line.ask_for(MORE)
    assert (status, problem["code"]) == (409, "work_handed_in")
    assert "amend_quantity" not in (await line.job())["actions"]
    assert (await line.ask())[0] == 201, "its price may still be another"


async def test_what_could_not_be_applied_is_not_asked_for(line: Line) -> None:
    for asked, code in (
        ({}, "amendment_empty"),
        ({"deliveries": to_milan("100")}, "amendment_empty"),
        ({"unit_price": "12.00", "deliveries": to_milan("100")}, "amendment_empty"),
        ({"quantity": "100"}, "nothing_changed"),
        ({"quantity": "150", "deliveries": to_milan("149")}, "deliveries_differ_from_quantity"),
        ({"quantity": "999999999", "unit_price": "99999.9999"}, "price_too_large"),
    ):
        status, problem = await line.ask_for({"reason": "Prova"} | asked)
        assert (status, problem["code"]) == (422, code), problem
        assert (await line.job())["amendments"] == []


async def test_a_line_approved_without_a_price_needs_its_economics_first(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "100")))
    line = Line(plant, order["id"], order["jobs"][0]["id"])
    status, problem = await line.ask_for(MORE)
    assert (status, problem["code"]) == (409, "economics_not_set")
    await plant.value(await line.job())
    status, problem = await line.ask_for(MORE | {"unit_price": "3.00"})
    assert (status, problem["code"]) == (409, "price_was_not_approved")
    status, asked = await line.ask_for(MORE)
    assert (status, asked["amount"]) == (201, "375.00")
    await line.approval_says(Approved)
    job = await line.job()
    assert (job["quantity"], job["economics"]["unit_price"]) == ("150", "2.50")
    assert "approved_unit_price" not in job
