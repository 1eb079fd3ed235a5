"""A process is written as a document, tried out, published and taken away as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
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

DOCUMENT = """\
key: insegne
name: Insegne
subject: brief
steps:
  - key: controllo
    name: Controllo
    when: brief.budget > 1000.0
    approvers: [{role: direttore}]
"""


def test_a_process_is_written_tried_and_published(portal: Portal, tmp_path: Path) -> None:
    page = at(portal.as_("admin", javascript=False), "/processes")
    page.get_by_role("link", name="Nuovo processo").click()
    page.get_by_label("Documento (YAML)").fill(DOCUMENT.replace("approvers", "approvatori"))
    press(page, "Salva la bozza")
    expect(page.get_by_role("alert")).to_contain_text("Riga 8")
    written = DOCUMENT.replace("approvers", "approvatori").rstrip()
    expect(page.get_by_label("Documento (YAML)")).to_have_value(written)

    file = tmp_path / "insegne.yaml"
    file.write_text(DOCUMENT.replace("brief.budget", "brief.bilancio"), encoding="utf-8")
    page.get_by_label("Oppure un file").set_input_files(file)
    press(page, "Salva la bozza")
    expect(page.locator(".flow")).to_contain_text("Controllo")
    press(page, "Pubblica la bozza")
    expect(page.get_by_role("alert")).to_contain_text("Riga 7")
    expect(page.locator("ol.code .late")).to_contain_text("bilancio")

    page.get_by_role("link", name="Come YAML").click()
    text = page.get_by_label("Documento (YAML)").input_value()
    page.get_by_label("Documento (YAML)").fill(text.replace("brief.bilancio", "brief.budget"))
    press(page, "Salva la bozza")
    for budget, outcome in (("900,00", "Verrebbe saltato"), ("1.500,00", "Guido Santoro")):
        page.get_by_label("Richiedente").select_option(label="Elena Rizzi")
        page.get_by_label("Categoria").fill("pos")
        page.get_by_label("Budget").fill(budget)
        page.get_by_label("Serve entro").fill("2030-05-05")
        press(page, "Mostra chi approverebbe")
        expect(page.locator("#simulation .timeline")).to_contain_text(outcome)
    press(page, "Pubblica la bozza")
    expect(page.locator(".head .state")).to_have_text("Pubblicato")
    address = page.get_by_role("link", name="YAML versione 1").get_attribute("href")
    taken = page.request.get(f"{portal.address}{address}")
    assert yaml.safe_load(taken.text())["steps"][0]["when"] == "brief.budget > 1000.0"
    press(page, "Ritira")
    expect(page.locator(".head .state")).to_have_text("Ritirato")
    page.close()


def test_who_only_reads_is_offered_nothing_to_write(portal: Portal) -> None:
    page = at(portal.as_("direttore", javascript=False), "/processes")
    expect(page.get_by_role("link", name="Nuovo processo")).to_have_count(0)
    page.get_by_role("link", name="Materiali POP").click()
    expect(page.get_by_role("button", name="Pubblica la bozza")).to_have_count(0)
    page.close()


def test_a_process_is_built_step_by_step(portal: Portal) -> None:
    page = at(portal.as_("admin", javascript=False), "/new-process")
    page.get_by_label("Nome").fill("Campionature")
    page.get_by_label("Codice").fill("Campionature!")
    press(page, "Comincia")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Nome")).to_have_value("Campionature")
    page.get_by_label("Codice").fill("campionature")
    press(page, "Comincia")
    page.get_by_role("link", name="Modifica").last.click()
    page.get_by_label("Nome").fill("Direzione")
    page.get_by_label("Campo 1").select_option(label="Budget in euro")
    page.get_by_label("Confronto 1").select_option(label="è più di")
    page.get_by_label("Valore 1").fill("2.500,50")
    page.get_by_label("1.", exact=True).select_option(label="Direttore generale")
    page.get_by_label("Documenti").select_option(label="vanno allegati per approvare")
    page.get_by_text("Come espressione").click()
    page.get_by_label("Espressione").fill("brief.budget > 1.0")
    page.locator("#due_hours").fill("presto")
    press(page, "Salva")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Valore 1")).to_have_value("2.500,50")
    expect(page.get_by_label("Espressione")).to_have_value("brief.budget > 1.0")
    page.get_by_label("Espressione").fill("")
    page.locator("#due_hours").fill("")
    press(page, "Salva")
    step = page.locator(".flow > li").first
    expect(step).to_contain_text("se Budget in euro è più di 2.500,50")
    expect(step).to_contain_text("Direttore generale")

    page.get_by_role("button", name="+ Uno di questi").last.click()
    press(page, "Salva")
    expect(page.locator(".branches > div")).to_have_count(2)
    page.locator(".branches").get_by_role("link", name="Modifica").first.click()
    page.get_by_text("Come espressione").click()
    page.get_by_label("Espressione").fill("brief.bilancio > 1.0")
    press(page, "Salva")
    expect(page.locator(".branches > div").first).to_contain_text("bilancio")
    expect(page.locator(".flawed")).to_have_count(1)
    page.locator(".flawed").get_by_role("link", name="Modifica").first.click()
    page.get_by_label("Espressione").fill("brief.budget > 10000.0")
    press(page, "Salva")
    expect(page.locator(".flawed")).to_have_count(0)
    page.get_by_role("button", name="Su", exact=False).first.click()
    expect(page.locator(".editor > .flow > li").last).to_contain_text("Direzione")
    page.get_by_role("link", name="Chi approva, e prove").click()
    press(page, "Pubblica la bozza")
    expect(page.locator(".head .state")).to_have_text("Pubblicato")
    page.close()


def reloaded(page: Page, text: str) -> None:
    """Until what happens behind the page has come so far."""
    for _ in range(40):
        if page.get_by_text(text, exact=True).count():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.get_by_text(text, exact=True).first).to_be_visible()


def test_running_approvals_come_under_the_newest_version(portal: Portal, stack: Stack) -> None:
    step = {"key": "direzione", "name": "Direzione", "approvers": [{"role": "direttore"}]}
    process = {"key": "in-corso", "name": "In corso", "subject": "brief", "steps": [step]}

    async def submit() -> None:
        async with customer_of(stack.stage) as customer:
            who, api = customer.people, customer.api
            address = "/v1/processes/in-corso"
            await api.as_(who["admin"], "PUT", "approval", address, json=process)
            await api.as_(who["admin"], "POST", "approval", f"{address}/publication", json={})
            brief = await api.as_(who["marketing"], "POST", "brief", "/v1/briefs", json=BRIEF)
            address = f"/v1/briefs/{brief.body['id']}/submission"
            await api.as_(who["marketing"], "POST", "brief", address, json={"process": "in-corso"})
            found: list[object] = []
            while not found:
                answer = await api.as_(
                    who["admin"], "GET", "approval", "/v1/approvals?process=in-corso&state=open"
                )
                found = answer.body["items"]

    done(submit())
    page = at(portal.as_("admin", javascript=False), "/processes/in-corso/steps")
    page.get_by_role("button", name="+ Passaggio").last.click()
    press(page, "Salva")
    page.get_by_role("link", name="Chi approva, e prove").click()
    press(page, "Pubblica la bozza")
    press(page, "Porta le approvazioni in corso all'ultima versione")
    reloaded(page, "Ancora nessuna approvazione spostata")
    expect(page.locator(".list > li")).to_contain_text("Possibile")
    press(page, "Portale a questa versione")
    reloaded(page, "Eseguito")
    at(page, "/processes/in-corso")
    press(page, "Prova")
    reloaded(page, "Niente su cui provarla")
    page.close()


def test_approvers_fill_in_what_the_process_declares(portal: Portal, stack: Stack) -> None:
    step = {"key": "direzione", "name": "Direzione", "approvers": [{"role": "direttore"}]}
    process = {"key": "con-campi", "name": "Con campi", "subject": "brief", "steps": [step]}

    async def ask(method: str, address: str, body: object) -> Any:
        async with customer_of(stack.stage) as customer:
            who = customer.people["marketing" if "briefs" in address else "admin"]
            service = "brief" if "briefs" in address else "approval"
            return (await customer.api.as_(who, method, service, address, json=body)).body

    done(ask("PUT", "/v1/processes/con-campi", process))
    page = at(portal.as_("admin", javascript=False), "/processes/con-campi/steps")
    page.get_by_role("link", name="Nome, limiti e campi").click()
    page.get_by_label("Ruolo 1").select_option(label="Direttore generale")
    page.get_by_label("Euro 1").fill("12.000,50")
    page.get_by_label("Codice del campo 1").fill("Centro di costo")
    press(page, "Salva")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Euro 1")).to_have_value("12000,50")
    page.get_by_label("Codice del campo 1").fill("costo")
    page.get_by_label("Tipo di campo 1").select_option(label="Importo in euro")
    page.get_by_label("Nome del campo 1").fill("Costo stimato")
    press(page, "Salva")
    expect(page.locator(".flawed, .problems").first).to_contain_text("costo")
    page.get_by_role("link", name="Modifica").last.click()
    page.get_by_label("Costo stimato").first.check()
    page.get_by_label("Se il richiedente è tra chi deve decidere").select_option(
        label="il passaggio si salta"
    )
    press(page, "Salva")
    page.get_by_role("link", name="Chi approva, e prove").click()
    press(page, "Pubblica la bozza")
    expect(page.locator(".head .state")).to_have_text("Pubblicato")
    page.close()

    brief = done(ask("POST", "/v1/briefs", {**BRIEF, "title": "Da compilare"}))
    done(ask("POST", f"/v1/briefs/{brief['id']}/submission", {"process": "con-campi"}))
    page = at(portal.as_("direttore", javascript=False), "/inbox?text=compilare")
    reloaded(page, "Da compilare")
    page.get_by_role("link", name="Da compilare").click()
    press(page, "Approva")
    expect(page.get_by_role("alert")).to_contain_text("Costo stimato")
    page.get_by_label("Costo stimato").fill("1.250,50")
    press(page, "Approva")
    at(page, f"/briefs/{brief['id']}")
    page.get_by_role("link", name="Approvazione").first.click()
    expect(page.locator("main")).to_contain_text("1.250,50 €")
    page.close()
