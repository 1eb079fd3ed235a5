"""Many decisions at once, and what goes with one: documents, somebody else to decide, a recall."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

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

STEP: dict[str, Any] = {
    "key": "direzione",
    "name": "Direzione",
    "approvers": [{"role": "direttore"}],
    "allows": ["forward"],
}
OPEN: dict[str, Any] = {"key": "insieme", "name": "Insieme", "subject": "brief", "steps": [STEP]}
PDF = {"name": "preventivo.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF\n"}
WITH_DOCUMENT: dict[str, Any] = {
    **OPEN,
    "key": "con-documento",
    "name": "Con documento",
    "steps": [{**STEP, "evidence": {"media_types": ["application/pdf"], "required": True}}],
}


@pytest.fixture(scope="module")
def submitted(stack: Stack, people: object) -> dict[str, str]:
    """Ids of the briefs by their titles; the last one needs a document."""

    async def submit() -> dict[str, str]:
        briefs = {}
        async with customer_of(stack.stage) as customer:
            who, api = customer.people, customer.api
            for process in (OPEN, WITH_DOCUMENT):
                address = f"/v1/processes/{process['key']}"
                await api.as_(who["admin"], "PUT", "approval", address, json=process)
                await api.as_(who["admin"], "POST", "approval", f"{address}/publication", json={})
            for title, process in (
                ("Insieme uno", "insieme"),
                ("Insieme due", "insieme"),
                ("Insieme tre", "insieme"),
                ("Da ritirare", "insieme"),
                ("Insieme con documento", "con-documento"),
            ):
                body = {**BRIEF, "title": title}
                brief = await api.as_(who["marketing"], "POST", "brief", "/v1/briefs", json=body)
                briefs[title] = str(brief.body["id"])
                address = f"/v1/briefs/{briefs[title]}/submission"
                await api.as_(who["marketing"], "POST", "brief", address, json={"process": process})
        return briefs

    return dict(done(submit()))


def inbox(page: Page, text: str, many: int) -> Page:
    at(page, f"/inbox?text={text}")
    for _ in range(30):
        if page.locator(".list > li").count() == many:
            break
        page.wait_for_timeout(200)
        page.reload()
    expect(page.locator(".list > li")).to_have_count(many)
    return page


def test_many_are_decided_at_once_each_for_itself(portal: Portal, submitted: dict[str, str]) -> None:
    page = inbox(portal.as_("direttore", javascript=False), "Insieme", 4)
    for box in page.get_by_label("Scegli Insieme").all():
        box.check()
    press(page, "Decidi insieme")
    expect(page.get_by_role("heading", level=1)).to_have_text("4 decisioni")
    expect(page.locator(".amount")).to_have_text("3.600,00 €")
    press(page, "Approva")
    expect(page.locator("main")).to_contain_text("3 decisioni prese")
    refused = page.locator(".list > li").filter(has_text="Non decisa")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("Insieme con documento")
    page.close()


def test_the_sum_follows_what_is_selected(portal: Portal, submitted: dict[str, str]) -> None:
    page = inbox(portal.as_("direttore"), "ritirare", 1)
    expect(page.locator("#selected")).to_have_text("Nessuna scelta")
    page.get_by_label("Tutte in questa pagina").focus()
    page.keyboard.press("Space")
    expect(page.locator("#selected")).to_have_text("Scelte: 1 · 900,00 €")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", level=2)).to_have_text("Senza scadenza")
    at(page, f"{page.url}&group=requester")
    group = page.get_by_role("region", name="Elena Rizzi")
    expect(group.locator(".group")).to_contain_text("1 · 900,00 €")
    group.get_by_label("Tutte").check()
    expect(page.locator("#selected")).to_have_text("Scelte: 1 · 900,00 €")
    page.close()


def test_a_document_goes_with_the_decision(portal: Portal, submitted: dict[str, str]) -> None:
    page = inbox(portal.as_("direttore", javascript=False), "Insieme con documento", 1)
    page.get_by_role("link", name="Insieme con documento").click()
    press(page, "Approva")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Documenti").set_input_files(PDF)  # type: ignore[arg-type]
    press(page, "Respingi")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Allegato: preventivo.pdf")
    press(page, "Approva")
    approval = portal.as_("marketing", javascript=False)
    at(approval, f"/briefs/{submitted['Insieme con documento']}")
    approval.locator("a[href^='/approvals/']").first.click()
    with approval.expect_download() as download:
        approval.get_by_role("link", name="preventivo.pdf").click()
    assert download.value.suggested_filename == "preventivo.pdf"
    page.close()
    approval.close()


def test_what_was_asked_is_asked_about_passed_on_watched_and_taken_back(
    portal: Portal, submitted: dict[str, str]
) -> None:
    page = inbox(portal.as_("direttore", javascript=False), "ritirare", 1)
    page.get_by_role("link", name="Da ritirare").click()
    approval = page.url
    press(page, "Avvisami della conclusione")
    expect(page.locator("main")).to_contain_text("Sarai avvisato della conclusione")
    page.get_by_text("Chiedi o commenta").click()
    page.get_by_label("A chi chiedi").select_option(index=1)
    page.get_by_label("Testo").fill("Quando serve?")
    page.get_by_role("button", name="Invia", exact=True).click()
    expect(page.locator("main")).to_contain_text("Quando serve?")
    page.get_by_text("Fai decidere qualcun altro").click()
    page.get_by_label("Chi decide al tuo posto").select_option(label="Paola Ferri")
    press(page, "Inoltra")
    expect(page.get_by_role("link", name="Da ritirare")).to_have_count(0)

    mine = at(portal.as_("marketing", javascript=False), f"/briefs/{submitted['Da ritirare']}")
    mine.locator("a[href^='/approvals/']").first.click()
    mine.get_by_label("Risposta").fill("Per la fiera di Rimini")
    press(mine, "Invia la risposta")
    expect(mine.locator("main")).to_contain_text("Per la fiera di Rimini")
    mine.locator("summary", has_text="Ritira").click()
    press(mine, "Ritira")
    expect(mine.locator(".head .state")).to_have_text("Ritirato")
    news = at(page, approval).get_by_role("region", name="Dalla tua ultima visita")
    expect(news.locator("strong")).to_have_text(["Risposta", "Approvazione terminata"])
    expect(news).to_contain_text("Per la fiera di Rimini")
    page.close()
    mine.close()
