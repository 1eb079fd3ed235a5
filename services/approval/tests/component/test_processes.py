"""Writing, publishing, trying out and retiring processes over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from uuid import uuid4

import jsonschema
import pytest
import yaml

from ..conftest import Desk

YAML = """
key: prova
name: Prova
subject: brief
steps:
  - {key: uno, approvers: [{role: purchasing}]}
"""
DOCUMENT = yaml.safe_load(YAML)


async def put(desk: Desk, document, media_type="application/json", **headers):
    admin = desk.as_("ada")
    if isinstance(document, str):
        headers = {"Content-Type": media_type, **headers}
        return await admin.put("/v1/processes/prova", data=document.encode(), headers=headers)
    return await admin.put("/v1/processes/prova", document, headers=headers)


async def test_yaml_and_json_say_the_same(desk: Desk):
    response, body = await put(desk, YAML, "application/yaml")
    assert (response.status, response.headers["ETag"], body["state"]) == (201, '"1"', "draft")
    response, again = await put(desk, DOCUMENT, **{"If-Match": '"1"'})
    assert (response.status, again["definition"]) == (200, body["definition"])


async def test_published_versions_stay(desk: Desk):
    await put(desk, DOCUMENT)
    response, body = await desk.as_("ada").post("/v1/processes/prova/publication", {})
    assert (response.status, body["published"]) == (200, 1)
    response, body = await desk.as_("ada").post("/v1/processes/prova/publication", {})
    assert body["published"] == 1
    changed = {**DOCUMENT, "name": "Altro"}
    await put(desk, changed, **{"If-Match": response.headers["ETag"]})
    _, body = await desk.as_("ada").post("/v1/processes/prova/publication", {})
    assert body["published"] == 2
    _, first = await desk.as_("marta").get("/v1/processes/prova?version=1")
    assert (first["name"], first["version"]) == ("Prova", 1)
    assert (await desk.app.types()).count("process_published") == 2
    response, _ = await desk.as_("marta").get("/v1/processes/prova?version=3")
    assert response.status == 404


async def test_a_retired_process_opens_nothing(desk: Desk):
    await desk.publish(DOCUMENT)
    response, body = await desk.as_("ada").post("/v1/processes/prova/retirement", {})
    assert (response.status, body["state"]) == (200, "retired")
    await desk.submit(process="prova")
    assert (await desk.app.types())[-1] == "not_opened"
    assert (await desk.publish(DOCUMENT))["state"] == "published"


async def test_publication_tells_every_flaw_with_its_place(desk: Desk):
    steps = [
        {"key": "uno", "when": "brief.bugdet > 1.0", "approvers": [{"role": "pilota"}]},
        {"key": "uno", "approvers": [{"role": "purchasing"}], "quorum": {"at_least": 9}},
    ]
    await put(desk, {**DOCUMENT, "steps": steps})
    for language, word in (("it", "Crealo"), ("en", "Create it")):
        response, problem = await desk.as_("ada").post(
            "/v1/processes/prova/publication", {}, headers={"Accept-Language": language}
        )
        assert response.status == 422
        found = {(error["field"], error["code"]) for error in problem["errors"]}
        assert found == {
            ("steps[1].key", "duplicate_key"),
            ("steps[0].when", "condition_unknown_field"),
            ("steps[0].approvers[0].role", "role_unknown"),
            ("steps[1].quorum.at_least", "quorum_too_large"),
        }
        assert word in str(problem["errors"])
    assert await desk.app.types() == []


BAD: list[tuple[Any, int, tuple[str, str] | None]] = [
    ("{", 400, None),
    ("[1, 2]", 422, None),
    ('{"a": &x 1}', 400, None),
    ("[" * 100 + "]" * 100, 400, None),
    ({**DOCUMENT, "key": "altra"}, 422, ("key", "key_differs")),
    ({**DOCUMENT, "subject": "luna"}, 422, ("subject", "subject_type_unknown")),
    ({**DOCUMENT, "steps": []}, 422, ("steps", "too_short")),
    ({**DOCUMENT, "extra": 1}, 422, ("extra", "extra_forbidden")),
    (
        {**DOCUMENT, "steps": [{"key": "uno", "approvers": [{"role": "a", "person": "b"}]}]},
        422,
        ("steps[0].approvers[0]", "approver_one_way"),
    ),
    (
        {**DOCUMENT, "steps": [{"key": "uno", "approvers": [{"role": "a"}], "quorum": "metà"}]},
        422,
        ("steps[0].quorum", "value_not_one_of"),
    ),
    (
        {**DOCUMENT, "steps": [{"key": "uno", "approvers": [{"role": "a"}], "quorum": {"percent": 0}}]},
        422,
        ("steps[0].quorum", "value_not_one_of"),
    ),
    (
        {**DOCUMENT, "steps": [{"key": "p", "parallel": [{"key": "a", "steps": [{"key": "UNO"}]}]}]},
        422,
        ("steps[0].parallel[0].steps[0].key", "key_form"),
    ),
    ({**DOCUMENT, "limits": {"director": "-1"}}, 422, None),
]


async def test_bad_documents(desk: Desk):
    for document, status, found in BAD:
        response, problem = await put(desk, document)
        assert response.status == status, problem
        if found is not None:
            assert found in {(error["field"], error["code"]) for error in problem["errors"]}
    assert (await desk.as_("ada").get("/v1/processes/prova"))[0].status == 404


async def test_yaml_bombs_are_refused(desk: Desk):
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    response, problem = await put(desk, bomb, "application/yaml")
    assert (response.status, problem["code"]) == (400, "yaml_anchor")


async def test_edits_need_the_version_that_was_read(desk: Desk):
    await put(desk, DOCUMENT)
    assert (await put(desk, DOCUMENT))[0].status == 428
    assert (await put(desk, DOCUMENT, **{"If-Match": '"9"'}))[0].status == 412


async def test_only_who_may_write_processes_does(desk: Desk):
    response, _ = await desk.as_("paolo").put("/v1/processes/prova", DOCUMENT)
    assert response.status == 403
    assert (await desk.as_("paolo").get("/v1/processes"))[0].status == 200


async def test_the_schema_describes_the_documents(desk: Desk):
    _, schema = await desk.as_("ada").get("/v1/processes/schema")
    jsonschema.validate(DOCUMENT, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**DOCUMENT, "steps": []}, schema)


async def test_simulation_says_who_and_why(desk: Desk):
    await desk.publish("materiali-pop")
    body = {
        "requester_id": desk.id("marta"),
        "content": {
            "number": "B-9",
            "revision": 1,
            "title": "Prova",
            "category": "POP",
            "budget": "9000.00",
            "deadline": "2026-12-31",
            "items": [],
            "attachments": [],
            "quote_total": "6000.00",
        },
    }
    response, answer = await desk.as_("marta").post("/v1/processes/materiali-pop/simulation", body)
    assert response.status == 200, answer
    steps = {step["key"]: step for step in answer["steps"]}
    assert answer["outcome"] == "approved"
    assert [each["person"]["name"] for each in steps["direzione"]["asked"]] == ["Dario"]
    assert steps["direzione"]["condition"] == "brief.quote_total > 5000.0"
    assert steps["acquisti"]["asked"][0]["why"] == "role:purchasing"
    body["content"]["quote_total"] = "60.00"
    _, answer = await desk.as_("marta").post("/v1/processes/materiali-pop/simulation", body)
    assert {s["key"]: s["outcome"] for s in answer["steps"]}["direzione"] == "skipped"
    body["content"]["budget"] = 12.5
    response, problem = await desk.as_("marta").post("/v1/processes/materiali-pop/simulation", body)
    assert (response.status, problem["errors"][0]["field"]) == (422, "content.budget")
    assert await desk.app.types() == ["process_published"]


async def test_a_draft_is_replayed_over_the_past(desk: Desk):
    await desk.publish(DOCUMENT)
    for _ in range(3):
        brief_id = await desk.submit(process="prova")
        approval = await desk.approval("paolo", brief_id)
        desk.clock.advance(timedelta(hours=2))
        await desk.decide("paolo", approval["id"], "uno")
    steps = [*DOCUMENT["steps"], {"key": "due", "approvers": [{"role": "direttore"}]}]
    response, _ = await put(desk, {**DOCUMENT, "steps": steps}, **{"If-Match": '"2"'})
    assert response.status == 200
    response, begun = await desk.as_("ada").post("/v1/processes/prova/replays", {"last": 10})
    assert (response.status, begun["state"]) == (202, "running")
    await desk.work()
    _, replay = await desk.as_("ada").get(f"/v1/replays/{begun['id']}")
    report = replay["report"]
    assert (replay["state"], report["approvals"], report["different"]) == ("ended", 3, 3)
    assert report["steps_added"] == {"due": 3}
    assert {each["title"] for each in report["differences"]} == {"Espositori autunno"}
    assert report["people_added"] == {desk.id("dario"): 3}
    assert (report["hours_it_took"], report["hours_it_would_take"]) == ("2.0", "4.0")
    assert (await desk.as_("ada").get(f"/v1/replays/{uuid4()}"))[0].status == 404


class TestMoves:
    async def begin(self, desk: Desk):
        """Three running approvals: two untouched, one decided in its first step."""
        steps = [
            {"key": "uno", "approvers": [{"role": "purchasing"}]},
            {"key": "due", "approvers": [{"role": "direttore"}]},
        ]
        await desk.publish({**DOCUMENT, "steps": steps})
        briefs = [await desk.submit(process="prova") for _ in range(3)]
        ids = [(await desk.approval("ada", brief))["id"] for brief in briefs]
        await desk.decide("paolo", ids[0], "uno")
        steps[1] = {"key": "due", "approvers": [{"role": "responsabile-marketing"}]}
        steps.append({"key": "tre", "approvers": [{"role": "admin"}]})
        await desk.publish({**DOCUMENT, "steps": steps})
        response, move = await desk.as_("ada").post("/v1/processes/prova/moves", {})
        assert (response.status, move["state"]) == (202, "previewing")
        await desk.work()
        return ids, f"/v1/moves/{move['id']}"

    async def test_an_unknown_process_has_no_moves(self, desk: Desk):
        response, problem = await desk.as_("ada").get("/v1/processes/prova/moves")
        assert (response.status, problem["code"]) == (404, "process_absent")
        await desk.publish(DOCUMENT)
        response, page = await desk.as_("ada").get("/v1/processes/prova/moves")
        assert (response.status, page["items"]) == (200, [])

    async def test_preview_move_and_back(self, desk: Desk):
        ids, path = await self.begin(desk)
        _, move = await desk.as_("ada").get(path)
        assert (move["state"], move["counts"]) == ("previewed", {"possible": 2, "refused": 1})
        _, page = await desk.as_("ada").get(f"{path}/items?verdict=refused")
        (refused,) = page["items"]
        assert refused["title"] == "Espositori autunno"
        assert (refused["approval_id"], refused["reason"], refused["part"]) == (
            ids[0], "step_changed", "due",
        )  # fmt: skip
        for id_ in ids:
            _, approval = await desk.as_("ada").get(f"/v1/approvals/{id_}")
            assert approval["process_version"] == 1

        await desk.person("alba", "admin")
        response, _ = await desk.as_("alba").post(f"{path}/execution", {})
        assert response.status == 202
        await desk.work()
        _, move = await desk.as_("ada").get(path)
        assert (move["state"], move["counts"]) == ("moved", {"moved": 2, "refused": 1})
        assert (move["created_by"]["name"], move["carried_out_by"]["name"]) == ("Ada", "Alba")
        _, page = await desk.as_("ada").get(f"/v1/approvals/{ids[1]}/history")
        assert [each["actor"]["name"] for each in page["items"] if each["kind"] == "migrated"] == ["Alba"]
        assert (await desk.app.types()).count("migrated") == 2
        _, approval = await desk.as_("ada").get(f"/v1/approvals/{ids[1]}")
        assert (approval["process_version"], [s["key"] for s in approval["steps"]]) == (
            2, ["uno", "due", "tre"],
        )  # fmt: skip
        await desk.decide("paolo", ids[1], "uno")

        response, _ = await desk.as_("ada").post(f"{path}/reversal", {})
        await desk.work()
        _, move = await desk.as_("ada").get(path)
        assert (move["state"], move["counts"]) == ("reverted", {"kept": 1, "refused": 1, "reverted": 1})
        _, approval = await desk.as_("ada").get(f"/v1/approvals/{ids[2]}")
        assert approval["process_version"] == 1
        _, history = await desk.as_("ada").get(f"/v1/approvals/{ids[2]}/history")
        assert [event["kind"] for event in history["items"]][-2:] == ["migrated", "migration_reverted"]

    async def test_what_began_since_the_preview_is_refused(self, desk: Desk):
        ids, path = await self.begin(desk)
        await desk.decide("paolo", ids[1], "uno")
        await desk.as_("ada").post(f"{path}/execution", {})
        await desk.work()
        _, move = await desk.as_("ada").get(path)
        assert move["counts"] == {"moved": 1, "refused": 2}
        response, problem = await desk.as_("ada").post(f"{path}/execution", {})
        assert (response.status, problem["code"]) == (409, "move_in_state")


class TestSubjects:
    TYPE = """
