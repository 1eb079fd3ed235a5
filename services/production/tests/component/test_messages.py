"""The assignee of a phase and those who give out the work write to each other, and nobody else reads it."""

from __future__ import annotations

from typing import Any

import pytest

from optima_kit.actor import Actor

from .conftest import ONE_PHASE, Plant

WRITTEN = "optima.production.phase_message_written.v1"
PHOTO = b"\x89PNG\r\n\x1a\n photo"
PNG = {"Content-Type": "image/png"}


@pytest.fixture
async def task(plant: Plant) -> dict[str, Any]:
    """A phase of Carla's, with an admin whom the directory knows."""
    await plant.define("gadget", ONE_PHASE)
    carla, paola = await plant.worker(), await plant.worker("admin", name="Paola Ferri")
    order = await plant.order_of(await plant.approve(("gadget", "100")))
    (job,) = order["jobs"]
    await plant.value(job)
    (phase,) = job["phases"]
    await plant.assign(phase["id"], carla)
    return {"id": phase["id"], "carla": carla, "paola": paola}


async def messages(plant: Plant, who: Actor, path: str) -> list[dict[str, Any]]:
    response, page = await plant.app.as_(who).get(f"{path}/messages")
    assert response.status == 200, page
    found: list[dict[str, Any]] = page["items"]
    return found


async def test_a_problem_with_its_photo_reaches_who_gives_out_the_work(
    plant: Plant, task: dict[str, Any]
) -> None:
    own, all_of = f"/v1/tasks/{task['id']}", f"/v1/phases/{task['id']}"
    client = plant.app.as_(task["carla"])
    response, _ = await client.post(f"{own}/messages", {"text": "Carta macchiata", "problem": True})
    assert response.status == 201
    response, sent = await client.request("POST", f"{own}/files?name=foto.png", data=PHOTO, headers=PNG)
    assert (response.status, sent["file_name"], sent["text"]) == (201, "foto.png", "")
    problem, photo = await plant.database.published(WRITTEN)
    assert (problem.data["problem"], photo.data["problem"]) == (True, False)
    assert problem.data["recipients"] == [str(task["paola"].person_id)]
    assert "Carta" not in problem.model_dump_json(), "the text stays here"
    second, first = await messages(plant, task["paola"], all_of)
    assert (first["text"], first["problem"], first["author"]["name"]) == (
        "Carta macchiata",
        True,
        "Carla Verdi",
    )
    assert "file_name" not in first
    response, data = await plant.app.as_(task["paola"]).get(f"{all_of}/messages/{second['id']}/file")
    assert (response.headers["Content-Type"], data) == ("image/png", PHOTO)


async def test_an_answer_and_its_file_reach_the_assignee(plant: Plant, task: dict[str, Any]) -> None:
    client = plant.app.as_(task["paola"])
    response, _ = await client.post(f"/v1/phases/{task['id']}/messages", {"text": "Usate l'altra"})
    assert response.status == 201
    pdf = {"Content-Type": "application/pdf"}
    path = f"/v1/phases/{task['id']}/files?name=esecutivo.pdf"
    response, _ = await client.request("POST", path, data=b"%PDF-1.7", headers=pdf)
    assert response.status == 201
    told = await plant.database.published(WRITTEN)
    assert {each for event in told for each in event.data["recipients"]} == {str(task["carla"].person_id)}
    file, text = await messages(plant, task["carla"], f"/v1/tasks/{task['id']}")
    assert (text["text"], file["file_name"]) == ("Usate l'altra", "esecutivo.pdf")
    response, data = await plant.app.as_(task["carla"]).get(
        f"/v1/tasks/{task['id']}/messages/{file['id']}/file"
    )
    assert (response.status, data) == (200, b"%PDF-1.7")


async def test_a_successor_reads_nothing_of_it_and_others_neither(plant: Plant, task: dict[str, Any]) -> None:
    own = f"/v1/tasks/{task['id']}"
    _, sent = await plant.app.as_(task["carla"]).request(
        "POST", f"{own}/files?name=foto.png", data=PHOTO, headers=PNG
    )
    bruno = await plant.worker(name="Bruno Neri")
    for method, path in (("GET", f"{own}/messages"), ("GET", f"{own}/messages/{sent['id']}/file")):
        response, _ = await plant.app.as_(bruno).request(method, path)
        assert response.status == 404
    await plant.assign(task["id"], bruno)
    assert await messages(plant, bruno, own) == []
    response, _ = await plant.app.as_(bruno).get(f"{own}/messages/{sent['id']}/file")
    assert response.status == 404
    response, _ = await plant.app.as_(task["carla"]).get(f"{own}/messages")
    assert response.status == 404, "it is no longer her task"
    assert len(await messages(plant, task["paola"], f"/v1/phases/{task['id']}")) == 1


async def test_who_gives_out_the_work_is_told_when_it_is_given_back(
    plant: Plant, task: dict[str, Any]
) -> None:
    client = plant.app.as_(task["carla"])
    response, _ = await client.post(f"/v1/phases/{task['id']}/return", {"reason": "Macchina ferma"})
    assert response.status == 200
    (event,) = await plant.database.published("optima.production.phase_given_back.v1")
    assert event.data["recipients"] == [str(task["paola"].person_id)]
    path = f"/v1/phases/{task['id']}/messages"
    response, problem = await plant.app.as_(task["paola"]).post(path, {"text": "Perché?"})
    assert (response.status, problem["code"]) == (409, "phase_without_assignee")


async def test_a_file_is_what_it_says(plant: Plant, task: dict[str, Any]) -> None:
    response, problem = await plant.app.as_(task["carla"]).request(
        "POST", f"/v1/tasks/{task['id']}/files?name=foto.png", data=b"MZ", headers=PNG
    )
    assert (response.status, problem["errors"][0]["code"]) == (422, "file_is_not_its_media_type")
