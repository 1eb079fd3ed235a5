"""Types of briefs: versions, forms and their answers, and what a brief takes from its type."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.brief import BriefSubmitted, BriefTypeDefined
from optima_contracts.identity import PersonChanged

from ..conftest import Desk

pytestmark = pytest.mark.servers

SIZE = {"type": "string", "enum": ["A4", "A3"], "x-label": {"it": "Formato", "en": "Format"}}
PATH = "/v1/brief-types/stampati"
NESTED: Any = {}
"""Deeper than an answer could be written that holds it."""
for _ in range(500):
    NESTED = {"a": NESTED}


def definition(*sizes: str, **changes: Any) -> dict[str, Any]:
    form = {
        "type": "object",
        "required": ["formato"],
        "properties": {"formato": SIZE | {"enum": list(sizes or ("A4", "A3"))}},
    }
    name = {"it": "Stampati", "en": "Printed matter"}
    return {"name": name, "form": form, "process": "standard", "kinds": ["volantino"]} | changes


async def define(desk: Desk, version: int | None = None, **changes: Any) -> tuple[int, Any]:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    response, answer = await desk.app.sign_in("admin").put(PATH, definition(**changes), headers=headers)
    return response.status, answer


async def test_a_brief_keeps_the_version_that_it_began_with(desk: Desk) -> None:
    status, defined = await define(desk)
    assert (status, defined["version"], defined["actions"]) == (200, 1, ["define"])
    brief = await desk.draft(type="stampati", form={"formato": "A3"})
    assert (brief["type_key"], brief["type_version"], brief["form"]) == ("stampati", 1, {"formato": "A3"})
    properties = {"piega": {"type": "boolean", "x-label": {"it": "Piega", "en": "Fold"}}}
    form = {"type": "object", "properties": properties}
    status, defined = await define(desk, 1, form=form)
    assert (status, defined["version"]) == (200, 2)
    body, path = desk.content(form={"formato": "A4"}), f"/v1/briefs/{brief['id']}"
    response, revised = await desk.as_(desk.anna).put(path, body, headers={"If-Match": '"1"'})
    assert (response.status, revised["type_version"], revised["form"]) == (200, 1, {"formato": "A4"})
    assert (await desk.draft(type="stampati", form={"piega": True}))["type_version"] == 2
    response, first = await desk.as_(desk.anna).get(f"{PATH}?version=1")
    assert first["form"]["properties"].keys() == {"formato"}
    assert [each.data["version"] for each in await desk.app.published(BriefTypeDefined)] == [1, 2]


async def test_a_form_keeps_the_order_of_its_fields(desk: Desk) -> None:
    fold = {"type": "boolean", "x-label": {"it": "Piega", "en": "Fold"}}
    when = {"x-when": {"field": "zoccolo", "equals": True}}
    status, defined = await define(
        desk, form={"type": "object", "properties": {"zoccolo": fold, "altezza": fold | when}}
    )
    assert (status, list(defined["form"]["properties"])) == (200, ["zoccolo", "altezza"])
    _, read = await desk.as_(desk.anna).get(PATH)
    assert list(read["form"]["properties"]) == ["zoccolo", "altezza"]
    brief = await desk.draft(type="stampati", form={"zoccolo": True, "altezza": False})
    assert brief["form"] == {"zoccolo": True, "altezza": False}


async def test_a_submission_needs_the_answers_and_takes_the_type_s_process(desk: Desk) -> None:
    await define(desk)
    brief = await desk.draft(type="stampati")
    path = f"/v1/briefs/{brief['id']}"
    response, problem = await desk.as_(desk.anna).post(f"{path}/submission", {})
    assert (response.status, problem["errors"][0]["code"]) == (422, "form_answer_missing")
    assert "Formato" in problem["errors"][0]["detail"]
    body = desk.content(form={"formato": "A3"})
    await desk.as_(desk.anna).put(path, body, headers={"If-Match": '"1"'})
    response, submitted = await desk.as_(desk.anna).post(f"{path}/submission", {})
    assert (response.status, submitted["process"]) == (200, "standard")
    (told,) = await desk.app.published(BriefSubmitted)
    assert told.data["content"]["form"] == {"formato": "A3"}
    assert (told.data["content"]["type_key"], told.data["content"]["type_version"]) == ("stampati", 1)
    _, page = await desk.as_(desk.paola).get("/v1/briefs?type=stampati")
    assert [each["id"] for each in page["items"]] == [brief["id"]]
    _, page = await desk.as_(desk.paola).get("/v1/briefs?type=altro")
    assert page["items"] == []


async def test_without_a_type_a_submission_names_its_process(desk: Desk) -> None:
    brief = await desk.draft()
    response, problem = await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/submission", {})
    assert (response.status, problem["code"]) == (422, "process_missing")


async def test_answers_that_do_not_fit_are_refused(desk: Desk) -> None:
    await define(desk)
    for changes, field in (
        ({"type": "altro"}, "type"),
        ({"form": {"formato": "A3"}}, "form.formato"),
        ({"type": "stampati", "form": {"formato": "A5"}}, "form.formato"),
        ({"type": "stampati", "form": {"formato": {"a": []}}}, "form.formato"),
        ({"type": "stampati", "form": {"colore": "rosso"}}, "form.colore"),
    ):
        response, problem = await desk.as_(desk.anna).post("/v1/briefs", desk.content(**changes))
        assert (response.status, problem["errors"][0]["field"]) == (422, field), problem


async def test_a_type_is_offered_no_more(desk: Desk) -> None:
    await define(desk)
    await define(desk, 1, offered=False)
    response, problem = await desk.as_(desk.anna).post("/v1/briefs", desk.content(type="stampati"))
    assert (response.status, problem["errors"][0]["code"]) == (422, "brief_type_unknown")


async def test_who_defines_has_read_the_newest_version(desk: Desk) -> None:
    assert (await define(desk, 1))[0] == 412
    assert (await define(desk))[0] == 200
    assert (await define(desk))[0] == 412
    assert (await define(desk, 2))[0] == 412
    assert (await define(desk, 1))[0] == 200


async def test_only_who_prices_looks_after_a_type(desk: Desk) -> None:
    status, problem = await define(desk, purchasing_owner_id=str(uuid4()))
    assert (status, problem["errors"][0]["code"]) == (422, "purchasing_owner_cannot_price")


async def test_a_wrong_form_is_refused_with_its_place_and_remedy(desk: Desk) -> None:
    for field, place, remedy in (
        ({"$ref": "#/properties/formato"}, "form.properties.formato.$ref", "«$ref» qui non è ammesso"),
        (SIZE | {"title": "x" * 70_000}, "form", "Togli campi, scelte o testi"),
        (SIZE | {"description": NESTED}, "form.properties.formato.description.a.a.a.a.a", "né sé stesso"),
        ({"type": "array"} | {"x-label": SIZE["x-label"]}, "form.properties.formato.items.enum", "Le scelte"),
    ):
        status, problem = await define(desk, form={"type": "object", "properties": {"formato": field}})
        assert status == 422
        (error,) = problem["errors"]
        assert error["field"] == place
        assert remedy in error["detail"]
        assert await desk.app.published(BriefTypeDefined) == []


async def test_a_copy_begins_with_its_type_as_that_is_now(desk: Desk) -> None:
    await define(desk)
    brief = await desk.draft(type="stampati", form={"formato": "A3"})

    async def copied() -> list[Any]:
        response, copy = await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/copy")
        assert response.status == 201, copy
        return [copy.get(name) for name in ("type_key", "type_version", "form")]

    assert await copied() == ["stampati", 1, {"formato": "A3"}]
    await define(desk, 1, form=definition("A3", "A2")["form"])
    assert await copied() == ["stampati", 2, {"formato": "A3"}]
    await define(desk, 2, form=definition("A2", "A1")["form"])
    assert await copied() == ["stampati", 3, {}], "A3 can't be answered any more"
    await define(desk, 3, offered=False)
    assert (await copied())[:2] == [None, None], "nothing begins with what is offered no more"


@pytest.mark.parametrize("reader", ["anna", "paola", "bruno"])
async def test_only_an_admin_defines_types(desk: Desk, reader: str) -> None:
    await define(desk)
    client = desk.as_(getattr(desk, reader))
    _, seen = await client.get(PATH)
    assert seen["actions"] == []
    response, _ = await client.put(PATH, definition(), headers={"If-Match": '"1"'})
    assert response.status == 403


async def test_a_key_holds_one_kind_of_value_in_all_types(desk: Desk) -> None:
    await define(desk)
    (told,) = await desk.app.published(BriefTypeDefined)
    assert told.data["form"] == [{"key": "formato", "kind": "choice"}]
    number = {"type": "number", "x-label": {"it": "Formato", "en": "Format"}}
    clashing = definition(form={"type": "object", "properties": {"formato": number}})
    response, problem = await desk.app.sign_in("admin").put("/v1/brief-types/gadget", clashing)
    assert (response.status, problem["errors"][0]["code"]) == (422, "form_kind_differs")
    assert "Stampati" in problem["errors"][0]["detail"]
    same = definition("grande", "piccolo", name={"it": "Gadget", "en": "Gadget"})
    response, _ = await desk.app.sign_in("admin").put("/v1/brief-types/gadget", same)
    assert response.status == 200


async def test_a_whole_number_stays_within_what_conditions_read(desk: Desk) -> None:
    copies = {"type": "integer", "x-label": {"it": "Copie", "en": "Copies"}}
    await define(desk, form={"type": "object", "properties": {"copie": copies}})
    body = desk.content(type="stampati", form={"copie": 10**12})
    response, problem = await desk.as_(desk.anna).post("/v1/briefs", body)
    assert (response.status, problem["errors"][0]["code"]) == (422, "form_answer_not_integer")


async def test_who_looks_after_the_type_is_named_at_submission(desk: Desk) -> None:
    owner = str(desk.paola.person_id)
    told = PersonChanged(
        person_id=desk.paola.person_id,
        name="Paola Conti",
        email="paola@example.it",
        kind="internal",
        roles=["purchasing"],
        active=True,
    )
    await desk.app.deliver(told)
    status, _ = await define(desk, purchasing_owner_id=owner)
    assert status == 200
    brief = await desk.draft(type="stampati", form={"formato": "A3"})
    await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/submission", {})
    (submitted,) = await desk.app.published(BriefSubmitted)
    assert submitted.data["purchasing_owner_id"] == owner
