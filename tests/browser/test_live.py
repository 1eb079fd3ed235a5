"""A page says that it is old, and how much waits, while somebody looks at it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import Portal
from .test_journey import at
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

BRIEF = {
    "title": "Cartelli dal vivo",
    "category": "pos",
    "budget": "900.00",
    "deadline": "2030-12-31",
    "items": [{"kind": "totem", "description": "Totem", "quantity": "1", "unit": "pz"}],
}
PROCESS: dict[str, Any] = {
    "key": "dal-vivo",
    "name": "Dal vivo",
    "subject": "brief",
    "steps": [{"key": "direzione", "name": "Direzione", "approvers": [{"role": "direttore"}]}],
}


def submitted_brief(stack: Stack, title: str) -> str:
    """The address of a brief of marketing's that was submitted."""

    async def submit() -> str:
        async with customer_of(stack.stage) as customer:
            who, api = customer.people["marketing"], customer.api
            drafted = await api.as_(who, "POST", "brief", "/v1/briefs", json={**BRIEF, "title": title})
            path = f"/v1/briefs/{drafted.body['id']}"
            await api.as_(who, "POST", "brief", f"{path}/submission", json={"process": "materiali-pop"})
        return f"/briefs/{drafted.body['id']}"

    return str(done(submit()))


def test_what_happens_elsewhere_is_hinted_at(portal: Portal, stack: Stack) -> None:
    async def draft() -> str:
        async with customer_of(stack.stage) as customer:
            people, api = customer.people, customer.api
            address = "/v1/processes/dal-vivo"
            await api.as_(people["admin"], "PUT", "approval", address, json=PROCESS)
            await api.as_(people["admin"], "POST", "approval", f"{address}/publication", json={})
            brief = await api.as_(people["marketing"], "POST", "brief", "/v1/briefs", json=BRIEF)
            return str(brief.body["id"])

    async def submit(brief: str) -> None:
        async with customer_of(stack.stage) as customer:
            address = f"/v1/briefs/{brief}/submission"
            who = customer.people["marketing"]
            await customer.api.as_(who, "POST", "brief", address, json={"process": "dal-vivo"})

    portal.errors.clear()
    brief = done(draft())
    marketing = at(portal.as_("marketing"), f"/briefs/{brief}")
    director = at(portal.as_("direttore"), "/inbox")
    waiting = director.locator("[data-live='/live/inbox']")
    before = int(waiting.text_content() or 0)
    expect(marketing.locator("#changed")).to_be_hidden()
    with marketing.expect_request("**/live?**"):
        marketing.reload()

    done(submit(brief))
    expect(waiting).to_have_text(str(before + 1))
    expect(director.locator("#changed")).to_be_visible()
    director.get_by_role("link", name="Mostralo").click()
    expect(director.get_by_role("link", name=str(BRIEF["title"]))).to_be_visible()
    expect(marketing.locator("#changed")).to_be_visible()
    assert not portal.errors


def test_hints_tell_nothing_and_only_to_the_own_company(portal: Portal, stack: Stack) -> None:
    page = portal.as_("tipografia", javascript=False)
    assert page.request.get("/live/inbox").status == 403
    stranger = portal.browser.new_context(base_url=portal.address)
    answer = stranger.request.get("/live", max_redirects=0)
    assert answer.status == 303
    stranger.close()
    page.close()
