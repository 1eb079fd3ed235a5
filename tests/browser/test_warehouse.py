"""The warehouse in a browser without JavaScript: articles come in, are counted, and leave from stock."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from .conftest import Portal

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

BARCODE = "8001234567897"


def test_an_article_is_kept_received_counted_and_shipped(portal: Portal) -> None:
    page = portal.as_("backoffice", javascript=False)
    page.goto("/articles")
    page.get_by_text("Nuovo articolo").click()
    page.get_by_label("Codice", exact=True).fill("ESP-PROVA")
    page.get_by_label("Descrizione", exact=True).fill("Espositore di prova")
    page.locator("#barcode").fill(BARCODE)
    page.get_by_label("Altra unità").first.fill("conf")
    page.get_by_label("Ne contiene").first.fill("12")
    page.get_by_role("button", name="Aggiungi l'articolo").click()
    expect(page.get_by_role("heading", name="Espositore di prova")).to_be_visible()

    page.get_by_role("link", name="Carica merce").click()
    page.get_by_label("Mittente", exact=True).select_option("MI-DUOMO")
    page.locator("#number").fill("88/A")
    page.locator("#date").fill(f"{datetime.now(UTC):%Y-%m-%d}")
    page.locator("#quantity-1").fill("10")
    page.locator("#unit-1").fill("conf")
    page.get_by_role("button", name="Carica la merce").click()
    expect(page.get_by_text("DDT 88/A")).to_be_visible()

    # As a scanner types it.
    page.goto("/articles")
    page.get_by_label("Codice a barre, codice o descrizione").fill(BARCODE)
    page.keyboard.press("Enter")
    expect(page.get_by_text("120 pz").first).to_be_visible()

    page.goto("/counts")
    page.get_by_role("button", name="Inizia a contare").click()
    page.get_by_label("Codice a barre o codice").fill(BARCODE)
    page.get_by_label("Contati", exact=True).fill("119")
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="119 pz")).to_be_visible()
    page.locator("#reason-posting").fill("Rotto")
    page.get_by_role("button", name="Registra le differenze").click()
    expect(page.get_by_text("Registrata")).to_be_visible()

    page.goto("/call-off")
    page.get_by_label("Destinazione").select_option("MI-DUOMO")
    page.get_by_label("Espositore di prova").fill("24")
    page.get_by_role("button", name="Prepara la spedizione").click()
    expect(page.get_by_text("24 pz").first).to_be_visible()
    page.goto("/stock")
    expect(page.get_by_text("Disponibile: 95")).to_be_visible()
    page.close()


def test_lots_are_put_to_locations_moved_and_picked_by_expiry(portal: Portal) -> None:
    page = portal.as_("admin", javascript=False)
    page.goto("/locations")
    page.get_by_text("Aggiungi ubicazioni").click()
    page.locator("#codes").fill("A-01-03\nB-02-01\nZ-99")
    page.get_by_role("button", name="Aggiungi", exact=True).click()
    expect(page.locator(".title", has_text="A-01-03")).to_be_visible()
    page.get_by_role("button", name="Metti qui la merce in arrivo Z-99").click()
    expect(page.get_by_role("button", name="Non mettere più qui la merce in arrivo Z-99")).to_be_visible()
    page.get_by_role("button", name="Togli Z-99").click()
    expect(page.get_by_text("Z-99", exact=True)).to_have_count(0)
    page.goto("/articles")
    page.get_by_text("Nuovo articolo").click()
    page.get_by_label("Codice", exact=True).fill("CREMA-PROVA")
    page.get_by_label("Descrizione", exact=True).fill("Crema di prova")
    page.get_by_label("Gestito a lotti, con la scadenza").check()
    page.get_by_role("button", name="Aggiungi l'articolo").click()

    page.get_by_role("link", name="Carica merce").click()
    page.get_by_label("Mittente", exact=True).select_option("MI-DUOMO")
    page.locator("#number").fill("89/A")
    page.locator("#date").fill(f"{datetime.now(UTC):%Y-%m-%d}")
    for line, (lot, location, expires) in enumerate(
        (("L-TARDI", "B-02-01", "2099-12-31"), ("L-PRESTO", "A-01-03", "2090-01-31")), 1
    ):
        page.locator(f"#article-{line}").fill("CREMA-PROVA")
        page.locator(f"#quantity-{line}").fill("10")
        page.locator(f"#location-{line}").fill(location)
        page.locator(f"#lot-{line}").fill(lot)
        page.locator(f"#expires-{line}").fill(expires)
    page.get_by_role("button", name="Carica la merce").click()
    page.get_by_role("link", name="Crema di prova").first.click()
    expect(page.get_by_role("row", name="A-01-03 L-PRESTO scade il 31 gen 2090 10")).to_be_visible()

    page.get_by_text("Sposta in un'altra ubicazione").click()
    page.get_by_label("Ubicazione", exact=True).first.select_option(index=0)
    page.get_by_label("Nuova ubicazione").fill("b-02-01")
    page.locator("[id^=quantity-relocation]").fill("4")
    page.get_by_role("button", name="Sposta", exact=True).click()
    expect(page.get_by_role("row", name="B-02-01 L-PRESTO scade il 31 gen 2090 4")).to_be_visible()

    page.goto("/call-off")
    page.get_by_label("Destinazione").select_option("MI-DUOMO")
    page.get_by_label("Crema di prova").fill("12")
    page.get_by_role("button", name="Prepara la spedizione").click()
    expect(page.get_by_role("row", name="A-01-03 Crema di prova Lotto L-PRESTO")).to_be_visible()
    expect(page.get_by_role("row", name="B-02-01 Crema di prova Lotto L-TARDI, scade il")).to_be_visible()
    page.get_by_text("Preleva da un altro posto").click()
    page.locator("#location-picks").fill("B-02-01")
    page.locator("#lot-picks").fill("L-TARDI")
    page.locator("#quantity-picks").fill("10")
    page.get_by_role("button", name="Preleva da lì").click()
    expect(page.get_by_text("scelto a mano")).to_be_visible()
    page.close()


@pytest.mark.usefixtures("demonstration")
def test_a_delivery_is_proved_by_a_photo_on_a_telephone(portal: Portal) -> None:
    page = portal.as_("backoffice", javascript=False)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/call-off")
    page.get_by_label("Destinazione").select_option("MI-DUOMO")
    page.get_by_label("Espositore da banco").fill("2")
    page.get_by_role("button", name="Prepara la spedizione").click()
    page.get_by_label("Trasporto a cura di").select_option("mittente")
    page.get_by_role("button", name="Salva", exact=True).click()
    page.get_by_role("button", name="La merce è pronta").click()
    page.get_by_role("button", name="Emetti il DDT").click()
    page.get_by_role("button", name="La merce è partita").click()
    page.get_by_role("link", name="Consegna con foto o firma").click()
    page.get_by_label("Ricevuto da").fill("Carla Neri")
    page.get_by_label("Foto, firma o documento firmato").set_input_files(
        {"name": "firma.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff firma"}
    )
    page.get_by_role("button", name="La merce è consegnata").click()
    expect(page.get_by_role("heading", name="Prova di consegna")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="firma.jpg").click()
    assert download.value.path().read_bytes() == b"\xff\xd8\xff firma"
    page.goto("/shipments?number=Duomo")
    expect(page.get_by_text("Prova di consegna").first).to_be_visible()
    page.close()


@pytest.mark.usefixtures("demonstration")
def test_who_works_at_a_destination_sees_what_is_sent_there(portal: Portal) -> None:
    """Goods that name no phase: the demonstration has articles worked on outside."""
    page = portal.as_("admin", javascript=False)
    page.goto("/tables/destinations/LUCENTE")
    page.get_by_label("Fornitore").select_option("Roberto Galli, Grafiche Galli S.r.l.")
    page.get_by_role("button", name="Aggiungi", exact=True).click()
    remove = page.get_by_role("button", name="Togli Roberto Galli")
    expect(remove).to_be_visible()
    theirs = portal.as_("tipografia", javascript=False)
    theirs.goto("/own-ddts")
    theirs.get_by_role("link", name=re.compile(r"^DDT \d")).first.click()
    expect(theirs.get_by_text("Lucente").first).to_be_visible()
    remove.click()
    expect(remove).to_have_count(0)
    theirs.reload()
    expect(theirs.get_by_text("Lucente")).to_have_count(0)
    for each in (page, theirs):
        each.close()
