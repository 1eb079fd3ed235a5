"""Each actor sees what is in their competence; the rest is absent."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from .conftest import ECONOMICS, LINE, ONE_PHASE, Plant


async def an_assigned_order(plant: Plant) -> tuple[dict[str, Any], Any, Any]:
    """An order whose first phase is Carla's and whose second is Dario's."""
    await plant.define("espositore", LINE)
    order = await plant.order_of(await plant.approve(("espositore", "500")))
    await plant.value(order["jobs"][0])
    carla, dario = await plant.worker(), await plant.worker("supplier", name="Dario Blu")
    first, second, _ = order["jobs"][0]["phases"]
    await plant.assign(first["id"], carla)
    await plant.assign(second["id"], dario)
    return await plant.order(order["id"]), carla, dario


async def test_a_dealer_sees_own_tasks_and_nothing_else(plant: Plant) -> None:
    order, carla, dario = await an_assigned_order(plant)
    first, second, third = order["jobs"][0]["phases"]
    client = plant.app.as_(carla)
    _, page = await client.get("/v1/tasks")
    assert page["items"] == [
        {
            "id": first["id"],
            "phase": "Stampa",
            "description": "Articolo 1",
            "quantity": "500",
            "least": "450",
            "most": "550",
            "unit": "pz",
            "technical_sheet": "CMYK, 3 mm",
            "sheet": [],
            "deadline": "2027-01-31",
            "planned_start": "2027-01-27",
            "planned_end": "2027-01-27",
            "state": "assigned",
            "attempt": 1,
            "note": "",
            "rejected_attempts": [],
            "actions": ["start", "give_back"],
        }
    ]
    _, of_dario = await plant.app.as_(dario).get("/v1/tasks")
    assert [(t["id"], t["state"]) for t in of_dario["items"]] == [(second["id"], "waiting")]

    absent = await client.get(f"/v1/tasks/{uuid4()}")
    for phase in (second, third):
        for method, path, body in (
            ("GET", f"/v1/tasks/{phase['id']}", None),
            ("POST", f"/v1/phases/{phase['id']}/start", None),
            ("POST", f"/v1/phases/{phase['id']}/completion", {"quantity": "500"}),
        ):
            response, problem = await client.request(method, path, json=body)
            assert response.status == 404, path
            assert {**problem, "instance": ""} == {**absent[1], "instance": ""}
    for path in (
        f"/v1/orders/{order['id']}", "/v1/orders", f"/v1/jobs/{order['jobs'][0]['id']}",
        "/v1/customers", "/v1/customers/C001", "/v1/kinds", "/v1/kinds/espositore",
    ):  # fmt: skip
        response, _ = await client.get(path)
        assert response.status == 403, path


async def test_work_that_a_person_lost_is_lost_to_their_sight(plant: Plant) -> None:
    order, carla, dario = await an_assigned_order(plant)
    first = order["jobs"][0]["phases"][0]["id"]
    await plant.assign(first, dario)
    assert (await plant.app.as_(carla).get("/v1/tasks"))[1]["items"] == []
    response, _ = await plant.app.as_(carla).post(f"/v1/phases/{first}/start")
    assert response.status == 404
    await plant.work(first, dario, "500")
    _, done = await plant.app.as_(dario).get("/v1/tasks?state=done")
    assert [(t["id"], t["completed_quantity"]) for t in done["items"]] == [(first, "500")]


async def test_a_successor_does_not_read_of_whose_work_was_refused(plant: Plant) -> None:
    order, _, dario = await an_assigned_order(plant)
    first, second, _ = (phase["id"] for phase in order["jobs"][0]["phases"])
    await plant.assign(first, dario)
    for phase_id in (first, second):
        await plant.work(phase_id, dario, "490")
    response, body = await plant.as_("backoffice").post(
        f"/v1/phases/{second}/rejection", {"reason": "Bordi irregolari"}
    )
    assert (response.status, body["state"], body["attempt"]) == (200, "assigned", 2)
    assert [(a["attempt"], a["quantity"], a["reason"]) for a in body["rejected_attempts"]] == [
        (1, "490", "Bordi irregolari")
    ]
    _, own = await plant.app.as_(dario).get(f"/v1/tasks/{second}")
    assert [a["reason"] for a in own["rejected_attempts"]] == ["Bordi irregolari"]
    heir = await plant.worker(name="Elena Gialli")
    await plant.assign(second, heir)
    _, inherited = await plant.app.as_(heir).get(f"/v1/tasks/{second}")
    assert (inherited["attempt"], inherited["rejected_attempts"]) == (2, [])


async def test_those_who_see_all_phases_may_still_not_do_the_work_of_others(plant: Plant) -> None:
    order, _, _ = await an_assigned_order(plant)
    first = order["jobs"][0]["phases"][0]["id"]
    response, problem = await plant.as_("backoffice").post(f"/v1/phases/{first}/start")
    assert (response.status, problem["code"]) == (403, "task_of_another")


async def test_fields_follow_privileges(plant: Plant) -> None:
    order, _, _ = await an_assigned_order(plant)
    path = f"/v1/orders/{order['id']}"

    _, admin = await plant.admin.get(path)
    assert admin["jobs"][0]["economics"] == {
        **ECONOMICS, "price": "1250.00", "margin": "350.00", "vat_code": "22",
        "planned_cost": "900.00", "cost_lines": [], "margin_percent": "28.0", "sheet": [],
    }  # fmt: skip
    _, backoffice = await plant.as_("backoffice").get(path)
    assert backoffice["customer"] == {"code": "C001"}
    assert backoffice["jobs"][0]["technical_sheet"] == "CMYK, 3 mm"
    assert backoffice["jobs"][0]["phases"][0]["assignee"]["name"] == "Carla Verdi"
    _, purchasing = await plant.as_("purchasing").get(path)
    assert purchasing["jobs"][0]["economics"]["price"] == "1250.00"
    assert "phases" not in purchasing["jobs"][0]
    bare = plant.as_("sguardo", privileges={"order.read"})
    _, least = await bare.get(path)
    for hidden in ("customer", "shipments"):
        assert hidden not in least
    for hidden in ("economics", "phases", "technical_sheet", "sheet"):
        assert hidden not in least["jobs"][0]
    _, job = await bare.get(f"/v1/jobs/{order['jobs'][0]['id']}")
    assert job == least["jobs"][0]
    _, page = await bare.get("/v1/orders")
    assert "customer" not in page["items"][0]
    response, problem = await bare.get("/v1/orders?customer=C001")
    assert (response.status, problem["code"]) == (403, "missing_privilege")

    for view in (backoffice, least, page):
        text = json.dumps(view)
        for secret in ("1250.00", "900.00", "2.50", "Grafiche Rossi", "350.00", "price", "cost", "margin"):
            assert secret not in text, secret


async def test_only_an_admin_sets_economics_and_assigns(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "1000")))
    job = order["jobs"][0]
    carla = await plant.worker()
    before = await plant.app.types()
    for role in ("backoffice", "dealer", "agent", "supplier", "marketing", "purchasing", "auditor"):
        client = plant.as_(role)
        response, _ = await client.put(
            f"/v1/jobs/{job['id']}/economics", ECONOMICS, headers={"If-Match": '"1"'}
        )
        assert response.status == 403, role
        phase = job["phases"][0]["id"]
        for action, body in (("assignment", {"assignee_id": str(carla.person_id)}), ("skip", None)):
            response, _ = await client.post(f"/v1/phases/{phase}/{action}", body)
            assert response.status == 403, (role, action)
        response, _ = await client.put("/v1/kinds/gadget", ONE_PHASE)
        assert response.status == 403, role
    assert await plant.app.types() == before


async def test_another_tenant_finds_nothing(plant: Plant) -> None:
    order, carla, _ = await an_assigned_order(plant)
    job, phase = order["jobs"][0], order["jobs"][0]["phases"][0]
    before = await plant.app.types()
    elsewhere = uuid4()
    stranger = plant.app.as_(plant.actor("admin", tenant_id=elsewhere))
    same_person = plant.app.as_(plant.actor("dealer", tenant_id=elsewhere, person_id=carla.person_id))
    for client, method, path, body in (
        (stranger, "GET", f"/v1/orders/{order['id']}", None),
        (stranger, "GET", f"/v1/jobs/{job['id']}", None),
        (stranger, "GET", "/v1/kinds/espositore", None),
        (stranger, "PUT", f"/v1/jobs/{job['id']}/economics", ECONOMICS),
        (stranger, "POST", f"/v1/orders/{order['id']}/cancellation", {"reason": "x"}),
        (stranger, "POST", f"/v1/phases/{phase['id']}/assignment", {"assignee_id": str(carla.person_id)}),
        (stranger, "POST", f"/v1/phases/{phase['id']}/skip", None),
        (stranger, "POST", f"/v1/phases/{phase['id']}/acceptance", None),
        (stranger, "POST", f"/v1/phases/{phase['id']}/rejection", {"reason": "x"}),
        (same_person, "GET", f"/v1/tasks/{phase['id']}", None),
        (same_person, "POST", f"/v1/phases/{phase['id']}/start", None),
        (same_person, "POST", f"/v1/phases/{phase['id']}/completion", {"quantity": "500"}),
    ):
        headers = {"If-Match": f'"{job["version"]}"'} if method == "PUT" else None
        response, _ = await client.request(method, path, json=body, headers=headers)
        assert response.status == 404, path
    for path in ("/v1/orders", "/v1/kinds", "/v1/customers", f"/v1/orders?brief_id={order['brief_id']}"):
        assert (await stranger.get(path))[1]["items"] == [], path
    assert (await same_person.get("/v1/tasks"))[1]["items"] == []
    assert await plant.app.types() == before
