"""An id that a client sends names a thing of its own kind, and reaches nothing else of the same id."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from ..conftest import Desk

SPESA = {
    "key": "spesa",
    "name": "Spesa",
    "title": "oggetto",
    "fields": {"oggetto": {"type": "text"}},
}


def rule(key: str, subject: str) -> dict[str, Any]:
    step = {"key": "uno", "approvers": [{"role": "purchasing"}]}
    return {"key": key, "name": key.title(), "subject": subject, "steps": [step]}


@pytest.fixture
async def office(desk: Desk):
    response, body = await desk.as_("ada").put("/v1/subject-types/spesa", SPESA)
    assert response.status == 201, body
    await desk.publish(rule("spese", "spesa"))
    await desk.publish(rule("prova", "brief"))
    await desk.person("mirco", "marketing", unit="marketing")
    return desk


async def squat(desk: Desk, subject_id: UUID, revision: int = 9, name: str = "mirco") -> dict[str, Any]:
    body = {"process": "spese", "subject_id": str(subject_id), "revision": revision}
    response, approval = await desk.as_(name).post("/v1/approvals", body | {"content": {"oggetto": "x"}})
    assert response.status == 201, approval
    return approval


async def of_type(desk: Desk, subject_id: UUID, subject_type: str) -> dict[str, Any]:
    _, page = await desk.as_("ada").get(f"/v1/approvals?subject_id={subject_id}")
    (found,) = [each for each in page["items"] if each["subject_type"] == subject_type]
    _, approval = await desk.as_("ada").get(f"/v1/approvals/{found['id']}")
    return approval


async def test_a_brief_goes_its_way_though_its_id_was_taken(office):
    brief_id = uuid4()
    taken = await squat(office, brief_id)
    await office.submit(brief_id=brief_id, process="prova")
    await office.price(brief_id, "48713.59")
    brief = await of_type(office, brief_id, "brief")
    assert (brief["state"], brief["content"]["quote_total"]) == ("open", "48713.59")
    _, approval = await office.as_("mirco").get(f"/v1/approvals/{taken['id']}")
    assert (approval["state"], approval["content"]) == ("open", {"oggetto": "x"})
    await office.cancel(brief_id)
    assert (await of_type(office, brief_id, "brief"))["state"] == "cancelled"
    assert (await of_type(office, brief_id, "spesa"))["state"] == "open"


async def test_what_takes_a_brief_s_id_is_told_under_a_correlation_of_its_own(office):
    brief_id = await office.submit(process="prova")
    approval = await squat(office, brief_id)
    told = await office.database.published()
    own = [event for event in told if event.data.get("approval_id") == approval["id"]]
    assert own
    assert {event.correlationid for event in own} == {UUID(approval["id"])}


async def test_one_subject_s_runs_stay_together(office):
    subject_id = uuid4()
    first = await squat(office, subject_id, 1)
    await office.as_("mirco").post(f"/v1/approvals/{first['id']}/recall", {})
    second = await squat(office, subject_id, 2)
    told = await office.database.published()
    ids = {first["id"], second["id"]}
    assert {e.correlationid for e in told if e.data.get("approval_id") in ids} == {UUID(first["id"])}


async def test_a_service_s_own_subjects_are_not_submitted_by_clients(office):
    for name in ("mirco", "ada"):
        body = {"process": "prova", "subject_id": str(uuid4()), "content": {}}
        response, problem = await office.as_(name).post("/v1/approvals", body)
        assert (response.status, problem["code"]) == (409, "brief_submits_itself")
