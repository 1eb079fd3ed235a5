"""An admin writes a type of brief and its form without YAML, and a brief asks for it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Portal
from .test_journey import at

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]


def fill(page: Page, number: int, kind: str, italian: str, english: str, **more: str) -> None:
    field = page.locator(f"#field-{number}")
    field.get_by_label("Nome in italiano").fill(italian)
    field.get_by_label("Nome in inglese").fill(english)
    field.get_by_label("Tipo di risposta").select_option(label=kind)
    if more and not field.locator("details[open]").count():
        field.locator("summary").click()
    for label, value in more.items():
        field.locator(f"[name={label}]").fill(value)


def test_a_form_is_written_without_a_script(portal: Portal) -> None:
    page = at(portal.as_("admin", javascript=False), "/brief-types")
    page.get_by_role("link", name="Nuovo tipo").click()
    page.get_by_label("Codice").fill("insegne")
    page.get_by_label("Nome in italiano").first.fill("Insegne luminose")
    page.get_by_label("Nome in inglese").first.fill("Illuminated signs")
    page.get_by_label("Sezione 1, in italiano").fill("Luce")
    page.get_by_label("in inglese").nth(1).fill("Light")
    fill(page, 1, "Una scelta", "Alimentazione", "Power", choices="rete | Dalla rete | Mains\nbatteria")
    page.locator("#field-1").get_by_label("Serve una risposta").check()
    page.get_by_role("button", name="Altri campi").click()

    page.locator("#field-1").get_by_label("Sezione").select_option(label="Luce")
    fill(page, 2, "Numero intero", "Potenza", "Wattage", minimum="tanto", unit="W")
    page.locator("#field-2").get_by_label("Si chiede solo se").select_option(
        label="Alimentazione: Dalla rete"
    )
    page.get_by_role("button", name="Pubblica", exact=True).first.click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#field-2 .flaws")).to_contain_text(re.compile("limite", re.IGNORECASE))
    expect(page.locator("#field-2").get_by_label("Minimo")).to_have_value("tanto")

    page.locator("#field-2").get_by_label("Minimo").fill("1.000")
    page.get_by_role("button", name="Sposta giù: Alimentazione").click()
    page.get_by_role("button", name="Sposta su: Alimentazione").click()
    preview = page.locator("#preview")
    expect(preview.get_by_text("Potenza (W)")).to_be_visible()
    expect(preview.get_by_text("Solo se «Alimentazione»: Dalla rete")).to_be_visible()
    page.get_by_role("button", name="Pubblica", exact=True).first.click()
    expect(page.get_by_role("link", name="Insegne luminose")).to_be_visible()

    at(page, "/new-brief?type=insegne")
    page.get_by_label("Titolo").fill("Un'insegna")
    page.get_by_role("button", name="Salva e continua").click()
    expect(page.get_by_role("heading", name="Luce")).to_be_visible()
    expect(page.get_by_label("Alimentazione").locator("option")).to_have_text(
        ["Scegli", "Dalla rete", "batteria"]
    )

    at(page, "/brief-types/insegne")
    expect(page.get_by_text("versione 1")).to_be_visible()
    fill(page, 2, "Numero intero", "", "")
    page.get_by_role("button", name="Pubblica come nuova versione").first.click()
    at(page, "/brief-types/insegne")
    expect(page.get_by_text("versione 2")).to_be_visible()
    expect(page.locator("fieldset[id^=field-]")).to_have_count(2)
    page.get_by_role("link", name="Come documento (YAML)").click()
    expect(page.get_by_label("Documento (YAML)")).to_have_value(re.compile("alimentazione"))
    page.close()
