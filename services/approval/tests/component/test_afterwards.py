"""Once a step is decided, the process sets fields and has people told, at once or some time later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ..conftest import Desk
from .test_changing_minds import last

TO_DARIO = {"to": [{"person": "dario@example.it"}], "text": "Ordinare entro oggi"}
DIRECTS = {"key": "due", "approvers": [{"role": "direttore"}], "on_rejection": {"back_to": "uno"}}


async def opened(desk: Desk, *more: dict[str, Any], **first: Any) -> str:
    step = {"key": "uno", "name": "Acquisti", "approvers": [{"role": "purchasing"}]} | first
    await desk.publish({"key": "prova", "name": "Prova", "subject": "brief", "steps": [step, *more]})
    return (await desk.approval("ada", await desk.submit(process="prova")))["id"]


async def told(desk: Desk) -> list[tuple[str, str, list[str]]]:
    events = await desk.database.published("optima.approval.notice_sent.v1")
    names = {desk.id(name): name for name in desk.people}
    return [
        (event.data["outcome"], event.data["text"], [names[each] for each in event.data["recipients"]])
        for event in events
    ]


@pytest.mark.parametrize(("outcome", "state"), [("approve", "skipped"), ("reject", "pending")])
async def test_later_conditions_read_what_a_step_sets(desk: Desk, outcome: str, state: str) -> None:
    sets = {"approved": {"corsia": "rapida"}, "rejected": {"corsia": "lenta"}}
    first = {"key": "uno", "approvers": [{"role": "purchasing"}], "sets": sets}
    other = {"key": "tre", "approvers": [{"role": "admin"}]}
    branches = {
        "key": "rami",
        "join": "any",
        "parallel": [{"key": "a", "steps": [first]}, {"key": "b", "steps": [other]}],
    }
    slow = 'has(brief.corsia) && brief.corsia != "rapida"'
    second = {"key": "due", "when": slow, "approvers": [{"role": "direttore"}]}
    fields = {"corsia": {"type": "text", "name": "Corsia"}}
    await desk.publish(
        {"key": "prova", "name": "Prova", "subject": "brief", "fields": fields, "steps": [branches, second]}
    )
    approval_id = (await desk.approval("ada", await desk.submit(process="prova")))["id"]
    await desk.decide("paolo", approval_id, "uno", outcome, reason="perché sì")
    if outcome == "reject":
        await desk.decide("ada", approval_id, "tre")
    _, approval = await desk.as_("ada").get(f"/v1/approvals/{approval_id}")
    assert {step["key"]: step["state"] for step in approval["steps"]}["due"] == state
    value = {"approve": "rapida", "reject": "lenta"}[outcome]
    assert [(each["name"], each["value"]) for each in approval["filled"]] == [("Corsia", value)]
    assert (await last(desk, approval_id, "fields_set"))["filled"] == {"corsia": value}


async def test_people_are_told_at_once_and_later_and_may_look_at_it(desk: Desk) -> None:
    later = {"after": 8, "to": [{"decided": "uno"}, {"field": "requester"}], "text": "Com'è andata?"}
    approval_id = await opened(desk, notices=[TO_DARIO, later, TO_DARIO | {"on": "rejected"}])
    response, _ = await desk.as_("dario").get(f"/v1/approvals/{approval_id}")
    assert response.status == 404
    await desk.decide("paolo", approval_id, "uno")
    await desk.work()
    assert await told(desk) == [("approved", "Ordinare entro oggi", ["dario"])]
    response, _ = await desk.as_("dario").get(f"/v1/approvals/{approval_id}")
    assert response.status == 200
    desk.clock.advance(timedelta(days=3))
    await desk.work()
    assert [(text, sorted(people)) for _, text, people in await told(desk)][1:] == [
        ("Com'è andata?", ["marta", "paolo"])
    ]
    entry = await last(desk, approval_id, "notice_sent")
    assert (entry["step"], entry["reason"]) == ("uno", "Com'è andata?")
    assert {each["name"] for each in entry["asked"]} == {"Marta", "Paolo"}


@pytest.mark.parametrize("then", ["sent back", "recalled", "revoked", "decided again"])
async def test_nobody_is_told_what_is_no_longer_so(desk: Desk, then: str) -> None:
    more = () if then == "revoked" else (DIRECTS,)
    approval_id = await opened(desk, *more, notices=[TO_DARIO | {"after": 8}])
    await desk.decide("paolo", approval_id, "uno")
    if then in ("sent back", "decided again"):
        await desk.decide("dario", approval_id, "due", "reject", reason="No")
    if then == "decided again":
        desk.clock.advance(timedelta(days=3))
        await desk.decide("piera", approval_id, "uno")
        await desk.work()
        assert await told(desk) == []
    if then == "recalled":
        await desk.as_("marta").post(f"/v1/approvals/{approval_id}/recall", {})
    if then == "revoked":
        reason = {"reason": "Prezzo sbagliato"}
        await desk.as_("ada").post(f"/v1/approvals/{approval_id}/revocation", reason)
    desk.clock.advance(timedelta(days=3))
    await desk.work()
    assert len(await told(desk)) == (then == "decided again")
