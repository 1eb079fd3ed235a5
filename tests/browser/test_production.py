"""An order is made, stored and shipped by its people without JavaScript; others see none of it.

By day `test_journey.py` makes and ships one; at night it is refused, changed and given elsewhere on its way.
"""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from optima_kit.testing.nights import NIGHTLY
from tests.stack import Stack

from .conftest import ORDER, Portal, addresses_in
from .test_journey import at, reload_until
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]


def press(page: Page, button: str) -> Page:
    page.get_by_role("button", name=button, exact=True).first.click()
    return page


def unfold(page: Page, summary: str) -> None:
    page.locator("summary", has_text=summary).first.click()


@NIGHTLY
def test_an_order_is_made_stored_and_shipped(portal: Portal, order: dict[str, Any]) -> None:
    address = f"/orders/{order['id']}"
    admin = at(portal.as_("admin", javascript=False), f"/orders?text={order['number']}")
    admin.get_by_role("link", name=ORDER["title"]).click()  # type: ignore[arg-type]
    admin.get_by_role("textbox", name="Costo facoltativo").fill("1.000,50")
    admin.get_by_label("Prezzo unitario").fill("dodici")
    admin.get_by_label("Scheda tecnica").fill("Pantone 485 C")
    press(admin, "Salva")
    expect(admin.get_by_role("alert")).to_be_visible()
    expect(admin.get_by_role("textbox", name="Costo facoltativo")).to_have_value("1.000,50")
    admin.get_by_label("Prezzo unitario").fill("12,50")
    press(admin, "Salva")
    expect(admin.get_by_text("1.250,00 €")).to_be_visible()
    admin.get_by_label("Persona").first.select_option(label="Roberto Galli, Grafiche Galli S.r.l.")
    press(admin, "Assegna")
    unfold(admin, "Fallo fare all'esterno")
    admin.locator("select[name=finisher]").first.select_option("LUCENTE")
    press(admin, "Cambia chi lo fa")
    expect(admin.get_by_text("Fatto all'esterno").first).to_be_visible()
    unfold(admin, "Cambia chi lo fa all'esterno")
    admin.locator("select[name=finisher]").first.select_option("")
    press(admin, "Cambia chi lo fa")
    press(admin, "Salta questa fase")

    printer = at(portal.as_("tipografia", javascript=False), "/tasks")
    task = order["jobs"][0]["phases"][0]["id"]
    printer.locator(f'a[href="/tasks/{task}"]').click()
    expect(printer.get_by_text("Pantone 485 C")).to_be_visible()
    task = printer.url
    press(printer, "Inizia")
    printer.get_by_label("Quantità prodotta").fill("500")
    printer.get_by_label("Nota").fill("Una risma in più")
    press(printer, "Finito")
    expect(printer.get_by_role("alert")).to_be_visible()
    expect(printer.get_by_label("Nota")).to_have_value("Una risma in più")
    printer.get_by_label("Quantità prodotta").fill("98")
    printer.get_by_label("Motivo dello scarto").fill("Avviamento macchina")
    press(printer, "Finito")
    expect(printer.get_by_text("Ora lo controlla un'altra persona.")).to_be_visible()

    office = at(portal.as_("backoffice", javascript=False), address)
    assert not office.get_by_label("Persona").count()
    unfold(office, "Respingi il lavoro")
    office.get_by_label("Motivo").first.fill("Colore fuori registro")
    press(office, "Respingi il lavoro")
    at(printer, task)
    expect(printer.get_by_text("«Colore fuori registro»")).to_be_visible()
    press(printer, "Inizia")
    printer.get_by_label("Quantità prodotta").fill("100")
    press(printer, "Finito")
    press(at(office, address), "Accetta il lavoro")

    unfold(office, "Cambia la scadenza")
    office.locator("#deadline-order").fill("2099-11-30")
    office.locator("#reason-deadline").fill("Anticipata dal cliente")
    press(office, "Cambia la scadenza")
    expect(office.get_by_text("«Anticipata dal cliente»")).to_be_visible()

    reload_until(office, "Carica a magazzino")
    press(office, "Carica a magazzino")
    reload_until(office, "Spedisci a")
    office.get_by_role("textbox", name="Vetrofania 50×50").fill("60")
    press(office, "Prepara la spedizione")
    unfold(office, "Cambia merce, magazzino o destinazione")
    office.get_by_role("textbox", name="Vetrofania 50×50").fill("50")
    press(office, "Salva la merce")
    expect(office.get_by_role("region", name="Merce").get_by_text("50 pz")).to_be_visible()
    unfold(office, "Cambia merce, magazzino o destinazione")
    office.get_by_role("textbox", name="Vetrofania 50×50").fill("60")
    press(office, "Salva la merce")
    office.get_by_label("Peso lordo").fill("12,5")
    press(office, "Salva")
    press(office, "La merce è pronta")
    press(office, "Emetti il DDT")
    expect(office.get_by_role("alert")).to_be_visible()
    office.get_by_label("Trasporto a cura di").select_option("mittente")
    press(office, "Salva")
    press(office, "Emetti il DDT")
    sheet = str(office.get_by_role("link", name="Stampa il DDT").get_attribute("href"))
    pdf = office.request.get(portal.address + sheet)
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.body().startswith(b"%PDF")
    press(office, "La merce è partita")
    office.get_by_label("Ricevuto da").fill("Anna Rossi")
    press(office, "La merce è consegnata")
    expect(office.get_by_text("Anna Rossi")).to_be_visible()

    at(office, "/stock").get_by_role("link", name="Vetrofania 50×50").click()
    expect(office.get_by_text("-60 pz")).to_be_visible()
    unfold(office, "Rettifica la giacenza")
    office.get_by_label("Di quanto").fill("1")
    office.locator("details", has_text="Rettifica la giacenza").get_by_label("Motivo").fill("Un pezzo rotto")
    press(office, "Registra")
    expect(office.get_by_text("Un pezzo rotto")).to_be_visible()

    reload_until(at(office, address), "consegnati 60")
    unfold(office, "Chiudi l'ordine a saldo")
    office.get_by_label("Motivo").first.fill("Bastano questi")
    press(office, "Chiudi l'ordine a saldo")
    expect(office.get_by_text("Chiusa a saldo: Bastano questi")).to_be_visible()
    expect(office.locator(".head .state").first).to_have_text("Consegnato")


