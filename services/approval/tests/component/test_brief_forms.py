"""What a type's form asks, in conditions: checked at publication, judged at submission."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.brief import BriefTypeDefined, FormFieldKind

from ..conftest import Desk

TYPE_ID = uuid4()
LARGE = 'has(brief.form.formato) && brief.form.formato == "A3"'


def rule(when: str, key: str = "prova") -> dict[str, Any]:
    steps = [
        {"key": "sempre", "approvers": [{"role": "purchasing"}]},
        {"key": "grandi", "when": when, "approvers": [{"role": "admin"}]},
    ]
    return {"key": key, "name": "Prova", "subject": "brief", "steps": steps}


def defined(version: int = 1, key: str = "stampati", **fields: str) -> BriefTypeDefined:
    return BriefTypeDefined(
        type_id=TYPE_ID,
        key=key,
        version=version,
        fields=list(fields),
        form=[FormFieldKind(key=name, kind=kind) for name, kind in fields.items()],
        offered=True,
    )


async def flaws(desk: Desk, when: str) -> list[str]:
    _, found = await desk.as_("ada").post("/v1/processes/prova/check", rule(when))
    return [flaw["code"] for flaw in found["flaws"]]


async def test_a_condition_on_an_answer_is_checked_against_the_types(desk: Desk):
    assert await flaws(desk, LARGE) == ["condition_unknown_field"]
    await desk.deliver(defined(formato="choice", copie="integer"), TYPE_ID)
    assert await flaws(desk, LARGE) == []
    assert await flaws(desk, 'brief.form.formato == "A3"') == ["condition_field_may_be_absent"]
    assert await flaws(desk, "has(brief.form.copie) && brief.form.copie == 'A3'") == [
        "condition_types_differ"
    ]
    assert await flaws(desk, "has(brief.form.format) && brief.form.format == 'A3'") == [
        "condition_unknown_field"
    ]
    assert await flaws(desk, 'has(brief.type_key) && brief.type_key == "stampati"') == []


@pytest.mark.parametrize(
    ("answers", "asked"),
    [({"formato": "A3"}, "waiting"), ({"formato": "A5"}, "skipped"), ({}, "skipped")],
)
async def test_the_answers_choose_the_way(desk: Desk, answers, asked):
    await desk.deliver(defined(formato="choice", peso="number"), TYPE_ID)
    await desk.publish(rule(LARGE))
    brief_id = await desk.submit(
        process="prova", type_key="stampati", type_version=1, form={**answers, "peso": "1.5"}
    )
    steps = await desk.steps("ada", brief_id)
    assert steps["sempre"] == "pending"
    approval = await desk.approval("ada", brief_id)
    assert approval["content"]["form"] == {**answers, "peso": "1.5"}
    assert approval["content"]["type_key"] == "stampati"
    await desk.decide("paolo", approval["id"], "sempre")
    assert (await desk.steps("ada", brief_id))["grandi"] == {"waiting": "pending"}.get(asked, asked)


async def test_fields_of_earlier_versions_stay_known_whatever_comes_late(desk: Desk):
    await desk.deliver(defined(version=2, carta="text"), TYPE_ID)
    await desk.deliver(defined(version=1, formato="choice", carta="flag"), TYPE_ID)
    await desk.deliver(defined(version=1, formato="choice", carta="flag"), TYPE_ID)
    await desk.deliver(defined(version=1, key="gadget", colori="choices"), uuid4())
    _, brief = await desk.as_("ada").get("/v1/subject-types/brief")
    fields = brief["definition"]["fields"]["form"]["fields"]
    assert {name: field["type"] for name, field in fields.items()} == {
        "formato": "text",
        "carta": "text",
        "colori": "list",
    }


async def test_a_brief_without_a_type_is_simulated_without_answers(desk: Desk):
    await desk.deliver(defined(formato="choice"), TYPE_ID)
    await desk.publish(rule(LARGE))
    _, found = await desk.as_("ada").get("/v1/subject-types/brief")
    assert "form" in found["definition"]["fields"]
    content = {
        "number": "B-1",
        "revision": 1,
        "title": "Prova",
        "category": "POP",
        "budget": "10.00",
        "deadline": "2027-01-10",
        "items": [],
        "attachments": [],
    }
    body = {"requester_id": desk.id("marta"), "content": content}
    response, simulated = await desk.as_("ada").post("/v1/processes/prova/simulation", body)
    assert response.status == 200, simulated


async def test_a_step_asks_who_looks_after_the_type(desk: Desk):
    steps = [{"key": "acquisti", "approvers": [{"field": "purchasing_owner"}, {"role": "admin"}]}]
    await desk.publish({"key": "prova", "name": "Prova", "subject": "brief", "steps": steps})
    owner = desk.people["piera"].person_id
    asked = await desk.approval("ada", await desk.submit(process="prova", purchasing_owner_id=owner))
    assert str(owner) in {part["person"]["id"] for part in asked["steps"][0]["parts"]}
    nobody = await desk.approval("ada", await desk.submit(process="prova"))
    assert [part["person"]["id"] for part in nobody["steps"][0]["parts"]] == [desk.id("ada")]
