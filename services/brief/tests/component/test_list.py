"""The list of briefs: its filters and orders, and how many there are of each state."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from brief.domain.lifecycle import State
from optima_contracts.approval import ApprovalOpened, Approved, ChangesRequested

from ..conftest import Desk

pytestmark = pytest.mark.servers


async def numbers(desk: Desk, actor: Any, query: str = "", path: str = "/v1/briefs") -> list[str]:
    response, page = await desk.as_(actor).get(f"{path}?{query}")
    assert response.status == 200, page
    return [each["number"] for each in page["items"]]


@pytest.fixture
async def shelf(desk: Desk) -> Any:
    """A draft, one submitted, one approved and one priced, of Anna's; deadlines fall as numbers rise."""
    for n in range(4):
        day = f"2027-02-{20 - n}"
        brief = await desk.draft(deadline=day)
        if n:
            brief = await desk.submit(brief["id"])
        if n == 2:
            await desk.deliver(desk.approval(Approved, brief))
        if n == 3:
            assert (await desk.price(brief, "1", "1"))[0].status == 200
    return desk


DRAFT, SUBMITTED, APPROVED, PRICED = (f"B-2026-000{n}" for n in range(1, 5))


async def test_a_list_is_filtered_and_sorted(shelf: Any) -> None:
    everything = [PRICED, APPROVED, SUBMITTED]
    cases = {
        "": everything,
        "state=submitted,approved": everything,
        "state=approved": [APPROVED],
        "deadline_from=2027-02-18&deadline_to=2027-02-18": [APPROVED],
        "deadline_to=2027-02-17": [PRICED],
        "priced=true": [PRICED],
        "priced=false": [APPROVED, SUBMITTED],
        "sort=deadline": [PRICED, APPROVED, SUBMITTED],
        "late=true": [],
        f"unit_id={shelf.anna.unit_id}": everything,
        f"unit_id={uuid4()}": [],
        f"requester={shelf.anna.person_id}": everything,
        f"requester={uuid4()}": [],
        "requester=me": [],
        "text=lancio&state=submitted&sort=deadline": [PRICED, SUBMITTED],
    }
    for query, expected in cases.items():
        assert await numbers(shelf, shelf.paola, query) == expected, query
    assert await numbers(shelf, shelf.anna, "sort=deadline") == [PRICED, APPROVED, SUBMITTED, DRAFT]
    assert await numbers(shelf, shelf.anna, "state=draft") == [DRAFT]
    shelf.app.clock.set(shelf.app.clock.now().replace(year=2027, month=2, day=19))
    assert await numbers(shelf, shelf.paola, "late=true") == [PRICED, APPROVED]


@pytest.mark.parametrize("query", ["", "sort=deadline", "text=lancio", "text=lancio&sort=deadline"])
async def test_pages_follow_each_other_without_a_gap(shelf: Any, query: str) -> None:
    client, seen, cursor = shelf.as_(shelf.anna), [], ""
    while True:
        _, page = await client.get(f"/v1/briefs?limit=1&{query}{cursor}")
        seen += [each["number"] for each in page["items"]]
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [PRICED, APPROVED, SUBMITTED, DRAFT]


async def test_others_see_and_find_the_deadline_that_was_submitted(desk: Desk) -> None:
    brief = await desk.submitted(deadline="2027-02-15")
    await desk.deliver(desk.approval(ChangesRequested, brief, reason="Più tardi"))
    path, own = f"/v1/briefs/{brief['id']}", await desk.read(brief["id"])
    content = desk.content(deadline="2027-03-20")
    headers = {"If-Match": f'"{own["version"]}"'}
    response, _ = await desk.as_(desk.anna).put(path, content, headers=headers)
    assert response.status == 200
    for actor, february, march in ((desk.anna, 0, 1), (desk.paola, 1, 0)):
        assert len(await numbers(desk, actor, "deadline_to=2027-02-28")) == february
        assert len(await numbers(desk, actor, "deadline_from=2027-03-01")) == march


async def test_whether_a_brief_is_priced_is_for_who_sees_prices(shelf: Any) -> None:
    for path in ("/v1/briefs", "/v1/brief-counts"):
        response, problem = await shelf.as_(shelf.anna).get(f"{path}?priced=true")
        assert (response.status, problem["code"]) == (403, "missing_privilege")
    for actor, told in ((shelf.anna, False), (shelf.paola, True)):
        _, page = await shelf.as_(actor).get("/v1/briefs")
        assert all(("priced" in each) == told for each in page["items"])
        assert ("find_priced" in page.get("actions", ())) == told
        assert "find_own" not in page.get("actions", ())


async def test_a_list_names_units(desk: Desk) -> None:
    await desk.submitted()
    _, page = await desk.as_(desk.paola).get("/v1/briefs")
    assert UUID(page["items"][0]["unit"]["id"]) == desk.anna.unit_id


async def test_briefs_are_counted_by_state(shelf: Any) -> None:
    async def counted(actor: Any, query: str = "") -> dict[str, int]:
        _, counts = await shelf.as_(actor).get(f"/v1/brief-counts?{query}")
        assert not any(each["more"] for each in counts["states"])
        return {each["state"]: each["briefs"] for each in counts["states"] if each["briefs"]}

    assert await counted(shelf.anna) == {"draft": 1, "submitted": 2, "approved": 1}
    assert await counted(shelf.paola) == {"submitted": 2, "approved": 1}
    assert await counted(shelf.paola, "priced=true") == {"submitted": 1}
    assert await counted(shelf.paola, "deadline_to=2027-02-18") == {"submitted": 1, "approved": 1}
    assert await counted(shelf.marco) == {}


@pytest.mark.parametrize(
    "query",
    ["state=lost", "state=draft,", "sort=title", "priced=maybe", "requester=anna", "deadline_to=oggi"],
)
async def test_a_filter_that_is_none_is_refused(desk: Desk, query: str) -> None:
    response, problem = await desk.as_(desk.anna).get(f"/v1/briefs?{query}")
    assert response.status == 422
    assert problem["errors"][0]["field"] == query.partition("=")[0]


async def test_every_state_can_be_asked_for(desk: Desk) -> None:
    brief = await desk.submitted()
    await desk.deliver(desk.approval(ApprovalOpened, brief))
    for state in State:
        found = await numbers(desk, desk.paola, f"state={state}")
        assert bool(found) == (state is State.IN_APPROVAL), state
