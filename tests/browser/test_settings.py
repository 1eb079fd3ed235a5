"""What is set up once is set up at a page, without JavaScript: tables, accounts, webhooks, people."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

from .conftest import Portal
from .test_journey import at
from .test_production import press
from .test_sign_in import let_proofs_lapse

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]


def led_from_settings(page: Page, name: str) -> Page:
    at(page, "/settings").get_by_role("main").get_by_role("link", name=name, exact=True).click()
    return page


def test_a_warehouse_is_kept_and_changed_by_the_back_office(portal: Portal) -> None:
    page = led_from_settings(portal.as_("backoffice", javascript=False), "Magazzini")
    page.get_by_role("link", name="Nuovo magazzino").click()
    page.get_by_label("Codice").fill("BO1")
    page.get_by_label("Nome").fill("Deposito di Imola")
    page.get_by_label("Via e numero").fill("Via Selice 1")
    page.get_by_label("CAP").fill("40026")
    page.get_by_label("Località").fill("Imola")
    page.get_by_label("Provincia").fill("BO")
    press(page, "Salva")
    expect(page.get_by_role("alert")).to_contain_text("BO1")  # is the demonstration's own
    page.get_by_label("Codice").fill("IMOLA")
    press(page, "Salva")
    page.get_by_role("link", name="Deposito di Imola").click()
    page.get_by_label("Via e numero").fill("Via Selice 3")
    press(page, "Salva")
    expect(page.get_by_text("Via Selice 3, 40026 Imola (BO)")).to_be_visible()

    page.get_by_role("navigation", name="Tabelle").get_by_role("link", name="Tipi di documento").click()
    page.get_by_role("link", name="Nuovo tipo di documento").click()
    page.get_by_label("Codice").fill("omaggio-fiera")
    page.get_by_label("Causale del trasporto, come la dice il documento").fill("Omaggio in fiera")
    page.get_by_label("La merce cambia proprietario").check()
    press(page, "Salva")
    page.get_by_role("link", name="Omaggio in fiera").click()
    page.get_by_label("Giorni entro cui la merce rientra").fill("")
    expect(page.get_by_text("La merce cambia proprietario")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(0)  # what it does is for good
    press(page, "Salva")
    page.close()


def test_the_company_and_its_time_are_set_after_a_proof(portal: Portal, stack: Stack) -> None:
    page = led_from_settings(portal.as_("admin", javascript=False), "Azienda")
    page.get_by_label("Via e numero").fill("Via Manzoni 12")
    let_proofs_lapse(stack)
    press(page, "Salva")
    page.get_by_label("Password").fill(portal.people["admin"].password)
    press(page, "Prosegui")
    expect(page.get_by_label("Via e numero")).to_have_value("Via Manzoni 12")

    led_from_settings(page, "Orario di lavoro")
    page.get_by_label("Venerdì").fill("9-13")
    page.get_by_label("Altri giorni in cui non si lavora").fill("24/12/2026 domani")
    press(page, "Salva")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Altri giorni in cui non si lavora").fill("24/12/2026")
    press(page, "Salva")
    expect(page.get_by_label("Venerdì")).to_have_value("09:00–13:00")
    expect(page.get_by_label("Altri giorni in cui non si lavora")).to_have_value("24/12/2026")

    led_from_settings(page, "Tolleranza sui prezzi")
    page.get_by_label("Tolleranza").fill("2,5")
    press(page, "Salva")
    expect(page.get_by_label("Tolleranza")).to_have_value("2,50")
    page.close()


def test_a_program_gets_an_account_and_a_webhook(portal: Portal) -> None:
    page = led_from_settings(portal.as_("admin", javascript=False), "Account di servizio")
    page.get_by_text("Nuovo account di servizio").click()
    page.get_by_label("Nome").fill("Cruscotto")
    page.get_by_label("vedere gli ordini", exact=True).check()
    press(page, "Apri l'account")
    expect(page.get_by_text("Segreto del client")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Account di servizio").click()
    page.get_by_role("button", name="Dagli un nuovo segreto").click()
    at(page, "/service-accounts")
    page.get_by_role("button", name="Chiudilo per sempre").click()
    expect(page.locator(".list li").filter(has_text="Cruscotto")).to_contain_text("chiuso per sempre")

    led_from_settings(page, "Webhook")
    page.get_by_role("link", name="Nuovo webhook").click()
    page.get_by_label("Indirizzo").fill("https://93.184.216.34/cruscotto")
    page.get_by_label("A che cosa serve").fill("Cruscotto")
    page.get_by_label("Brief: tutto").check()
    press(page, "Attivalo")
    page.get_by_role("link", name="Apri il webhook").click()
    press(page, "Metti in pausa")
    expect(page.locator(".head .state")).to_have_text("In pausa")
    press(page, "Aggiungi un segreto")
    page.get_by_role("link", name="Apri il webhook").click()
    page.get_by_role("button", name="Togli").first.click()
    expect(page.get_by_role("button", name="Togli")).to_have_count(0)
    page.get_by_text("Elimina il webhook").first.click()
    page.get_by_role("button", name="Elimina il webhook").click()
    expect(page.get_by_text("Cruscotto")).to_have_count(0)
    page.close()


def test_people_are_looked_at_in_a_table_before_they_are_invited(portal: Portal) -> None:
    page = led_from_settings(portal.as_("admin", javascript=False), "Importazione di persone")
    head = "email,name,kind,roles\n"
    row = "chiara.prova@caffeaurora.example,Chiara Prova,internal,marketing\n"
    page.get_by_label("Oppure la tabella stessa").fill(head + row.replace("marketing", "regina"))
    press(page, "Guarda che cosa farebbe")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Oppure la tabella stessa").fill(head + row)
    press(page, "Guarda che cosa farebbe")
    expect(page.get_by_role("heading", name="Ecco che cosa si farebbe")).to_be_visible()
    at_the_end = page.get_by_role("button", name="Importa")
    at_the_end.click()
    expect(page.get_by_role("heading", name="Fatto")).to_be_visible()
    expect(page.get_by_role("cell", name="Chiara Prova")).to_be_visible()
    page.close()


def test_what_is_still_to_be_set_up_is_told(portal: Portal) -> None:
    page = led_from_settings(portal.as_("admin", javascript=False), "Che cosa c'è e che cosa manca")
    lines = page.locator(".list > li")
    expect(lines.filter(has_text="Dati dell'azienda")).to_contain_text("Presente")
    expect(lines.filter(has_text="Processi approvativi")).to_contain_text("Presente")
    expect(lines).to_have_count(13)
    lines.filter(has_text="Magazzini").get_by_role("link").click()
    expect(page.get_by_role("link", name="Nuovo magazzino")).to_be_visible()
    page.close()


def test_a_comment_is_changed_and_a_file_taken_out(portal: Portal) -> None:
    page = at(portal.as_("marketing", javascript=False), "/new-brief")
    page.get_by_label("Titolo").fill("Bozza con allegato")
    press(page, "Salva la bozza")
    page.get_by_label("Allega un file").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"\0" * 64}
    )
    press(page, "Allega")
    expect(page.get_by_role("link", name="logo.png")).to_be_visible()
    page.get_by_role("button", name="Toglilo").click()
    expect(page.get_by_role("link", name="logo.png")).to_have_count(0)
    page.get_by_label("Commento").fill("Da rivedere")
    page.locator("form[action$='/comments'] button").click()
    page.get_by_text("Modificalo").click()
    page.get_by_label("Commento").first.fill("Da rivedere insieme")
    press(page, "Salva")
    expect(page.get_by_text("Da rivedere insieme").first).to_be_visible()
    page.close()
