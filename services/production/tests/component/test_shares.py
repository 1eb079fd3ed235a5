"""A phase is split among several people."""

from __future__ import annotations

from typing import Any

from .conftest import Plant

LINE = {
    "name": "Espositore",
    "phases": [
        {"key": "stampa", "name": "Stampa", "unit": "fogli", "factor": "4"},
        {"key": "taglio", "name": "Taglio", "after": ["stampa"]},
    ],
}


async def split(plant: Plant, phase_id: str, **body: str) -> dict[str, Any]:
    response, job = await plant.admin.post(f"/v1/phases/{phase_id}/shares", body)
    assert response.status == 200, job
    return dict(job)


async def test_two_print_and_what_comes_after_waits_for_both(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    carla, dario = await plant.worker(), await plant.worker(name="Dario Blu")
    order = await plant.order_of(await plant.approve(("espositore", "400")))
    await plant.value(order["jobs"][0])
    printing, cut = (phase["id"] for phase in order["jobs"][0]["phases"])
    await plant.assign(printing, carla)
    printer, helper = plant.app.as_(carla), plant.app.as_(dario)
    await printer.post(f"/v1/phases/{printing}/start")
    await printer.post(f"/v1/phases/{printing}/parts", {"quantity": "50"})
    response, problem = await plant.admin.post(f"/v1/phases/{printing}/shares", {"quantity": "51"})
    assert (response.status, problem["code"]) == (422, "split_too_large")
    assert "50 fogli" in problem["errors"][0]["detail"]
    job = await split(plant, printing, quantity="40", assignee_id=str(dario.person_id))
    shares = [(p["name"], p.get("share"), p.get("share_number"), p["state"]) for p in job["phases"]]
    assert shares == [
        ("Stampa", "60", 1, "in_progress"),
        ("Stampa", "40", 2, "assigned"),
        ("Taglio", None, None, "waiting"),
    ]
    share = job["phases"][1]["id"]
    (told,) = await plant.database.published("optima.production.phase_split.v1")
    assert (told.data["share_id"], told.data["quantity"], told.data["unit"]) == (share, "40", "fogli")
    assert told.data["assignee_id"] == str(carla.person_id)

    _, tasks = await helper.get("/v1/tasks")
    (task,) = tasks["items"]
    assert (task["id"], task["quantity"], task["least"], task["most"]) == (share, "40", "36", "44")
    response, _ = await helper.get(f"/v1/tasks/{printing}")
    assert response.status == 404
    _, board = await plant.admin.get("/v1/phases?state=assigned")
    assert [(row["id"], row["quantity"], row["share_number"]) for row in board["items"]] == [(share, "40", 2)]

    await printer.post(f"/v1/phases/{printing}/completion", {"quantity": "60"})
    _, order = await plant.admin.get(f"/v1/orders/{order['id']}")
    assert [p["state"] for p in order["jobs"][0]["phases"]] == ["done", "assigned", "waiting"]
    await plant.work(share, dario, "38")
    await plant.assign(cut, carla)
    await plant.work(cut, carla, "392")
    _, order = await plant.admin.get(f"/v1/orders/{order['id']}")
    (job,) = order["jobs"]
    assert (order["state"], job["state"], job["produced"]) == ("ready", "done", "392")
    assert [p.get("lost") for p in job["phases"]] == [None, "2", None]


async def test_shares_follow_what_is_ordered(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    order = await plant.order_of(await plant.approve(("espositore", "400")))
    await plant.value(order["jobs"][0])
    job = await split(plant, order["jobs"][0]["phases"][0]["id"], quantity="40")
    line = {"quantity": "200", "deliveries": [], "reason": "Meno punti vendita"}
    headers = {"If-Match": f'"{job["version"]}"'}
    response, job = await plant.admin.put(f"/v1/jobs/{job['id']}/line", line, headers=headers)
    assert response.status == 200, job
    assert [p.get("share") for p in job["phases"]] == ["30", "20", None]
