"""A tenant of ten thousand people: their import, and a step that asks them all."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from approval.adapters import jobs
from approval.application import on_directory
from approval.application.ports import Ports
from optima_contracts.identity import PersonChanged, RoleChanged
from optima_kit.testing import round_trips

from ..conftest import Desk

PEOPLE = 10_000
CALLS_A_PERSON = 60


async def hired(desk: Desk, count: int) -> None:
    for number in range(count):
        person_id = uuid4()
        event = PersonChanged(
            person_id=person_id,
            name=f"Persona {number}",
            email=f"persona{number}@example.it",
            kind="internal",
            roles=["purchasing"],
            active=True,
        )
        await desk.deliver(event, person_id)


async def test_taking_somebody_in_costs_the_same_however_many_are_there(desk: Desk, calls):
    async def costs() -> tuple[int, int]:
        with round_trips(desk.app.database) as asked, calls() as called:
            await hired(desk, 15)
        return len(asked), called.count

    await hired(desk, 15)
    few_asked, few_called = await costs()
    await fill(desk, PEOPLE)
    asked, called = await costs()
    assert asked == few_asked
    assert called < few_called + PEOPLE


async def test_a_step_that_asks_ten_thousand_asks_the_database_as_a_small_one_does(desk: Desk, calls):
    step = {"key": "uno", "approvers": [{"role": "purchasing"}]}
    declared = {"key": "spesa", "name": "Spesa", "title": "t", "fields": {"t": {"type": "text"}}}
    await desk.as_("ada").put("/v1/subject-types/spesa", declared)
    await desk.publish({"key": "spese", "name": "Spese", "subject": "spesa", "steps": [step]})

    async def opened() -> tuple[dict[str, Any], int, int]:
        """The approval, the statements and the calls of Python."""
        body = {"process": "spese", "subject_id": str(uuid4()), "content": {"t": "Carta"}}
        with round_trips(desk.app.database) as asked, calls() as called:
            response, approval = await desk.as_("marta").post("/v1/approvals", body)
        assert response.status == 201, approval
        return approval, len(asked), called.count

    await opened()
    _, of_few, _ = await opened()
    await desk.work()
    await fill(desk, PEOPLE)
    first, _, _ = await opened()
    second, of_many, called = await opened()
    # Inboxes show it once a job of its own has listed them.
    assert of_many == of_few + 1
    assert called < CALLS_A_PERSON * PEOPLE

    # Who opens it before that may decide and take it on; what they note stays.
    assert str(first["id"]) not in {row["approval_id"] for row in await desk.inbox("paolo")}
    response, _ = await desk.as_("paolo").post(f"/v1/approvals/{first['id']}/claim", {"step": "uno"})
    assert response.status == 200
    assert (await desk.decide("piera", second["id"], "uno"))[0] == 200
    assert await desk.work() >= 2
    rows = {row["approval_id"]: row for row in await desk.inbox("piera")}
    assert rows[first["id"]]["claimed_by"]["name"] == "Paolo"
    assert second["id"] not in rows
    count = "SELECT count(*) FROM {} WHERE approval_id = $1"
    for table, of_first, of_second in (("open_parts", PEOPLE + 2, 0), ("concerned", PEOPLE + 3, PEOPLE + 3)):
        for approval, expected in ((first, of_first), (second, of_second)):
            found = await desk.database.fetch(count.format(table), UUID(approval["id"]))
            assert found[0][0] == expected, (table, approval is first)

    # Of ten thousand, an answer lists who has decided, the reader, and some others.
    _, seen = await desk.as_("paolo").get(f"/v1/approvals/{second['id']}")
    (step,) = seen["steps"]
    assert (len(step["parts"]), step["unlisted"]) == (200, PEOPLE + 2 - 200)
    assert [part["person"]["name"] for part in step["parts"][:2]] == ["Paolo", "Piera"]
    _, told = await desk.as_("paolo").get(f"/v1/approvals/{second['id']}/history")
    opening = next(each for each in told["items"] if each["kind"] == "step_opened")
    assert (len(opening["asked"]), opening["unlisted"]) == (200, PEOPLE + 2 - 200)


async def test_who_comes_by_hundreds_is_asked_in_short_turns(desk: Desk, monkeypatch):
    """Each transaction compares a bounded number of parts, whatever each approval asks; others are answered
    in between; one that is lost is made again, and everybody is asked once."""
    approvals, people, most = 9, 200, 450
    monkeypatch.setattr(on_directory, "MOST_PARTS", most)
    await desk.publish(
        {
            "key": "p", "name": "P", "subject": "brief",
            "steps": [{"key": "uno", "approvers": [{"role": "purchasing"}]}],
        }
    )  # fmt: skip
    for _ in range(approvals):
        await desk.submit(process="p")
    await desk.work()
    await fill(desk, people - 1)
    await hired(desk, 1)
    opened = await desk.database.fetch("SELECT approval_id FROM approvals ORDER BY approval_id")
    neighbour = desk.app.as_(desk.app.people.person("purchasing", tenant_id=uuid4(), name="Nora"))
    turns: list[list[UUID]] = []
    follow, compare = jobs.follow_people, on_directory._compare

    async def compared(ports: Ports, approval_id: UUID, directory: Any) -> int:
        turns[-1].append(approval_id)
        return await compare(ports, approval_id, directory)

    async def in_a_turn(ports: Ports, change: Any) -> None:
        turns.append([])
        await follow(ports, change)
        if len(turns) == 2:
            raise RuntimeError("killed before the commit")

    monkeypatch.setattr(on_directory, "_compare", compared)
    monkeypatch.setattr(jobs, "follow_people", in_a_turn)
    working = asyncio.create_task(desk.work())
    answered = 0
    while not working.done():
        response, _ = await neighbour.get("/v1/inbox")
        answered += response.status == 200
    await working
    await desk.app.run_due_jobs(later=timedelta(minutes=1))
    assert answered >= len(turns)
    # Three have as many parts as one turn may compare; the second is made again from where the first ended.
    order = [row["approval_id"] for row in opened]
    assert turns == [order[:3], order[3:6], order[3:6], order[6:]]
    times = Counter(
        row["approval_id"]
        for row in await desk.database.fetch(
            "SELECT approval_id FROM approval_events WHERE event->>'kind' = 'parts_requested'"
        )
    )
    assert times == dict.fromkeys(order, 1)
    for table in ("open_parts", "concerned"):
        found = await desk.database.fetch(f"SELECT count(DISTINCT person_id) FROM {table}")
        assert found[0][0] >= people + 2
    told = await desk.database.published("optima.approval.step_pending.v1")
    assert Counter(len(each.data["recipients"]) for each in told) == {2: approvals, people: approvals}


async def test_a_role_that_loses_its_say_is_gone_through_once(desk: Desk, monkeypatch):
    await desk.role("tanti", ["approval.decide", "approval.read"])
    (known,) = await desk.database.fetch("SELECT role_id FROM roles WHERE key = 'tanti'")
    role_id = known["role_id"]
    step = {"key": "uno", "approvers": [{"role": "tanti"}, {"role": "purchasing"}]}
    await desk.publish({"key": "p", "name": "P", "subject": "brief", "steps": [step]})
    await fill(desk, 150, role="tanti")
    for _ in range(3):
        await desk.submit(process="p")
    await desk.work()
    await desk.deliver(RoleChanged(role_id=role_id, key="tanti", privileges=["approval.read"]), role_id)
    assert await desk.work() == 1
    rows = await desk.database.fetch("SELECT DISTINCT person_id FROM open_parts")
    assert {str(row["person_id"]) for row in rows} == {desk.id("paolo"), desk.id("piera")}


async def fill(desk: Desk, count: int, role: str = "purchasing") -> None:
    """Many purchasers, as the directory's events would have left them."""
    await desk.database.fetch(
        "INSERT INTO people (tenant_id, person_id, name, email, external, roles, language, active)"
        " SELECT $1, gen_random_uuid(), 'P' || n, 'p' || n || '@example.it', false,"
        " ARRAY[$3], 'it', true FROM generate_series(1, $2) AS n",
        desk.tenant_id,
        count,
        role,
    )
    await desk.database.fetch("UPDATE directory_stamps SET stamp = gen_random_uuid()")
