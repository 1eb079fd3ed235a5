"""The core jobs by keyboard alone: each control is reached by Tab, shows its focus, and is used by keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from optima_local.demonstration.client import Person

from .conftest import Portal
from .test_journey import at, reload_until

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

STOPS = 120
"""Of a page at most: whoever has not found a control by then never does."""
FOCUSED = """() => {
    const focused = document.activeElement;
    const named = focused.labels?.length ? focused.labels[0].innerText
        : focused.getAttribute("aria-label") || focused.innerText || "";
    return {name: named.trim(), seen: getComputedStyle(focused).outlineStyle !== "none"};
}"""


class Keys:
    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, name: str) -> None:
        """Goes on by Tab to the control of that name, or one that begins so."""
        passed = []
        for _ in range(STOPS):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(FOCUSED)
            passed.append(focused["name"])
            if focused["name"].startswith(name):
                assert focused["seen"], f"nobody sees that {name} has the focus"
                return
        raise AssertionError(f"{self.page.url}: {name} is not reached: {passed}")

    def write(self, name: str, text: str) -> None:
        self.to(name)
        self.page.keyboard.type(text)

    def press(self, name: str) -> None:
        """Whatever leads on: a link or a button."""
        self.to(name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


def test_a_person_signs_in(portal: Portal, people: dict[str, Person]) -> None:
    context = portal.browser.new_context(base_url=portal.address, locale="it-IT")
    keys = Keys(at(context.new_page(), "/sign-in"))
    keys.write("Codice azienda", "caffe-aurora")
    keys.write("E-mail", people["marketing"].email)
    keys.write("Password", people["marketing"].password)
    keys.press("Accedi")
    expect(keys.page.get_by_role("button", name="Esci")).to_be_visible()
    context.close()


def test_work_is_given_done_and_accepted(portal: Portal, another_order: dict[str, Any]) -> None:
    keys = Keys(at(portal.as_("admin"), f"/orders/{another_order['id']}"))
    keys.write("Persona", "Roberto Galli")
    keys.press("Assegna")
    phase = another_order["jobs"][0]["phases"][0]["id"]
    keys.page.close()

    keys = Keys(at(portal.as_("tipografia"), f"/tasks/{phase}"))
    keys.press("Inizia")
    keys.write("Quantità prodotta", "100")
    keys.press("Finito")
    expect(keys.page.get_by_text("Ora lo controlla un'altra persona.")).to_be_visible()
    keys.page.close()

    keys = Keys(at(portal.as_("backoffice"), f"/orders/{another_order['id']}"))
    reload_until(keys.page, "Accetta il lavoro")
    keys.press("Accetta il lavoro")
    expect(keys.page.get_by_role("button", name="Accetta il lavoro")).to_have_count(0)
    keys.page.close()
