"""A brief's way through the demonstration's process, over HTTP and events, on PostgreSQL."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from optima_kit.refusals import NotYet

from ..conftest import Desk


async def test_the_demonstration_journey(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    assert await desk.steps("marta", brief_id) == {
        "acquisti": "pending", "marketing": "pending", "direzione": "waiting",
    }  # fmt: skip
    (entry,) = await desk.inbox("paolo", subject_id=str(brief_id))
    assert (entry["step"], entry["missing"], entry["title"]) == (
        "acquisti", ["quote_total"], "Espositori autunno",
    )  # fmt: skip
    approval_id = entry["approval_id"]

    status, problem = await desk.decide("paolo", approval_id, "acquisti")
    assert (status, problem["code"]) == (409, "fields_required")
    status, _ = await desk.decide(
        "paolo", approval_id, "acquisti", "request_changes", reason="ridurre gli espositori"
    )
    assert status == 200
    assert (await desk.approval("marta", brief_id))["state"] == "changes_requested"
    assert await desk.inbox("lia") == []

    await desk.submit(brief_id=brief_id, revision=2)
    await desk.price(brief_id, "6200.00", revision=2)
    approval_id = (await desk.approval("marta", brief_id))["id"]
    await asyncio.gather(
        desk.decide("paolo", approval_id, "acquisti"), desk.decide("lia", approval_id, "marketing")
    )
    (entry,) = await desk.inbox("dario")
    status, approval = await desk.decide("dario", approval_id, entry["step"])
    assert (status, approval["state"]) == (200, "approved")
    assert (await desk.app.types())[-4:] == ["step_pending", "decided", "step_ended", "approved"]
    published = await desk.database.published()
    assert {event.correlationid for event in published if "process" not in event.type} == {brief_id}
    assert published[-1].data["content_hash"] == "hash-2-6200.00"


async def test_under_the_threshold_the_director_is_not_asked(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.price(brief_id, "900.00")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    await desk.decide("paolo", approval_id, "acquisti")
    _, approval = await desk.decide("lia", approval_id, "marketing")
    assert approval["state"] == "approved"
    assert "step_ended" in await desk.app.types()


async def test_prices_are_absent_for_who_may_not_see_them(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.price(brief_id, "6200.00")
    for name, sees in (("marta", False), ("lia", False), ("paolo", True), ("ada", True)):
        approval = await desk.approval(name, brief_id)
        assert ("quote_total" in approval["content"]) is sees, name
        _, history = await desk.as_(name).get(f"/v1/approvals/{approval['id']}/history")
        assert ("quote_total" in str(history)) is sees, name


async def test_an_approval_that_does_not_concern_one_is_absent(desk: Desk):
    await desk.publish("materiali-pop")
    approval_id = (await desk.approval("marta", await desk.submit()))["id"]
    stranger = await desk.person("ugo", "marketing", unit="marketing")
    response, missing = await desk.as_("ugo").get(f"/v1/approvals/{uuid4()}")
    other, problem = await desk.as_("ugo").get(f"/v1/approvals/{approval_id}")
    assert (response.status, other.status) == (404, 404)
    assert missing["detail"] == problem["detail"]
    assert (await desk.as_("ugo").get("/v1/approvals"))[1]["items"] == []
    assert (await desk.decide("ugo", approval_id, "marketing", content_hash="hash-1"))[0] == 404
    foreign = desk.app.people.person("admin", tenant_id=uuid4(), person_id=stranger.person_id)
    response, _ = await desk.app.as_(foreign).get(f"/v1/approvals/{approval_id}")
    assert response.status == 404


async def test_a_stale_hash_is_refused(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.price(brief_id, "6200.00")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    status, problem = await desk.decide("paolo", approval_id, "acquisti", content_hash="hash-1")
    assert (status, problem["code"]) == (409, "stale_content")


async def test_without_a_process_nothing_opens(desk: Desk):
    brief_id = await desk.submit(process="inesistente")
    (event,) = await desk.database.published()
    assert (event.type, event.data["reason"]) == (
        "optima.approval.not_opened.v1", "no_process:inesistente",
    )  # fmt: skip
    await desk.price(brief_id, "10.00")
    await desk.cancel(brief_id)
    assert len(await desk.database.published()) == 1


async def test_where_nobody_could_approve_nothing_opens(desk: Desk):
    await desk.publish("materiali-pop")
    await desk.person("dario", "direttore", unit="azienda", active=False)
    await desk.person("ada", "admin", unit="azienda", active=False)
    await desk.submit()
    assert (await desk.database.published())[-1].data["reason"] == "nobody_can_approve:direzione"


async def test_duplicates_and_late_events_change_nothing(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.price(brief_id, "100.00")
    await desk.price(brief_id, "90.00", sequence=1)
    before = await desk.app.types()
    await desk.submit(brief_id=brief_id)
    assert (await desk.approval("ada", brief_id))["content"]["quote_total"] == "100.00"
    assert await desk.app.types() == before


async def test_what_comes_early_waits(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = uuid4()
    with pytest.raises(NotYet):
        await desk.price(brief_id, "100.00")
    desk.people["nuova"] = desk.app.people.person("marketing", tenant_id=desk.tenant_id)
    with pytest.raises(NotYet):
        await desk.submit("nuova")


async def test_a_cancelled_brief_stops_its_approval_for_good(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.cancel(brief_id)
    assert (await desk.approval("marta", brief_id))["state"] == "cancelled"
    assert (await desk.app.types())[-1] == "cancelled"
    assert await desk.inbox("paolo") == []
    before = await desk.app.types()
    await desk.submit(brief_id=brief_id, revision=2)
    assert await desk.app.types() == before


async def test_a_new_revision_takes_the_place_of_what_runs(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.submit(brief_id=brief_id, revision=2)
    _, page = await desk.as_("marta").get(f"/v1/approvals?subject_id={brief_id}")
    assert [(item["subject_revision"], item["state"]) for item in page["items"]] == [
        (2, "open"), (1, "cancelled"),
    ]  # fmt: skip


async def test_prices_that_change_behind_an_approval_are_approved_anew(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.price(brief_id, "100.00")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    await desk.decide("paolo", approval_id, "acquisti")
    await desk.decide("lia", approval_id, "marketing")
    await desk.price(brief_id, "120.00")
    again = await desk.approval("ada", brief_id)
    assert (again["state"], again["content"]["quote_total"]) == ("open", "120.00")
    assert again["id"] != approval_id


async def test_recall(desk: Desk):
    await desk.publish("materiali-pop")
    approval_id = (await desk.approval("marta", await desk.submit()))["id"]
    response, problem = await desk.as_("paolo").post(f"/v1/approvals/{approval_id}/recall", {})
    assert (response.status, problem["code"]) == (403, "only_requester_recalls")
    response, approval = await desk.as_("marta").post(f"/v1/approvals/{approval_id}/recall", {})
    assert (response.status, approval["state"]) == (200, "cancelled")


async def test_somebody_stands_in(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    body = {
        "to_person_id": desk.id("dario"),
        "starts_at": "2026-11-23T00:00:00Z",
        "ends_at": "2026-11-30T00:00:00Z",
        "reason": "ferie",
    }
    response, delegation = await desk.as_("lia").post("/v1/delegations", body)
    assert response.status == 201, delegation
    (entry,) = await desk.inbox("dario")
    assert entry["on_behalf_of"]["name"] == "Lia"
    assert len(await desk.inbox("lia")) == 1
    status, problem = await desk.decide("dario", entry["approval_id"], "marketing")
    assert (status, problem["errors"][0]["code"]) == (422, "say_on_behalf_of_whom")
    status, approval = await desk.decide(
        "dario", entry["approval_id"], "marketing", on_behalf_of=entry["on_behalf_of"]["id"]
    )
    assert status == 200, approval
    decided = [e for e in await desk.database.published() if e.type.endswith("decided.v1")][-1]
    assert (str(decided.actorid), str(decided.onbehalfof)) == (desk.id("dario"), desk.id("lia"))
    assert (decided.data["person_id"], decided.data["on_behalf_of"]) == (desk.id("dario"), desk.id("lia"))
    path = f"/v1/delegations/{delegation['id']}"
    assert (await desk.as_("dario").delete(path))[0].status == 403
    assert (await desk.as_("marta").delete(path))[0].status == 404
    assert (await desk.as_("lia").delete(path))[0].status == 204
    assert (await desk.as_("lia").delete(path))[0].status == 409
    brief_id = await desk.submit()
    assert await desk.inbox("dario", subject_id=str(brief_id)) == []


async def test_a_delegate_does_not_meet_their_own_request(desk: Desk):
    await desk.publish("materiali-pop")
    body = {
        "to_person_id": desk.id("paolo"),
        "starts_at": "2026-11-23T00:00:00Z",
        "ends_at": "2026-11-30T00:00:00Z",
    }
    await desk.as_("lia").post("/v1/delegations", body)
    brief_id = await desk.submit("paolo")
    assert await desk.inbox("paolo") == []
    approval_id = (await desk.approval("paolo", brief_id))["id"]
    status, problem = await desk.decide("paolo", approval_id, "marketing", on_behalf_of=desk.id("lia"))
    assert (status, problem["code"]) == (403, "requester_may_not_approve")


BAD_DECISIONS = [
    ("lia", {"step": "luna"}, 422, "step", "step_unknown", "Controlla", "Check"),
    ("lia", {"step": "direzione"}, 409, "step", "step_not_pending", "Rileggi", "Read"),
    ("lia", {"outcome": "reject"}, 422, "reason", "reason_required", "Scrivi", "Write"),
    ("lia", {"content_hash": "altro"}, 409, "content_hash", "stale_content", "Rileggilo", "Read it again"),
    ("lia", {"outcome": "forse"}, 422, "outcome", "literal_error", "approve", "approve"),
    ("lia", {"evidence": [str(UUID(int=1))]}, 422, "evidence[0]", "evidence_unknown", "Caricalo", "Attach"),
    ("marta", {}, 403, None, "approver_not_asked", "Chiedi", "Ask"),
    (
        "lia",
        {"on_behalf_of": str(UUID(int=1))},
        403,
        "on_behalf_of",
        "delegate_not_appointed",
        "Fattela dare",
        "Have one given",
    ),
]


@pytest.mark.parametrize("bad", BAD_DECISIONS, ids=lambda bad: bad[4])
async def test_a_bad_decision_is_told_its_place_and_the_remedy(desk: Desk, bad):
    name, changes, status, field, code, *remedies = bad
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    approval = await desk.approval("lia", brief_id)
    decision = {"step": "marketing", "outcome": "approve", "content_hash": approval["content_hash"]}
    if name == "marta":
        # She may decide elsewhere; this step does not ask her.
        desk.people["marta"] = desk.app.people.person(
            "marketing", tenant_id=desk.tenant_id, person_id=desk.people["marta"].person_id,
            privileges={"approval.decide", "approval.read"},
        )  # fmt: skip
        await desk.person("marta", "marketing", "purchasing", unit="marketing")
    told = len(await desk.app.types())
    for language, remedy in zip(("it", "en"), remedies, strict=True):
        response, problem = await desk.as_(name).post(
            f"/v1/approvals/{approval['id']}/decisions",
            decision | changes,
            headers={"Accept-Language": language},
        )
        assert (response.status, response.headers["Content-Language"]) == (status, language), problem
        errors = problem.get("errors") or [{"code": problem["code"], "detail": problem["detail"]}]
        assert [(error.get("field"), error["code"]) for error in errors] == [(field, code)]
        assert remedy in str(errors), problem
    assert len(await desk.app.types()) == told
    assert (await desk.steps("ada", brief_id))["marketing"] == "pending"


async def test_a_reason_has_its_limit_on_every_way(desk: Desk):
    await desk.publish("materiali-pop")
    approval = await desk.approval("lia", await desk.submit())
    path, long = f"/v1/approvals/{approval['id']}", "x" * 4001
    decision = {"step": "marketing", "outcome": "reject", "content_hash": approval["content_hash"]}
    month = {"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}
    one = {"approval_id": approval["id"], **decision, "reason": long}
    for where, body, field in (
        (f"{path}/decisions", {**decision, "reason": long}, "reason"),
        ("/v1/decisions", {"items": [one]}, "items[0].reason"),
        (
            f"{path}/forwarding",
            {"step": "marketing", "to_person_id": desk.id("dario"), "reason": long},
            "reason",
        ),
        (f"{path}/recall", {"reason": long}, "reason"),
        ("/v1/delegations", {"to_person_id": desk.id("dario"), **month, "reason": long}, "reason"),
    ):
        response, problem = await desk.as_("lia").post(where, body)
        assert response.status == 422, where
        assert [(error["field"], error["code"]) for error in problem["errors"]] == [
            (field, "string_too_long")
        ], where
    assert (await desk.approval("lia", UUID(approval["subject_id"])))["state"] == "open"


async def test_mass_decisions_have_a_result_each(desk: Desk):
    await desk.publish("materiali-pop")
    first, second = await desk.submit(), await desk.submit()
    await desk.price(first, "10.00")
    items = []
    for brief_id in (first, second):
        approval = await desk.approval("ada", brief_id)
        items.append(
            {
                "approval_id": approval["id"],
                "step": "acquisti",
                "outcome": "approve",
                "content_hash": approval["content_hash"],
            }
        )
    items.append({**items[0], "approval_id": str(uuid4())})
    response, answer = await desk.as_("piera").post("/v1/decisions", {"items": items})
    assert response.status == 200
    assert [(item["decided"], item.get("problem", {}).get("code")) for item in answer["items"]] == [
        (True, None), (False, "fields_required"), (False, "approval_absent"),
    ]  # fmt: skip
    assert (await desk.steps("marta", first))["acquisti"] == "approved"
    assert (await desk.steps("marta", second))["acquisti"] == "pending"


async def test_who_leaves_is_no_longer_asked(desk: Desk):
    await desk.publish("materiali-pop")
    brief_id = await desk.submit()
    await desk.person("paolo", "purchasing", unit="azienda", active=False)
    await desk.work()
    approval = await desk.approval("marta", brief_id)
    parts = {p["person"]["name"]: p["state"] for p in approval["steps"][0]["parts"]}
    assert parts == {"Paolo": "cancelled", "Piera": "requested"}


@pytest.mark.parametrize("name", ["materiali-pop", "gadget", "kit-evento"])
async def test_the_demonstration_processes_can_be_published(desk: Desk, name):
    await desk.person("bruno", "backoffice", unit="azienda")
    assert (await desk.publish(name))["published"] == 1


async def test_a_document_belongs_to_its_decision(desk: Desk):
    step = {
        "key": "uno",
        "approvers": [{"role": "purchasing"}],
        "evidence": {"media_types": ["application/pdf"], "required": True},
    }
    await desk.publish({"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]})
    brief_id = await desk.submit(process="prova")
    approval_id = (await desk.approval("paolo", brief_id))["id"]
    (asked,) = [each["evidence"] for each in (await desk.approval("paolo", brief_id))["steps"]]
    assert asked == {"media_types": ["application/pdf"], "at_most": 5, "required": True}
    path, pdf = f"/v1/approvals/{approval_id}/evidence", b"%PDF-1.7\npreventivo"

    async def attach(name, data=pdf, media_type="application/pdf"):
        return await desk.as_(name).post(
            f"{path}?name=preventivo.pdf", data=data, headers={"Content-Type": media_type}
        )

    status, problem = await desk.decide("paolo", approval_id, "uno")
    assert (status, problem["code"]) == (422, "evidence_required")
    assert (await attach("dario"))[0].status == 404
    assert (await attach("ada"))[1]["code"] == "evidence_not_asked_for"
    assert (await attach("paolo", b"MZ"))[1]["code"] == "evidence_is_not_its_media_type"
    response, document = await attach("paolo")
    assert response.status == 201, document
    _, picture = await attach("paolo", b"\x89PNG\r\n\x1a\n", "image/png")
    for evidence, code in (
        ([document["id"], picture["id"]], "evidence_media_type"),
        ([str(uuid4())], "evidence_unknown"),
    ):
        status, problem = await desk.decide("paolo", approval_id, "uno", evidence=evidence)
        assert (status, problem["code"]) == (422, code)
    status, problem = await desk.decide("piera", approval_id, "uno", evidence=[document["id"]])
    assert problem["code"] == "evidence_unknown"
    status, approval = await desk.decide("paolo", approval_id, "uno", evidence=[document["id"]])
    assert (status, approval["state"]) == (200, "approved")
    _, history = await desk.as_("marta").get(f"/v1/approvals/{approval_id}/history")
    (decided,) = [event for event in history["items"] if event["kind"] == "part_decided"]
    assert decided["evidence"] == [document]
    response, data = await desk.as_("marta").get(f"{path}/{document['id']}")
    assert (response.status, data) == (200, pdf)
    assert (await desk.as_("dario").get(f"{path}/{document['id']}"))[0].status == 404
