"""What is asked in the wrong way, at the wrong time or twice is refused, and nothing is written."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from .conftest import ECONOMICS, LINE, ONE_PHASE, Plant

ORDER: dict[str, Any] = {
    "title": "Riassortimento",
    "deadline": "2027-01-31",
    "items": [{"kind": "gadget", "description": "Portachiavi", "quantity": "100"}],
}
ITEM = ORDER["items"][0]


async def an_order(plant: Plant, *, document: dict[str, Any] = ONE_PHASE) -> dict[str, Any]:
    await plant.define("gadget", document)
    return await plant.order_of(await plant.approve(("gadget", "1000")))


async def test_backoffice_writes_an_order_without_a_brief(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    item = {**ITEM, "deliveries": [{"destination": "MI-01", "quantity": ITEM["quantity"]}]}
    response, body = await plant.as_("backoffice").post("/v1/orders", {**ORDER, "items": [item]})
    assert (response.status, body["number"], body["state"], body.get("brief_id")) == (
        201, "O-2026-0001", "confirmed", None,
    )  # fmt: skip
    assert response.headers["Location"] == f"/v1/orders/{body['id']}"
    (event,) = await plant.database.published("optima.production.order_confirmed.v1")
    assert str(event.correlationid) == str(event.subject) == body["id"]
    response, body = await plant.as_("backoffice").post(
        f"/v1/orders/{body['id']}/cancellation", {"reason": "Cliente ripensato"}
    )
    assert (response.status, body["state"]) == (200, "cancelled")
    response, problem = await plant.as_("backoffice").post(
        f"/v1/orders/{body['id']}/cancellation", {"reason": "Ancora"}
    )
    assert (response.status, problem["code"]) == (409, "order_cancelled")
    response, problem = await plant.admin.put(
        f"/v1/jobs/{body['jobs'][0]['id']}/economics",
        ECONOMICS,
        headers={"If-Match": f'"{body["jobs"][0]["version"]}"'},
    )
    assert (response.status, problem["code"]) == (409, "order_ended")


async def test_bad_documents_are_refused_field_by_field(plant: Plant) -> None:
    order = await an_order(plant)
    job = order["jobs"][0]
    phase = f"/v1/phases/{job['phases'][0]['id']}"
    economics = f"/v1/jobs/{job['id']}/economics"
    two = [{"key": "a", "name": "A"}, {"key": "b", "name": "B", "after": ["a", "c"]}]
    circle = [{"key": "a", "name": "A", "after": ["b"]}, {"key": "b", "name": "B", "after": ["a"]}]
    before = await plant.app.types()
    for method, path, body, field in (
        ("POST", "/v1/orders", {**ORDER, "items": []}, "items"),
        ("POST", "/v1/orders", {**ORDER, "price": "1.00"}, "price"),
        ("POST", "/v1/orders", {**ORDER, "title": "  "}, "title"),
        ("POST", "/v1/orders", {**ORDER, "title": "a\u0000b"}, "title"),
        ("POST", "/v1/orders", {**ORDER, "deadline": "2027-02-30"}, "deadline"),
        ("POST", "/v1/orders", {**ORDER, "deadline": "2026-11-23"}, "deadline"),
        ("POST", "/v1/orders", {**ORDER, "customer": "C404"}, "customer"),
        ("POST", "/v1/orders", {**ORDER, "items": [{**ITEM, "kind": "ignoto"}]}, "items[0].kind"),
        ("POST", "/v1/orders", {**ORDER, "items": [ITEM, {**ITEM, "quantity": "0"}]}, "items[1].quantity"),
        ("POST", "/v1/orders", {**ORDER, "items": [{**ITEM, "quantity": "-5"}]}, "items[0].quantity"),
        ("POST", "/v1/orders", {**ORDER, "items": [{**ITEM, "quantity": 1.5}]}, "items[0].quantity"),
        ("POST", "/v1/orders", {**ORDER, "items": [{**ITEM, "quantity": "NaN"}]}, "items[0].quantity"),
        (
            "POST",
            "/v1/orders",
            {**ORDER, "items": [{**ITEM, "deliveries": [{"destination": "MI-01", "quantity": "101"}]}]},
            "items[0].deliveries",
        ),
        ("POST", f"/v1/orders/{order['id']}/cancellation", {"reason": ""}, "reason"),
        ("PUT", "/v1/kinds/nuovo", {"name": "Nuovo", "phases": []}, "phases"),
        ("PUT", "/v1/kinds/nuovo", {"name": "Nuovo", "phases": two}, "phases[1].after[1]"),
        ("PUT", "/v1/kinds/nuovo", {"name": "Nuovo", "phases": circle}, "phases[0].after[0]"),
        ("PUT", "/v1/kinds/nuovo", {"name": "Nuovo", "phases": two[:1] * 2}, "phases[1].key"),
        ("PUT", "/v1/kinds/nuovo", {**ONE_PHASE, "tolerance_percent": "101"}, "tolerance_percent"),
        ("PUT", "/v1/kinds/%20nuovo", ONE_PHASE, "key"),
        ("PUT", economics, {**ECONOMICS, "cost": "-1"}, "cost"),
        ("PUT", economics, {**ECONOMICS, "unit_price": "1.00005"}, "unit_price"),
        ("PUT", economics, {**ECONOMICS, "unit_price": "999999999999.99"}, "unit_price"),
        ("PUT", economics, {**ECONOMICS, "margin": "5"}, "margin"),
        ("POST", f"{phase}/assignment", {"assignee_id": "me"}, "assignee_id"),
        ("POST", f"{phase}/rejection", {}, "reason"),
        ("GET", "/v1/orders?limit=201", None, "limit"),
        ("GET", "/v1/orders?cursor=xyz", None, "cursor"),
        ("GET", "/v1/orders?state=lost", None, "state"),
        ("GET", "/v1/tasks?cursor=WyJkb21hbmkiLCAieCJd", None, "cursor"),
        ("GET", "/v1/tasks?state=lost", None, "state"),
        ("GET", "/v1/customers?cursor=WzFd", None, "cursor"),
    ):
        headers = {"If-Match": f'"{job["version"]}"'} if path == economics else None
        response, problem = await plant.admin.request(method, path, json=body, headers=headers)
        assert response.status == 422, (path, body, problem)
        assert [error["field"] for error in problem["errors"]] == [field], (path, body)
        assert all(error["detail"] for error in problem["errors"])
    assert await plant.app.types() == before


async def test_a_task_is_worked_in_turn(plant: Plant) -> None:
    order = await an_order(plant, document=LINE)
    job = order["jobs"][0]
    first, second, third = (phase["id"] for phase in job["phases"])
    carla = await plant.worker()
    client = plant.app.as_(carla)

    async def refused(path: str, body: dict[str, Any] | None = None, by: Any = None) -> tuple[int, str]:
        response, problem = await (by or client).post(path, body)
        return response.status, problem["code"]

    assignment = {"assignee_id": str(carla.person_id)}
    assert await refused(f"/v1/phases/{first}/assignment", assignment, plant.admin) == (
        409,
        "economics_not_set",
    )
    await plant.value(job)
    for phase in (first, second):
        await plant.assign(phase, carla)
    assert await refused(f"/v1/phases/{second}/start") == (409, "predecessors_not_over")
    assert await refused(f"/v1/phases/{first}/completion", {"quantity": "1000"}) == (409, "phase_wrong_state")
    assert await refused(f"/v1/phases/{first}/skip", None, plant.admin) == (409, "phase_not_skippable")
    assert await refused(f"/v1/phases/{first}/rejection", {"reason": "x"}, plant.admin) == (
        409,
        "phase_wrong_state",
    )
    await client.post(f"/v1/phases/{first}/start")
    assert await refused(f"/v1/phases/{first}/start") == (409, "phase_wrong_state")
    for quantity in ("899.999", "1100.001"):
        assert await refused(f"/v1/phases/{first}/completion", {"quantity": quantity}) == (
            422, "quantity_beyond_tolerance",
        )  # fmt: skip
    assert await refused(f"/v1/phases/{first}/completion", {"quantity": "900"}) == (
        422,
        "loss_reason_missing",
    )
    short = {"quantity": "900", "loss_reason": "Fogli macchiati"}
    _, task = await client.post(f"/v1/phases/{first}/completion", short)
    assert (task["lost"], task["loss_reason"]) == ("100", "Fogli macchiati")
    assert await refused(f"/v1/phases/{first}/acceptance", None, plant.admin) == (409, "phase_wrong_state")
    await plant.work(second, carla, "900")
    assert (await plant.order(order["id"]))["jobs"][0]["phases"][2]["state"] == "waiting"
    await plant.admin.post(f"/v1/phases/{second}/acceptance")
    response, _ = await plant.admin.post(f"/v1/phases/{third}/skip")
    assert response.status == 200
    done = (await plant.order(order["id"]))["jobs"][0]
    assert (done["state"], done["produced"]) == ("done", "900")
    assert await refused(f"/v1/phases/{second}/rejection", {"reason": "x"}, plant.admin) == (
        409,
        "job_already_done",
    )


async def test_a_kind_changes_without_touching_running_jobs(plant: Plant) -> None:
    order = await an_order(plant)
    response, problem = await plant.admin.put("/v1/kinds/gadget", LINE)
    assert (response.status, problem["code"]) == (428, "if_match_missing")
    response, problem = await plant.admin.put("/v1/kinds/gadget", LINE, headers={"If-Match": '"2"'})
    assert (response.status, problem["code"]) == (412, "stale_version")
    response, problem = await plant.admin.put("/v1/kinds/nuovo", LINE, headers={"If-Match": '"1"'})
    assert (response.status, problem["code"]) == (412, "stale_version")
    response, body = await plant.admin.put("/v1/kinds/gadget", LINE, headers={"If-Match": '"1"'})
    assert (response.status, body["version"], response.headers["ETag"]) == (200, 2, '"2"')
    assert len((await plant.order(order["id"]))["jobs"][0]["phases"]) == 1
    later = await plant.order_of(await plant.approve(("gadget", "10")))
    assert len(later["jobs"][0]["phases"]) == 3
    _, shown = await plant.as_("marketing").get("/v1/kinds/gadget")
    assert shown == {**body, "actions": []}


async def test_economics_need_the_version_that_was_read(plant: Plant) -> None:
    order = await an_order(plant)
    path = f"/v1/jobs/{order['jobs'][0]['id']}/economics"
    response, problem = await plant.admin.put(path, ECONOMICS)
    assert (response.status, problem["code"]) == (428, "if_match_missing")
    answers = await asyncio.gather(
        *(plant.admin.put(path, {**ECONOMICS, "cost": cost}, headers={"If-Match": '"1"'}) for cost in "123")
    )
    assert sorted(response.status for response, _ in answers) == [200, 412, 412]
    assert (await plant.app.types()).count("job_set") == 1


async def test_of_two_who_complete_at_once_one_wins(plant: Plant) -> None:
    order = await an_order(plant)
    await plant.value(order["jobs"][0])
    phase = order["jobs"][0]["phases"][0]["id"]
    carla = await plant.worker()
    await plant.assign(phase, carla)
    client = plant.app.as_(carla)
    await client.post(f"/v1/phases/{phase}/start")
    answers = await asyncio.gather(
        *(
            client.post(f"/v1/phases/{phase}/completion", {"quantity": quantity})
            for quantity in ("1000", "1050")
        )
    )
    assert sorted(response.status for response, _ in answers) == [200, 409]
    won = next(body["completed_quantity"] for response, body in answers if response.status == 200)
    (event,) = await plant.database.published("optima.production.job_completed.v1")
    assert event.data["quantity"] == won
    assert (await plant.app.types()).count("phase_completed") == 1


async def test_two_jobs_that_end_at_once_make_the_order_ready_once(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    order = await plant.order_of(await plant.approve(("gadget", "10"), ("gadget", "20")))
    carla = await plant.worker()
    phases = []
    for job in order["jobs"]:
        await plant.value(job)
        await plant.assign(job["phases"][0]["id"], carla)
        phases.append((job["phases"][0]["id"], job["quantity"]))
    client = plant.app.as_(carla)
    await asyncio.gather(*(client.post(f"/v1/phases/{phase}/start") for phase, _ in phases))
    answers = await asyncio.gather(
        *(client.post(f"/v1/phases/{phase}/completion", {"quantity": made}) for phase, made in phases)
    )
    assert [response.status for response, _ in answers] == [200, 200]
    assert (await plant.order(order["id"]))["state"] == "ready"
    types = await plant.app.types()
    assert (types.count("order_started"), types.count("order_ready")) == (1, 1)


async def test_a_repeated_request_has_one_effect(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    client = plant.as_("backoffice")
    key = {"Idempotency-Key": uuid4().hex}
    first = await client.post("/v1/orders", ORDER, headers=key)
    second = await client.post("/v1/orders", ORDER, headers=key)
    assert first[1] == second[1]
    assert len((await client.get("/v1/orders"))[1]["items"]) == 1


async def test_lists_are_paged_and_filtered(plant: Plant) -> None:
    await plant.define("gadget", ONE_PHASE)
    client = plant.as_("backoffice")
    carla = await plant.worker()
    numbers, tasks = [], []
    for deadline in ("2027-03-01", "2027-01-01", "2027-02-01", "2027-01-01", "2027-04-01"):
        _, order = await client.post("/v1/orders", {**ORDER, "deadline": deadline})
        numbers.append(order["number"])
        await plant.value(order["jobs"][0])
        _, order = await plant.admin.get(f"/v1/orders/{order['id']}")
        await plant.assign(order["jobs"][0]["phases"][0]["id"], carla)
        tasks.append((deadline, order["jobs"][0]["phases"][0]["id"]))
        last = order

    async def pages(reader: Any, path: str, field: str) -> list[str]:
        found, cursor = [], ""
        while True:
            _, page = await reader.get(f"{path}limit=2{cursor}")
            assert len(page["items"]) <= 2
            found += [item[field] for item in page["items"]]
            if "next_cursor" not in page:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    assert await pages(client, "/v1/orders?", "number") == numbers[::-1]
    await client.post(f"/v1/orders/{last['id']}/cancellation", {"reason": "x"})
    assert await pages(client, "/v1/orders?state=confirmed&", "number") == numbers[-2::-1]
    assert await pages(client, "/v1/orders?number=O-2026-0003&", "number") == ["O-2026-0003"]
    assert await pages(client, "/v1/orders?number=O-2026-0003&state=cancelled&", "number") == []
    assert await pages(client, "/v1/orders?customer=C001&", "number") == []
    _, promotion = await client.post("/v1/orders", {**ORDER, "title": "Novità d'inverno"})
    number = promotion["number"]
    for text in ("novita", "INVER", "d'inverno%20novità", f"{number}%20novit", number):
        assert await pages(client, f"/v1/orders?text={text}&", "number") == [number], text
    assert await pages(client, "/v1/orders?text=O-2026&", "number") == [number, *numbers[::-1]]
    assert await pages(client, "/v1/orders?text=O-2026&state=cancelled&", "number") == [numbers[-1]]
    for text in ("verno", "inv%20novità", "-"):
        assert await pages(client, f"/v1/orders?text={text}&", "number") == [], text
    in_order = [phase for _, phase in sorted(tasks[:-1])]
    assert await pages(plant.app.as_(carla), "/v1/tasks?", "id") == in_order
    assert await pages(plant.app.as_(carla), "/v1/tasks?state=assigned&", "id") == in_order
    assert await pages(plant.app.as_(carla), "/v1/tasks?state=done&", "id") == []
    for key in ("b", "a", "c"):
        await plant.define(key, ONE_PHASE)
    assert await pages(client, "/v1/kinds?", "key") == ["a", "b", "c", "gadget"]


async def test_a_kind_defined_while_an_order_misses_it_leaves_no_job_blocked(plant: Plant) -> None:
    await asyncio.gather(
        *(plant.approve((f"tipo-{n}", "10")) for n in range(4)),
        *(plant.define(f"tipo-{n}", ONE_PHASE) for n in range(4)),
    )
    _, page = await plant.admin.get("/v1/orders")
    for summary in page["items"]:
        order = await plant.order(summary["id"])
        assert [job["state"] for job in order["jobs"]] == ["planned"]


@pytest.mark.parametrize("language", ["it", "en"])
async def test_problems_speak_the_reader_s_language(plant: Plant, language: str) -> None:
    response, problem = await plant.admin.get(f"/v1/orders/{uuid4()}", headers={"Accept-Language": language})
    assert response.status == 404
    assert ("L'ordine" in problem["detail"]) == (language == "it")


async def test_a_mistyped_kind_is_corrected(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    order = await plant.order_of(await plant.approve(("espositre", "500")))
    (job,) = order["jobs"]
    assert "correct_kind" in job["actions"]
    path = f"/v1/jobs/{job['id']}/kind"
    response, body = await plant.as_("backoffice").put(path, {"kind": "espositor"})
    assert (response.status, body["errors"][0]["code"]) == (422, "kind_unknown")
    response, corrected = await plant.as_("backoffice").put(path, {"kind": "espositore"})
    assert (response.status, corrected["kind"], corrected["state"]) == (200, "espositore", "planned")
    assert len(corrected["phases"]) == len(LINE["phases"])
    response, body = await plant.as_("backoffice").put(path, {"kind": "espositore"})
    assert (response.status, body["code"]) == (409, "job_not_blocked")
    (fact,) = await plant.database.published("optima.production.job_kind_corrected.v1")
    assert (fact.data["former_kind"], fact.data["kind"]) == ("espositre", "espositore")


async def test_a_phase_may_count_in_a_unit_of_its_own(plant: Plant) -> None:
    phases = [
        {"key": "stampa", "name": "Stampa", "unit": "fg", "factor": "8"},
        {"key": "taglio", "name": "Taglio", "after": ["stampa"]},
    ]
    await plant.define("volantino", {"name": "Volantino", "phases": phases})
    _, kind = await plant.admin.get("/v1/kinds/volantino")
    assert (kind["phases"][0]["unit"], kind["phases"][0]["factor"]) == ("fg", "8")
    carla = await plant.worker()
    order = await plant.order_of(await plant.approve(("volantino", "1000")))
    (job,) = order["jobs"]
    await plant.value(job)
    first, second = (phase["id"] for phase in job["phases"])
    await plant.assign(first, carla)
    _, task = await plant.app.as_(carla).get(f"/v1/tasks/{first}")
    assert (task["quantity"], task["least"], task["most"], task["unit"]) == ("125", "112.5", "137.5", "fg")
    await plant.work(first, carla, "120")
    await plant.assign(second, carla)
    await plant.work(second, carla, "950")
    (job,) = (await plant.order(order["id"]))["jobs"]
    assert job["produced"] == "950"
    assert [(phase["lost"], phase["unit"]) for phase in job["phases"]] == [("5", "fg"), ("10", "pz")]
