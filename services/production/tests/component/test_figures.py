"""Figures: how long work takes, what of it is on time and accepted, what it brings and what is ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from .conftest import LINE, ONE_PHASE, Plant


async def figures(plant: Plant, what: str, role: str = "admin", **query: str) -> list[dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    response, found = await plant.as_(role).get(f"/v1/figures/{what}?{asked}")
    assert response.status == 200, found
    rows: list[dict[str, Any]] = found["rows"]
    return rows


@pytest.fixture
async def worked(plant: Plant) -> Plant:
    """Two pens' orders: one done in two days and late, after work that was refused; one still to be done."""
    checked = {"name": "Penna", "phases": [{**ONE_PHASE["phases"][0], "quality_check": True}]}
    await plant.define("penna", checked)
    dealer = await plant.worker()
    order = await plant.order_of(await plant.approve(("penna", "100"), prices=["10"]))
    (job,) = order["jobs"]
    (phase,) = job["phases"]
    await plant.value(job, cost="600", unit_price="10")
    await plant.assign(phase["id"], dealer)
    await plant.work(phase["id"], dealer, "100")
    await plant.admin.post(f"/v1/phases/{phase['id']}/rejection", {"reason": "Sbavato"})
    client = plant.app.as_(dealer)
    await client.post(f"/v1/phases/{phase['id']}/start")
    plant.clock.advance(timedelta(days=2))
    client = plant.app.as_(dealer)
    await client.post(f"/v1/phases/{phase['id']}/completion", {"quantity": "100"})
    await plant.admin.post(f"/v1/phases/{phase['id']}/acceptance")
    await plant.approve(("penna", "50"))
    return plant


async def test_work_is_measured_by_whatever_it_is_grouped_by(worked: Plant) -> None:
    for by in ["kind", "phase", "assignee", "month"]:
        (row,) = await figures(worked, "work", by=by)
        group = row.pop("group")
        assert group.keys() == ({"kind", "phase"} if by == "phase" else {by})
        assert row == {
            "completed": 1,
            "days": "2.0",
            "on_time_percent": "100.0",
            "rejected": 1,
            "rejected_percent": "50.0",
        }
        assert await figures(worked, "work", by=by, since="2025-01-01", until="2025-12-31") == []


async def test_margins_are_for_administrators_alone(worked: Plant) -> None:
    (row,) = await figures(worked, "orders", by="kind")
    assert row["group"] == {"kind": "penna"}
    assert (row["lines"], row["days"], row["on_time_percent"]) == (1, "2.0", "100.0")
    assert row["economics"] == {
        "lines": 1,
        "cost": "600.00",
        "price": "1000.00",
        "margin": "400.00",
        "margin_percent": "40.0",
    }
    for role in ("backoffice", "purchasing", "auditor"):
        (row,) = await figures(worked, "orders", role, by="kind")
        assert "economics" not in row


async def test_what_is_ahead_is_counted_by_week_person_and_kind(worked: Plant) -> None:
    (row,) = await figures(worked, "load", by="kind", until="2027-12-31")
    assert row == {"group": {"kind": "penna"}, "phases": 1, "late": 0}
    (row,) = await figures(worked, "load", by="assignee", until="2027-12-31")
    assert row["group"] == {}, "nobody has it yet"
    (row,) = await figures(worked, "load", by="week", until="2027-12-31")
    assert row["group"].keys() == {"week"}


async def test_a_period_that_cannot_be_is_refused(plant: Plant) -> None:
    for path, code in (
        ("work?since=2026-02-01&until=2026-01-01", "figures_period"),
        ("work?since=2001-01-01&until=2026-01-01", "figures_period"),
        ("orders?since=2090-12-01", "figures_period"),
        ("load?until=2020-01-01", "figures_period"),
        ("load?until=2090-12-31", "figures_period"),
    ):
        response, problem = await plant.admin.get(f"/v1/figures/{path}")
        assert (response.status, problem["errors"][0]["code"]) == (422, code), problem


async def test_kinds_of_several_phases_are_told_apart_by_phase(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    order = await plant.order_of(await plant.approve(("espositore", "500")))
    await plant.make(order, await plant.worker())
    rows = await figures(plant, "work", by="phase")
    assert {row["group"]["phase"] for row in rows} == {phase["name"] for phase in LINE["phases"]}
