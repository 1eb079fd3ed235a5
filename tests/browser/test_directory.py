"""Roles and units are the company's own to define; a search finds what its reader may see."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import ORDER, Portal
from .test_journey import at
from .test_production import press
from .test_sign_in import let_proofs_lapse

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]


def test_a_role_is_defined_after_a_proof_without_losing_what_was_chosen(portal: Portal, stack: Stack) -> None:
    page = at(portal.as_("admin", javascript=False), "/roles")
    page.get_by_role("link", name="Nuovo ruolo").click()
    expect(page.get_by_label("configurare i dettagli tecnico-economici")).to_be_disabled()
    page.get_by_label("Nome").fill("Controllo qualità")
    page.get_by_label("Codice").fill("controllo-qualita")
    page.get_by_label("vedere gli ordini", exact=True).check()
    page.get_by_label("vedere tutte le fasi").check()
    let_proofs_lapse(stack)
    press(page, "Salva")
    page.get_by_label("Password").fill(portal.people["admin"].password)
    press(page, "Prosegui")
    page.get_by_role("link", name="Controllo qualità").click()
    expect(page.get_by_label("vedere gli ordini", exact=True)).to_be_checked()
    expect(page.get_by_label("gestire gli ordini")).not_to_be_checked()

    page.get_by_label("Nome").fill("Qualità")
    press(page, "Salva")
    expect(page.get_by_role("link", name="Qualità", exact=True)).to_be_visible()
    page.close()


def test_a_unit_is_placed_beneath_another(portal: Portal) -> None:
    page = at(portal.as_("admin", javascript=False), "/units")
    page.get_by_role("link", name="Nuova unità").click()
    page.get_by_label("Nome").fill("Eventi")
    page.get_by_label("Codice").fill("non valido!")
    page.get_by_label("Appartiene a").select_option(label="Marketing")
    page.get_by_label("Diretta da").select_option(label="Elena Rizzi")
    press(page, "Salva")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Nome")).to_have_value("Eventi")
    page.get_by_label("Codice").fill("eventi")
    press(page, "Salva")
    row = page.locator(".tree li").filter(has_text="Eventi")
    expect(row).to_have_attribute("data-depth", "2")
    expect(row).to_contain_text("diretta da Elena Rizzi")
    page.get_by_role("link", name="Eventi", exact=True).click()
    expect(page.get_by_label("Diretta da")).to_have_value(portal.people["marketing"].person_id)
    page.close()


def test_a_search_finds_what_its_reader_may_see(portal: Portal, order: dict[str, Any]) -> None:
    office = at(portal.as_("backoffice", javascript=False), f"/search?text={order['number']}")
    expect(office.get_by_role("link", name=str(ORDER["title"]))).to_be_visible()
    at(office, "/search").get_by_role("searchbox").fill("guido santoro")
    office.get_by_role("button", name="Cerca").click()
    expect(office.locator(".results").get_by_role("link", name="Guido Santoro")).to_be_visible()
    dealer = at(portal.as_("tipografia", javascript=False), f"/search?text={order['number']}")
    expect(dealer.get_by_text("Nessun risultato")).to_be_visible()
    office.close()
    dealer.close()
