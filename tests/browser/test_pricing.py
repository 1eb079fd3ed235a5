"""Purchasing takes the prices of a brief from a spreadsheet: without a script by reading rows, with one by
pasting a column into the first price."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

from .conftest import Portal
from .test_journey import at, reload_until_state
from .test_live import BRIEF
from .test_pages import LOOKS, is_as_wide_and_accessible, one_of
from .test_production import press
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

ITEMS = [
    {"kind": kind, "description": description, "quantity": "1000", "unit": "pz"}
    for kind, description in (
        ("espositore", "Espositore da banco"),
        ("totem", "Totem alto"),
        ("totem", "Totem basso"),
    )
]
PASTE = """([field, text]) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const pasted = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
    document.querySelectorAll("#prices input[name^=price-]")[field].dispatchEvent(pasted);
}"""


@pytest.fixture(scope="module")
def brief(stack: Stack, people: object) -> str:
    """The address of a brief that waits for prices."""

    async def submit() -> str:
        async with customer_of(stack.stage) as customer:
            who, api = customer.people["marketing"], customer.api
            body = {**BRIEF, "title": "Da un foglio di calcolo", "items": ITEMS}
            drafted = await api.as_(who, "POST", "brief", "/v1/briefs", json=body)
            path = f"/v1/briefs/{drafted.body['id']}"
            await api.as_(who, "POST", "brief", f"{path}/submission", json={"process": "materiali-pop"})
        return f"/briefs/{drafted.body['id']}"

    return str(done(submit()))


def fields(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "#prices input[name^=price-]", "all => all.map(each => each.value)"
    )
    return found


def test_rows_are_read_and_looked_at_before_they_are_saved(portal: Portal, axe: str, brief: str) -> None:
    page = at(portal.as_("purchasing", javascript=False), brief)
    reload_until_state(page, "In approvazione")
    page.get_by_label("3. Totem basso").fill("7")
    page.locator("summary", has_text="Incolla da un foglio di calcolo").click()
    page.get_by_label("Celle del foglio di calcolo").fill(
        "Articolo\tPrezzo\n1\t1.234,50\ntotem alto\tmolto\ntotem\t3"
    )
    page.get_by_role("button", name="Leggi i prezzi").click()
    alert = page.locator("#pricing [role=alert]")
    expect(alert).to_contain_text("Riga 3: «molto» non è un prezzo")
    expect(alert).to_contain_text("Riga 4: più articoli si chiamano «totem»")
    expect(page.locator("#pricing [role=status]").first).to_contain_text("1 prezzo letto")
    assert fields(page) == ["1.234,50", "", "7"]
    expect(page.locator("#pricing")).to_contain_text("letto nella riga 2")

    page.get_by_label("Celle del foglio di calcolo").fill("1.234,50\n0,04\n7,25")
    page.get_by_role("button", name="Leggi i prezzi").click()
    expect(page.locator("#pricing [role=alert]")).to_have_count(0)
    assert fields(page) == ["1.234,50", "0,04", "7,25"]
    press(page, "Salva i prezzi")
    expect(page.get_by_text("1.241.790,00").first).to_be_visible()
    page.close()

    looking = at(portal.as_("purchasing"), brief)
    looking.locator("summary", has_text="Incolla da un foglio di calcolo").click()
    looking.get_by_label("Celle del foglio di calcolo").fill("1\t8\n9\t8")
    looking.get_by_role("button", name="Leggi i prezzi").click()
    expect(looking.locator("#pricing [role=alert]")).to_contain_text("nessun articolo si chiama «9»")
    looking.evaluate(axe)
    for width, scheme in one_of(LOOKS, "pasted prices"):
        is_as_wide_and_accessible(looking, "pasted prices", width, scheme)
    looking.close()


def test_a_column_fills_the_prices_downwards(portal: Portal, brief: str) -> None:
    portal.errors.clear()
    page = at(portal.as_("purchasing"), brief)
    before = fields(page)
    page.evaluate(PASTE, [1, "Prezzo\r\n11,10\r\n22,20\r\n33,30\r\n"])
    assert fields(page) == [before[0], "11,10", "22,20"]
    expect(page.locator("#filled")).to_have_text(
        "Prezzi compilati, non ancora salvati: 2 · celle senza un articolo: 1"
    )
    page.evaluate(PASTE, [0, "5,5"])
    assert fields(page)[0] == before[0], "one cell is left to the browser"
    page.evaluate(PASTE, [0, "2\t44,40\n1\t55,50"])
    expect(page.locator("#pricing [role=status]").first).to_contain_text("2 prezzi letti")
    assert fields(page)[:2] == ["55,50", "44,40"]
    assert not portal.errors
    page.close()
