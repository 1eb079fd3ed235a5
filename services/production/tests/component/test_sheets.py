"""The technical sheet of a job: what its kind asks for, and who reads it."""

from __future__ import annotations

from typing import Any

from .conftest import ONE_PHASE, Plant

SHEET = [
    {"key": "carta", "name": "Carta", "required": True},
    {"key": "grammatura", "name": "Grammatura", "type": "number", "unit": "g/m²"},
    {"key": "colori", "name": "Colori", "type": "choice", "choices": ["4+0", "4+4"]},
]
ENTERED = [
    {"key": "carta", "name": "Carta", "value": "Patinata opaca", "type": "text"},
    {"key": "grammatura", "name": "Grammatura", "value": "170", "type": "number", "unit": "g/m²"},
]


async def set_to(plant: Plant, order_id: str, sheet: dict[str, str]) -> tuple[int, Any]:
    (job,) = (await plant.order(order_id))["jobs"]
    body = {"cost": "100.00", "unit_price": "2.50", "sheet": sheet}
    headers = {"If-Match": f'"{job["version"]}"'}
    response, answer = await plant.admin.put(f"/v1/jobs/{job['id']}/economics", body, headers=headers)
    return response.status, answer


async def test_who_does_the_work_reads_what_the_kind_asks_for(plant: Plant) -> None:
    await plant.define("locandina", {**ONE_PHASE, "sheet": SHEET})
    _, kind = await plant.admin.get("/v1/kinds/locandina")
    assert [each["name"] for each in kind["sheet"]] == ["Carta", "Grammatura", "Colori"]
    order = await plant.order_of(await plant.approve(("locandina", "100")))
    status, problem = await set_to(plant, order["id"], {"formato": "A3", "colori": "5+0"})
    assert (status, [(each["field"], each["code"]) for each in problem["errors"]]) == (
        422,
        [
            ("sheet.formato", "sheet_field_unknown"),
            ("sheet.carta", "sheet_entry_missing"),
            ("sheet.colori", "sheet_entry_not_a_choice"),
        ],
    )
    entered = {"carta": "Patinata opaca", "grammatura": "170"}
    status, shown = await set_to(plant, order["id"], entered)
    assert (status, shown["sheet"]) == (200, ENTERED)

    fewer = {**ONE_PHASE, "sheet": [{"key": "supporto", "name": "Supporto"}]}
    headers = {"If-Match": f'"{kind["version"]}"'}
    response, _ = await plant.admin.put("/v1/kinds/locandina", fewer, headers=headers)
    assert response.status == 200
    carla = await plant.worker()
    (job,) = (await plant.order(order["id"]))["jobs"]
    assert job["sheet"] == ENTERED, "what was entered stays, with its names"
    phase = job["phases"][0]["id"]
    await plant.assign(phase, carla)
    worker = plant.app.as_(carla)
    for answer in (await worker.get(f"/v1/tasks/{phase}"), await worker.post(f"/v1/phases/{phase}/start")):
        assert answer[1]["sheet"] == ENTERED
    _, history = await plant.admin.get(f"/v1/jobs/{job['id']}/economics-history")
    assert [each["economics"]["sheet"] for each in history["items"]] == [ENTERED]
    assert (await set_to(plant, order["id"], {"supporto": "Forex"}))[0] == 200
