"""Who approves fills in what the step asks for, and the steps after it read it; who decided a step is asked
again later on."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from ..conftest import Desk
from .test_changing_minds import last

COST = {"costo": {"type": "money", "name": "Costo stimato"}, "centro": {"type": "text"}}


def document(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    whole = {"key": "prova", "name": "Prova", "subject": "brief", "fields": COST, "steps": list(steps)}
    return whole | changes


BUYS = {"key": "acquisti", "approvers": [{"role": "purchasing"}], "fills": ["costo", "centro"]}
DIRECTS = {"key": "direzione", "when": "brief.costo > 1000.0", "approvers": [{"role": "direttore"}]}
AGAIN = {
    "key": "conferma",
    "approvers": [{"decided": "acquisti"}],
    "if_too_few": {"ask": [{"role": "admin"}]},
}


async def opened(desk: Desk, *steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    await desk.publish(document(*steps, **changes))
    return await desk.approval("ada", await desk.submit(process="prova"))


def states(approval: dict[str, Any]) -> dict[str, str]:
    return {step["key"]: step["state"] for step in approval["steps"]}


@pytest.mark.parametrize(("cost", "state"), [("1000.00", "skipped"), ("1000.01", "pending")])
async def test_later_conditions_read_what_was_filled_in(desk: Desk, cost, state):
    approval = await opened(desk, BUYS, DIRECTS, AGAIN)
    _, seen = await desk.as_("paolo").get(f"/v1/approvals/{approval['id']}")
    assert seen["steps"][0]["fills"] == [
        {"field": "costo", "name": "Costo stimato", "type": "money"},
        {"field": "centro", "name": "centro", "type": "text"},
    ]
    filled = {"costo": cost, "centro": "A1"}
    status, approval = await desk.decide("paolo", approval["id"], "acquisti", fields=filled)
    assert (status, states(approval)["direzione"]) == (200, state)
    assert [(each["field"], each["value"]) for each in approval["filled"]] == list(filled.items())
    assert "costo" not in approval["content"]
    entry = await last(desk, approval["id"], "part_decided")
    assert entry["filled"] == filled
    (told,) = await desk.database.published("optima.approval.decided.v1")
    assert told.data["filled"] == filled


@pytest.mark.parametrize(
    ("outcome", "filled", "field", "code"),
    [
        ("approve", {"costo": "10.00"}, "fields.centro", "field_to_fill_missing"),
        ("approve", {}, "fields.costo", "field_to_fill_missing"),
        ("approve", {"costo": "molto", "centro": "A1"}, "fields.costo", "content_mistyped"),
        ("approve", {"costo": "1.250,00", "centro": "A1"}, "fields.costo", "content_italian_number"),
        ("approve", {"costo": "1", "centro": "A1", "x": "2"}, "fields.x", "field_not_to_be_filled"),
        ("reject", {"costo": "1"}, "fields.costo", "fields_with_approval_alone"),
    ],
)
async def test_what_is_not_filled_in_rightly_is_refused(desk: Desk, outcome, filled, field, code):
    approval = await opened(desk, BUYS, DIRECTS)
    for language in ("it", "en"):
        body = {"step": "acquisti", "outcome": outcome, "reason": "No", "fields": filled}
        response, problem = await desk.as_("paolo").post(
            f"/v1/approvals/{approval['id']}/decisions",
            body | {"content_hash": approval["content_hash"]},
            headers={"Accept-Language": language},
        )
        first = problem.get("errors", [problem])[0]
        assert response.status == 422
        assert (first["field"], first["code"]) == (field, code)
        assert "{" not in first["detail"]


async def test_of_many_decisions_each_names_all_that_is_to_be_mended(desk: Desk):
    approval = await opened(desk, BUYS, DIRECTS)
    item = {"approval_id": approval["id"], "step": "acquisti", "outcome": "approve"}
    item |= {"content_hash": approval["content_hash"]}
    fields: list[dict[str, str]] = [{}, {"costo": "molto", "centro": "A1"}]
    items = [item | {"fields": filled} for filled in fields]
    _, answer = await desk.as_("paolo").post("/v1/decisions", {"items": items})
    both, one = (each["problem"] for each in answer["items"])
    assert (both["code"], both["detail"]) == ("violations", "2 valori da correggere, in errors.")
    assert [error["field"] for error in both["errors"]] == ["fields.costo", "fields.centro"]
    assert [(error["field"], error["code"]) for error in one["errors"]] == [
        ("fields.costo", "content_mistyped")
    ]
    assert "{" not in str([error["detail"] for error in both["errors"]])


async def test_a_value_of_no_type_that_fields_have_is_refused_where_it_stands(desk: Desk):
    body = {"step": "acquisti", "outcome": "approve", "content_hash": "x"}
    response, problem = await desk.as_("paolo").post(
        "/v1/decisions", {"items": [body | {"approval_id": str(uuid4()), "fields": {"costo": 10.5}}]}
    )
    assert response.status == 422
    assert [(each["field"], each["code"]) for each in problem["errors"]] == [
        ("items[0].fields.costo", "unacceptable_value")
    ]


async def test_a_rejection_needs_nothing_filled_in(desk: Desk):
    approval = await opened(desk, BUYS, DIRECTS)
    status, _ = await desk.decide("paolo", approval["id"], "acquisti", "reject", reason="No")
    assert status == 200


async def test_in_one_round_all_write_the_same(desk: Desk):
    approval = await opened(desk, BUYS | {"quorum": "all"}, DIRECTS)
    await desk.decide("paolo", approval["id"], "acquisti", fields={"costo": "10.0", "centro": "A1"})
    status, problem = await desk.decide(
        "piera", approval["id"], "acquisti", fields={"costo": "11", "centro": "A1"}
    )
    assert (status, problem["code"]) == (409, "field_filled_otherwise")
    assert "10.0" in problem["detail"]
    status, approval = await desk.decide(
        "piera", approval["id"], "acquisti", fields={"costo": "10.00", "centro": "A1"}
    )
    assert (status, approval["state"]) == (200, "approved")


async def test_nobody_submits_what_approvers_fill_in(desk: Desk):
    declared = {"key": "spesa", "name": "Spesa", "fields": {"titolo": {"type": "text"}}}
    await desk.as_("ada").put("/v1/subject-types/spesa", declared)
    await desk.publish(document(BUYS, subject="spesa"))
    body = {"process": "prova", "subject_id": desk.id("marta"), "content": {"titolo": "A", "costo": "1"}}
    response, problem = await desk.as_("marta").post("/v1/approvals", body)
    assert [error["code"] for error in problem["errors"]] == ["content_unknown"]
    body["content"] = {"titolo": "A"}
    response, approval = await desk.as_("marta").post("/v1/approvals", body)
    assert response.status == 201, approval
    # but a trial may suppose it
    trial = {"requester_id": desk.id("marta"), "content": {"titolo": "A", "costo": "1"}}
    response, _ = await desk.as_("ada").post("/v1/processes/prova/simulation", trial)
    assert response.status == 200


async def test_who_decided_a_step_is_asked_again(desk: Desk):
    approval = await opened(desk, BUYS, AGAIN)
    _, approval = await desk.decide("piera", approval["id"], "acquisti", fields={"costo": "1", "centro": "A"})
    (part,) = approval["steps"][1]["parts"]
    assert (part["person"]["name"], part["why"]) == ("Piera", "decided:acquisti")
    assert [row["step"] for row in await desk.inbox("piera")] == ["conferma"]


async def test_where_nobody_decided_the_step_others_are_asked(desk: Desk):
    skipped = BUYS | {"when": "brief.budget > 1000000.0"}
    approval = await opened(desk, skipped, AGAIN)
    assert [part["person"]["name"] for part in approval["steps"][1]["parts"]] == ["Ada"]


async def test_a_migration_may_add_fields_and_keeps_what_is_filled_in(desk: Desk):
    approval = await opened(desk, BUYS, AGAIN)
    await desk.decide("paolo", approval["id"], "acquisti", fields={"costo": "5", "centro": "A"})
    more = {"key": "dopo", "approvers": [{"role": "direttore"}], "fills": ["nota"]}
    await desk.publish(document(BUYS, AGAIN, more, fields=COST | {"nota": {"type": "text"}}))
    _, begun = await desk.as_("ada").post("/v1/processes/prova/moves", {})
    await desk.work()
    _, items = await desk.as_("ada").get(f"/v1/moves/{begun['id']}/items")
    assert [each["verdict"] for each in items["items"]] == ["possible"]
