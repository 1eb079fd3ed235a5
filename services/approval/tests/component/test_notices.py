"""Events say whom they concern: who is asked, who is not asked any more, who wants to know the outcome."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..conftest import Desk

WEEK = {"starts_at": "2026-11-23T00:00:00Z", "ends_at": "2026-11-30T00:00:00Z"}


def rule(**options: Any) -> dict[str, Any]:
    step = {"key": "uno", "name": "Acquisti", "approvers": [{"role": "purchasing"}]} | options
    return {"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]}


async def told(desk: Desk, since: int = 0) -> list[tuple[str, list[str]]]:
    """Whom each event since then concerns, by name."""
    names = {str(actor.person_id): name for name, actor in desk.people.items()}
    events = (await desk.database.published())[since:]
    return [
        (
            event.type.removeprefix("optima.approval.").removesuffix(".v1"),
            sorted(names[each] for each in event.data.get("recipients", [])),
        )
        for event in events
    ]


async def count(desk: Desk) -> int:
    return len(await desk.database.published())


async def test_who_is_asked_is_told_with_who_stands_in_for_them(desk: Desk):
    await desk.publish(rule(quorum={"at_least": 2}))
    await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("dario")})
    start = await count(desk)
    brief_id = await desk.submit(process="prova")
    assert await told(desk, start) == [("opened", []), ("step_pending", ["dario", "paolo", "piera"])]
    (event,) = await desk.database.published("optima.approval.step_pending.v1")
    assert (event.data["title"], event.data["step_name"]) == ("Espositori autunno", "Acquisti")
    start = await count(desk)
    await desk.person("mirco", "purchasing", unit="marketing")
    await desk.work()
    assert await told(desk, start) == [("step_pending", ["mirco"])]
    start = await count(desk)
    await desk.person("mirco", "marketing", unit="marketing")
    await desk.work()
    assert await told(desk, start) == [("part_withdrawn", ["mirco"])]
    approval = await desk.approval("paolo", brief_id)
    start = await count(desk)
    body = {"step": "uno", "to_person_id": desk.id("lia")}
    await desk.as_("paolo").post(f"/v1/approvals/{approval['id']}/forwarding", body)
    assert await told(desk, start) == [("forwarded", ["lia"])]


async def test_who_is_asked_no_more_is_told_and_nobody_of_what_they_did(desk: Desk):
    await desk.publish(rule())
    await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("dario")})
    brief_id = await desk.submit(process="prova")
    approval = await desk.approval("paolo", brief_id)
    start = await count(desk)
    await desk.decide("paolo", approval["id"], "uno")
    assert await told(desk, start) == [
        ("decided", []),
        ("step_ended", ["dario", "piera"]),
        ("approved", ["marta"]),
    ]
    brief_id = await desk.submit(process="prova")
    approval = await desk.approval("paolo", brief_id)
    start = await count(desk)
    await desk.decide("dario", approval["id"], "uno", on_behalf_of=desk.id("piera"))
    assert (await told(desk, start))[:2] == [("decided", ["piera"]), ("step_ended", ["paolo"])]
    brief_id = await desk.submit(process="prova")
    approval = await desk.approval("marta", brief_id)
    start = await count(desk)
    await desk.as_("marta").post(f"/v1/approvals/{approval['id']}/recall", {})
    assert await told(desk, start) == [("step_ended", ["dario", "paolo", "piera"]), ("cancelled", [])]


async def test_whoever_watches_is_told_of_the_end(desk: Desk):
    await desk.publish(rule(quorum="all"))
    brief_id = await desk.submit(process="prova")
    approval = await desk.approval("ada", brief_id)
    path = f"/v1/approvals/{approval['id']}/watching"
    for name in ("ada", "piera", "paolo"):
        response, seen = await desk.as_(name).post(path, {})
        assert (response.status, "unwatch" in seen["actions"]) == (200, True)
    response, problem = await desk.as_("ada").post(path, {})
    assert (response.status, problem["code"]) == (409, "approval_watched_already")
    await desk.as_("piera").delete(path)
    response, problem = await desk.as_("lia").post(path, {})
    assert (response.status, problem["code"]) == (404, "approval_absent")
    await desk.decide("piera", approval["id"], "uno")
    start = await count(desk)
    await desk.decide("paolo", approval["id"], "uno")
    assert (await told(desk, start))[-1] == ("approved", ["ada", "marta"])


async def test_reminders_and_escalations_say_whom_they_are_for(desk: Desk):
    due = {"hours": 8, "remind": [4], "then": ["escalate", "expire"]}
    await desk.publish(rule(approvers=[{"role": "responsabile-marketing"}], due=due))
    await desk.submit(process="prova")
    start = await count(desk)
    for passed in (timedelta(hours=5), timedelta(days=1), timedelta(days=2)):
        desk.clock.advance(passed)
        await desk.work()
    assert await told(desk, start) == [
        ("reminded", ["lia"]),
        ("escalated", ["dario", "lia"]),
        ("step_ended", ["dario"]),
        ("expired", ["marta"]),
    ]


async def test_what_is_asked_anew_is_withdrawn_first(desk: Desk):
    await desk.publish(rule(quorum="all", requires=["quote_total"]))
    brief_id = await desk.submit(process="prova")
    await desk.price(brief_id, "10.00")
    approval = await desk.approval("paolo", brief_id)
    await desk.decide("paolo", approval["id"], "uno")
    start = await count(desk)
    await desk.price(brief_id, "20.00")
    assert await told(desk, start) == [("step_reopened", ["piera"]), ("step_pending", ["paolo", "piera"])]


async def test_who_cannot_be_asked_anything_is_told_to_the_requester(desk: Desk):
    await desk.submit(process="nessuno")
    assert await told(desk) == [("not_opened", ["marta"])]


async def test_both_ends_of_a_delegation_are_told_but_for_who_gives_it(desk: Desk):
    _, given = await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("dario")})
    await desk.as_("ada").delete(f"/v1/delegations/{given['id']}")
    assert await told(desk) == [("delegation_changed", ["dario"]), ("delegation_changed", ["dario", "piera"])]
