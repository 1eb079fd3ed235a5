"""Files that are dropped on a page are sent one after the other, and each says what became of it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Portal
from .test_journey import at, press

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

DROP = """form => {
    const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Array(64).fill(0)]);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], "logo.png", {type: "image/png"}));
    dataTransfer.items.add(new File(["note"], "note.txt", {type: "text/plain"}));
    dataTransfer.items.add(new File([new Uint8Array(11 << 20)], "grande.png", {type: "image/png"}));
    form.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
}"""


def test_each_dropped_file_says_what_became_of_it(portal: Portal) -> None:
    page = at(portal.as_("marketing"), "/new-brief")
    page.get_by_label("Titolo").fill("Con file trascinati")
    press(page, "Salva e continua")
    at(page, page.url.replace("/items", "/files"))
    portal.errors.clear()
    page.locator("form[data-upload]").evaluate(DROP)
    expect(page.get_by_role("link", name="logo.png")).to_be_visible()
    lines = page.locator(".uploads li")
    expect(lines.nth(0)).to_contain_text("logo.png allegato")
    expect(lines.nth(1)).to_contain_text("application/pdf")  # what may be sent, in the service's words
    expect(lines.nth(2)).to_contain_text("Supera i 10 MB.")
    expect(page.locator("form[data-upload] [role=status]")).to_contain_text("grande.png: Supera i 10 MB.")
    expect(page.locator(".uploads progress")).to_have_count(0)
    page.get_by_role("button", name="Toglilo").click()
    expect(page.get_by_role("link", name="logo.png")).to_have_count(0)
    assert [error for error in portal.errors if "415" not in error] == []
    page.close()


def test_a_file_among_other_fields_is_dropped_into_its_form(
    portal: Portal, another_order: dict[str, Any]
) -> None:
    page = at(portal.as_("admin"), f"/orders/{another_order['id']}")
    page.get_by_label("Persona").first.select_option(label="Roberto Galli, Grafiche Galli S.r.l.")
    press(page, "Assegna")
    page.get_by_role("link", name="Messaggi").first.click()
    form = page.locator("form:has([type=file])")
    form.evaluate(DROP)
    assert form.locator("[type=file]").evaluate("field => field.files[0].name") == "logo.png"
    form.get_by_label("Messaggio").fill("Ecco il logo")
    press(page, "Invia")
    expect(page.get_by_text("Ecco il logo")).to_be_visible()
    expect(page.get_by_role("link", name="logo.png")).to_be_visible()
    page.close()