@pytest.mark.parametrize(
    ("who", "hidden"),
    [
        ("marketing", ("/tasks", "/orders", "/shipments", "/stock")),
        ("purchasing", ("/tasks", "/stock")),
        ("auditor", ("/tasks",)),
        ("tipografia", ("/orders", "/shipments", "/stock")),
    ],
)
def test_who_may_not_see_a_page_is_not_led_to_it(portal: Portal, who: str, hidden: tuple[str, ...]) -> None:
    page = at(portal.as_(who, javascript=False), "/")
    links = set(addresses_in(page, ".sidebar nav a"))
    assert links
    assert not links & set(hidden)
    page.close()


@pytest.mark.parametrize("who", ["purchasing", "auditor"])
def test_who_only_reads_is_offered_nothing_to_do(portal: Portal, order: dict[str, Any], who: str) -> None:
    page = at(portal.as_(who, javascript=False), f"/orders/{order['id']}")
    expect(page.get_by_role("heading", name=ORDER["title"])).to_be_visible()  # type: ignore[arg-type]
    assert not page.locator("main form").count()
    page.close()


def test_others_find_nothing_at_the_address_of_an_order(portal: Portal, order: dict[str, Any]) -> None:
    page = portal.as_("tipografia", javascript=False)
    answer = page.goto(f"/orders/{order['id']}")
    assert answer is not None
    assert answer.status == 403
    assert ORDER["title"] not in page.locator("body").inner_text()
    page.close()


