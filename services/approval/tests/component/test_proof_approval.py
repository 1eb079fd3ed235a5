"""A version of a proof is approved like anything else: by a process that its tenant published for proofs."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from optima_contracts.brief import ProofReviewEnded, ProofSubmitted

from ..conftest import Desk

SHA = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


class Round:
    """One proof of Paolo's, version after version."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.proof_id, self.brief_id = uuid4(), uuid4()

    def facts(self, version: int) -> dict[str, Any]:
        return {
            "brief_id": self.brief_id,
            "proof_id": self.proof_id,
            "version": version,
            "number": "B-2026-0001",
            "title": "Espositore, fronte",
            "sha256": f"{version}{SHA[1:]}",
            "requester_id": self.desk.id("paolo"),
        }

    async def submit(self, version: int = 1, *reviewers: str, process: str = "visto-si-stampi") -> None:
        event = ProofSubmitted(
            **self.facts(version),
            file_name="fronte.pdf",
            media_type="application/pdf",
            size=1200,
            process=process,
            reviewer_ids=[UUID(self.desk.id(each)) for each in reviewers],
        )
        await self.desk.deliver(event, self.proof_id)

    async def end(self, version: int) -> None:
        event = ProofReviewEnded(**self.facts(version), outcome="not_reviewed")
        await self.desk.deliver(event, self.proof_id)

    async def states(self) -> list[str]:
        """Of its approvals, the newest first."""
        _, page = await self.desk.as_("ada").get(f"/v1/approvals?subject_id={self.proof_id}")
        return [each["state"] for each in page["items"]]


async def test_who_is_named_approves_exactly_this_file_with_changes(desk: Desk) -> None:
    await desk.publish("visto-si-stampi")
    proof = Round(desk)
    await proof.submit(1, "dario")
    await proof.submit(1, "dario")
    (waiting,) = await desk.inbox("dario")
    assert (waiting["title"], waiting["number"]) == ("Espositore, fronte", "B-2026-0001")
    assert await desk.inbox("lia") == []
    approval = await desk.approval("dario", proof.proof_id)
    assert approval["content_hash"] == proof.facts(1)["sha256"]
    status, approval = await desk.decide("dario", approval["id"], "revisori", fields={"with_changes": True})
    assert (status, approval["state"]) == (200, "approved")
    (told,) = await desk.database.published("optima.approval.approved.v1")
    assert (told.data["subject_type"], told.data["filled"]) == ("proof", {"with_changes": True})


async def test_the_process_says_who_looks_where_nobody_is_named(desk: Desk) -> None:
    await desk.publish("visto-si-stampi")
    await Round(desk).submit()
    assert len(await desk.inbox("lia")) == 1


async def test_a_new_version_opens_a_round_and_ends_the_one_before(desk: Desk) -> None:
    await desk.publish("visto-si-stampi")
    proof = Round(desk)
    await proof.submit(1, "dario")
    await proof.submit(2, "dario")
    await proof.submit(1, "dario")
    assert await proof.states() == ["open", "cancelled"]
    await proof.end(1)
    assert await proof.states() == ["open", "cancelled"]
    await proof.end(2)
    await proof.end(2)
    assert await proof.states() == ["cancelled", "cancelled"]
    assert await desk.inbox("dario") == []


async def test_without_a_published_process_nothing_opens_and_that_is_told(desk: Desk) -> None:
    proof = Round(desk)
    await proof.submit(process="non-pubblicato")
    (told,) = await desk.database.published("optima.approval.not_opened.v1")
    assert (told.data["subject_type"], told.data["reason"]) == ("proof", "no_process:non-pubblicato")


async def test_nobody_submits_or_amends_a_proof_past_its_own_service(desk: Desk) -> None:
    await desk.publish("visto-si-stampi")
    body = {"process": "visto-si-stampi", "subject_id": str(uuid4()), "content": {}}
    response, problem = await desk.as_("paolo").post("/v1/approvals", body)
    assert (response.status, problem["code"]) == (409, "brief_submits_itself")
    proof = Round(desk)
    await proof.submit(1, "dario")
    approval = await desk.approval("paolo", proof.proof_id)
    assert "amend" not in approval["actions"]
    assert "recall" in approval["actions"]
