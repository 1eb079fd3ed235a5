"""What was ordered changes after the confirmation, within what was begun, and everybody is told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from optima_kit.actor import Actor

from .conftest import ONE_PHASE, Plant


def to_milan(quantity: str) -> list[dict[str, str]]:
    return [{"destination": "MI-01", "quantity": quantity}]


LINE = {"quantity": "90", "deliveries": to_milan("90"), "reason": "Meno negozi"}


@pytest.fixture
async def order(plant: Plant) -> dict[str, Any]:
    """Of a brief, valued."""
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "100"), prices=["2.50"]))
    await plant.value(order["jobs"][0])
    return await plant.order(order["id"])


async def change(plant: Plant, order: dict[str, Any], **changes: Any) -> tuple[int, Any]:
    """Of its line, as it is now."""
    now = (await plant.order(order["id"]))["jobs"][0]
    headers = {"If-Match": f'"{now["version"]}"'}
    path = f"/v1/jobs/{now['id']}/line"
    response, body = await plant.admin.put(path, LINE | changes, headers=headers)
    return response.status, body


async def begin(plant: Plant, order: dict[str, Any]) -> tuple[Actor, str]:
    carla = await plant.worker()
    phase: str = order["jobs"][0]["phases"][0]["id"]
    await plant.assign(phase, carla)
    response, _ = await plant.app.as_(carla).post(f"/v1/phases/{phase}/start")
    assert response.status == 200
    return carla, phase


async def test_a_line_changes_and_everybody_is_told(plant: Plant, order: dict[str, Any]) -> None:
    await begin(plant, order)
    status, job = await change(plant, order)
    assert (status, job["quantity"], job["deliveries"]) == (200, "90", LINE["deliveries"])
    (event,) = await plant.database.published("optima.production.order_changed.v1")
    assert event.data["changed_jobs"] == [job["id"]]
    assert event.data["lines"][0]["quantity"] == "90"
    valued = await plant.database.published("optima.economics.order_valued.v1")
    assert [each.data["total"] for each in valued] == ["250.00", "225.00"]
    (kept,) = (await plant.order(order["id"]))["changes"]
    assert (kept["quantity_before"], kept["reason"]) == ("100", "Meno negozi")
    assert kept["deliveries_before"] == [{"destination": "MI-01", "quantity": "100"}]


async def test_what_is_made_follows_the_new_quantity(plant: Plant, order: dict[str, Any]) -> None:
    carla, phase = await begin(plant, order)
    await change(plant, order, quantity="60", deliveries=[])
    path = f"/v1/phases/{phase}/completion"
    response, problem = await plant.app.as_(carla).post(path, {"quantity": "90"})
    assert (response.status, problem["code"]) == (422, "quantity_beyond_tolerance")
    response, _ = await plant.app.as_(carla).post(path, {"quantity": "60"})
    assert response.status == 200


async def test_the_quantity_is_fixed_once_work_is_handed_in(plant: Plant, order: dict[str, Any]) -> None:
    carla, phase = await begin(plant, order)
    await plant.app.as_(carla).post(f"/v1/phases/{phase}/parts", {"quantity": "10"})
    status, problem = await change(plant, order)
    assert (status, problem["code"]) == (409, "work_handed_in")
    elsewhere = [{"destination": "RM-01", "quantity": "100"}]
    status, job = await change(plant, order, quantity="100", deliveries=elsewhere)
    assert (status, job["deliveries"]) == (200, elsewhere)


async def test_a_change_that_cannot_be_is_refused(plant: Plant, order: dict[str, Any]) -> None:
    for changes, status, code in (
        (
            {"deliveries": [{"destination": "MI-01", "quantity": "80"}]},
            422,
            "deliveries_differ_from_quantity",
        ),
        ({"quantity": "101", "deliveries": []}, 422, "quantity_not_approved"),
        (
            {"quantity": "100", "deliveries": [{"destination": "MI-01", "quantity": "100"}]},
            422,
            "nothing_changed",
        ),
    ):
        found, problem = await change(plant, order, **changes)
        assert (found, problem["code"]) == (status, code)
        assert (await plant.order(order["id"]))["changes"] == []


async def test_more_than_was_approved_is_within_the_tolerance(plant: Plant, order: dict[str, Any]) -> None:
    headers = {"If-Match": '"0"'}
    response, _ = await plant.admin.put("/v1/price-policy", {"tolerance_percent": "5"}, headers=headers)
    assert response.status == 200
    assert (await change(plant, order, quantity="105", deliveries=[]))[0] == 200
    status, problem = await change(plant, order, quantity="106", deliveries=[])
    assert (status, problem["code"]) == (422, "quantity_not_approved")  # of what was confirmed, not of 105


async def test_an_order_of_the_release_before_is_bound_to_what_was_approved(
    plant: Plant, order: dict[str, Any]
) -> None:
    """It kept no confirmed quantity beside the line's."""
    await plant.database.fetch("UPDATE order_jobs SET confirmed = NULL")
    status, problem = await change(plant, order, quantity="101", deliveries=[])
    assert (status, problem["code"]) == (422, "quantity_not_approved")
    assert (await change(plant, order, quantity="60", deliveries=[]))[0] == 200
    assert (await change(plant, order, quantity="100", deliveries=[]))[0] == 200
    status, problem = await change(plant, order, quantity="101", deliveries=[])
    assert (status, problem["code"]) == (422, "quantity_not_approved")


async def test_a_line_of_which_goods_have_left_stays(plant: Plant, order: dict[str, Any]) -> None:
    await plant.ship("issued", uuid4(), order, "5")
    status, problem = await change(plant, order)
    assert (status, problem["code"]) == (409, "goods_of_line_have_left")


async def test_work_is_planned_anew_for_another_deadline(plant: Plant, order: dict[str, Any]) -> None:
    path = f"/v1/orders/{order['id']}/deadline"
    headers = {"If-Match": f'"{order["version"]}"'}
    body = {"deadline": "2027-03-31", "reason": "Rinviata"}
    response, changed = await plant.admin.put(path, body, headers=headers)
    assert (response.status, changed["deadline"]) == (200, "2027-03-31")
    assert changed["jobs"][0]["phases"][0]["planned_end"] == "2027-03-31"
    assert changed["changes"][0]["deadline_before"] == order["deadline"]
    response, problem = await plant.admin.put(path, body, headers=headers)
    assert (response.status, problem["code"]) == (412, "stale_version")
    headers = {"If-Match": f'"{changed["version"]}"'}
    past = {"deadline": "2026-11-01", "reason": "Prima"}
    response, problem = await plant.admin.put(path, past, headers=headers)
    assert (response.status, problem["code"]) == (422, "deadline_past")