def test_a_phase_is_split_between_two(portal: Portal, another_order: dict[str, Any]) -> None:
    admin = at(portal.as_("admin", javascript=False), f"/orders/{another_order['id']}")
    admin.get_by_label("Persona").first.select_option(label="Roberto Galli, Grafiche Galli S.r.l.")
    press(admin, "Assegna")
    unfold(admin, "Dividila con un'altra persona")
    admin.get_by_label("La sua quota (pz)").first.fill("100")
    press(admin, "Dividi")
    expect(admin.get_by_role("alert")).to_be_visible()
    admin.get_by_label("La sua quota (pz)").first.fill("40")
    whom = "Irene Fontana, Fontana Allestimenti S.n.c."
    admin.locator("form[action$='/shares'] select").first.select_option(label=whom)
    press(admin, "Dividi")
    expect(admin.get_by_text("Stampa, quota 1", exact=True)).to_be_visible()
    expect(admin.get_by_text("Stampa, quota 2", exact=True)).to_be_visible()

    helper = at(portal.as_("allestimenti", javascript=False), "/tasks")
    helper.get_by_role("link", name="Stampa, quota 2: Vetrofania 50×50").click()
    expect(helper.get_by_text("40 pz", exact=True)).to_be_visible()
    expect(helper.get_by_text("Questa è la tua quota del lavoro")).to_be_visible()


def test_two_shares_are_one_again(portal: Portal, another_order: dict[str, Any]) -> None:
    admin = at(portal.as_("admin", javascript=False), f"/orders/{another_order['id']}")
    unfold(admin, "Dividila con un'altra persona")
    admin.get_by_label("La sua quota (pz)").first.fill("40")
    press(admin, "Dividi")
    second = admin.locator("strong", has_text="Stampa, quota 2")
    expect(second).to_be_visible()
    unfold(admin, "Riuniscila con un'altra quota")
    press(admin, "Riunisci le quote")
    expect(second).to_have_count(0)
    admin.close()


def test_a_kind_asks_for_a_technical_sheet_and_terms_say_what_a_phase_costs(
    portal: Portal, stack: Stack
) -> None:
    key = f"adesivo-{token_hex(4)}"
    admin = at(portal.as_("admin", javascript=False), "/new-kind")
    admin.locator("[name=new_key]").fill(key)
    admin.locator("[name=kind_name]").fill("Adesivo")
    admin.locator("[name=name]").first.fill("Stampa")
    admin.locator("[name=sheet_name]").first.fill("Carta")
    admin.locator("[name=sheet_required]").first.check()
    press(admin, "Salva")
    at(admin, f"/production/kinds/{key}")
    expect(admin.locator("[name=sheet_name]").first).to_have_value("Carta")

    async def write() -> str:
        async with customer_of(stack.stage) as customer:
            item = {**ORDER["items"][0], "kind": key}  # type: ignore[index]
            who, body = customer.people["backoffice"], {**ORDER, "items": [item]}
            return str(
                (await customer.api.as_(who, "POST", "production", "/v1/orders", json=body)).body["id"]
            )

    at(admin, f"/orders/{done(write())}")
    unfold(admin, "Voci di costo")
    admin.locator("[name=line-what-0]").select_option("phase")
    admin.locator("[name=line-description-0]").fill("Stampa a caldo")
    admin.locator("[name=line-quantity-0]").fill("100")
    admin.locator("[name=line-unit_cost-0]").fill("1,50")
    unfold(admin, "Fase a cui si riferisce")
    admin.locator("[name=line-phase-0]").select_option(label="Stampa")
    admin.get_by_label("Prezzo unitario").fill("12,50")
    admin.get_by_label("Carta").fill("Vinile lucido")
    press(admin, "Salva")
    expect(admin.get_by_text("secondo la resa di Stampa, ± 5%")).to_be_visible()
    expect(admin.get_by_role("definition").filter(has_text="Vinile lucido")).to_be_visible()
    admin.close()
