"""From an approved brief to a delivered order."""

from __future__ import annotations

from uuid import UUID, uuid4

from .conftest import LINE, ONE_PHASE, Plant


async def test_an_approved_brief_is_made_shipped_and_delivered(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    await plant.define("gadget", ONE_PHASE)
    brief_id = await plant.approve(("espositore", "500"), ("gadget", "1000"))
    order = await plant.order_of(brief_id)
    assert (order["number"], order["state"]) == ("O-2026-0001", "confirmed")
    assert [job["state"] for job in order["jobs"]] == ["planned", "planned"]

    dealer = await plant.worker()
    await plant.make(order, dealer, {order["jobs"][1]["id"]: "980"})
    order = await plant.order(order["id"])
    assert order["state"] == "ready"
    assert [(job["state"], job["produced"]) for job in order["jobs"]] == [("done", "500"), ("done", "980")]

    first, second = sorted((uuid4(), uuid4()))
    await plant.ship("issued", first, order, "500", "400")
    assert (await plant.order(order["id"]))["state"] == "partially_shipped"
    await plant.ship("delivered", first, order, "500", "400")
    await plant.ship("departed", second, order, "0", "580")
    assert (await plant.order(order["id"]))["state"] == "shipped"
    await plant.ship("delivered", second, order, "0", "580")
    order = await plant.order(order["id"])
    assert order["state"] == "delivered"
    assert [(job["shipped"], job["delivered"]) for job in order["jobs"]] == [("500", "500"), ("980", "980")]
    assert [each.get("ddt_number") for each in order["shipments"]] == ["1/2026", None]

    published = await plant.app.published()
    assert {event.correlationid for event in published if event.type.split(".")[2] != "kind_defined"} == {
        brief_id
    }
    assert [e.type.split(".")[2] for e in published if e.subject == UUID(order["id"])] == [
        "order_confirmed",
        "order_started",
        "order_valued",
        "order_ready",
        "order_shipment_changed",
        "order_shipment_changed",
        "order_delivered",
    ]
    assert [e.type.split(".")[2] for e in published if e.subject == UUID(order["jobs"][0]["id"])] == [
        "job_set",
        "phase_assigned",
        "phase_started",
        "phase_completed",
        "phase_assigned",
        "phase_started",
        "phase_completed",
        "phase_accepted",
        "phase_assigned",
        "phase_started",
        "phase_completed",
        "job_completed",
    ]


async def test_events_carry_the_facts(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    brief_id = await plant.approve(("gadget", "1000"))
    order = await plant.order_of(brief_id)
    await plant.make(order, await plant.worker(), {order["jobs"][0]["id"]: "950.5"})
    by_type = {event.type: event.data for event in await plant.app.published()}
    job_id = order["jobs"][0]["id"]
    confirmed = by_type["optima.production.order_confirmed.v1"]
    assert (confirmed["number"], confirmed["customer"], confirmed["deadline"]) == (
        "O-2026-0001",
        "C001",
        "2027-01-31",
    )
    assert confirmed["lines"][0]["deliveries"] == [{"destination": "MI-01", "quantity": "1000"}]
    assert by_type["optima.economics.job_set.v1"] == {
        "job_id": job_id,
        "order_id": order["id"],
        "cost": "900.00",
        "price": "2500.00",
        "margin": "1600.00",
        "supplier": "Grafiche Rossi",
        "materials": "cartone",
        "approved_unit_price": None,
        "price_reason": None,
    }
    assert by_type["optima.economics.order_valued.v1"] == {
        "order_id": order["id"],
        "brief_id": str(brief_id),
        "lines": [{"job_id": job_id, "unit_price": "2.50", "amount": "2500.00", "vat_code": "22"}],
        "total": "2500.00",
    }
    assert by_type["optima.production.job_completed.v1"] == {
        "job_id": job_id,
        "order_id": order["id"],
        "brief_id": str(brief_id),
        "quantity": "950.5",
        "unit": "pz",
    }
