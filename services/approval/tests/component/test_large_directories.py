"""A tenant of ten thousand people: their import, and a step that asks them all."""

from __future__ import annotations

from uuid import uuid4

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

    async def opened() -> tuple[int, int, int]:
        """The parts, the statements and the calls of Python."""
        body = {"process": "spese", "subject_id": str(uuid4()), "content": {"t": "Carta"}}
        with round_trips(desk.app.database) as asked, calls() as called:
            response, approval = await desk.as_("marta").post("/v1/approvals", body)
        assert response.status == 201, approval
        return len(approval["steps"][0]["parts"]), len(asked), called.count

    await opened()
    _, of_few, _ = await opened()
    await fill(desk, PEOPLE)
    await opened()
    parts, of_many, called = await opened()
    assert (parts, of_many) == (PEOPLE + 2, of_few)
    assert called < CALLS_A_PERSON * PEOPLE


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
