"""The board: phases of all orders, who has how much to do, and assignment of several at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.identity import RoleChanged

from .conftest import Plant

LINE = {
    "name": "Espositore",
    "phases": [
        {"key": "stampa", "name": "Stampa", "days": 3, "daily_quantity": "50"},
        {"key": "taglio", "name": "Taglio", "after": ["stampa"]},
    ],
}
"""The deadline of the plant's orders is Sunday, 31 January 2027: cut on the 29th, print from the 26th on."""


async def board(plant: Plant, query: str = "") -> list[dict[str, Any]]:
    response, body = await plant.admin.get(f"/v1/phases?{query}")
    assert response.status == 200, body
    items: list[dict[str, Any]] = body["items"]
    return items


@pytest.fixture(autouse=True)
async def line(plant: Plant) -> None:
    await plant.define("espositore", LINE)


async def an_order(plant: Plant, quantity: str = "100") -> dict[str, Any]:
    order = await plant.order_of(await plant.approve(("espositore", quantity)))
    await plant.value(order["jobs"][0])
    return order


async def test_phases_are_planned_backwards_and_listed_soonest_due_first(plant: Plant) -> None:
    order = await an_order(plant)
    await an_order(plant, "500")
    shown = [(row["name"], row["planned_start"], row["due"]) for row in await board(plant)]
    assert sorted(shown[:2]) == [
        ("Stampa", "2027-01-15", "2027-01-28"),
        ("Stampa", "2027-01-26", "2027-01-28"),
    ]
    assert shown[2:] == [("Taglio", "2027-01-29", "2027-01-29")] * 2
    (phase, _) = (await plant.order(order["id"]))["jobs"][0]["phases"]
    assert (phase["planned_start"], phase["planned_end"]) == ("2027-01-26", "2027-01-28")


async def test_the_board_is_filtered_by_state_person_lateness_and_days(plant: Plant) -> None:
    dealer = await plant.worker()
    order = await an_order(plant)
    await plant.assign(order["jobs"][0]["phases"][0]["id"], dealer)

    async def names(query: str) -> list[str]:
        return [row["name"] for row in await board(plant, query)]

    assert await names("state=waiting") == ["Taglio"]
    assert await names(f"assignee_id={dealer.person_id}") == ["Stampa"]
    assert await names("unassigned=true") == ["Taglio"]
    assert await names("since=2027-01-29&until=2027-02-05") == ["Taglio"]
    assert await names("until=2027-01-28") == ["Stampa"]
    assert await names("since=2027-01-30") == []
    assert await names("lateness=on_time") == ["Stampa", "Taglio"]
    plant.clock.set(datetime(2027, 1, 27, 9, tzinfo=UTC))
    assert await names("lateness=behind") == ["Stampa"]
    plant.clock.set(datetime(2027, 1, 29, 9, tzinfo=UTC))
    assert await names("lateness=late") == ["Stampa"]
    plant.clock.set(datetime(2027, 1, 30, 9, tzinfo=UTC))
    first, second = await board(plant, "lateness=late&limit=2")
    assert (first["lateness"], first["assignee"]["name"]) == ("late", "Carla Verdi")
    assert "assignee" not in second


async def test_assignees_are_listed_with_what_they_have_to_do(plant: Plant) -> None:
    carla, dario = await plant.worker(), await plant.worker(name="Dario Blu")
    await plant.worker("marketing", name="Elena Neri")
    await plant.worker(name="Franco Gialli", active=False)
    own = RoleChanged(role_id=uuid4(), key="stampatore", privileges=["phase.work"])
    await plant.deliver(own, own.role_id)
    await plant.worker(name="Gina Viola", roles=["stampatore"])
    order = await an_order(plant)
    for phase in order["jobs"][0]["phases"]:
        await plant.assign(phase["id"], carla)
    plant.clock.set(datetime(2027, 1, 29, 9, tzinfo=UTC))
    response, body = await plant.admin.get("/v1/assignees")
    assert response.status == 200
    assert body["items"] == [
        {"id": str(carla.person_id), "name": "Carla Verdi", "open": 2, "late": 1},
        {"id": str(dario.person_id), "name": "Dario Blu", "open": 0, "late": 0},
        body["items"][2],
    ]
    assert body["items"][2]["name"] == "Gina Viola"


