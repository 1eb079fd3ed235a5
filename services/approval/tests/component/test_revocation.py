"""What was approved must not go on: the approval is revoked, and whoever goes by it is told."""

from __future__ import annotations

from ..conftest import Desk
from .test_changing_minds import last, opened, post


async def revoke(desk: Desk, name: str, approval_id: str, reason: str | None = "Il fornitore si è ritirato"):
    body = {"reason": reason} if reason else {}
    response, answer = await desk.as_(name).post(f"/v1/approvals/{approval_id}/revocation", body)
    return response.status, answer


async def test_who_approved_it_revokes_it_and_all_concerned_are_told(desk: Desk):
    approval_id = await opened(desk, quorum="all")
    await desk.as_("lia").post(f"/v1/approvals/{approval_id}/watching", {})
    for name in ("paolo", "piera"):
        await desk.decide(name, approval_id, "uno")
    status, approval = await revoke(desk, "paolo", approval_id)
    assert (status, approval["state"]) == (200, "revoked")
    assert (approval["reason"], approval["actions"]) == ("Il fornitore si è ritirato", [])
    entry = await last(desk, approval_id, "revoked")
    assert (entry["person"]["name"], entry["reason"]) == ("Paolo", "Il fornitore si è ritirato")
    (told,) = await desk.database.published("optima.approval.revoked.v1")
    assert told.data["reason"] == "Il fornitore si è ritirato"
    assert told.data["content_hash"] == approval["content_hash"]
    assert set(told.data["recipients"]) == {desk.id("marta"), desk.id("piera")}


async def test_who_did_not_approve_it_does_not_revoke_it(desk: Desk):
    approval_id = await opened(desk)
    status, problem = await revoke(desk, "ada", approval_id)
    assert (status, problem["code"]) == (409, "approval_not_given")
    await desk.decide("paolo", approval_id, "uno")
    status, problem = await revoke(desk, "piera", approval_id)
    assert (status, problem["code"]) == (403, "revoked_by_approvers_alone")
    status, problem = await revoke(desk, "ada", approval_id, None)
    assert status == 422
    assert (await revoke(desk, "ada", approval_id))[0] == 200
    status, problem = await revoke(desk, "ada", approval_id)
    assert (status, problem["code"]) == (409, "approval_not_given")


async def test_a_later_revision_is_approved_anew(desk: Desk):
    approval_id = await opened(desk)
    await desk.decide("paolo", approval_id, "uno")
    await revoke(desk, "paolo", approval_id)
    _, approval = await desk.as_("ada").get(f"/v1/approvals/{approval_id}")
    brief_id = await desk.submit(process="prova", brief_id=approval["subject_id"], revision=2)
    assert (await desk.approval("ada", brief_id))["state"] == "open"
    status, _ = await post(desk, "paolo", approval_id, "withdrawal")
    assert status == 409
