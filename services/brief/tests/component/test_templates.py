"""Templates: who keeps and sees them, and what briefs begin with."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Desk
from .test_types import SIZE, define

pytestmark = pytest.mark.servers

FOLD = {"type": "boolean", "x-label": {"it": "Piega", "en": "Fold"}}


async def keep(desk: Desk, brief: dict[str, Any], name: str = "Lancio") -> dict[str, Any]:
    response, template = await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/templates", {"name": name})
    assert response.status == 201, template
    return dict(template)


async def test_a_unit_begins_briefs_with_what_one_of_its_people_keeps(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.attach(draft["id"])
    template = await keep(desk, await desk.submit(draft["id"]))
    assert (template["name"], template["title"], template["actions"]) == (
        "Lancio",
        "Lancio primavera",
        ["begin", "delete"],
    )
    assert template["items"] == ["Espositore da banco", "Volantino A5"]
    assert "8000" not in str(template)
    colleague = desk.app.person("marketing", unit_id=desk.anna.unit_id)
    for reader, seen in ((desk.anna, 1), (colleague, 1), (desk.marco, 0)):
        _, page = await desk.as_(reader).get("/v1/brief-templates")
        assert len(page["items"]) == seen
    begin = f"/v1/brief-templates/{template['id']}/briefs"
    response, brief = await desk.as_(colleague).post(begin)
    assert response.status == 201
    assert response.headers["Location"] == f"/v1/briefs/{brief['id']}"
    assert (brief["state"], brief["requester"]["id"]) == ("draft", str(colleague.person_id))
    assert not {"deadline", "budget"} & brief.keys()
    assert brief["attachments"] == []
    assert [item["quantity"] for item in brief["items"]] == ["500", "20000"]
    assert not {item["item_id"] for item in brief["items"]} & {item["item_id"] for item in draft["items"]}

    response, problem = await desk.as_(desk.marco).post(begin)
    assert (response.status, problem["code"]) == (404, "template_absent")
    path = f"/v1/brief-templates/{template['id']}"
    response, problem = await desk.as_(colleague).request("DELETE", path)
    assert (response.status, problem["code"]) == (403, "template_not_own")
    response, _ = await desk.as_(desk.anna).request("DELETE", path)
    assert response.status == 204
    response, problem = await desk.as_(desk.anna).post(begin)
    assert (response.status, problem["code"]) == (404, "template_absent")


async def test_of_a_brief_that_one_does_not_see_nothing_is_kept(desk: Desk) -> None:
    brief = await desk.submitted()
    path = f"/v1/briefs/{brief['id']}/templates"
    response, problem = await desk.as_(desk.marco).post(path, {"name": "Lancio"})
    assert (response.status, problem["code"]) == (404, "brief_absent")


async def test_a_brief_begins_under_the_newest_version_of_its_type(desk: Desk) -> None:
    await define(desk, form={"type": "object", "properties": {"formato": SIZE, "piega": FOLD}})
    template = await keep(desk, await desk.draft(type="stampati", form={"formato": "A3", "piega": True}))
    smaller = {"type": "object", "properties": {"formato": SIZE | {"enum": ["A4"]}, "piega": FOLD}}
    await define(desk, 1, form=smaller)
    begin = f"/v1/brief-templates/{template['id']}/briefs"
    response, brief = await desk.as_(desk.anna).post(begin)
    assert (response.status, brief["type_version"], brief["form"]) == (201, 2, {"piega": True})
    await define(desk, 2, form=smaller, offered=False)
    response, brief = await desk.as_(desk.anna).post(begin)
    assert (response.status, brief["form"]) == (201, {})
    assert not {"type_key", "type_version"} & brief.keys(), "as a copy does"