async def test_several_phases_are_assigned_at_once_each_with_its_result(plant: Plant) -> None:
    dealer = await plant.worker()
    first, second = await an_order(plant), await an_order(plant)
    begun, free = first["jobs"][0]["phases"][0]["id"], second["jobs"][0]["phases"][1]["id"]
    await plant.assign(begun, dealer)
    await plant.app.as_(dealer).post(f"/v1/phases/{begun}/start")
    unknown = str(uuid4())
    heir = await plant.worker(name="Dario Blu")
    response, body = await plant.admin.post(
        "/v1/assignments", {"phase_ids": [begun, unknown, free, free], "assignee_id": str(heir.person_id)}
    )
    assert response.status == 200, body
    codes = [each.get("problem", {}).get("code", each.get("state")) for each in body["items"]]
    assert codes == ["phase_already_started", "phase_absent", "waiting", "waiting"]
    assert [each["phase_id"] for each in body["items"]] == [begun, unknown, free, free]
    assert (await board(plant, f"assignee_id={heir.person_id}"))[0]["id"] == free
    assert (await plant.app.types()).count("phase_assigned") == 2


async def test_filters_and_pages_together_say_what_each_says(plant: Plant) -> None:
    """Sixty combinations by chance, each read to its last page."""
    carla, dario = await plant.worker(), await plant.worker(name="Dario Blu")
    for n, quantity in enumerate(("100", "500", "100", "900", "500")):
        first, second = (await an_order(plant, quantity))["jobs"][0]["phases"]
        if n < 3:
            await plant.assign(first["id"], carla)
            await plant.assign(second["id"], dario)
        if n == 1:
            await plant.app.as_(carla).post(f"/v1/phases/{first['id']}/start")
        if n == 2:
            await plant.work(first["id"], carla, "100")
    plant.clock.set(datetime(2027, 1, 26, 9, tzinfo=UTC))
    whole, chance = await board(plant, "limit=200"), random.Random(5)
    assert {row["lateness"] for row in whole} == {"on_time", "behind"}
    of_filter = {
        "state": ("waiting", "ready", "assigned", "in_progress"),
        "assignee_id": (str(carla.person_id), str(dario.person_id), str(uuid4())),
        "unassigned": ("true", "false"),
        "lateness": ("late", "behind", "on_time"),
        "since": ("2027-01-28", "2027-01-29"),
        "until": ("2027-01-15", "2027-01-28"),
    }
    for _ in range(60):
        asked = {name: chance.choice(values) for name, values in of_filter.items() if chance.random() < 0.3}
        wanted = [row["id"] for row in whole if is_wanted(row, asked)]
        found, cursor, limit = [], "", chance.choice((1, 2, 200))
        while True:
            query = "&".join(f"{name}={value}" for name, value in asked.items())
            response, page = await plant.admin.get(f"/v1/phases?limit={limit}&{query}{cursor}")
            assert response.status == 200, page
            found += [row["id"] for row in page["items"]]
            if "next_cursor" not in page:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert found == wanted, (asked, limit)


def is_wanted(row: dict[str, Any], asked: dict[str, str]) -> bool:
    """What the board's filters say, in plain words."""
    return all(
        (
            asked.get("state") in (None, row["state"]),
            asked.get("assignee_id") in (None, row.get("assignee", {}).get("id")),
            asked.get("unassigned") != "true" or "assignee" not in row,
            asked.get("lateness") in (None, row["lateness"]),
            asked.get("since", "") <= row["due"],
            row["planned_start"] <= asked.get("until", "9"),
        )
    )
