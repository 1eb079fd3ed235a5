"""A process is written as a document, tried out, published and taken away as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

from .conftest import Portal
from .test_journey import at
from .test_production import press

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

    page.get_by_role("link", name="Modifica").click()
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
