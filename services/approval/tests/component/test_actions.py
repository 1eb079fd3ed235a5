"""An approval tells each reader what they may do with it, and how far its steps are."""

from __future__ import annotations

from typing import Any

WEEK = {"starts_at": "2026-11-23T00:00:00Z", "ends_at": "2026-11-30T00:00:00Z"}
DECISIONS = ["approve", "reject", "abstain", "request_changes"]


def rule(**options: Any) -> dict[str, Any]:
    step = {"key": "uno", "approvers": [{"role": "purchasing"}]} | options
    return {"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]}


async def step_of(desk, name, brief_id):
    approval_id = (await desk.approval("ada", brief_id))["approval_id"]
    response, approval = await desk.as_(name).get(f"/v1/approvals/{approval_id}")
    assert response.status == 200, approval
    return approval["steps"][0]


async def test_each_is_told_what_they_may_do(desk):
    await desk.publish(rule(quorum={"at_least": 2}))
    await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("dario")})
    brief_id = await desk.submit(process="prova")
    assert (await step_of(desk, "paolo", brief_id))["actions"] == [{"may": [*DECISIONS, "forward"]}]
    (action,) = (await step_of(desk, "dario", brief_id))["actions"]
    assert (action["on_behalf_of"]["name"], action["may"]) == ("Piera", DECISIONS)
    assert (await step_of(desk, "ada", brief_id))["actions"] == []
    assert [(await desk.approval(name, brief_id))["actions"] for name in ("marta", "paolo")] == [
        ["recall"],
        [],
    ]


async def test_what_is_told_is_what_is_done(desk):
    """Whoever is told that they may, may; whoever is not, is refused."""
    await desk.publish(rule(quorum="all", requires=["quote_total"], allows=["forward"]))
    await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("paolo")})
    brief_id = await desk.submit(process="prova")
    (action,) = (await step_of(desk, "paolo", brief_id))["actions"]
    assert action == {"may": ["reject", "forward"]}
    await desk.price(brief_id, "10.00")
    (action,) = (await step_of(desk, "paolo", brief_id))["actions"]
    assert action == {"may": ["approve", "reject", "forward"]}
    approval = await desk.approval("paolo", brief_id)
    status, _ = await desk.decide("paolo", approval["approval_id"], "uno", on_behalf_of=desk.id("piera"))
    assert status == 403
    assert (await desk.decide("paolo", approval["approval_id"], "uno"))[0] == 200
    step = await step_of(desk, "paolo", brief_id)
    assert (step["actions"], step["quorum"]) == ([], {"have": 1, "need": 2})
    await desk.decide("piera", approval["approval_id"], "uno")
    approval = await desk.approval("marta", brief_id)
    assert (approval["state"], approval["actions"]) == ("approved", [])
    assert "actions" not in approval["steps"][0]


async def test_groups_are_counted(desk):
    await desk.publish(
        rule(approvers=[{"role": "purchasing"}, {"role": "direttore"}], quorum="one_per_group")
    )
    brief_id = await desk.submit(process="prova")
    assert (await step_of(desk, "paolo", brief_id))["quorum"] == {"have": 0, "need": 2}
    approval = await desk.approval("paolo", brief_id)
    await desk.decide("paolo", approval["approval_id"], "uno")
    assert (await step_of(desk, "paolo", brief_id))["quorum"] == {"have": 1, "need": 2}
