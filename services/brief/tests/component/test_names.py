"""Names stand beside ids, as identity last told them."""

from __future__ import annotations

from uuid import UUID

import pytest

from optima_contracts.identity import PersonChanged, UnitChanged
from optima_contracts.trail import PersonErased
from optima_kit.actor import Actor

from ..conftest import Desk

pytestmark = pytest.mark.servers


def person(actor: Actor, name: str) -> PersonChanged:
    return PersonChanged(
        person_id=actor.person_id, name=name, email="x@aurora.example", kind="internal", roles=[], active=True
    )


async def test_names_stand_beside_ids_as_soon_as_they_are_known(desk: Desk) -> None:
    brief = await desk.submitted()
    path = f"/v1/briefs/{brief['id']}"
    _, history = await desk.as_(desk.anna).get(f"{path}/history")
    assert history["items"][0]["actor"] == {"id": str(desk.anna.person_id)}
    assert brief["unit"] == {"id": str(desk.anna.unit_id)}

    await desk.deliver(person(desk.anna, "Anna Bianchi"))
    await desk.deliver(person(desk.paola, "Paola Conti"))
    await desk.deliver(UnitChanged(unit_id=UUID(brief["unit"]["id"]), key="mkt", name="Marketing"))
    await desk.price(brief, "1.50", "0.0345")
    priced = await desk.read(brief["id"], desk.paola)
    assert priced["unit"]["name"] == "Marketing"
    assert priced["prices"]["priced_by"] == {"id": str(desk.paola.person_id), "name": "Paola Conti"}
    _, history = await desk.as_(desk.anna).get(f"{path}/history")
    assert {move["actor"]["name"] for move in history["items"]} == {"Anna Bianchi"}
    _, revisions = await desk.as_(desk.bruno).get(f"{path}/revisions")
    assert revisions["items"][0]["submitted_by"]["name"] == "Anna Bianchi"

    await desk.deliver(PersonErased(person_id=desk.paola.person_id))
    priced = await desk.read(brief["id"], desk.paola)
    assert priced["prices"]["priced_by"] == {"id": str(desk.paola.person_id)}
