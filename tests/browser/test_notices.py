"""People are told of what concerns them while they look, choose how, and stop mails without signing in."""

from __future__ import annotations

import base64
import json
from uuid import UUID

import pytest
from playwright.sync_api import expect

from optima_kit.sealing import Sealer
from optima_local.secrets import settle_secrets
from portal.adapters.mail import UnsubscribeCodes, Unsubscribing
from tests.stack import Stack

from .conftest import Portal
from .test_journey import at
from .test_live import BRIEF
from .test_production import press
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

TITLE = "Avvisi in vetrina"
PROCESS = {
    "key": "con-avvisi",
    "name": "Con avvisi",
    "subject": "brief",
    "steps": [{"key": "direzione", "name": "Direzione", "approvers": [{"role": "direttore"}]}],
}


def test_who_is_asked_is_told_while_they_look(portal: Portal, stack: Stack) -> None:
    async def submit() -> None:
        async with customer_of(stack.stage) as customer:
            who, api = customer.people, customer.api
            address = "/v1/processes/con-avvisi"
            await api.as_(who["admin"], "PUT", "approval", address, json=PROCESS)
            await api.as_(who["admin"], "POST", "approval", f"{address}/publication", json={})
            body = {**BRIEF, "title": TITLE}
            brief = await api.as_(who["marketing"], "POST", "brief", "/v1/briefs", json=body)
            address = f"/v1/briefs/{brief.body['id']}/submission"
            await api.as_(who["marketing"], "POST", "brief", address, json={"process": "con-avvisi"})

    page = at(portal.as_("direttore"), "/notices")
    if page.get_by_role("button", name="Segna tutto come letto").count():
        press(page, "Segna tutto come letto")
    count = page.locator("[data-live='/live/notices']")
    expect(count).to_be_hidden()
    page.wait_for_load_state("networkidle")
    done(submit())
    expect(count).to_have_text("1")
    expect(page.locator("#changed")).to_be_visible()
    page.reload()
    row = page.locator(".list > li", has_text=TITLE)
    expect(row).to_contain_text("Aspetta la tua decisione")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(count).to_be_hidden()
    page.close()


def test_a_person_chooses_how_they_are_told(portal: Portal) -> None:
    page = at(portal.as_("purchasing", javascript=False), "/me")
    page.get_by_role("link", name="Quali avvisi ricevi").click()
    page.get_by_label("Come si concludono le approvazioni").select_option(label="In una mail al giorno")
    page.get_by_label("La mail giornaliera parte alle").fill("18:30")
    page.get_by_label("Nessuna mail dalle").fill("20:00")
    page.get_by_label("fino alle").fill("07:15")
    press(page, "Salva")
    expect(page.get_by_role("status").last).to_have_text("Salvato.")
    expect(page.get_by_label("La mail giornaliera parte alle")).to_have_value("18:30")
    expect(page.get_by_label("fino alle")).to_have_value("07:15")
    expect(page.get_by_label("Come si concludono le approvazioni")).to_have_value("digest")
    page.close()


def test_mails_are_stopped_without_signing_in(portal: Portal, stack: Stack) -> None:
    async def tenant() -> UUID:
        async with customer_of(stack.stage) as customer:
            await customer.api.sign_in(customer.people["purchasing"])
            payload = customer.people["purchasing"].token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return UUID(claims["tenant"])

    person_id = UUID(portal.people["purchasing"].person_id)
    secret = settle_secrets(stack.layout, [])["portal_key"]
    codes = UnsubscribeCodes(Sealer(secret, "portal unsubscribing"))
    code = codes.code(Unsubscribing(done(tenant()), person_id, frozenset({"task", "outcome"})))
    stranger = portal.browser.new_context(base_url=portal.address, locale="it-IT", java_script_enabled=False)
    page = stranger.new_page()
    page.goto(f"/unsubscribe?code={code}")
    expect(page.locator("main")).to_contain_text("Nuove lavorazioni")
    press(page, "Ferma queste")
    expect(page.get_by_role("status")).to_contain_text("Non ricevi più mail")
    answer = page.goto(f"/unsubscribe?code={code[:-4]}AAAA")
    assert answer is not None
    assert answer.status == 404
    # As a mail program sends it by itself.
    one_click = stranger.request.post(
        f"/unsubscribe?code={code}", form={"List-Unsubscribe": "One-Click"}, headers={}
    )
    assert one_click.ok
    stranger.close()
    own = at(portal.as_("purchasing", javascript=False), "/me/notices")
    expect(own.get_by_label("Nuove lavorazioni")).to_have_value("page")
    expect(own.get_by_label("Come si concludono le approvazioni")).to_have_value("page")
    expect(own.get_by_label("Ciò che aspetta la tua decisione")).to_have_value("at_once")
    own.close()
