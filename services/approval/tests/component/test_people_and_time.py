"""People come and go, time passes: what waits follows."""

from __future__ import annotations

from datetime import timedelta

from optima_contracts.identity import PersonDeparted, RoleChanged, UnitChanged

from ..conftest import Desk


def rule(**options):
    step = {"key": "uno", "approvers": [{"role": "purchasing"}]} | options
    return {"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]}


async def asked(desk: Desk, brief_id):
    approval = await desk.approval("ada", brief_id)
    parts = approval["steps"][0]["parts"]
    return sorted(part["person"]["name"] for part in parts if part["state"] == "requested")


async def test_who_gains_the_role_is_asked(desk: Desk):
    await desk.publish(rule())
    brief_id = await desk.submit(process="prova")
    await desk.person("mirco", "marketing", unit="marketing")
    await desk.work()
    assert await asked(desk, brief_id) == ["Paolo", "Piera"]
    await desk.person("mirco", "purchasing", unit="marketing")
    await desk.work()
    assert await asked(desk, brief_id) == ["Mirco", "Paolo", "Piera"]
    await desk.person("mirco", "marketing", unit="marketing")
    await desk.work()
    assert await asked(desk, brief_id) == ["Paolo", "Piera"]


async def test_a_unit_with_another_manager_asks_them(desk: Desk):
    await desk.publish(rule(approvers=[{"unit_manager": "marketing"}], if_too_few="reject"))
    unit = desk.units["marketing"]
    event = UnitChanged(
        unit_id=unit, key="marketing", name="Marketing", manager_id=desk.people["lia"].person_id
    )
    await desk.deliver(event, unit)
    brief_id = await desk.submit(process="prova")
    assert await asked(desk, brief_id) == ["Lia"]
    await desk.deliver(event.model_copy(update={"manager_id": desk.people["dario"].person_id}), unit)
    await desk.work()
    assert await asked(desk, brief_id) == ["Dario"]


async def test_a_role_that_may_no_longer_decide_is_not_asked(desk: Desk):
    await desk.publish(rule(approvers=[{"role": "direttore"}]))
    brief_id = await desk.submit(process="prova")
    rows = await desk.database.fetch("SELECT role_id FROM roles WHERE key = 'direttore'")
    role_id = rows[0]["role_id"]
    await desk.deliver(RoleChanged(role_id=role_id, key="direttore", privileges=["brief.read"]), role_id)
    await desk.work()
    assert await asked(desk, brief_id) == ["Ada"]


async def test_who_took_over_is_asked_in_place_of_who_left(desk: Desk):
    await desk.publish(rule(quorum="all"))
    brief_id = await desk.submit(process="prova")
    await desk.depart("paolo", "lia")
    await desk.depart("paolo", "lia")
    await desk.work()
    assert await asked(desk, brief_id) == ["Lia", "Piera"]
    assert (await desk.app.types()).count("handed_over") == 1
    (told,) = await desk.database.published("optima.approval.handed_over.v1")
    approval = await desk.approval("lia", brief_id)
    assert told.data == {
        "approval_id": approval["id"],
        "step": "uno",
        "from_person_id": desk.id("paolo"),
        "to_person_id": desk.id("lia"),
        "recipients": [desk.id("lia")],
        "title": "Espositori autunno",
        "step_name": None,
    }
    _, page = await desk.as_("lia").get(f"/v1/approvals/{approval['id']}/history")
    recorded = page["items"][-1]
    assert (recorded["kind"], recorded["person"]["name"], recorded["to_person"]["name"]) == (
        "part_handed_over", "Paolo", "Lia",
    )  # fmt: skip
    assert [each["why"] for each in await desk.inbox("lia")] == [f"handed_over:{desk.id('paolo')}"]
    status, _ = await desk.decide("lia", approval["id"], "uno")
    assert status == 200


async def test_a_departure_that_overtakes_the_person_s_change_is_remembered(desk: Desk):
    await desk.publish(rule(quorum="all"))
    brief_id = await desk.submit(process="prova")
    paolo, lia = desk.people["paolo"].person_id, desk.people["lia"].person_id
    await desk.deliver(PersonDeparted(person_id=paolo, successor_id=lia), paolo)
    await desk.work()
    assert await asked(desk, brief_id) == ["Paolo", "Piera"]
    await desk.person("paolo", "purchasing", active=False)
    await desk.work()
    assert await asked(desk, brief_id) == ["Lia", "Piera"]


async def test_parts_withdrawn_before_the_departure_is_told_stay_as_the_rules_settled_them(desk: Desk):
    await desk.publish(rule(approvers=[{"role": "direttore"}]))
    brief_id = await desk.submit(process="prova")
    await desk.person("dario", "direttore", active=False)
    await desk.work()
    assert await asked(desk, brief_id) == ["Ada"]
    await desk.depart("dario", "lia")
    await desk.work()
    assert await asked(desk, brief_id) == ["Ada"]


async def test_who_took_over_from_the_requester_does_not_approve_it(desk: Desk):
    await desk.publish(rule(quorum="all"))
    brief_id = await desk.submit(process="prova")
    await desk.work()
    await desk.depart("marta", "piera")
    await desk.work()
    assert await asked(desk, brief_id) == ["Paolo"]
    approval = await desk.approval("piera", brief_id)
    status, problem = await desk.decide("piera", approval["id"], "uno")
    assert (status, problem["code"]) == (403, "approver_not_asked")


async def test_who_took_over_from_the_requester_sees_it_and_may_recall_it(desk: Desk):
    await desk.publish(rule())
    brief_id = await desk.submit(process="prova")
    _, page = await desk.as_("lia").get("/v1/approvals")
    assert page["items"] == []
    await desk.depart("marta", "lia")
    approval = await desk.approval("lia", brief_id)
    response, body = await desk.as_("lia").post(f"/v1/approvals/{approval['id']}/recall", {})
    assert response.status == 200, body
    assert body["state"] == "cancelled"


async def test_what_was_taken_over_is_handed_on_when_its_taker_leaves_too(desk: Desk):
    await desk.publish(rule(quorum="all"))
    recalled, left_open = await desk.submit(process="prova"), await desk.submit(process="prova")
    await desk.depart("marta", "lia")
    await desk.depart("lia", "dario")
    approval = await desk.approval("dario", recalled)
    response, body = await desk.as_("dario").post(f"/v1/approvals/{approval['id']}/recall", {})
    assert (response.status, body["state"]) == (200, "cancelled")
    await desk.work()
    await desk.depart("dario", "piera")
    await desk.work()
    assert await asked(desk, left_open) == ["Paolo"]


async def test_a_departure_told_after_its_successor_s_reaches_who_took_over_last(desk: Desk):
    await desk.publish(rule())
    brief_id = await desk.submit(process="prova")
    await desk.depart("lia", "dario")
    await desk.depart("marta", "lia")
    assert (await desk.approval("dario", brief_id))["state"] == "open"


async def test_what_is_approved_anew_is_asked_for_by_who_took_over(desk: Desk):
    await desk.publish(rule())
    brief_id = await desk.submit(process="prova")
    first = await desk.approval("paolo", brief_id)
    await desk.decide("paolo", first["id"], "uno")
    await desk.depart("marta", "piera")
    await desk.price(brief_id, "120.00")
    again = await desk.approval("piera", brief_id)
    assert (again["state"], again["requester"]["name"]) == ("open", "Piera")
    assert await asked(desk, brief_id) == ["Paolo"]


async def test_delegations_of_who_left_end(desk: Desk):
    for giver, taker in (("paolo", "lia"), ("dario", "paolo"), ("dario", "lia")):
        body = {
            "to_person_id": desk.id(taker),
            "starts_at": desk.clock.now().isoformat(),
            "ends_at": (desk.clock.now() + timedelta(days=9)).isoformat(),
        }
        response, answer = await desk.as_(giver).post("/v1/delegations", body)
        assert response.status == 201, answer
    await desk.depart("paolo", "lia")
    await desk.depart("paolo", "lia")
    _, page = await desk.as_("ada").get("/v1/delegations")
    assert {
        (each["from_person"]["name"], each["to_person"]["name"]): "revoked_at" in each
        for each in page["items"]
    } == {("Paolo", "Lia"): True, ("Dario", "Paolo"): True, ("Dario", "Lia"): False}
    told = await desk.database.published("optima.approval.delegation_changed.v1")
    assert [event.data["revoked"] for event in told] == [False, False, False, True, True]


async def test_a_step_reminds_escalates_and_is_rejected_in_time(desk: Desk):
    due = {"hours": 8, "remind": [4], "then": ["escalate", "reject"]}
    await desk.publish(rule(approvers=[{"role": "responsabile-marketing"}], due=due))
    brief_id = await desk.submit(process="prova")
    await desk.work()
    assert await desk.work() == 0
    desk.clock.advance(timedelta(hours=5))
    await desk.work()
    assert (await desk.app.types())[-1] == "reminded"
    desk.clock.advance(timedelta(days=1))
    await desk.work()
    assert (await desk.app.types())[-1] == "escalated"
    assert await asked(desk, brief_id) == ["Dario"]
    desk.clock.advance(timedelta(days=2))
    await desk.work()
    assert (await desk.app.types())[-2:] == ["step_ended", "rejected"]
    assert await desk.work() == 0


async def test_timers_of_what_is_over_are_gone(desk: Desk):
    await desk.publish(rule(due={"hours": 8, "remind": [4], "then": ["reject"]}))
    brief_id = await desk.submit(process="prova")
    approval = await desk.approval("paolo", brief_id)
    await desk.decide("paolo", approval["id"], "uno")
    rows = await desk.database.fetch("SELECT kind FROM jobs WHERE state = 'due' AND kind LIKE 'approval.%'")
    assert [row["kind"] for row in rows if row["kind"] in ("approval.overdue", "approval.remind")] == []


async def test_a_clock_that_jumped_back_fires_nothing_early(desk: Desk):
    await desk.work()
    await desk.publish(rule(due={"hours": 8, "then": ["reject"]}))
    brief_id = await desk.submit(process="prova")
    desk.clock.advance(timedelta(days=2))
    rows = await desk.database.fetch("SELECT id, tenant_id FROM jobs WHERE kind = 'approval.overdue'")
    assert len(rows) == 1
    desk.clock.advance(timedelta(days=-2))
    await desk.database.fetch("UPDATE jobs SET due_at = $1 WHERE kind = 'approval.overdue'", desk.clock.now())
    assert await desk.work() == 1
    assert (await desk.approval("ada", brief_id))["state"] == "open"
    desk.clock.advance(timedelta(days=2))
    await desk.work()
    assert (await desk.approval("ada", brief_id))["state"] == "rejected"


async def test_working_time_moves_what_is_due(desk: Desk):
    await desk.publish(rule(due={"hours": 8}))
    week = {"week": {"monday": [["09:00", "13:00"]], "tuesday": []}, "closures": ["2026-11-25"]}
    response, body = await desk.as_("ada").put("/v1/working-time", week)
    assert response.status == 200, body
    brief_id = await desk.submit(process="prova")
    due = (await desk.approval("marta", brief_id))["steps"][0]["due_at"]
    # Monday 10:00 in Rome leaves three hours; Tuesday and the closed Wednesday none; five on Thursday.
    assert due == "2026-11-26T14:00:00Z"
    response, _ = await desk.as_("ada").put("/v1/working-time", week)
    assert response.status == 428
    headers = {"If-Match": '"1"'}
    bad = {"week": {"monday": [["13:00", "09:00"]]}, "time_zone": "localtime"}
    response, problem = await desk.as_("ada").put("/v1/working-time", bad, headers=headers)
    assert response.status == 422
    assert {(e["field"], e["code"]) for e in problem["errors"]} == {
        ("week.monday", "spans_out_of_order"), ("time_zone", "time_zone_unknown"),
    }  # fmt: skip
