"""The core jobs in a browser without JavaScript, each done by whose job it is."""

from __future__ import annotations

import re
import time
from secrets import token_hex

import pytest
from playwright.sync_api import Locator, Page, expect

from optima_local.layout import ROOT

from .conftest import Pictures, Portal

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

TITLE = "Vetrine d'autunno"
WHO_DO_IT = (
    "marketing",
    "purchasing",
    "lead",
    "direttore",
    "admin",
    "tipografia",
    "allestimenti",
    "backoffice",
)
"""The ninth looks at what they did."""


def at(page: Page, address: str) -> Page:
    page.goto(address)
    return page


def reload_until(page: Page, seen: str | Locator, within: int = 60) -> None:
    """Loads the page again until it shows the text: others' services have to hear of it first."""
    found = page.get_by_text(seen) if isinstance(seen, str) else seen
    ends, pause = time.monotonic() + within, 100
    while time.monotonic() < ends:
        if found.count():
            return
        page.wait_for_timeout(pause)
        pause = min(2 * pause, 500)
        page.reload()
    raise AssertionError(f"{page.url} never showed {seen!r}: {page.locator('main').inner_text()}")


def reload_until_state(page: Page, state: str) -> None:
    """Loads the page again until what it is about has the state. The state's name alone does not tell: the
    story says "Inviato in approvazione" before the brief is "In approvazione"."""
    reload_until(page, page.locator(".head .state", has_text=state))


def press(page: Page, button: str) -> None:
    page.locator("main").get_by_role("button", name=button, exact=True).first.click()


def ship(office: Page, destination: str) -> None:
    """Makes a shipment of all that may go there, from the page of the order, and issues its DDT."""
    offer = office.locator("details").filter(has=office.locator(f"input[value='{destination}']"))
    if offer.get_attribute("open") is None:
        offer.locator("summary").click()
    offer.get_by_role("button", name="Prepara la spedizione").click()
    office.get_by_label("Peso lordo").fill("12,5")
    office.get_by_label("Trasporto a cura di").select_option("mittente")
    press(office, "Salva")
    press(office, "La merce è pronta")
    press(office, "Emetti il DDT")
    expect(office.get_by_role("link", name="Stampa il DDT")).to_be_visible()


def amend_price(portal: Portal, order: str, title: str, pictures: Pictures) -> None:
    """Another price than the approved 4.125 is asked for, approved, and binds from then on."""
    admin = at(portal.as_("admin", javascript=False), order)
    admin.locator("summary", has_text="Chiedi un altro prezzo o un'altra quantità").click()
    form = admin.locator("form[action$='/amendments']")
    form.get_by_label("Prezzo unitario").fill("4,25")
    form.get_by_label("Motivo").fill("La carta costa di più")
    pictures.take(admin, "another price is asked for")
    form.get_by_role("button", name="Chiedi l'approvazione").click()
    expect(admin.get_by_text("«La carta costa di più»")).to_be_visible()
    lead = at(portal.as_("lead", javascript=False), f"/inbox?text={title}")
    reload_until(lead, title)
    lead.get_by_role("link", name=title).first.click()
    expect(lead.locator("main").get_by_text("La carta costa di più").first).to_be_visible()
    pictures.take(lead, "lead decides on another price")
    press(lead, "Approva")
    reload_until(at(admin, order), "6.375,00")


