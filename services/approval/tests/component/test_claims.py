"""A step that asks several is claimed by one; a part is put off to a day."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ..conftest import Desk
from .test_changing_minds import opened, post


async def seen(desk: Desk, name: str, approval_id: str):
    _, approval = await desk.as_(name).get(f"/v1/approvals/{approval_id}")
    return approval["steps"][0]


async def test_one_claims_what_all_are_asked_and_all_see_it(desk: Desk):
    approval_id = await opened(desk)
    status, approval = await post(desk, "paolo", approval_id, "claim")
    assert (status, approval["steps"][0]["claimed_by"]["name"]) == (200, "Paolo")
    (row,) = await desk.inbox("piera")
    assert row["claimed_by"] == {"id": desk.id("paolo"), "name": "Paolo"}
    status, problem = await post(desk, "piera", approval_id, "claim")
    assert (status, problem["code"]) == (409, "step_claimed")
    assert "Paolo" in problem["detail"]
    status, problem = await post(desk, "piera", approval_id, "release")
    assert (status, problem["code"]) == (403, "claim_of_another")
    # it binds nobody
    status, _ = await desk.decide("piera", approval_id, "uno")
    assert status == 200


async def test_it_is_given_back_by_who_claimed_it_or_by_an_admin(desk: Desk):
    approval_id = await opened(desk)
    for name in ("paolo", "ada"):
        await post(desk, "paolo", approval_id, "claim")
        assert (await post(desk, name, approval_id, "release"))[0] == 200
        assert "claimed_by" not in await seen(desk, "piera", approval_id)
    status, problem = await post(desk, "paolo", approval_id, "release")
    assert (status, problem["code"]) == (409, "step_not_claimed")


async def test_what_one_alone_is_asked_is_not_claimed(desk: Desk):
    approval_id = await opened(desk, approvers=[{"person": "paolo@example.it"}])
    status, problem = await post(desk, "paolo", approval_id, "claim")
    assert (status, problem["code"]) == (409, "step_asks_one_alone")
    status, problem = await post(desk, "piera", approval_id, "claim")
    assert (status, problem["code"]) in ((404, "approval_absent"), (403, "approver_not_asked"))


async def test_a_claim_goes_with_the_part(desk: Desk):
    approval_id = await opened(desk, approvers=[{"role": "purchasing"}, {"role": "admin"}], quorum="all")
    await post(desk, "paolo", approval_id, "claim")
    await desk.decide("paolo", approval_id, "uno")
    assert "claimed_by" not in await seen(desk, "piera", approval_id)
    assert (await post(desk, "piera", approval_id, "claim"))[0] == 200


async def test_a_part_is_put_off_for_oneself_alone(desk: Desk):
    approval_id = await opened(desk)
    today = desk.clock.now().date()
    day = str(today + timedelta(days=3))
    response, approval = await desk.as_("paolo").put(
        f"/v1/approvals/{approval_id}/follow-up", {"step": "uno", "on": day}
    )
    assert (response.status, approval["steps"][0]["follow_up_on"]) == (200, day)
    assert "follow_up_on" not in await seen(desk, "piera", approval_id)
    assert await desk.inbox("paolo", back_by=str(today)) == []
    assert [row["follow_up_on"] for row in await desk.inbox("paolo", back_by=day)] == [day]
    assert [row["follow_up_on"] for row in await desk.inbox("paolo")] == [day]
    assert len(await desk.inbox("piera", back_by=str(today))) == 1
    _, summary = await desk.as_("paolo").get("/v1/inbox/summary", params={"back_by": str(today)})
    assert summary["waiting"] == 0
    response, problem = await desk.as_("paolo").put(
        f"/v1/approvals/{approval_id}/follow-up", {"step": "uno", "on": str(today)}
    )
    assert (response.status, problem["code"]) == (422, "follow_up_in_the_past")
    response, approval = await desk.as_("paolo").put(
        f"/v1/approvals/{approval_id}/follow-up", {"step": "uno"}
    )
    assert (response.status, "follow_up_on" in approval["steps"][0]) == (200, False)


@pytest.mark.parametrize("then", ["waits", "decided", "put off again", "put off no longer"])
async def test_who_put_a_part_off_is_reminded_on_the_day_while_it_is_theirs(desk: Desk, then: str) -> None:
    approval_id = await opened(desk)
    paolo = desk.as_("paolo")

    async def put_off(**to: str) -> None:
        response, _ = await paolo.put(f"/v1/approvals/{approval_id}/follow-up", {"step": "uno", **to})
        assert response.status == 200

    thursday = desk.clock.now().date() + timedelta(days=3)
    await put_off(on=str(thursday))
    if then == "decided":
        await desk.decide("piera", approval_id, "uno")
    elif then == "put off again":
        await put_off(on=str(thursday + timedelta(days=7)))
    elif then == "put off no longer":
        await put_off()
    reminded = "SELECT envelope FROM outbox WHERE type = 'optima.approval.reminded.v1'"
    desk.clock.advance(timedelta(days=2))
    await desk.work()
    assert await desk.database.fetch(reminded) == []
    desk.clock.advance(timedelta(days=2))
    await desk.work()
    told = [json.loads(row["envelope"])["data"] for row in await desk.database.fetch(reminded)]
    assert [each["recipients"] for each in told] == ([[desk.id("paolo")]] if then == "waits" else [])
