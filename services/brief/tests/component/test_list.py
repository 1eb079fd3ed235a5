"""The list of briefs: its filters and orders, and how many there are of each state."""

from __future__ import annotations

import random
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


async def test_a_filter_that_is_none_is_refused(desk: Desk) -> None:
    for query in [
        "state=lost",
        "state=draft,",
        "sort=title",
        "priced=maybe",
        "requester=anna",
        "deadline_to=oggi",
    ]:
        response, problem = await desk.as_(desk.anna).get(f"/v1/briefs?{query}")
        assert response.status == 422
        assert problem["errors"][0]["field"] == query.partition("=")[0]


async def test_every_state_can_be_asked_for(desk: Desk) -> None:
    brief = await desk.submitted()
    await desk.deliver(desk.approval(ApprovalOpened, brief))
    for state in State:
        found = await numbers(desk, desk.paola, f"state={state}")
        assert bool(found) == (state is State.IN_APPROVAL), state


TITLES = ("Lancio primavera", "Lancio lancio", "Gadget autunno", "Bancone bar", "Gadget")
OVER = ("rejected", "delivered", "closed", "cancelled")


async def crowd(desk: Desk) -> None:
    """A dozen briefs of two requesters, with few titles and deadlines, in several states."""
    for n in range(12):
        author = desk.as_((desk.anna, desk.marco)[n % 2])
        content = desk.content(title=TITLES[n % 5], deadline=f"2027-02-{18 + n % 3}")
        _, brief = await author.post("/v1/briefs", content)
        path = f"/v1/briefs/{brief['id']}"
        if n % 4 == 3:
            continue
        _, brief = await author.post(f"{path}/submission", {"process": "standard"})
        if n % 4 == 1:
            assert (await desk.price(brief, "1", "1"))[0].status == 200
        if n % 6 == 2:
            await desk.deliver(desk.approval(Approved, brief, approval_id=uuid4()))
        if n % 6 == 4:
            await author.post(f"{path}/cancellation", {"reason": "Sospesa"})


def is_wanted(brief: dict[str, Any], asked: dict[str, str], reader: Any, today: str) -> bool:
    """What a list's filters say, in plain words."""
    words, (*whole, begun) = brief["title"].lower().split(), asked.get("text", "").split(" ")
    whose = str(reader.person_id) if asked.get("requester") == "me" else asked.get("requester")
    return all(
        (
            brief["state"] in asked.get("state", brief["state"]).split(","),
            whose in (None, brief["requester"]["id"]),
            asked.get("unit_id") in (None, brief.get("unit", {}).get("id")),
            asked.get("deadline_from", "") <= brief["deadline"] <= asked.get("deadline_to", "9"),
            asked.get("priced") in (None, str(brief.get("priced", "")).lower()),
            "late" not in asked or (brief["deadline"] < today and brief["state"] not in OVER),
            set(whole) <= set(words) and any(word.startswith(begun) for word in words),
        )
    )


async def test_filters_orders_and_pages_together_say_what_each_says(desk: Desk) -> None:
    """A hundred combinations by chance, each read to its last page."""
    await crowd(desk)
    chance, today = random.Random(11), "2027-02-19"
    desk.app.clock.set(desk.app.clock.now().replace(year=2027, month=2, day=19))
    of_filter = {
        "state": ("submitted", "draft,approved", "cancelled,submitted,in_approval"),
        "requester": ("me", str(desk.anna.person_id), str(desk.marco.person_id), str(uuid4())),
        "unit_id": (str(desk.anna.unit_id),),
        "deadline_from": ("2027-02-19", "2027-02-20"),
        "deadline_to": ("2027-02-18", "2027-02-19"),
        "priced": ("true", "false"),
        "late": ("true",),
        "text": ("lancio", "gad", "lan pri", "lancio pri", "ba", "nessuno"),
    }
    for _ in range(100):
        reader = chance.choice((desk.anna, desk.paola))
        asked = {name: chance.choice(values) for name, values in of_filter.items() if chance.random() < 0.3}
        if reader is desk.anna:
            asked.pop("priced", None)
        client, by_deadline = desk.as_(reader), chance.random() < 0.5
        _, whole = await client.get("/v1/briefs?limit=200")
        wanted = [brief for brief in whole["items"] if is_wanted(brief, asked, reader, today)]
        if by_deadline:
            wanted.sort(key=lambda brief: (brief["deadline"], brief["id"]))
        order = {"sort": "deadline" if by_deadline else "newest", "limit": str(chance.choice((1, 2, 3, 200)))}
        found, cursor = [], {}
        while True:
            response, page = await client.get("/v1/briefs", params=asked | order | cursor)
            assert response.status == 200, page
            found += [brief["id"] for brief in page["items"]]
            if "next_cursor" not in page:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert found == [brief["id"] for brief in wanted], (asked, order)
