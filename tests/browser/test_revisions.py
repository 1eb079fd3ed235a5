"""What changed between two revisions of a brief, beside each other, for its requester and for purchasing."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from optima_local.demonstration.client import until
from tests.stack import Stack

from .conftest import Portal
from .reading import lines_of
from .test_journey import at, reload_until_state
from .test_live import BRIEF
from .test_pages import LOOKS, is_as_wide_and_accessible, one_of, reads_well
from .test_production import press
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

CHANGED: dict[str, Any] = {
    **BRIEF,
    "title": "Riveduto per l'inverno",
    "budget": "1200.00",
    "items": [
        {"kind": "totem", "description": "Totem", "quantity": "1500", "unit": "pz"},
        {"kind": "espositore", "description": "Espositore in più", "quantity": "5", "unit": "pz"},
    ],
}


@pytest.fixture(scope="module")
def brief(stack: Stack, people: object) -> str:
    """The address of a brief that came back, since nobody knows its process, and is drafted anew."""

    async def write() -> str:
        async with customer_of(stack.stage) as customer:
            who, api = customer.people["marketing"], customer.api
            drafted = await api.as_(who, "POST", "brief", "/v1/briefs", json={**BRIEF, "title": "Riveduto"})
            path = f"/v1/briefs/{drafted.body['id']}"
            await api.as_(who, "POST", "brief", f"{path}/submission", json={"process": "non-esiste"})

            async def returned() -> Any:
                read = await api.as_(who, "GET", "brief", path)
                return read.body if read.body["state"] == "draft" else None

            back = await until(returned, "the brief is a draft again", within=60)
            first, second = CHANGED["items"]
            items = [{**first, "item_id": back["items"][0]["item_id"]}, second]
            version = {"If-Match": f'"{back["version"]}"'}
            await api.as_(who, "PUT", "brief", path, json={**CHANGED, "items": items}, headers=version)
        return f"/briefs/{drafted.body['id']}"

    return str(done(write()))


def test_what_changed_stands_beside_what_was(portal: Portal, axe: str, brief: str) -> None:
    page = at(portal.as_("marketing", javascript=False), brief)
    main = page.locator("main")
    expect(main).to_contain_text("Il processo scelto non è pubblicato")
    reads_well(brief, lines_of(page.content()))
    page.get_by_role("link", name="Che cosa è cambiato").click()
    expect(main).to_contain_text("ancora in bozza")
    for told in ("Riveduto per l'inverno", "900,00", "1.200,00", "1.500", "Espositore in più"):
        expect(main).to_contain_text(told)
    expect(page.locator(".sheet .state")).to_have_text(["Modificato", "Aggiunto"])
    at(page, f"{brief}/edit/check")
    page.get_by_label("Processo").select_option("materiali-pop")
    press(page, "Invia")
    reload_until_state(page, "In approvazione")
    page.close()

    purchasing = at(portal.as_("purchasing"), f"{brief}/revisions?from=2&to=1")
    expect(purchasing.locator("main")).to_contain_text("Riveduto per l'inverno")
    expect(purchasing.locator("main")).not_to_contain_text("bozza")
    reads_well(brief, lines_of(purchasing.content()))
    purchasing.evaluate(axe)
    for width, scheme in one_of(LOOKS, "revisions"):
        is_as_wide_and_accessible(purchasing, "revisions", width, scheme)
    purchasing.close()


def test_a_first_revision_is_beside_none(portal: Portal, stack: Stack) -> None:
    async def draft() -> str:
        async with customer_of(stack.stage) as customer:
            who = customer.people["marketing"]
            return str((await customer.api.as_(who, "POST", "brief", "/v1/briefs", json=BRIEF)).body["id"])

    page = at(portal.as_("marketing", javascript=False), f"/briefs/{done(draft())}/revisions")
    expect(page.locator("main")).to_contain_text("c'è una sola revisione")
    page.close()
