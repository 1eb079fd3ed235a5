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


async def test_two_shares_are_joined_again(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    carla = await plant.worker()
    order = await plant.order_of(await plant.approve(("espositore", "400")))
    await plant.value(order["jobs"][0])
    printing = order["jobs"][0]["phases"][0]["id"]
    job = await split(plant, printing, quantity="40", assignee_id=str(carla.person_id))
    share = job["phases"][1]["id"]
    assert all("join" in phase["actions"] for phase in job["phases"][:2])
    worker = plant.app.as_(carla)
    response, _ = await worker.post(f"/v1/tasks/{share}/messages", {"text": "Quale carta?"})
    assert response.status == 201
    path = f"/v1/phases/{share}/joining"
    response, problem = await plant.admin.post(path, {"with_id": job["phases"][2]["id"]})
    assert (response.status, problem["errors"][0]["code"]) == (422, "shares_do_not_join")
    response, job = await plant.admin.post(path, {"with_id": printing})
    assert response.status == 200, job
    shown = [(p["id"], p.get("share"), p.get("share_number"), p["state"]) for p in job["phases"]]
    assert shown[0] == (printing, None, None, "assigned")
    assert len(shown) == 2
    (told,) = await plant.database.published("optima.production.shares_joined.v1")
    assert (told.data["phase_id"], told.data["share_id"], told.data["quantity"]) == (printing, share, "100")
    _, given = await plant.database.published("optima.production.phase_assigned.v1")
    assert (given.data["phase_id"], given.data["assignee_id"]) == (printing, str(carla.person_id))
    _, written = await worker.get(f"/v1/tasks/{printing}/messages")
    assert [each["text"] for each in written["items"]] == ["Quale carta?"]
    response, _ = await worker.get(f"/v1/tasks/{share}")
    assert response.status == 404
    response, problem = await plant.admin.post(f"/v1/phases/{printing}/joining", {"with_id": share})
    assert (response.status, problem["code"]) == (409, "nothing_to_join")
    await plant.work(printing, carla, "100")
