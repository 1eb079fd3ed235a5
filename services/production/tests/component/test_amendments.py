"""Another price than the approved one binds once it is approved anew, and not before."""

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
        response, body = await self.plant.admin.post(f"/v1/jobs/{self.job_id}/amendments", ASKED | changes)
        return int(response.status), body

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
