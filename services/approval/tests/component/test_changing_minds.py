"""A step that waits: decisions are taken back, parts reassigned, approvers added, questions asked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ..conftest import Desk


def rule(**options: Any) -> dict[str, Any]:
    step = {"key": "uno", "name": "Acquisti", "approvers": [{"role": "purchasing"}]} | options
    return {"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]}


async def opened(desk: Desk, **options: Any) -> str:
    await desk.publish(rule(**options))
    return (await desk.approval("ada", await desk.submit(process="prova")))["id"]


async def post(desk: Desk, name: str, approval_id: str, noun: str, **body: Any) -> tuple[int, Any]:
    body = {"step": "uno"} | body
    response, answer = await desk.as_(name).post(f"/v1/approvals/{approval_id}/{noun}", body)
    return response.status, answer


async def last(desk: Desk, approval_id: str, kind: str) -> dict[str, Any]:
    """The newest entry of the history of that kind."""
    _, page = await desk.as_("ada").get(f"/v1/approvals/{approval_id}/history")
    return [entry for entry in page["items"] if entry["kind"] == kind][-1]


async def test_a_decision_is_taken_back_while_its_step_waits(desk: Desk):
    approval_id = await opened(desk, quorum="all")
    await desk.decide("paolo", approval_id, "uno")
    assert await desk.inbox("paolo") == []
    status, approval = await post(desk, "paolo", approval_id, "withdrawal")
    assert (status, approval["steps"][0]["quorum"]) == (200, {"have": 0, "need": 2})
    assert [row["approval_id"] for row in await desk.inbox("paolo")] == [approval_id]
    entry = await last(desk, approval_id, "decision_withdrawn")
    assert (entry["actor"]["name"], entry["person"]["name"]) == ("Paolo", "Paolo")
    (told,) = await desk.database.published("optima.approval.decision_withdrawn.v1")
    assert (told.data["person_id"], told.data["recipients"]) == (desk.id("paolo"), [])
    status, problem = await post(desk, "paolo", approval_id, "withdrawal")
    assert (status, problem["code"]) == (409, "part_not_decided")
    status, problem = await post(desk, "piera", approval_id, "withdrawal", on_behalf_of=desk.id("paolo"))
    assert (status, problem["code"]) == (403, "decision_of_another")
    await desk.decide("paolo", approval_id, "uno", "reject", reason="No")
    status, problem = await post(desk, "paolo", approval_id, "withdrawal")
    assert (status, problem["code"]) == (409, "approval_ended")


async def test_who_may_not_decide_any_more_is_not_asked_again(desk: Desk):
    approval_id = await opened(desk, quorum="all")
    await desk.decide("paolo", approval_id, "uno")
    await desk.person("paolo", "marketing", unit="marketing")
    await desk.work()
    status, approval = await post(desk, "paolo", approval_id, "withdrawal")
    assert status == 200
    states = {part["person"]["name"]: part["state"] for part in approval["steps"][0]["parts"]}
    assert states == {"Paolo": "cancelled", "Piera": "requested"}


async def test_an_admin_reassigns_a_part(desk: Desk):
    approval_id = await opened(desk, quorum="all", allows=[])
    people = {"from_person_id": desk.id("paolo"), "to_person_id": desk.id("lia")}
    status, problem = await post(desk, "paolo", approval_id, "reassignment", **people)
    assert (status, problem["code"]) == (403, "missing_privilege")
    status, _ = await post(desk, "ada", approval_id, "reassignment", reason="In malattia", **people)
    assert status == 200
    assert await desk.inbox("paolo") == []
    assert [row["why"] for row in await desk.inbox("lia")] == [f"reassigned:{desk.id('paolo')}"]
    entry = await last(desk, approval_id, "part_reassigned")
    assert [entry[name]["name"] for name in ("actor", "person", "to_person")] == ["Ada", "Paolo", "Lia"]
    assert entry["reason"] == "In malattia"
    (told,) = await desk.database.published("optima.approval.reassigned.v1")
    assert told.data["recipients"] == sorted([desk.id("paolo"), desk.id("lia")])
    for people, code in (
        ((desk.id("paolo"), desk.id("dario")), "part_not_open"),
        ((desk.id("piera"), desk.id("ada")), "approver_chooses_themselves"),
        ((desk.id("piera"), desk.id("marta")), "approver_is_requester"),
        ((desk.id("piera"), desk.id("lia")), "approver_asked_already"),
    ):
        body = {"from_person_id": people[0], "to_person_id": people[1]}
        status, problem = await post(desk, "ada", approval_id, "reassignment", **body)
        assert problem["code"] == code


async def test_who_asks_chooses_nobody_who_decides_it(desk: Desk):
    await desk.publish(rule())
    approval = await desk.approval("ada", await desk.submit("ada", process="prova"))
    people = {"from_person_id": desk.id("paolo"), "to_person_id": desk.id("lia")}
    status, problem = await post(desk, "ada", approval["id"], "reassignment", **people)
    assert (status, problem["code"]) == (403, "requester_may_not_choose_approver")


async def test_who_was_added_has_to_approve_as_well(desk: Desk):
    approval_id = await opened(desk)
    status, problem = await post(desk, "lia", approval_id, "approvers", person_id=desk.id("dario"))
    assert (status, problem["code"]) == (404, "approval_absent")
    body = {"person_id": desk.id("dario"), "reason": "Fornitore nuovo"}
    status, approval = await post(desk, "paolo", approval_id, "approvers", **body)
    assert (status, approval["steps"][0]["quorum"]) == (200, {"have": 0, "need": 2})
    entry = await last(desk, approval_id, "approver_added")
    assert [entry[name]["name"] for name in ("person", "to_person")] == ["Paolo", "Dario"]
    await desk.decide("dario", approval_id, "uno")
    approval = await desk.approval("paolo", approval["subject_id"])
    assert (approval["state"], approval["steps"][0]["quorum"]) == ("open", {"have": 1, "need": 2})
    await desk.decide("paolo", approval_id, "uno")
    assert (await desk.approval("paolo", approval["subject_id"]))["state"] == "approved"


async def test_who_was_added_is_asked_again_when_the_step_is(desk: Desk):
    approval_id = await opened(desk, quorum="all")
    approval = await desk.approval("ada", (await desk.inbox("paolo"))[0]["subject_id"])
    await post(desk, "ada", approval_id, "approvers", person_id=desk.id("lia"))
    await desk.decide("lia", approval_id, "uno")
    await desk.price(UUID(approval["subject_id"]), "100.00")
    rows = await desk.inbox("lia")
    assert [row["approval_id"] for row in rows] == [approval_id]


async def test_a_question_is_answered_while_the_step_waits(desk: Desk):
    approval_id = await opened(desk)
    path = f"/v1/approvals/{approval_id}/comments"
    status, asked = await post(
        desk, "paolo", approval_id, "comments", text="Quando serve?", to_person_id=desk.id("marta")
    )
    assert (status, asked["to_person"]["name"], asked["actions"]) == (201, "Marta", [])
    _, page = await desk.as_("marta").get(path)
    assert [comment["actions"] for comment in page["items"]] == [["answer"]]
    response, problem = await desk.as_("piera").post(f"{path}/{asked['id']}/answer", {"text": "Presto"})
    assert (response.status, problem["code"]) == (403, "question_to_another")
    response, answered = await desk.as_("marta").post(f"{path}/{asked['id']}/answer", {"text": "A Natale"})
    assert (response.status, answered["answer"], answered["answered_by"]["name"]) == (
        200,
        "A Natale",
        "Marta",
    )
    response, problem = await desk.as_("marta").post(f"{path}/{asked['id']}/answer", {"text": "A Pasqua"})
    assert (response.status, problem["code"]) == (409, "question_answered")
    status, _ = await post(desk, "marta", approval_id, "comments", text="Serve per la fiera")
    assert status == 201
    told = [
        (event.type.split(".")[2], event.data["recipients"])
        for event in await desk.database.published()
        if "comment" in event.type
    ]
    assert told == [
        ("commented", [desk.id("marta")]),
        ("comment_answered", [desk.id("paolo")]),
        ("commented", sorted([desk.id("paolo"), desk.id("piera")])),
    ]
    assert "Quando serve?" not in str([event.data for event in await desk.database.published()])
    for body, code in (
        ({"text": "E tu?", "to_person_id": desk.id("lia")}, "question_to_unconcerned"),
        ({"text": "E io?", "to_person_id": desk.id("paolo")}, "question_to_unconcerned"),
        ({"text": "Ma", "step": "due"}, "step_unknown"),
    ):
        status, problem = await post(desk, "paolo", approval_id, "comments", **body)
        assert (status, problem["code"]) == (422, code)
    assert (await desk.approval("paolo", (await desk.inbox("paolo"))[0]["subject_id"]))["state"] == "open"
