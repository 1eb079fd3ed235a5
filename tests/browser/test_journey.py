"""The core jobs in a browser without JavaScript, each done by whose job it is."""

from __future__ import annotations

import re
from secrets import token_hex

import pytest
from playwright.sync_api import Page, expect

from optima_local.layout import ROOT

from .conftest import Portal

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

TITLE = "Vetrine d'autunno"


def at(page: Page, address: str) -> Page:
    page.goto(address)
    return page


def reload_until(page: Page, seen: str, within: int = 60) -> None:
    """Loads the page again until it shows the text: others' services have to hear of it first."""
    for _ in range(within * 2):
        if page.get_by_text(seen).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{page.url} never showed {seen!r}: {page.locator('main').inner_text()}")


def press(page: Page, button: str) -> None:
    page.locator("main").get_by_role("button", name=button, exact=True).first.click()


def decide(portal: Portal, who: str, button: str, reason: str = "") -> None:
    page = at(portal.as_(who, javascript=False), "/inbox")
    reload_until(page, TITLE)
    page.get_by_role("link", name=TITLE).first.click()
    if reason:
        page.get_by_label("Motivo").first.fill(reason)
    page.get_by_role("button", name=button).first.click()
    expect(page).to_have_url(f"{portal.address}/inbox")
    page.close()


def test_a_brief_is_written_priced_and_approved_by_its_people(portal: Portal) -> None:
    marketing = at(portal.as_("marketing", javascript=False), "/new-brief")
    marketing.get_by_label("Titolo").fill(TITLE)
    marketing.get_by_label("Categoria").fill("Materiali POP")
    marketing.get_by_label("Budget in euro").fill("12.500,00")
    press(marketing, "Salva e continua")
    first = marketing.get_by_role("group", name="Articolo 1")
    first.get_by_label("Tipo").fill("espositore")
    first.get_by_label("Quantità").fill("1.500")
    first.get_by_label("Descrizione").fill("Espositore da banco")
    press(marketing, "Indietro")
    expect(marketing.get_by_label("Titolo")).to_have_value(TITLE)
    press(marketing, "Salva e continua")
    expect(first.get_by_label("Descrizione")).to_have_value("Espositore da banco")
    press(marketing, "Salva e continua")
    marketing.get_by_label("Serve entro").fill("2027-03-31")
    marketing.get_by_label("Destinazioni").fill("MI-DUOMO: 1.000\nRM-TERMINI: 500")
    press(marketing, "Salva e continua")
    marketing.go_back()
    # What was typed, where the browser restores it, or as it was saved.
    expect(marketing.get_by_label("Destinazioni")).to_have_value(
        re.compile(r"^MI-DUOMO: 1\.?000\nRM-TERMINI: 500$")
    )
    press(marketing, "Salva e continua")

    document = ROOT / "deploy" / "demo" / "documents" / "concept-alba.pdf"
    marketing.get_by_label("Allega un file").set_input_files(document)
    press(marketing, "Allega")
    expect(marketing.get_by_role("link", name=document.name)).to_be_visible()
    marketing.get_by_role("link", name="Continua").click()
    expect(marketing.get_by_text("12.500,00")).to_be_visible()
    marketing.get_by_label("Processo").select_option("materiali-pop")
    press(marketing, "Mostra chi approverebbe")
    expect(marketing.get_by_text("Ruolo:").first).to_be_visible()
    press(marketing, "Invia")
    reload_until(marketing, "In approvazione")
    brief = marketing.url

    purchasing = at(portal.as_("purchasing", javascript=False), brief)
    purchasing.get_by_label("Espositore da banco").fill("4,125")
    purchasing.get_by_role("button", name="Salva i prezzi").click()
    expect(purchasing.get_by_text("6.187,50").first).to_be_visible()
    assert "6.187,50" not in marketing.locator("body").inner_text()


def test_a_refused_form_says_why_and_keeps_what_was_typed(portal: Portal) -> None:
    page = at(portal.as_("marketing", javascript=False), "/new-brief")
    page.get_by_label("Titolo").fill("Senza data possibile")
    page.get_by_label("Budget in euro").fill("molto")
    press(page, "Salva la bozza")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Titolo")).to_have_value("Senza data possibile")
    expect(page.get_by_label("Budget in euro")).to_have_value("molto")
    page.get_by_label("Budget in euro").fill("")
    press(page, "Salva e continua")
    page.get_by_role("group", name="Articolo 1").get_by_label("Tipo").fill("totem")
    press(page, "Salva e continua")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("group", name="Articolo 1").get_by_label("Tipo")).to_have_value("totem")
    at(page, f"{page.url.removesuffix('/items')}/check")
    expect(page.get_by_text("Mancante")).to_have_count(4)
    page.close()


def test_what_another_tab_has_saved_is_not_overwritten_unseen(portal: Portal) -> None:
    page = at(portal.as_("marketing", javascript=False), "/new-brief")
    page.get_by_label("Titolo").fill("In due schede")
    press(page, "Salva e continua")
    at(page, page.url.removesuffix("/items"))
    other = at(portal.as_("marketing", javascript=False), page.url)
    other.get_by_label("Titolo").fill("Dall'altra scheda")
    press(other, "Salva la bozza")
    expect(other.get_by_role("heading", level=1)).to_have_text("Dall'altra scheda")
    page.get_by_label("Titolo").fill("Da questa scheda")
    press(page, "Salva la bozza")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Titolo")).to_have_value("Da questa scheda")
    press(page, "Salva la bozza")
    expect(page.get_by_role("heading", level=1)).to_have_text("Da questa scheda")
    page.close()
    other.close()


def test_a_brief_begins_with_a_template(portal: Portal) -> None:
    name = f"Vetrina {token_hex(3)}"
    page = at(portal.as_("marketing", javascript=False), "/new-brief")
    page.get_by_label("Titolo").fill("Vetrina di stagione")
    press(page, "Salva la bozza")
    page.locator("summary", has_text="Conserva come modello").click()
    page.get_by_label("Nome del modello").fill(name)
    page.get_by_role("button", name="Conserva come modello").click()
    page.locator("summary", has_text="Parti da un modello").click()
    page.get_by_role("button", name=f"Parti da qui {name}").click()
    expect(page.get_by_label("Titolo")).to_have_value("Vetrina di stagione")
    at(page, "/new-brief")
    page.locator("summary", has_text="Parti da un modello").click()
    page.get_by_role("button", name=f"Elimina {name}").click()
    expect(page.get_by_text(name)).to_have_count(0)
    page.close()


def test_who_is_not_signed_in_is_led_back_to_where_they_wanted_to_go(portal: Portal) -> None:
    context = portal.browser.new_context(base_url=portal.address, locale="it-IT")
    page = context.new_page()
    page.goto("/briefs?state=draft")
    person = portal.people["marketing"]
    page.get_by_label("Codice azienda").fill("caffe-aurora")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill("sbagliata")
    page.get_by_role("button", name="Accedi", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_role("button", name="Accedi", exact=True).click()
    expect(page).to_have_url(f"{portal.address}/briefs?state=draft")
    page.get_by_role("button", name="Esci").click()
    page.goto("/briefs")
    expect(page.get_by_role("button", name="Accedi", exact=True)).to_be_visible()
    context.close()
