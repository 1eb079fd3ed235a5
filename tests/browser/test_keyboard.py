"""The core jobs by keyboard alone: each control is reached by Tab, shows its focus, and is used by keys."""

from __future__ import annotations

from datetime import datetime
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from optima_local.demonstration.client import Person
from tests.stack import Stack

from .conftest import Portal
from .test_decisions import STEP, inbox
from .test_journey import at, reload_until, reload_until_state
from .test_live import BRIEF, submitted_brief
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

SKIP = "Vai al contenuto"
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

    def skip(self) -> None:
        """Past the links that every page begins with. Pages that the page's forms lead to begin there too."""
        self.to(SKIP)
        self.page.keyboard.press("Enter")

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


@pytest.fixture
def shipment(stack: Stack) -> str:
    """The address of one from stock, whose goods are still to be brought together."""

    async def draft() -> str:
        async with customer_of(stack.stage) as customer:
            who, logistics, api = customer.people["backoffice"], customer.data.logistics, customer.api
            warehouse, article = logistics["warehouses"][0]["code"], logistics["articles"][0]["code"]
            received = {
                "supplier": logistics["stock"]["supplier"],
                "number": token_hex(6),
                "date": datetime.now(ZoneInfo("Europe/Rome")).date().isoformat(),
                "warehouse": warehouse,
                "lines": [{"article": article, "quantity": "10", "unit": "pz"}],
            }
            await api.as_(who, "POST", "logistics", "/v1/supplier-receipts", json=received)
            sent = {
                **logistics["shipment"],
                "warehouse": warehouse,
                "destination": logistics["stock"]["customer"],
                "lines": [{"article": article, "quantity": "10"}],
            }
            return str((await api.as_(who, "POST", "logistics", "/v1/shipments", json=sent)).body["id"])

    return f"/shipments/{done(draft())}"


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


def test_a_brief_is_written_and_submitted(portal: Portal) -> None:
    title = f"Senza mouse {token_hex(3)}"
    keys = Keys(at(portal.as_("marketing"), "/new-brief"))
    keys.skip()
    keys.write("Titolo", title)
    keys.write("Categoria", "Materiali POP")
    keys.write("Budget in euro", "900")
    keys.press("Salva e continua")
    keys.write("Tipo", "totem")
    keys.write("Quantità", "12")
    keys.write("Descrizione", "Totem da terra")
    keys.press("Salva e continua")
    keys.write("Serve entro", "12122030")
    keys.press("Salva e continua")
    keys.press("Continua")
    keys.write("Processo", "Materiali POP")
    keys.press("Invia")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text(title)
    reload_until_state(keys.page, "In approvazione")


PROCESS: dict[str, Any] = {"key": "coi-tasti", "name": "Coi tasti", "subject": "brief", "steps": [STEP]}
TITLES = ("Tasti uno", "Tasti due", "Tasti tre")


@pytest.fixture
def _waiting(stack: Stack) -> None:
    """Briefs of those titles, for the director alone to decide."""

    async def submit() -> None:
        async with customer_of(stack.stage) as customer:
            who, api = customer.people, customer.api
            address = f"/v1/processes/{PROCESS['key']}"
            await api.as_(who["admin"], "PUT", "approval", address, json=PROCESS)
            await api.as_(who["admin"], "POST", "approval", f"{address}/publication", json={})
            for title in TITLES:
                body = {**BRIEF, "title": title}
                brief = await api.as_(who["marketing"], "POST", "brief", "/v1/briefs", json=body)
                address = f"/v1/briefs/{brief.body['id']}/submission"
                await api.as_(who["marketing"], "POST", "brief", address, json={"process": PROCESS["key"]})

    done(submit())


@pytest.mark.usefixtures("_waiting")
def test_approvals_are_decided_one_alone_and_two_together(portal: Portal) -> None:
    one, *others = TITLES
    keys = Keys(inbox(portal.as_("direttore"), "Tasti", len(TITLES)))
    keys.skip()
    keys.press(one)
    keys.skip()
    keys.press("Approva")
    keys = Keys(inbox(keys.page, "Tasti", len(others)))
    keys.skip()
    for title in sorted(others):
        keys.to(f"Scegli {title}")
        keys.page.keyboard.press("Space")
    expect(keys.page.locator("#selected")).to_have_text("Scelte: 2 · 1.800,00 €")
    keys.press("Decidi insieme")
    keys.skip()
    keys.press("Approva")
    expect(keys.page.locator("main")).to_contain_text("2 decisioni prese")


def test_prices_are_entered(portal: Portal, stack: Stack) -> None:
    address = submitted_brief(stack, "Prezzi senza mouse")
    keys = Keys(at(portal.as_("purchasing"), address))
    reload_until_state(keys.page, "In approvazione")
    keys.skip()
    keys.write("1. Totem", "412,50")
    keys.press("Salva i prezzi")
    expect(keys.page.get_by_text("412,50 €").first).to_be_visible()


def test_a_ddt_is_issued_and_printed(portal: Portal, shipment: str) -> None:
    keys = Keys(at(portal.as_("backoffice"), shipment))
    keys.skip()
    keys.press("La merce è pronta")
    keys.skip()
    keys.press("Emetti il DDT")
    keys.skip()
    keys.to("Stampa il DDT")
    with keys.page.expect_download() as download:
        keys.page.keyboard.press("Enter")
    assert download.value.path().read_bytes().startswith(b"%PDF")
