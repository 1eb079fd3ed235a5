"""What an ERP hands over that does not fit is corrected, and what both sides changed is decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

from .conftest import Portal
from .test_journey import at
from .test_production import press
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

HEADER = (
    "codice;ragione_sociale;partita_iva;codice_fiscale;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)
MILAN = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;{street};20123;Milano;MI;MP12;RB 60 gg FM\n"
BROKEN = "AURORA-XX;Caffè Aurora Perduta S.r.l.;07643520568;;Via Persa 1;20123;Milano;MI;MP12;RB 60 gg FM\n"
IMPORT_MS = 15_000
BOTH = "customer:\n  street: {remote: indirizzo, owner: both}\n"


@pytest.fixture(scope="module")
def folder(stack: Stack, people: object) -> Iterator[Path]:
    """Where the ERP puts its files. Customers come in when a test says so, and not a moment before."""

    async def look(**times: list[str]) -> str:
        async with customer_of(stack.stage) as customer:
            admin, connection = customer.people["admin"], customer.data.erp["connection"]
            path = f"/v1/connections/{connection['key']}"
            read = await customer.api.as_(admin, "GET", "erp-bridge", path)
            body = {"connector": connection["connector"], "settings": connection["settings"]}
            if times:
                body["exchanges"] = {"customer": times}
            seen = {"If-Match": read.etag}
            await customer.api.as_(admin, "PUT", "erp-bridge", path, json=body, headers=seen)
            return str(read.body["location"])

    location = done(look(at=[f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}"]))
    folder = stack.stage.drop_folder / location / "in"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    done(look())


def hand_over(folder: Path, name: str, *rows: str) -> None:
    # Under another name first: a file that is still being written is not read.
    (folder / f"{name}.tmp").write_text(HEADER + "".join(rows), encoding="utf-8")
    (folder / f"{name}.tmp").rename(folder / name)


def import_now(page: Page, *, only_try: bool) -> None:
    at(page, "/erp/connections/gestionale").get_by_label("Solo una prova").set_checked(only_try)
    press(page, "Importa")
    # A click does not wait for the page that it leads to: what is opened next would be as before.
    expect(page.locator("main section[role=status]")).to_be_visible(timeout=IMPORT_MS)


def test_a_record_that_does_not_fit_is_tried_again_until_it_does(portal: Portal, folder: Path) -> None:
    page = portal.as_("admin", javascript=False)
    hand_over(folder, "clienti-a.csv", MILAN.format(street="Via Torino 2"), BROKEN)
    import_now(page, only_try=False)
    expect(page.locator("main")).to_contain_text("1 respinti")
    expect(page.locator("main")).to_contain_text("La partita IVA 07643520568 non è valida")
    at(page, "/erp/failures").get_by_role("link", name="Clienti AURORA-XX").click()
    expect(page.locator("main")).to_contain_text("Caffè Aurora Perduta")
    press(page, "Riprova")
    expect(page.get_by_role("status").last).to_contain_text("respinto di nuovo")

    hand_over(folder, "clienti-b.csv", BROKEN.replace("07643520568", "12345670587"))
    import_now(page, only_try=True)
    expect(page.locator("main")).to_contain_text("niente è stato modificato")
    import_now(page, only_try=False)
    at(page, "/erp/failures")
    expect(page.get_by_role("link", name="AURORA-XX")).to_have_count(0)
    at(page, "/erp/runs")
    expect(page.locator(".list").first).to_contain_text("Clienti: 1 nuovi")
    page.close()


def test_what_is_wrong_with_many_is_dismissed_at_once(portal: Portal, folder: Path) -> None:
    page = portal.as_("admin", javascript=False)
    hand_over(folder, "clienti-m.csv", *(BROKEN.replace("XX", f"M{number}") for number in range(3)))
    import_now(page, only_try=False)
    group = at(page, "/erp/failures").locator(".groups li").filter(has_text="3 ×")
    group.get_by_role("button", name="Riprova tutti").click()
    expect(page.get_by_role("status").last).to_contain_text("Si sta riprovando")
    group.locator("summary").click()
    group.get_by_label("Motivo").fill("Clienti di prova")
    group.get_by_role("button", name="Ignora tutti").click()
    expect(page.get_by_role("status").last).to_contain_text("Non aspettano più nessuno")
    expect(page.get_by_role("link", name="Clienti AURORA-M1")).to_have_count(0)
    page.get_by_role("link", name="Ignorati", exact=True).click()
    page.get_by_role("link", name="Clienti AURORA-M1").click()
    expect(page.locator("main")).to_contain_text("«Clienti di prova»")
    page.close()


def test_both_sides_are_compared(portal: Portal, folder: Path) -> None:
    page = portal.as_("admin", javascript=False)
    at(page, "/erp/connections/gestionale")
    hand_over(folder, "clienti-v.csv", MILAN.format(street="Via Altra 5"))
    press(page, "Confronta")
    expect(page.locator("main")).to_contain_text("Caffè Aurora Milano")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    import_now(page, only_try=False)
    at(page, "/erp/comparisons")
    expect(page.locator(".list > li").first).to_contain_text("differenz")
    at(page, "/erp/tables")
    expect(page.get_by_role("row", name="AURORA-MI")).to_contain_text("Caffè Aurora Milano")
    page.get_by_label("Tabella").select_option("Aliquote IVA e Natura")
    press(page, "Mostra")
    expect(page.get_by_role("row", name="N3.1")).to_be_visible()
    page.close()


def test_a_field_that_both_sides_changed_is_decided_side_by_side(portal: Portal, folder: Path) -> None:
    page = portal.as_("admin", javascript=False)
    at(page, "/erp/connections/gestionale/mapping").get_by_label("Mappatura (YAML)").fill(BOTH)
    press(page, "Salva")
    expect(page.get_by_role("row", name="indirizzo")).to_contain_text("entrambe le parti")
    page.get_by_label("codice", exact=True).fill("AURORA-NA")
    page.get_by_label("ragione_sociale").fill("Caffè Aurora Napoli S.r.l.")
    press(page, "Mostra che cosa diventerebbe")
    expect(page.locator("#trial")).to_contain_text("Servono la partita IVA o il codice fiscale")

    hand_over(folder, "clienti-c.csv", MILAN.format(street="Via Torino 2"))
    import_now(page, only_try=False)

    clerk = portal.as_("backoffice", javascript=False)
    at(clerk, "/erp/tables").get_by_role("link", name="AURORA-MI").click()
    expect(clerk.locator("main")).to_contain_text("100%: 2 mesi dopo la fine del mese della fattura")
    clerk.get_by_label("Indirizzo").fill("Via Nuova 1")
    press(clerk, "Salva")
    expect(clerk.get_by_role("main").locator("dl").first).to_contain_text("Via Nuova 1")
    clerk.close()
    hand_over(folder, "clienti-d.csv", MILAN.format(street="Via Vecchia 9"))
    import_now(page, only_try=False)
    conflict = at(page, "/erp/conflicts").locator("section", has_text="Caffè Aurora Milano")
    expect(conflict).to_contain_text("Via Nuova 1")
    expect(conflict).to_contain_text("Via Vecchia 9")
    conflict.get_by_role("button", name="Tieni il nostro").click()
    expect(page.locator("main")).to_contain_text("Nessun conflitto")
    page.get_by_role("link", name="Risolti", exact=True).click()
    expect(page.locator("main")).to_contain_text("Tenuto il nostro")
    page.close()


def test_an_erp_is_connected_and_its_times_are_changed(portal: Portal) -> None:
    page = portal.as_("admin", javascript=False)
    at(page, "/erp").get_by_role("link", name="Collega un gestionale").click()
    expect(page.get_by_role("listitem").filter(has_text="Odoo")).to_contain_text("risposte registrate")
    page.get_by_role("link", name="Cartella di scambio").click()
    page.get_by_label("Nome della connessione").fill("filiale")
    page.get_by_label("Cartella", exact=False).fill("../altrove")
    press(page, "Salva")
    expect(page.get_by_role("alert")).to_contain_text("cartella")
    page.get_by_label("Cartella", exact=False).fill("filiale")
    press(page, "Salva")
    expect(page.get_by_role("heading", level=1)).to_have_text("filiale")
    page.get_by_role("main").get_by_role("link", name="Impostazioni").click()
    customers = page.get_by_role("group", name="Clienti")
    customers.get_by_label("Oppure a queste ore, UTC").fill("6:30")
    press(page, "Salva")
    customers.get_by_label("Oppure a queste ore, UTC").fill("06:30, 18:00")
    press(page, "Salva")
    expect(page.get_by_role("row", name="Clienti")).to_contain_text("06:30, 18:00 UTC")
    page.close()
