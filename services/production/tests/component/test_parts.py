"""Work is handed in in parts, given back, and taken over."""

from __future__ import annotations

from .conftest import Plant

LINE = {
    "name": "Espositore",
    "phases": [
        {"key": "stampa", "name": "Stampa"},
        {"key": "taglio", "name": "Taglio", "after": ["stampa"], "starts_on_parts": True},
    ],
}


async def test_the_next_phase_works_on_what_is_there_already(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    carla, dario = await plant.worker(), await plant.worker(name="Dario Blu")
    order = await plant.order_of(await plant.approve(("espositore", "100")))
    await plant.value(order["jobs"][0])
    printing, cut = (phase["id"] for phase in order["jobs"][0]["phases"])
    await plant.assign(printing, carla)
    await plant.assign(cut, dario)
    printer, cutter = plant.app.as_(carla), plant.app.as_(dario)
    await printer.post(f"/v1/phases/{printing}/start")
    response, problem = await cutter.post(f"/v1/phases/{cut}/start")
    assert (response.status, problem["code"]) == (409, "predecessors_not_over")
    response, task = await printer.post(f"/v1/phases/{printing}/parts", {"quantity": "40"})
    assert (response.status, task["state"], task["made_so_far"]) == (200, "in_progress", "40")
    response, task = await cutter.post(f"/v1/phases/{cut}/start")
    assert (response.status, task["actions"]) == (200, ["report", "give_back"])
    assert await plant.database.published("optima.production.job_part_completed.v1") == []
    await cutter.post(f"/v1/phases/{cut}/parts", {"quantity": "30"})
    (part,) = await plant.database.published("optima.production.job_part_completed.v1")
    assert (part.data["quantity"], part.data["unit"]) == ("30", "pz")
    response, problem = await cutter.post(f"/v1/phases/{cut}/parts", {"quantity": "11"})
    assert (response.status, problem["code"]) == (422, "part_too_large")
    assert "10 pz" in problem["errors"][0]["detail"]
    await printer.post(f"/v1/phases/{printing}/completion", {"quantity": "100"})
    response, task = await cutter.post(f"/v1/phases/{cut}/completion", {"quantity": "100"})
    assert (response.status, task["state"]) == (200, "done")
    told = await plant.database.published("optima.production.phase_part_reported.v1")
    assert [(each.data["quantity"], each.data["made_so_far"]) for each in told] == [
        ("40", "40"),
        ("30", "30"),
    ]
    assert len(await plant.database.published("optima.production.job_part_completed.v1")) == 1


async def test_begun_work_is_given_back_or_taken_over_for_a_reason(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    carla, dario = await plant.worker(), await plant.worker(name="Dario Blu")
    order = await plant.order_of(await plant.approve(("espositore", "100")))
    await plant.value(order["jobs"][0])
    phase = order["jobs"][0]["phases"][0]["id"]
    await plant.assign(phase, carla)
    await plant.app.as_(carla).post(f"/v1/phases/{phase}/start")
    to_dario = {"assignee_id": str(dario.person_id), "reason": "Urgente"}
    response, body = await plant.admin.post(f"/v1/phases/{phase}/assignment", to_dario)
    assert (response.status, body["state"], body["assignee"]["name"]) == (200, "assigned", "Dario Blu")
    response, _ = await plant.app.as_(carla).get(f"/v1/tasks/{phase}")
    assert response.status == 404
    response, body = await plant.app.as_(dario).post(f"/v1/phases/{phase}/return", {"reason": "Ferie"})
    assert (response.status, body) == (200, {"id": phase, "state": "ready"})
    response, _ = await plant.app.as_(dario).get(f"/v1/tasks/{phase}")
    assert response.status == 404
    last = (await plant.app.published())[-1]
    assert last.type == "optima.production.phase_given_back.v1"
    assert (last.data["former_assignee_id"], last.data["reason"]) == (str(dario.person_id), "Ferie")
