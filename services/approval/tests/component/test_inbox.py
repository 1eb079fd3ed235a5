"""What waits for whom: by role, directly, for others; found, counted and paged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..conftest import Desk


def process(key, **step):
    return {
        "key": key,
        "name": key,
        "subject": "brief",
        "steps": [{"key": "uno", "approvers": [{"role": "purchasing"}], **step}],
    }


async def delegate(desk: Desk, giver, taker, **more):
    body = {
        "to_person_id": desk.id(taker),
        "starts_at": "2026-11-23T00:00:00Z",
        "ends_at": "2026-12-23T00:00:00Z",
        **more,
    }
    response, answer = await desk.as_(giver).post("/v1/delegations", body)
    assert response.status == 201, answer


async def test_pages_lose_and_repeat_nothing(desk: Desk):
    await desk.publish(process("prova"))
    briefs = set()
    for number in range(7):
        briefs.add(str(await desk.submit(process="prova", title=f"Brief {number}")))
        if number % 2:
            desk.clock.advance(timedelta(minutes=1))
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        _, page = await desk.as_("paolo").get("/v1/inbox", params=query)
        seen += [item["subject_id"] for item in page["items"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert len(seen) == 7
    assert set(seen) == briefs


async def test_by_words_process_and_how_it_comes(desk: Desk):
    await desk.publish(process("prova"))
    await desk.publish(process("altra", approvers=[{"person": "paolo@example.it"}]))
    await delegate(desk, "dario", "paolo")
    await desk.publish(process("terza", approvers=[{"role": "direttore"}]))
    await desk.submit(process="prova", title="Espositori per il lancio")
    await desk.submit(process="altra", title="Volantini")
    await desk.submit(process="terza", title="Insegne")

    async def titles(**query):
        return sorted(entry["title"] for entry in await desk.inbox("paolo", **query))

    assert len(await titles()) == 3
    assert await titles(text="espositore") == ["Espositori per il lancio"]
    assert await titles(text="marta") == ["Espositori per il lancio", "Insegne", "Volantini"]
    assert await titles(text="niente") == []
    assert await titles(process="altra") == ["Volantini"]
    assert await titles(how="role") == ["Espositori per il lancio"]
    assert await titles(how="direct") == ["Volantini"]
    assert await titles(how="delegation") == ["Insegne"]
    _, summary = await desk.as_("paolo").get("/v1/inbox/summary")
    assert (summary["waiting"], summary["overdue"]) == (3, 0)
    assert {(each["process"], each["how"]) for each in summary["by_process"]} == {
        ("prova", "role"), ("altra", "direct"), ("terza", "delegation"),
    }  # fmt: skip


async def test_what_is_overdue(desk: Desk):
    await desk.publish(process("prova", due={"hours": 4}))
    await desk.submit(process="prova")
    assert await desk.inbox("paolo", overdue="true") == []
    desk.clock.advance(timedelta(days=1))
    assert len(await desk.inbox("paolo", overdue="true")) == 1
    _, summary = await desk.as_("paolo").get("/v1/inbox/summary")
    assert summary["overdue"] == 1


async def test_a_delegation_shows_only_what_it_covers(desk: Desk):
    await desk.publish(process("prova", approvers=[{"role": "direttore"}]))
    await desk.publish(process("altra", approvers=[{"role": "direttore"}]))
    await delegate(desk, "dario", "lia", processes=["prova"], up_to="1000.00")
    await desk.submit(process="prova", budget="1000.00", title="sì")
    await desk.submit(process="prova", budget="1000.01", title="troppo")
    await desk.submit(process="altra", budget="10.00", title="altro")
    assert [entry["title"] for entry in await desk.inbox("lia")] == ["sì"]
    await delegate(desk, "lia", "paolo", processes=["altra"])
    assert await desk.inbox("paolo") == []
    # Who may not see prices sets no limit on them: it would tell.
    body = {"to_person_id": desk.id("piera"), "starts_at": "2026-11-01T00:00:00Z", "up_to": "500.00"}
    response, problem = await desk.as_("lia").post(
        "/v1/delegations", body | {"ends_at": "2026-12-31T00:00:00Z"}
    )
    assert (response.status, problem["code"]) == (403, "field_hidden_from_author")
    lia = desk.people["lia"]
    desk.people["lia"] = replace(lia, privileges=lia.privileges | {"brief.price.read"})
    await delegate(desk, "lia", "piera", up_to="500.00")
    assert await desk.inbox("piera") == []
    await desk.submit(process="prova", budget="500.00", title="poco")
    (entry,) = await desk.inbox("piera")
    assert (entry["title"], entry["on_behalf_of"]["name"]) == ("poco", "Dario")
    status, answer = await desk.decide("piera", entry["approval_id"], "uno", on_behalf_of=desk.id("dario"))
    assert status == 200, answer


async def test_bad_queries(desk: Desk):
    for query in (
        *("cursor=x", "cursor=W10=", "limit=0", "limit=201"),
        *("how=telepathy", "overdue=perhaps", "foo=1", "text="),
    ):
        response, _ = await desk.as_("paolo").get(f"/v1/inbox?{query}")
        assert response.status == 422, query


async def test_approvals_are_found_by_words(desk: Desk):
    await desk.publish(process("prova"))
    await desk.submit(process="prova", title="Espositori")
    await desk.submit(process="prova", title="Volantini")
    _, page = await desk.as_("marta").get("/v1/approvals?text=volantino")
    assert [item["title"] for item in page["items"]] == ["Volantini"]
    _, page = await desk.as_("ada").get("/v1/approvals?text=espositori&state=open")
    assert [item["title"] for item in page["items"]] == ["Espositori"]
    _, page = await desk.as_("lia").get("/v1/approvals?text=volantino")
    assert page["items"] == []


async def spese(desk: Desk) -> None:
    """Paolo may see prices; Lia, asked for what has an amount of its own, may not."""
    await desk.publish(process("prova"))
    await desk.publish(process("altra", approvers=[{"role": "responsabile-marketing"}]))
    for number, (budget, deadline) in enumerate(
        [("100.00", "2026-12-20"), ("900.00", "2026-12-10"), ("500.00", "2026-12-30")]
    ):
        await desk.submit(process="prova", title=f"Brief {number}", budget=budget, deadline=deadline)
        desk.clock.advance(timedelta(minutes=1))


async def test_a_row_says_what_it_is_about(desk: Desk):
    await spese(desk)
    brief_id = await desk.submit(process="altra", title="Prezzi", budget="700.00")
    await desk.price(brief_id, "650.00")
    (row,) = [row for row in await desk.inbox("paolo") if row["title"] == "Brief 1"]
    assert (row["amount"], row["number"], row["deadline"]) == ("900.00", "B-1/2026", "2026-12-10")
    assert row["progress"] == {"ended": 0, "steps": 1}
    (row,) = await desk.inbox("lia")
    assert row["amount"] == "700.00", "the price is not Lia's to see, the budget is"


FOUND: list[tuple[dict[str, Any], str]] = [
    ({}, "012"),
    ({"sort": "amount"}, "120"),
    ({"sort": "amount", "limit": 1}, "120"),
    ({"sort": "due", "limit": 1}, "012"),
    ({"min_amount": "500"}, "12"),
    ({"max_amount": "500"}, "02"),
    ({"min_amount": "500.01", "max_amount": "899.99"}, ""),
    ({"requester_id": "marta"}, "012"),
    ({"requester_id": "lia"}, ""),
    ({"unit_id": "marketing"}, "012"),
    ({"unit_id": "azienda"}, "012"),
    ({"unit_id": "azienda", "requester_id": "paolo"}, ""),
    ({"due_before": "2027-01-01T00:00:00Z"}, ""),
]


async def test_rows_are_found_and_sorted(desk: Desk):
    await spese(desk)
    for query, found in FOUND:
        await finds(desk, query, found)


async def finds(desk: Desk, query: dict[str, Any], found: str) -> None:
    names = {"requester_id": desk.id, "unit_id": lambda key: str(desk.units[key])}
    query = {name: names[name](value) if name in names else value for name, value in query.items()}
    seen, cursor = "", None
    while True:
        more = {"cursor": cursor} if cursor else {}
        response, page = await desk.as_("paolo").get("/v1/inbox", params=query | more)
        assert response.status == 200, page
        seen += "".join(row["title"][-1] for row in page["items"])
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert seen == found, query
    filters = {name: value for name, value in query.items() if name not in ("sort", "limit")}
    _, summary = await desk.as_("paolo").get("/v1/inbox/summary", params=filters)
    amounts = {"0": 100, "1": 900, "2": 500}
    assert (summary["waiting"], summary["amount"]) == (
        len(found),
        f"{sum(amounts[each] for each in found)}.00",
    )


async def test_who_may_not_see_amounts_learns_none_by_asking(desk: Desk):
    await spese(desk)
    for query in ({"min_amount": "1"}, {"max_amount": "1"}, {"sort": "amount"}):
        response, problem = await desk.as_("lia").get("/v1/inbox", params=query)
        assert (response.status, problem["code"]) == (403, "field_hidden_from_author"), query
    _, summary = await desk.as_("lia").get("/v1/inbox/summary")
    assert "amount" not in summary
