"""From wherever an order has got to, it comes to an end: delivered or cancelled."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.brief import BriefCancellationRevoked
from optima_contracts.logistics import CancellationRefused

from .conftest import LINE, ONE_PHASE, Plant, cancelled

REASON = {"reason": "Tre pezzi rotti"}


async def made(plant: Plant, quantity: str = "100") -> dict[str, Any]:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", quantity)))
    await plant.make(order, await plant.worker())
    return await plant.order(order["id"])


async def close(plant: Plant, path: str) -> tuple[int, Any]:
    response, body = await plant.as_("backoffice").post(f"/v1/{path}/closure", REASON)
    return response.status, body


async def test_an_order_is_delivered_short_when_no_more_can_come(plant: Plant) -> None:
    order = await made(plant)
    parcel = uuid4()
    for state in ("issued", "departed", "delivered"):
        await plant.ship(state, parcel, order, "97")
    assert (await plant.order(order["id"]))["state"] == "partially_shipped"
    status, body = await close(plant, f"orders/{order['id']}")
    assert (status, body["state"], body["jobs"][0]["closed_because"]) == (200, "delivered", "Tre pezzi rotti")
    assert (await plant.app.types())[-2:] == ["job_closed", "order_delivered"]
    (told,) = await plant.database.published("optima.production.job_closed.v1")
    assert told.data["shipped"] == "97"
    assert (await close(plant, f"orders/{order['id']}"))[1]["code"] == "order_ended"


async def test_an_order_of_which_nothing_left_is_cancelled_by_closing_its_lines(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    brief = await plant.approve(("gadget", "100"), ("never defined", "5"))
    order = await plant.order_of(brief)
    status, body = await close(plant, f"jobs/{order['jobs'][1]['id']}")
    assert (status, body["state"]) == (200, "cancelled")
    assert (await plant.order(order["id"]))["state"] == "confirmed"
    assert (await close(plant, f"jobs/{order['jobs'][1]['id']}"))[1]["code"] == "job_closed"
    assert (await close(plant, f"orders/{order['id']}"))[1]["state"] == "cancelled"
    assert (await plant.app.types())[-1] == "order_cancelled"


async def test_the_rest_of_an_order_goes_on_without_a_closed_line(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "100"), ("never defined", "5")))
    await close(plant, f"jobs/{order['jobs'][1]['id']}")
    await plant.make({**order, "jobs": order["jobs"][:1]}, await plant.worker())
    assert (await plant.order(order["id"]))["state"] == "ready"
    await plant.ship("delivered", uuid4(), order, "100")
    assert (await plant.order(order["id"]))["state"] == "delivered"


@pytest.mark.parametrize("ending", ["refused", "voided"])
async def test_closed_lines_whose_goods_come_back_cancel_the_order(plant: Plant, ending: str) -> None:
    order = await made(plant)
    parcel = uuid4()
    await plant.ship("departed", parcel, order, "97")
    assert (await close(plant, f"orders/{order['id']}"))[1]["state"] == "shipped"
    await plant.ship(ending, parcel, order, "97")
    after = await plant.order(order["id"])
    assert (after["state"], after["cancellation_reason"]) == ("cancelled", "Tre pezzi rotti")


@pytest.mark.parametrize("refused_at", range(4))
async def test_after_a_void_an_order_whose_cancellation_was_refused_may_be_cancelled(
    plant: Plant, refused_at: int
) -> None:
    """The refusal may be heard at any moment among the brief's cancellation and the shipment's facts."""
    order = await made(plant)
    brief_id, parcel = UUID(order["brief_id"]), uuid4()
    refusal = CancellationRefused(
        order_id=UUID(order["id"]), brief_id=brief_id, reason="DDT 1/2026", shipment_ids=[parcel]
    )
    heard = [
        plant.ship("issued", parcel, order, "100", sequence=3),
        plant.deliver(cancelled(brief_id), brief_id, sequence=5),
        plant.ship("voided", parcel, order, "100", sequence=4),
    ]
    heard.insert(refused_at, plant.deliver(refusal, UUID(order["id"])))
    for each in heard:
        await each
    revoked = BriefCancellationRevoked(brief_id=brief_id, reason="DDT 1/2026")
    await plant.deliver(revoked, brief_id, sequence=6)
    assert (await plant.order(order["id"]))["state"] == "ready"
    response, body = await plant.as_("backoffice").post(
        f"/v1/orders/{order['id']}/cancellation", {"reason": "Campagna sospesa"}
    )
    assert (response.status, body["state"]) == (200, "cancelled")
    told = (await plant.database.published("optima.production.order_cancelled.v1"))[-1]
    assert told.data["goods_came_back"] is True


async def test_deliveries_add_up_to_what_is_ordered(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    item = {"kind": "gadget", "description": "Penna", "quantity": "100"}
    item |= {"deliveries": [{"destination": "MI-01", "quantity": "60"}]}
    body = {"title": "Penne", "deadline": "2027-01-31", "items": [item]}
    response, problem = await plant.as_("backoffice").post("/v1/orders", body)
    assert (response.status, problem["code"]) == (422, "deliveries_differ_from_quantity")
    assert problem["errors"][0]["field"] == "items[0].deliveries"


async def test_a_cancellation_is_told_again_when_goods_turn_out_to_have_come_back_before_it(
    plant: Plant,
) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "100")))
    await plant.admin.post(f"/v1/orders/{order['id']}/cancellation", {"reason": "Sospesa"})
    sent = uuid4()
    for state in ("issued", "departed", "refused"):
        await plant.ship(state, sent, order, "100")
    told = await plant.database.published("optima.production.order_cancelled.v1")
    assert [event.data["goods_came_back"] for event in told] == [None, True]
    assert [event.data["reason"] for event in told] == ["Sospesa"] * 2


async def test_what_a_phase_would_have_cost_goes_with_it(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    brief_id = await plant.approve(("espositore", "100"))
    order = await plant.order_of(brief_id)
    (job,) = order["jobs"]
    printing, _, packing = job["phases"]
    lines = [
        {"what": "phase", "description": "Stampa", "unit_cost": "40.00", "phase_id": printing["id"]},
        {"what": "phase", "description": "Confezione", "unit_cost": "30.00", "phase_id": packing["id"]},
        {"what": "material", "description": "Cartone", "unit_cost": "5.00"},
    ]
    body, headers = {"cost_lines": lines, "unit_price": "2.50"}, {"If-Match": f'"{job["version"]}"'}
    response, _ = await plant.admin.put(f"/v1/jobs/{job['id']}/economics", body, headers=headers)
    assert response.status == 200

    async def costs() -> tuple[str, str, str]:
        economics = (await plant.order(order["id"]))["jobs"][0]["economics"]
        return economics["cost"], economics["planned_cost"], economics["margin"]

    assert await costs() == ("75.00", "75.00", "175.00")
    response, _ = await plant.admin.post(f"/v1/phases/{packing['id']}/skip")
    assert response.status == 200
    assert await costs() == ("45.00", "45.00", "205.00")
    await plant.deliver(cancelled(brief_id), brief_id)
    assert await costs() == ("5.00", "5.00", "245.00")
    await plant.deliver(
        BriefCancellationRevoked(brief_id=brief_id, reason="Merce partita"), brief_id, sequence=9
    )
    assert await costs() == ("45.00", "45.00", "205.00")
    told = await plant.database.published("optima.economics.job_set.v1")
    assert [each.data["cost"] for each in told] == ["75.00", "45.00", "5.00", "45.00"]
    _, history = await plant.admin.get(f"/v1/jobs/{job['id']}/economics-history")
    assert ["set_by" in each for each in history["items"]] == [False, False, False, True]
