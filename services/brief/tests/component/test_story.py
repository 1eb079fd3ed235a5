"""A brief's story is what its endpoints tell one by one, to each reader what they may read."""

from __future__ import annotations

from typing import Any

import pytest

from optima_kit.actor import Actor
from optima_kit.testing import round_trips

from ..conftest import Desk
from .test_proofs import Proofs
from .test_quotations import Market

pytestmark = pytest.mark.servers

LISTS = ("progress", "history", "comments", "proofs")


async def told(desk: Desk, actor: Actor, path: str) -> Any:
    response, body = await desk.as_(actor).get(path)
    return body if response.status == 200 else None


async def one_by_one(desk: Desk, actor: Actor, brief_id: str) -> dict[str, Any]:
    path = f"/v1/briefs/{brief_id}"
    brief = await told(desk, actor, path)
    parts = {
        "brief": brief,
        **{name: await told(desk, actor, f"{path}/{name}") for name in LISTS},
        "budget": await told(desk, actor, f"{path}/budget"),
        "quotation_requests": await told(desk, actor, f"/v1/quotation-requests?brief_id={brief_id}"),
    }
    if "type_key" in brief:
        kind = f"/v1/brief-types/{brief['type_key']}?version={brief['type_version']}"
        parts["type"] = await told(desk, actor, kind)
    if "price" in brief["actions"]:
        parts["price_suggestions"] = await told(desk, actor, f"{path}/price-suggestions")
    # The edge adds to a list what may be done with it by endpoints beside its own.
    for name in (*LISTS, "quotation_requests"):
        if parts[name] is not None:
            parts[name].pop("actions", None)
    return {name: part for name, part in parts.items() if part is not None}


async def test_it_is_what_its_endpoints_tell_this_reader(desk: Desk) -> None:
    types, size = desk.app.sign_in("admin"), {"type": "string", "x-label": {"it": "Formato", "en": "Format"}}
    form = {"type": "object", "properties": {"formato": size}}
    name = {"it": "Stampati", "en": "Printed matter"}
    response, _ = await types.put("/v1/brief-types/stampati", {"name": name, "form": form})
    assert response.status == 200
    planned = {"name": "Marketing", "unit_id": str(desk.anna.unit_id), "planned": "9000.00", "blocking": True}
    period = {"period_from": "2027-01-01", "period_to": "2027-12-31"}
    response, _ = await desk.as_(desk.ada).post("/v1/budgets", planned | period)
    assert response.status == 201
    brief = await desk.submitted(type="stampati", form={"formato": "A3"})
    for text in ("Urgente", "Davvero"):
        await desk.as_(desk.anna).post(f"/v1/briefs/{brief['id']}/comments", {"text": text})
    await desk.price(brief, "4.00", "0.05")
    proofs, market = Proofs(desk), Market(desk)
    await market.open()
    for each in (brief, await desk.submitted()):
        await proofs.submitted(each)
        status, _ = await market.ask(each, market.gino)
        assert status == 201
    blind = desk.app.person(privileges={"brief.read", "brief.read_all", "budget.read"})
    told_of = {}
    for actor in (desk.anna, desk.paola, desk.ada, blind):
        with round_trips(desk.app.database) as asked:
            story = await told(desk, actor, f"/v1/briefs/{brief['id']}/story")
        assert sum("WHERE briefs.brief_id" in query for query in asked) == 1, "who may see it is judged once"
        assert story == await one_by_one(desk, actor, brief["id"])
        told_of[actor.person_id] = story
        assert [each["brief_id"] for each in story["proofs"]["items"]] == [brief["id"]]
    assert "type" in told_of[desk.anna.person_id]
    hidden = {"budget", "quotation_requests", "price_suggestions"}
    assert not hidden & told_of[desk.anna.person_id].keys()
    assert not hidden & told_of[blind.person_id].keys()
    seen = told_of[desk.paola.person_id]
    assert [each["brief_id"] for each in seen["quotation_requests"]["items"]] == [brief["id"]]
    assert "price_suggestions" in seen
    assert "budget" in told_of[desk.ada.person_id]
    assert await told(desk, desk.marco, f"/v1/briefs/{brief['id']}/story") is None


async def test_a_longer_list_goes_on_at_its_own_endpoint(desk: Desk) -> None:
    brief = await desk.submitted()
    path = f"/v1/briefs/{brief['id']}"
    for text in ("Prima", "Seconda"):
        await desk.as_(desk.anna).post(f"{path}/comments", {"text": text})
    story = await told(desk, desk.anna, f"{path}/story?limit=1")
    assert [each["text"] for each in story["comments"]["items"]] == ["Prima"]
    more = await told(desk, desk.anna, f"{path}/comments?limit=1&cursor={story['comments']['next_cursor']}")
    assert [each["text"] for each in more["items"]] == ["Seconda"]