key: contract
name: Contratto
title: oggetto
amounts: [valore]
fields:
  oggetto: {type: text}
  valore: {type: money}
  requester: {type: person}
  referente: {type: person, optional: true}
"""
    PROCESS: ClassVar = {
        "key": "contratti",
        "name": "Contratti",
        "subject": "contract",
        "steps": [
            {"key": "uno", "approvers": [{"role": "purchasing"}], "material_fields": ["valore"]},
            {"key": "due", "when": "contract.valore > 100.0", "approvers": [{"field": "referente"}],
             "if_too_few": "skip"},
        ],
    }  # fmt: skip

    async def declared(self, desk: Desk):
        response, body = await desk.as_("ada").put(
            "/v1/subject-types/contract",
            data=self.TYPE.encode(),
            headers={"Content-Type": "application/yaml"},
        )
        assert response.status == 201, body
        await desk.publish(self.PROCESS)

    async def test_anything_declared_can_be_approved(self, desk: Desk):
        await self.declared(desk)
        content = {"oggetto": "Stampa 2027", "valore": "5000.00", "referente": "dario@example.it"}
        body = {"process": "contratti", "subject_id": str(uuid4()), "content": content}
        response, approval = await desk.as_("marta").post("/v1/approvals", body)
        assert (response.status, approval["title"]) == (201, "Stampa 2027")
        path = f"/v1/approvals/{approval['id']}"
        await desk.decide("paolo", approval["id"], "uno")
        amended = {**content, "oggetto": "Stampa e spedizione 2027"}
        response, after = await desk.as_("marta").put(f"{path}/content", {"content": amended})
        assert (response.status, after["steps"][0]["state"]) == (200, "approved")
        assert after["content_hash"] != approval["content_hash"]
        _, after = await desk.as_("marta").put(
            f"{path}/content", {"content": {**amended, "valore": "6000.00"}}
        )
        assert after["steps"][0]["state"] == "pending"
        _, again = await desk.as_("marta").put(
            f"{path}/content", {"content": {**amended, "valore": "6000.0"}}
        )
        assert again["content_hash"] == after["content_hash"]
        response, problem = await desk.as_("paolo").put(f"{path}/content", {"content": content})
        assert (response.status, problem["code"]) == (403, "only_requester_amends")
        await desk.decide("paolo", approval["id"], "uno")
        _, after = await desk.decide("dario", approval["id"], "due")
        assert after["state"] == "approved"

    BAD_SUBJECTS: ClassVar[list[tuple[dict[str, Any], str, str]]] = [
        ({"content": {"valore": "1.00"}}, "content.oggetto", "content_missing"),
        ({"content": {"oggetto": "x", "valore": 1.5}}, "content.valore", "content_mistyped"),
        ({"content": {"oggetto": "x", "valore": "1", "altro": 1}}, "content.altro", "content_unknown"),
        ({"content": {"oggetto": "x" * 201, "valore": "1"}}, "content.oggetto", "content_title_too_long"),
        ({"process": "materiali-pop"}, "process", "process_unknown"),
        ({"requester_id": str(uuid4())}, "requester_id", "submits_for_another"),
    ]

    async def test_bad_subjects(self, desk: Desk):
        await self.declared(desk)
        for changes, field, code in self.BAD_SUBJECTS:
            body = {
                "process": "contratti",
                "subject_id": str(uuid4()),
                "content": {"oggetto": "x", "valore": "1.00"},
            }
            response, problem = await desk.as_("marta").post("/v1/approvals", body | changes)
            assert response.status in (403, 422)
            errors = problem.get("errors") or [{"field": None, "code": problem["code"]}]
            assert (field, code) in {(error["field"], error["code"]) for error in errors}

    BUYING = """