def test_a_brief_is_carried_to_its_delivery_by_its_nine_people(portal: Portal, pictures: Pictures) -> None:
    mark = token_hex(3)
    title, item = f"{TITLE} {mark}", f"Espositore da banco {mark}"
    marketing = at(portal.as_("marketing", javascript=False), "/new-brief")
    marketing.get_by_label("Titolo").fill(title)
    marketing.get_by_label("Categoria").fill("Materiali POP")
    marketing.get_by_label("Budget in euro").fill("12.500,00")
    pictures.take(marketing, "a new brief")
    press(marketing, "Salva e continua")
    first = marketing.get_by_role("group", name="Articolo 1")
    first.get_by_label("Tipo").fill("espositore")
    first.get_by_label("Quantità").fill("1.500")
    first.get_by_label("Descrizione").fill(item)
    press(marketing, "Indietro")
    expect(marketing.get_by_label("Titolo")).to_have_value(title)
    press(marketing, "Salva e continua")
    expect(first.get_by_label("Descrizione")).to_have_value(item)
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
    pictures.take(marketing, "who will approve")
    press(marketing, "Invia")
    reload_until_state(marketing, "In approvazione")
    brief = marketing.url

    purchasing = at(portal.as_("purchasing", javascript=False), brief)
    purchasing.get_by_label(item).fill("4,125")
    purchasing.get_by_role("button", name="Salva i prezzi").click()
    expect(purchasing.get_by_text("6.187,50").first).to_be_visible()
    pictures.take(purchasing, "priced")
    assert "6.187,50" not in at(marketing, brief).locator("body").inner_text()

    # Above 5,000 € the director has the last word.
    for who in ("purchasing", "lead", "direttore"):
        decider = at(portal.as_(who, javascript=False), f"/inbox?text={title}")
        reload_until(decider, title)
        decider.get_by_role("link", name=title).first.click()
        pictures.take(decider, f"{who} decides")
        press(decider, "Approva")
        expect(decider).to_have_url(f"{portal.address}/inbox")

    admin = at(portal.as_("admin", javascript=False), "/orders")
    reload_until(admin, title)
    admin.get_by_role("link", name=title).click()
    order = admin.url
    admin.get_by_role("textbox", name="Costo facoltativo").fill("4.290,00")
    press(admin, "Salva")
    expect(admin.get_by_text("4.290,00 €").first).to_be_visible()
    amend_price(portal, order, title, pictures)
    for worker in ("Roberto Galli, Grafiche Galli S.r.l.", "Irene Fontana, Fontana Allestimenti S.n.c."):
        admin.get_by_label("Persona").locator("visible=true").first.select_option(label=worker)
        press(admin, "Assegna")
    pictures.take(admin, "work is given")

    for worker in ("tipografia", "allestimenti"):
        dealer = at(portal.as_(worker, javascript=False), "/tasks")
        reload_until(dealer, item)
        dealer.get_by_role("link", name=item).click()
        press(dealer, "Inizia")
        dealer.get_by_label("Quantità prodotta").fill("1.500")
        pictures.take(dealer, f"{worker} does a phase")
        press(dealer, "Finito")
        expect(dealer.get_by_role("button", name="Finito")).to_have_count(0)

    office = at(portal.as_("backoffice", javascript=False), order)
    reload_until(office, "Carica a magazzino")
    press(office, "Carica a magazzino")
    for destination, delivered in (("MI-DUOMO", "consegnati 1.000"), ("RM-TERMINI", "consegnati 1.500")):
        reload_until(at(office, order), "Spedisci a")
        ship(office, destination)
        pictures.take(office, f"the DDT to {destination}")
        sheet = str(office.get_by_role("link", name="Stampa il DDT").get_attribute("href"))
        pdf = office.request.get(portal.address + sheet)
        assert pdf.headers["content-type"] == "application/pdf"
        pictures.keep(f"the DDT to {destination}.pdf", pdf.body())
        press(office, "La merce è partita")
        office.get_by_label("Ricevuto da").fill("Anna Rossi")
        press(office, "La merce è consegnata")
        reload_until(at(office, order), delivered)
    pictures.take(office, "the order is delivered")

    reload_until(at(marketing, brief), "Consegnato")
    pictures.take(marketing, "the brief is delivered")
    story = f"/trail?brief={brief.rpartition('/')[2]}"
    auditor = at(portal.as_("auditor", javascript=False), story)
    pictures.take(auditor, "the trail")
    for key in WHO_DO_IT:
        person = portal.people[key]
        at(auditor, f"{story}&person={person.person_id}")
        expect(auditor.locator("main").get_by_role("link", name=person.name).first).to_be_visible()


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
