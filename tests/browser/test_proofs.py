"""A proof is submitted, marked and answered, without JavaScript; with it, a place is marked by dragging."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import Portal
from .test_journey import at
from .test_live import submitted_brief
from .test_production import press

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]


@pytest.fixture(scope="module")
def brief(stack: Stack, people: object) -> str:
    """The address of a brief that takes proofs."""
    return submitted_brief(stack, "Con prova")


def test_a_comment_of_somebody_else_is_new_until_it_is_read(portal: Portal, brief: str) -> None:
    page = at(portal.as_("purchasing", javascript=False), brief)
    page.get_by_label("Commento").fill("Serve entro lunedì?")
    page.locator("form[action$='/comments'] button").click()
    page = at(portal.as_("marketing", javascript=False), "/briefs")
    row = page.locator(".list li").filter(has=page.locator(f"a[href='{brief}']"))
    expect(row).to_contain_text("1 commento nuovo")
    row.get_by_role("link").click()
    press(page, "Segna tutto come letto")
    expect(page.get_by_text("Serve entro lunedì?")).to_be_visible()
    expect(page.get_by_text("1 commento nuovo")).to_have_count(0)
    page.close()


def test_a_proof_is_submitted_marked_and_answered(portal: Portal, stack: Stack, brief: str) -> None:
    page = at(portal.as_("purchasing", javascript=False), brief)
    page.get_by_role("link", name="Sottoponi una prova").click()
    page.get_by_label("Di che cosa è la prova").fill("Locandina")
    page.get_by_label("File da revisionare").set_input_files(
        stack.stage.data / "documents" / "concept-alba.pdf"
    )
    page.get_by_label("Revisore").select_option(label="Marta Colombo")
    press(page, "Sottoponi a revisione")
    expect(page.locator(".head .state")).to_have_text("In revisione")
    proof = page.url
    for _ in range(100):
        if page.locator("#proof").count():
            break
        page.wait_for_timeout(200)
        page.reload()
    page.get_by_label("Che cosa c'è da dire").fill("Logo più grande")
    for label, percent in (("Da sinistra", "90"), ("Larghezza", "30"), ("Altezza", "12,5")):
        page.get_by_label(label).fill(percent)
    press(page, "Annota")
    expect(page.get_by_role("alert")).to_contain_text("esce dalla pagina")
    page.get_by_label("Da sinistra").fill("10,5")
    press(page, "Annota")
    expect(page.locator("#proof rect")).to_have_attribute("x", "10.500%")
    lead = at(portal.as_("lead", javascript=False), proof)
    lead.locator("summary", has_text="Risposta").click()
    lead.locator("details").get_by_label("Risposta").fill("Concordo")
    press(lead, "Invia")
    lead.get_by_role("button", name="Segna come risolta").click()
    expect(lead.locator("main")).to_contain_text("Risolta da Marta Colombo")

    portal.errors.clear()
    dragging = at(portal.as_("purchasing"), proof)
    box = dragging.locator("#proof svg").bounding_box()
    assert box is not None
    dragging.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.1)
    dragging.mouse.down()
    dragging.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.2)
    dragging.mouse.up()
    places = [
        float(dragging.locator(f"#mark [name={name}]").input_value().replace(",", ".")) for name in "xy"
    ]
    assert places == pytest.approx([20, 10], abs=1)
    assert not portal.errors
    for each in (page, lead, dragging):
        each.close()