key: acquisto
name: Acquisto
title: oggetto
amounts: [importo]
fields:
  oggetto: {type: text}
  importo: {type: money}
  requester: {type: person}
  referente: {type: person, optional: true}
  fornitore: {type: record, fields: {paese: {type: text}}}
  righe: {type: list, fields: {costo: {type: money}, chi: {type: person, optional: true}}}
"""
    BUYING_PROCESS: ClassVar = {
        "key": "acquisti",
        "name": "Acquisti",
        "subject": "acquisto",
        "steps": [
            {"key": "scelta", "choose": [
                {"key": "estero", "when": "acquisto.fornitore.paese != 'IT'"},
                {"key": "italia", "when": "acquisto.fornitore.paese == 'IT'",
                 "steps": [{"key": "direzione", "approvers": [{"role": "direttore"}]}]},
            ]},
        ],
    }  # fmt: skip

    async def buy(self, desk: Desk, **changes):
        content = {"oggetto": "Sedie", "importo": "900000.00", "fornitore": {"paese": "IT"}, "righe": []}
        body = {"process": "acquisti", "subject_id": str(uuid4()), "content": content | changes}
        return await desk.as_("marta").post("/v1/approvals", body)

    async def buying(self, desk: Desk):
        response, body = await desk.as_("ada").put(
            "/v1/subject-types/acquisto",
            data=self.BUYING.encode(),
            headers={"Content-Type": "application/yaml"},
        )
        assert response.status == 201, body
        await desk.publish(self.BUYING_PROCESS)

    INVENTED: ClassVar[list[tuple[dict[str, Any], str, str]]] = [
        ({"fornitore": {}}, "content.fornitore.paese", "content_missing"),
        ({"fornitore": {"paese": None}}, "content.fornitore.paese", "content_missing"),
        ({"righe": [{"costo": "1.00"}, {}]}, "content.righe[1].costo", "content_missing"),
        ({"importo": "-1.00"}, "content.importo", "content_mistyped"),
        ({"importo": "900.000,00"}, "content.importo", "content_italian_number"),
        (
            {"referente": {"id": "x", "roles": ["direttore"]}},
            "content.referente",
            "content_identity_not_id",
        ),
        ({"righe": [{"costo": "1", "chi": {}}]}, "content.righe[0].chi", "content_identity_not_id"),
        ({"requester": "dario@example.it"}, "content.requester", "content_requester_differs"),
    ]

    async def test_what_a_subject_lacks_or_invents_is_refused(self, desk: Desk):
        await self.buying(desk)
        for changes, field, code in self.INVENTED:
            response, problem = await self.buy(desk, **changes)
            assert response.status == 422, problem
            assert (field, code) in {(error["field"], error["code"]) for error in problem["errors"]}
            assert "{" not in str([error["detail"] for error in problem["errors"]])

    async def test_nobody_says_of_themselves_what_they_are(self, desk: Desk):
        await self.buying(desk)
        forged = {"id": desk.id("marta"), "roles": ["direttore"], "manager": desk.id("paolo")}
        response, problem = await self.buy(desk, requester=forged)
        assert (response.status, problem["errors"][0]["field"]) == (422, "content.requester")
        response, approval = await self.buy(desk, requester=desk.id("marta"))
        assert response.status == 201, approval
        assert approval["content"]["requester"]["roles"] == ["marketing"]
        assert [step["state"] for step in approval["steps"]] == ["pending"]

    async def test_a_type_called_today_can_be_declared_again(self, desk: Desk):
        declared = {"key": "oggi", "name": "Oggi", "fields": {"a": {"type": "text"}}}
        await desk.as_("ada").put("/v1/subject-types/oggi", declared)
        declared |= {"key": "today", "name": "Today"}
        response, problem = await desk.as_("ada").put("/v1/subject-types/today", declared)
        assert (response.status, problem["errors"][0]["code"]) == (422, "name_of_conditions")
        # as it could be declared once
        await desk.database.fetch(
            """UPDATE subject_types SET key = 'today', document = document || '{"key": "today"}'"""
        )
        response, _ = await desk.as_("ada").put(
            "/v1/subject-types/today", declared, headers={"If-Match": '"1"'}
        )
        assert response.status == 200

    async def test_built_in_types_stay(self, desk: Desk):
        for key in ("brief", "order_amendment", "proof"):
            document = {"key": key, "name": "B", "fields": {"a": {"type": "text"}}}
            response, problem = await desk.as_("ada").put(f"/v1/subject-types/{key}", document)
            assert (response.status, problem["code"]) == (409, "subject_type_built_in")
        _, page = await desk.as_("ada").get("/v1/subject-types")
        assert [each["key"] for each in page["items"]] == ["brief", "order_amendment", "proof"]


FLAWED = """\
key: prova
name: Prova
subject: brief
steps:
  - key: uno
    when: brief.budgett > 1.0
    approvers: [{role: nessuno}]
