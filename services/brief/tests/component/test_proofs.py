"""Proofs of a brief: submitted in versions, looked at, marked, and decided by approval."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
from PIL import Image

from brief.domain.proofs import ProofState
from optima_contracts.approval import (
    ApprovalCancelled,
    ApprovalNotOpened,
    ApprovalOpened,
    ApprovalRevoked,
    Approved,
    ChangesRequested,
    Rejected,
)
from optima_contracts.brief import ProofAnnotated, ProofReviewEnded, ProofSubmitted
from optima_contracts.envelope import EventData
from optima_contracts.identity import PersonChanged
from optima_contracts.logistics import DdtIssued
from optima_contracts.production import OrderDelivered
from optima_contracts.trail import PersonErased
from optima_kit.actor import Actor

from ..conftest import Desk

pytestmark = pytest.mark.servers
AREA = {"x": "0.1", "y": "0.25", "width": "0.5", "height": "0.125"}


def pdf(pages: int = 2, width: int = 300) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(width, 400)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def png(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("1", (width, height)).save(written, "PNG")
    return written.getvalue()


class Proofs:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def submit(
        self,
        brief: dict[str, Any],
        data: bytes | None = None,
        media_type: str = "application/pdf",
        **query: str,
    ) -> tuple[int, Any]:
        asked = {"name": "fronte.pdf", "title": "Fronte", "process": "visto-si-stampi"} | query
        return await self._post(f"/v1/briefs/{brief['id']}/proofs", asked, data or pdf(), media_type)

    async def submitted(
        self, brief: dict[str, Any] | None = None, data: bytes | None = None
    ) -> dict[str, Any]:
        status, proof = await self.submit(brief or await self.desk.submitted(), data)
        assert status == 201, proof
        return proof  # type: ignore[no-any-return]

    async def next_version(self, proof: dict[str, Any], data: bytes, **query: str) -> tuple[int, Any]:
        asked = {"name": "fronte-2.pdf", "process": "visto-si-stampi"} | query
        return await self._post(f"/v1/proofs/{proof['id']}/versions", asked, data, "application/pdf")

    async def _post(self, path: str, query: dict[str, str], data: bytes, media_type: str) -> tuple[int, Any]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        response, answer = await self.desk.as_(self.desk.paola).post(
            f"{path}?{asked}", data=data, headers={"Content-Type": media_type}
        )
        return response.status, answer

    async def read(self, proof: dict[str, Any], actor: Actor | None = None) -> dict[str, Any]:
        _, seen = await self.desk.as_(actor or self.desk.anna).get(f"/v1/proofs/{proof['id']}")
        return seen  # type: ignore[no-any-return]

    async def states(self, proof: dict[str, Any]) -> list[str]:
        """Of the versions, the newest first."""
        return [each["state"] for each in (await self.read(proof))["versions"]]

    def approval(self, kind: type[EventData], proof: dict[str, Any], **changes: Any) -> EventData:
        version = proof["versions"][0]
        facts: dict[str, Any] = {
            "approval_id": self.desk.approval_id,
            "subject_type": "proof",
            "subject_id": proof["id"],
            "subject_revision": version["version"],
            "content_hash": version["file"]["sha256"],
            "reason": "Logo troppo piccolo",
        }
        if kind is ApprovalOpened:
            facts |= {"process_key": "visto-si-stampi", "process_version": 1}
        return kind.model_validate({**facts, **changes})

    async def annotate(self, proof: dict[str, Any], **changes: Any) -> tuple[int, Any]:
        version = proof["versions"][0]["version"]
        body = {"page": 1, "area": AREA, "text": "Logo troppo piccolo"} | changes
        response, mark = await self.desk.as_(self.desk.anna).post(
            f"/v1/proofs/{proof['id']}/versions/{version}/annotations", body
        )
        return response.status, mark


@pytest.fixture
def proofs(desk: Desk) -> Proofs:
    return Proofs(desk)


def known(actor: Actor, role: str) -> PersonChanged:
    return PersonChanged(
        person_id=actor.person_id,
        kind="internal",
        name=actor.name,
        email=f"{actor.person_id}@aurora.example",
        active=True,
        roles=[role],
    )


async def test_a_proof_is_submitted_looked_at_marked_and_approved_with_changes(
    desk: Desk, proofs: Proofs
) -> None:
    brief = await desk.submitted()
    proof = await proofs.submitted(brief)
    (submitted,) = await desk.app.published(ProofSubmitted)
    version = proof["versions"][0]
    assert (submitted.data["version"], submitted.data["sha256"]) == (1, version["file"]["sha256"])
    assert (version["state"], version["preview"], proof["actions"]) == (
        "in_review",
        "pending",
        ["submit_version"],
    )

    page = f"/v1/proofs/{proof['id']}/versions/1/pages/2"
    response, problem = await desk.as_(desk.anna).get(page)
    assert (response.status, problem["code"]) == (404, "preview_pending")
    await desk.app.run_due_jobs()
    response, picture = await desk.as_(desk.anna).get(page)
    assert (response.status, response.headers["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(picture)).size == (1200, 1600)
    _, small = await desk.as_(desk.anna).get(f"{page}?thumbnail=true")
    assert max(Image.open(io.BytesIO(small)).size) == 240
    proof = await proofs.read(proof)
    assert (proof["versions"][0]["preview"], proof["versions"][0]["pages"]) == ("ready", 2)

    status, mark = await proofs.annotate(proof, page=2)
    assert (status, mark["area"], mark["actions"]) == (201, AREA, ["answer", "resolve"])
    path = f"/v1/annotations/{mark['id']}"
    _, answered = await desk.as_(desk.paola).post(f"{path}/replies", {"text": "Lo ingrandiamo"})
    assert [each["text"] for each in answered["replies"]] == ["Lo ingrandiamo"]

    await desk.deliver(proofs.approval(ApprovalOpened, proof))
    with_changes = proofs.approval(Approved, proof, filled={"with_changes": True})
    await desk.deliver(with_changes)
    await desk.deliver(with_changes)
    assert await proofs.states(proof) == ["approved_with_changes"]
    (ended,) = await desk.app.published(ProofReviewEnded)
    assert (ended.data["outcome"], ended.data["version"]) == ("approved_with_changes", 1)

    status, problem = await proofs.annotate(proof)
    assert (status, problem["code"]) == (409, "proof_not_in_review")
    for resolved, offered in ((True, "reopen"), (True, "reopen"), (False, "resolve")):
        _, settled = await desk.as_(desk.paola).put(f"{path}/resolution", {"resolved": resolved})
        assert settled["actions"] == ["answer", offered]
    acts = [each.data["act"] for each in await desk.app.published(ProofAnnotated)]
    assert acts == ["annotated", "answered", "resolved", "reopened"]
    _, listed = await desk.as_(desk.anna).get(f"/v1/proofs/{proof['id']}/versions/1/annotations")
    assert [each["id"] for each in listed["items"]] == [mark["id"]]


async def test_only_the_newest_version_counts(desk: Desk, proofs: Proofs) -> None:
    sent = pdf()
    first = await proofs.submitted(data=sent)
    status, mark = await proofs.annotate(first)
    assert status == 201
    status, problem = await proofs.next_version(first, sent)
    assert (status, problem["code"]) == (422, "proof_file_unchanged")
    status, second = await proofs.next_version(first, pdf(3))
    assert status == 201
    assert await proofs.states(second) == ["in_review", "superseded"]

    await desk.deliver(proofs.approval(Approved, first))
    await desk.deliver(proofs.approval(Approved, second, content_hash=first["versions"][0]["file"]["sha256"]))
    assert await proofs.states(second) == ["in_review", "superseded"]
    response, problem = await desk.as_(desk.anna).post(
        f"/v1/annotations/{mark['id']}/replies", {"text": "Tardi"}
    )
    assert (response.status, problem["code"]) == (409, "proof_version_not_newest")

    await desk.deliver(proofs.approval(Approved, second, approval_id=uuid4()))
    await desk.deliver(proofs.approval(Rejected, second))
    assert await proofs.states(second) == ["approved", "superseded"]
    _, third = await proofs.next_version(second, pdf(4))
    assert await proofs.states(third) == ["in_review", "approved", "superseded"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("end", "state"),
    [
        (Rejected, "rejected"),
        (ChangesRequested, "rejected"),
        (ApprovalCancelled, "not_reviewed"),
        (ApprovalRevoked, "not_reviewed"),
        (ApprovalNotOpened, "not_reviewed"),
    ],
)
async def test_every_end_of_a_review_is_told_once(
    desk: Desk, proofs: Proofs, end: type[EventData], state: str
) -> None:
    data = pdf()
    proof = await proofs.submitted(data=data)
    changes = {"content_hash": ...} if end is ApprovalNotOpened else {}
    facts = proofs.approval(Approved, proof).model_dump() | {"filled": ...}
    event = end.model_validate({k: v for k, v in (facts | changes).items() if v is not ...})
    if end is ApprovalRevoked:
        await desk.deliver(proofs.approval(Approved, proof))
    await desk.deliver(event)
    await desk.deliver(event)
    shown = await proofs.read(proof)
    assert (shown["state"], shown["versions"][0]["reason"]) == (state, "Logo troppo piccolo")
    assert [each.data["outcome"] for each in await desk.app.published(ProofReviewEnded)][-1:] == [state]
    assert len(await desk.app.published(ProofReviewEnded)) == 1 + (end is ApprovalRevoked)
    status, again = await proofs.next_version(proof, data)
    asked = {"not_reviewed": (201, None), "rejected": (422, "proof_file_unchanged")}
    assert (status, again.get("code")) == asked[state], "the same file"


async def test_nobody_looks_at_proofs_of_a_cancelled_brief(desk: Desk, proofs: Proofs) -> None:
    brief = await desk.submitted()
    proof = await proofs.submitted(brief)
    await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/cancellation", {"reason": "Sospeso"})
    assert await proofs.states(proof) == ["not_reviewed"]
    (ended,) = await desk.app.published(ProofReviewEnded)
    assert ended.data["outcome"] == "not_reviewed"
    status, problem = await proofs.submit(brief)
    assert (status, problem["code"]) == (409, "brief_takes_no_proofs")


async def test_a_brief_takes_proofs_until_all_of_it_was_delivered(desk: Desk, proofs: Proofs) -> None:
    """Work on one item may wait for its proof while goods of another have left."""
    brief = await desk.approved()
    await desk.deliver(desk.shipment(DdtIssued, brief))
    seen = await desk.read(brief["id"], desk.paola)
    assert (seen["state"], "submit_proof" in seen["actions"]) == ("in_delivery", True)
    await proofs.submitted(brief)
    await desk.deliver(desk.order(OrderDelivered, brief))
    status, problem = await proofs.submit(brief)
    assert (status, problem["code"]) == (409, "brief_takes_no_proofs")


async def test_a_draft_takes_no_proofs_and_others_see_none(desk: Desk, proofs: Proofs) -> None:
    draft = await desk.draft()
    assert (await proofs.submit(draft))[0] == 404
    proof = await proofs.submitted()
    for path in (
        f"/v1/proofs/{proof['id']}",
        f"/v1/proofs/{proof['id']}/versions/1/file",
        f"/v1/proofs/{proof['id']}/versions/1/pages/1",
        f"/v1/proofs/{proof['id']}/versions/1/annotations",
    ):
        response, problem = await desk.as_(desk.marco).get(path)
        assert (response.status, problem["code"]) == (404, "proof_absent")


async def test_reviewers_see_the_brief_and_may_decide(desk: Desk, proofs: Proofs) -> None:
    brief = await desk.submitted()
    can, cannot = known(desk.bruno, "backoffice"), known(desk.marco, "marketing")
    for each in (can, cannot):
        await desk.deliver(each)
    for reviewers, code in (
        (f"{cannot.person_id}", "reviewer_cannot_review"),
        (f"{uuid4()}", "reviewer_cannot_review"),
        ("nessuno", "uuid_parsing"),
    ):
        status, problem = await proofs.submit(brief, reviewer_ids=reviewers)
        assert status == 422
        assert [each["field"] for each in problem["errors"]] == ["reviewer_ids"]
        assert code in (problem["code"], problem["errors"][0].get("code", code))
    status, proof = await proofs.submit(brief, reviewer_ids=str(can.person_id), due_on="2026-11-30")
    assert (status, proof["versions"][0]["reviewers"][0]["id"]) == (201, str(can.person_id))
    status, problem = await proofs.submit(brief, due_on="2026-11-01")
    assert (status, problem["code"]) == (422, "proof_due_in_the_past")


async def test_a_hostile_file_is_not_shown_and_does_no_harm(desk: Desk, proofs: Proofs) -> None:
    hostile = {
        "no document": (b"%PDF-1.7\nnon un documento", "application/pdf"),
        "nested": (b"%PDF-1.7\n" + b"<<" * 500_000, "application/pdf"),
        "bomb": (png(20_000, 20_000), "image/png"),
        "cut off": (png(500, 500)[:60], "image/png"),
        "empty": (b"\xff\xd8\xff", "image/jpeg"),
    }
    brief = await desk.submitted()
    submitted = {}
    for name, (data, media_type) in hostile.items():
        status, submitted[name] = await proofs.submit(brief, data, media_type)
        assert status == 201, name
    await desk.app.run_due_jobs()
    for name, proof in submitted.items():
        version = (await proofs.read(proof))["versions"][0]
        assert (version["preview"], version["pages"]) == ("failed", 0), name
        response, problem = await desk.as_(desk.anna).get(f"/v1/proofs/{proof['id']}/versions/1/pages/1")
        assert (response.status, problem["code"]) == (404, "proof_page_absent"), name
        response, whole = await desk.as_(desk.anna).get(f"/v1/proofs/{proof['id']}/versions/1/file")
        assert (response.status, whole) == (200, hostile[name][0]), name


async def test_marks_lie_on_pages_that_are_there(desk: Desk, proofs: Proofs) -> None:
    proof = await proofs.submitted()
    await desk.app.run_due_jobs()
    for changes, field in (
        ({"page": 3}, "page"),
        ({"area": AREA | {"x": "0.6"}}, "width"),
        ({"area": AREA | {"y": "0.9"}}, "height"),
        ({"area": AREA | {"y": "1.1"}}, "area.y"),
        ({"area": AREA | {"y": 0.5}}, "area.y"),
    ):
        status, problem = await proofs.annotate(proof, **changes)
        assert (status, [each["field"] for each in problem["errors"]]) == (422, [field])


async def test_an_erasure_reaches_what_was_said_of_proofs(desk: Desk, proofs: Proofs) -> None:
    proof = await proofs.submitted()
    _, mark = await proofs.annotate(proof)
    await desk.as_(desk.anna).post(f"/v1/annotations/{mark['id']}/replies", {"text": "Detto da Anna"})
    await desk.app.deliver(proofs.approval(Rejected, proof), actor_id=desk.anna.person_id)
    await desk.deliver(PersonErased(person_id=desk.anna.person_id))
    seen = await proofs.read(proof, desk.paola)
    _, listed = await desk.as_(desk.paola).get(f"/v1/proofs/{proof['id']}/versions/1/annotations")
    said = f"{seen} {listed}"
    for words in ("Logo troppo piccolo", "Detto da Anna", desk.anna.name):
        assert words not in said


ENDS: dict[ProofState, type[EventData] | None] = {
    ProofState.IN_REVIEW: None,
    ProofState.APPROVED: Approved,
    ProofState.REJECTED: Rejected,
    ProofState.NOT_REVIEWED: ApprovalCancelled,
    ProofState.SUPERSEDED: None,
}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("state", ENDS)
@pytest.mark.parametrize("reader", ["anna", "marco", "paola", "bruno", "carlo"])
async def test_what_is_offered_succeeds_and_nothing_else_does(
    desk: Desk, proofs: Proofs, reader: str, state: ProofState
) -> None:
    """Carlo audits: he sees everything, and does nothing. The mark is on the first version."""
    client = desk.as_(desk.app.person("auditor") if reader == "carlo" else getattr(desk, reader))
    first = await proofs.submitted()
    _, mark = await proofs.annotate(first)
    if (end := ENDS[state]) is not None:
        await desk.deliver(proofs.approval(end, first))
    if state is ProofState.SUPERSEDED:
        await proofs.next_version(first, pdf(5))
    path = f"/v1/proofs/{first['id']}"
    offered: set[str] = set()
    response, seen = await client.get(path)
    if response.status == 200:
        _, marks = await client.get(f"{path}/versions/1/annotations")
        shown = next(each for each in seen["versions"] if each["version"] == 1)
        assert shown["state"] == state
        offered = {*seen["actions"], *shown["actions"], *marks["items"][0]["actions"]}
    done = set()
    for action, method, at, body in (
        ("annotate", "POST", f"{path}/versions/1/annotations", {"page": 1, "area": AREA, "text": "Qui"}),
        ("answer", "POST", f"/v1/annotations/{mark['id']}/replies", {"text": "Sì"}),
        ("resolve", "PUT", f"/v1/annotations/{mark['id']}/resolution", {"resolved": True}),
    ):
        response, problem = await client.request(method, at, json=body)
        assert response.status in (200, 201, 403, 404, 409), problem
        done |= {action} if response.status < 300 else set()
    response, _ = await client.post(
        f"{path}/versions?name=b.pdf&process=visto", data=pdf(6), headers={"Content-Type": "application/pdf"}
    )
    done |= {"submit_version"} if response.status < 300 else set()
    assert done == offered
