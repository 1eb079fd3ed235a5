"""A tenant of ten thousand people: their import, and a step that asks them all."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from optima_contracts.identity import PersonChanged
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


async def fill(desk: Desk, count: int) -> None:
    """Many purchasers, as the directory's events would have left them."""
    await desk.database.fetch(
        "INSERT INTO people (tenant_id, person_id, name, email, external, roles, language, active)"
        " SELECT $1, gen_random_uuid(), 'P' || n, 'p' || n || '@example.it', false,"
        " ARRAY['purchasing'], 'it', true FROM generate_series(1, $2) AS n",
        desk.tenant_id,
        count,
    )
    await desk.database.fetch("UPDATE directory_stamps SET stamp = gen_random_uuid()")