"""


async def checked(desk: Desk, document: str, media_type: str = "application/yaml"):
    headers = {"Content-Type": media_type, "Accept-Language": "it"}
    response, body = await desk.as_("ada").post("/v1/processes/prova/check", data=document, headers=headers)
    assert response.status == 200, body
    return [(flaw["code"], flaw.get("field"), flaw.get("line")) for flaw in body["flaws"]]


async def test_a_document_is_checked_without_being_kept(desk: Desk):
    assert await checked(desk, FLAWED) == [
        ("condition_unknown_field", "steps[0].when", 6),
        ("role_unknown", "steps[0].approvers[0].role", 7),
    ]
    assert await checked(desk, FLAWED.replace("steps:", "stepps:")) == [
        ("missing", "steps", 1),
        ("extra_forbidden", "stepps", 4),
    ]
    assert await checked(desk, "a: b: c") == [("yaml_colon_in_text", None, 1)]
    assert ("key_differs", "key", 1) in await checked(desk, FLAWED.replace("key: prova", "key: altra"))
    assert await checked(desk, FLAWED.replace("budgett", "budget").replace("nessuno", "purchasing")) == []
    assert (await desk.as_("ada").get("/v1/processes/prova"))[0].status == 404


async def test_versions_are_listed(desk: Desk):
    for quorum in ("any", "all", {"at_least": 2}):
        document = yaml.safe_load(FLAWED.replace("nessuno", "purchasing").replace("budgett", "budget"))
        document["steps"][0]["quorum"] = quorum
        await desk.publish(document)
    _, page = await desk.as_("paolo").get("/v1/processes/prova/versions", params={"limit": 2})
    assert [each["number"] for each in page["items"]] == [3, 2]
    assert page["items"][0]["published_by"] == {"id": desk.id("ada"), "name": "Ada"}
    cursor = {"cursor": page["next_cursor"]}
    _, page = await desk.as_("paolo").get("/v1/processes/prova/versions", params=cursor)
    assert [each["number"] for each in page["items"]] == [1]
    assert (await desk.as_("paolo").get("/v1/processes/altra/versions"))[0].status == 404
