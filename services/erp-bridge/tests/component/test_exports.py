"""Orders and DDTs reach the ERP once, with their latest state, and failures are kept and corrected."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from optima_contracts.economics import OrderLineValue, OrderValued
from optima_contracts.erp import CustomerChanged, DocumentExported, RecordRefused
from optima_contracts.identity import LegalIdentity
from optima_contracts.logistics import (
    DdtIssued,
    DdtVoided,
    GoodsReturned,
    ReturnedGoods,
    ShipmentLine,
    ShipmentPartlyRefused,
    ShipmentRefused,
)
from optima_contracts.production import OrderCancelled, OrderConfirmed, OrderDelivery, OrderLine
from optima_kit.refusals import NotYet

from ..conftest import Bridge

HEADER = (
    "codice;ragione_sociale;partita_iva;codice_fiscale;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)
MILANO = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"
BRIEF, ORDER, SHIPMENT, JOB = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)

CONFIRMED = OrderConfirmed(
    order_id=ORDER,
    number="O-2026/7",
    brief_id=BRIEF,
    customer="AURORA-MI",
    deadline=date(2026, 12, 15),
    lines=[
        OrderLine(
            job_id=JOB,
            item_id=None,
            kind="espositore",
            description="Espositore da banco",
            quantity="120",
            unit="pz",
            deliveries=[OrderDelivery(destination="MI-01", quantity="120")],
        )
    ],
)
VALUED = OrderValued(
    order_id=ORDER,
    brief_id=BRIEF,
    lines=[OrderLineValue(job_id=JOB, unit_price="12.50", amount="1500.00")],
    total="1500.00",
)
COMPANY = LegalIdentity(
    name="Aurora S.p.A.",
    vat_number="07643520567",
    street="Via 1",
    postal_code="20100",
    city="Milano",
    province="MI",
)
ISSUED = DdtIssued(
    shipment_id=SHIPMENT,
    order_id=ORDER,
    brief_id=BRIEF,
    destination="MI-01",
    lines=[ShipmentLine(job_id=JOB, description="Espositore da banco", quantity="60", unit="pz")],
    number="12/2026",
    progressive=12,
    series="",
    year=2026,
    issue_date=date(2026, 11, 24),
    sender=COMPANY,
    recipient=COMPANY,
    delivery_address=COMPANY,
    reason="vendita",
    transport_by="mittente",
    packages=3,
    gross_weight_kg="42.5",
)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text, delimiter=";"))


async def tell_order(bridge: Bridge, event: Any) -> None:
    await bridge.tell(event, subject=ORDER, correlation=BRIEF)


def exported(bridge: Bridge, folder: str = "ordini") -> list[dict[str, str]]:
    (file,) = (bridge.folder / "out" / folder).iterdir()
    return rows(file)


async def test_an_order_goes_out_and_again_with_its_prices(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    assert (await bridge.connection())["waiting"] == 1
    await bridge.work()
    (row,) = exported(bridge)
    assert (row["numero_ordine"], row["codice_cliente"], row["quantita"]) == ("O-2026/7", "AURORA-MI", "120")
    assert row["prezzo_unitario"] == ""
    await tell_order(bridge, VALUED)
    await bridge.work()
    (row,) = exported(bridge)
    assert (row["prezzo_unitario"], row["importo"], row["codice_iva"]) == ("12,50", "1500,00", "22")
    events = await bridge.stored.published(DocumentExported.type)
    assert [(each.subject, each.correlationid) for each in events] == [(ORDER, BRIEF)] * 2
    assert events[0].data["external_id"] == events[1].data["external_id"]
    state = await bridge.connection()
    assert (state["links"]["order"], state["waiting"], state["lag_seconds"]) == (1, 0, 0)


async def test_what_comes_before_its_order_waits(bridge: Bridge) -> None:
    await bridge.connect()
    for event in (VALUED, OrderCancelled(order_id=ORDER, brief_id=BRIEF, reason="x")):
        with pytest.raises(NotYet):
            await tell_order(bridge, event)
    with pytest.raises(NotYet):
        await bridge.tell(
            DdtVoided(
                **ISSUED.model_dump(include={"shipment_id", "order_id", "brief_id", "destination", "lines"}),
                number="12/2026",
                reason="x",
            ),
            subject=SHIPMENT,
            correlation=BRIEF,
        )


async def test_a_cancelled_order_is_marked_in_the_erp(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    await tell_order(bridge, OrderCancelled(order_id=ORDER, brief_id=BRIEF, reason="x"))
    await tell_order(bridge, VALUED)
    await bridge.work()
    (row,) = exported(bridge)
    assert row["stato"] == "annullato"


async def test_a_ddt_goes_out_and_its_voiding_too(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    await bridge.tell(ISSUED, subject=SHIPMENT, correlation=BRIEF)
    await bridge.work()
    (row,) = exported(bridge, "ddt")
    assert (row["numero_ddt"], row["data_ddt"], row["stato"]) == ("12/2026", "24/11/2026", "emesso")
    assert (row["colli"], row["peso_lordo_kg"], row["vettore"]) == ("3", "42,5", "")
    voided = DdtVoided(
        **ISSUED.model_dump(include={"shipment_id", "order_id", "brief_id", "destination", "lines"}),
        number="12/2026",
        reason="errore",
    )
    await bridge.tell(voided, subject=SHIPMENT, correlation=BRIEF)
    await bridge.work()
    (row,) = exported(bridge, "ddt")
    assert row["stato"] == "annullato"


async def test_refused_goods_are_no_longer_billable_in_the_erp(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    await bridge.tell(ISSUED, subject=SHIPMENT, correlation=BRIEF)
    refused = ShipmentRefused(
        **ISSUED.model_dump(include={"shipment_id", "order_id", "brief_id", "destination", "lines"}),
        reason="Imballo rotto",
    )
    await bridge.tell(refused, subject=SHIPMENT, correlation=BRIEF)
    await bridge.work()
    (row,) = exported(bridge, "ddt")
    assert row["stato"] == "annullato"


async def test_what_comes_back_of_a_ddt_is_told_line_by_line(bridge: Bridge) -> None:
    """What the recipient did not take, and what was sent back later, is not to be invoiced."""
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    facts = ISSUED.model_dump(include={"shipment_id", "order_id", "brief_id", "destination"})
    lines = [ShipmentLine(job_id=JOB, description="Espositore", quantity=n, unit="pz") for n in ("40", "20")]
    await bridge.tell(ISSUED.model_copy(update={"lines": lines}), subject=SHIPMENT, correlation=BRIEF)
    refused = ShipmentPartlyRefused(
        **facts,
        reason="Rotti",
        lines=[ShipmentLine(job_id=JOB, description="Espositore", quantity="10.5", unit="pz")],
    )
    await bridge.tell(refused, subject=SHIPMENT, correlation=BRIEF)
    for n in (1, 2):
        returned = GoodsReturned(
            return_id=UUID(int=n),
            shipment_id=SHIPMENT,
            order_id=ORDER,
            brief_id=BRIEF,
            ddt_number="12/2026",
            document_type="reso-da-cliente",
            warehouse="MI",
            number=None,
            date=date(2026, 12, 1),
            reason="Eccedenza",
            lines=[
                ReturnedGoods(
                    job_id=JOB, description="Espositore", quantity="20", unit="pz", disposition="stock"
                )
            ],
            closes_order_line=True,
        )
        await bridge.tell(returned, subject=UUID(int=n), correlation=BRIEF)
    await bridge.work()
    rows = exported(bridge, "ddt")
    told = [(row["quantita"], row["quantita_rifiutata"], row["quantita_resa"]) for row in rows]
    assert told == [("40", "10,5", "29,5"), ("20", "", "10,5")]
    assert {row["stato"] for row in rows} == {"emesso"}
    transfer = returned.model_copy(update={"shipment_id": UUID(int=9), "closes_order_line": False})
    await bridge.tell(transfer, subject=UUID(int=3), correlation=BRIEF)
    assert (await bridge.connection())["waiting"] == 0


async def test_what_delivers_no_order_is_not_told(bridge: Bridge) -> None:
    await bridge.connect()
    transfer = ISSUED.model_copy(update={"closes_order_line": False})
    await bridge.tell(transfer, subject=SHIPMENT, correlation=BRIEF)
    assert (await bridge.connection())["waiting"] == 0


async def test_nothing_is_told_twice_when_the_erp_has_it(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    assert len(await bridge.stored.published(DocumentExported.type)) == 1
    assert (await bridge.connection())["waiting"] == 0


async def test_a_crash_between_file_and_note_doubles_nothing(bridge: Bridge, monkeypatch: Any) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)

    async def crash(*_: Any) -> None:
        raise RuntimeError("killed after the file was written")

    with monkeypatch.context() as patched:
        patched.setattr("erp_bridge.application.export_document._note_export", crash)
        await bridge.work()
    assert len(exported(bridge)) == 1
    assert await bridge.stored.published(DocumentExported.type) == []
    bridge.clock.advance(timedelta(minutes=1))
    await bridge.work()
    assert len(exported(bridge)) == 1
    assert len(await bridge.stored.published(DocumentExported.type)) == 1


async def test_an_outage_is_one_failure_and_everything_goes_out_when_it_ends(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    blocked = bridge.folder / "out"
    blocked.rmdir()
    blocked.write_text("in the way")
    for n in range(5):
        order = CONFIRMED.model_copy(update={"order_id": UUID(int=100 + n), "number": f"O-{n}"})
        await bridge.tell(order, subject=order.order_id, correlation=BRIEF)
    await bridge.work()
    (failure,) = await bridge.failures()
    assert (failure["entity"], failure["error_class"], failure["attempts"]) == (
        "connection",
        "unreachable",
        1,
    )
    assert "payload" not in failure
    state = await bridge.connection()
    assert (state["outage"]["code"], state["waiting"]) == ("folder_unreachable", 5)
    # Whatever the connection is asked for meanwhile waits with the rest.
    await tell_order(bridge, CONFIRMED)
    for _ in range(20):
        bridge.clock.advance(timedelta(minutes=5))
        await bridge.work()
        (failure,) = await bridge.failures()
        assert failure["retry_at"] is not None
    assert failure["attempts"] > 8
    assert await bridge.stored.published(RecordRefused.type) == []
    blocked.unlink()
    bridge.clock.advance(timedelta(minutes=5))
    await bridge.work()
    await bridge.work()
    assert await bridge.failures() == []
    assert len(list((bridge.folder / "out" / "ordini").iterdir())) == 6
    assert (await bridge.connection())["waiting"] == 0


async def test_an_outage_can_be_tried_at_once(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    blocked = bridge.folder / "out"
    blocked.rmdir()
    blocked.write_text("in the way")
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    (failure,) = await bridge.failures()
    blocked.unlink()
    await bridge.as_("backoffice").post(f"/v1/failures/{failure['id']}/replay")
    await bridge.work()
    await bridge.work()
    assert await bridge.failures() == []
    assert len(exported(bridge)) == 1


async def test_an_order_waits_for_the_erp_to_tell_of_its_customer(bridge: Bridge) -> None:
    await bridge.connect()
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    (failure,) = await bridge.failures()
    assert (failure["error_class"], failure["problems"][0]["code"]) == ("waiting", "customer_not_told_of")
    assert (await bridge.connection())["waiting"] == 1
    await bridge.import_customers()
    await bridge.work()
    assert await bridge.failures() == []
    assert exported(bridge)[0]["codice_cliente"] == "AURORA-MI"


async def test_an_exported_order_wakes_only_its_own_ddts(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    unknown = CONFIRMED.model_copy(update={"order_id": UUID(int=51), "customer": "SCONOSCIUTO"})
    await bridge.tell(unknown, subject=unknown.order_id, correlation=BRIEF)
    await bridge.work()
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    assert len(exported(bridge)) == 1
    (failure,) = await bridge.failures()
    assert (failure["problems"][0]["code"], failure["attempts"]) == ("customer_not_told_of", 1)


ROMA = "AURORA-MI;Caffè Aurora Roma S.r.l.;12345670587;;Via Nazionale 30;00184;Roma;RM;MP05;BB 30 gg FM\n"


async def test_two_erps_with_clashing_codes_see_nothing_of_each_other(bridge: Bridge) -> None:
    """One code, two companies: each order reaches its own ERP, under that ERP's code."""
    await bridge.connect()
    response, _ = await bridge.as_("admin").put(
        "/v1/connections/secondo", json={"connector": "drop-folder", "settings": {"folder": "due"}}
    )
    assert response.status == 200
    await bridge.import_customers()
    other = bridge.folder.parent / "due"
    (other / "in").mkdir(parents=True)
    (other / "in" / "clienti.csv").write_text(HEADER + ROMA, "utf-8")
    response, _ = await bridge.as_("backoffice").post("/v1/connections/secondo/imports", json={})
    assert response.status == 200
    told = {each.data["code"]: each.data for each in await bridge.stored.published(CustomerChanged.type)}
    assert {code: each["legal"]["city"] for code, each in told.items()} == {
        "AURORA-MI": "Milano",
        "AURORA-MI@secondo": "Roma",
    }
    for n, (code, each) in enumerate(told.items()):
        order = CONFIRMED.model_copy(
            update={
                "order_id": UUID(int=50 + n),
                "number": code,
                "customer": code,
                "customer_id": each["customer_id"],
            }
        )
        await bridge.tell(order, subject=order.order_id, correlation=BRIEF)
        ddt = ISSUED.model_copy(update={"shipment_id": UUID(int=70 + n), "order_id": order.order_id})
        await bridge.tell(ddt, subject=ddt.shipment_id, correlation=BRIEF)
    await bridge.work()
    assert await bridge.failures() == []
    for folder, number in ((bridge.folder, "AURORA-MI"), (other, "AURORA-MI@secondo")):
        for kind in ("ordini", "ddt"):
            (file,) = (folder / "out" / kind).iterdir()
            assert {row["codice_cliente"] for row in rows(file)} == {"AURORA-MI"}
        (file,) = (folder / "out" / "ordini").iterdir()
        assert {row["numero_ordine"] for row in rows(file)} == {number}


async def test_a_ddt_that_comes_before_its_order_waits_for_it_and_reaches_its_customers_erp_alone(
    bridge: Bridge,
) -> None:
    await bridge.connect()
    await bridge.as_("admin").put(
        "/v1/connections/secondo", json={"connector": "drop-folder", "settings": {"folder": "due"}}
    )
    await bridge.import_customers()
    await bridge.tell(ISSUED, subject=SHIPMENT, correlation=BRIEF)
    await bridge.work()
    assert [each["problems"][0]["code"] for each in await bridge.failures()] == ["order_not_known_yet"] * 2
    other = bridge.folder.parent / "due"
    assert not (bridge.folder / "out" / "ddt").exists()
    assert not (other / "out").exists()
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    assert await bridge.failures() == []
    assert exported(bridge, "ddt")[0]["codice_cliente"] == "AURORA-MI"
    assert not (other / "out").exists()
    _, listed = await bridge.as_("backoffice").get("/v1/connections")
    assert [each["waiting"] for each in listed["items"]] == [0, 0]


async def test_one_customer_of_two_erps_leaves_under_each_ones_code(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.as_("admin").put(
        "/v1/connections/secondo", json={"connector": "drop-folder", "settings": {"folder": "due"}}
    )
    await bridge.import_customers()
    other = bridge.folder.parent / "due"
    (other / "in").mkdir(parents=True)
    (other / "in" / "clienti.csv").write_text(HEADER + MILANO.replace("AURORA-MI", "000123"), "utf-8")
    await bridge.as_("backoffice").post("/v1/connections/secondo/imports", json={})
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    assert exported(bridge)[0]["codice_cliente"] == "AURORA-MI"
    (file,) = (other / "out" / "ordini").iterdir()
    assert rows(file)[0]["codice_cliente"] == "000123"


async def test_documents_from_before_a_connection_are_sent_when_asked(bridge: Bridge) -> None:
    await tell_order(bridge, CONFIRMED)
    await bridge.connect()
    await bridge.import_customers()
    await bridge.work()
    assert not (bridge.folder / "out" / "ordini").exists()
    path, person = "/v1/connections/gestionale/resends", bridge.as_("backoffice")
    wanted = {"entity": "order", "since": "2026-11-01T00:00:00+01:00"}
    _, told = await person.post(path, json=wanted)
    assert told == {"documents": 1}
    await bridge.work()
    assert len(exported(bridge)) == 1
    # What the ERP has in this very state already is not written again.
    await person.post(path, json=wanted)
    await bridge.work()
    assert len(await bridge.stored.published(DocumentExported.type)) == 1


async def test_what_is_switched_off_neither_leaves_nor_comes_in(bridge: Bridge) -> None:
    off = {"order": {"enabled": False}, "customer": {"enabled": False}, "supplier": {"every_minutes": 60}}
    await bridge.connect(exchanges=off)
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    bridge.drop(MILANO.replace("Via Torino 2", "Via Nuova 1"), name="clienti-2.csv")
    bridge.clock.advance(timedelta(seconds=30))
    assert await bridge.work() == 9  # neither customers, nor suppliers before their hour
    assert not (bridge.folder / "out" / "ordini").exists()
    assert len(list((bridge.folder / "in").iterdir())) == 1
    bridge.clock.advance(timedelta(minutes=60))
    assert await bridge.work() == 10
    assert (await bridge.connection())["waiting"] == 1
    assert (await bridge.connection())["exchanges"]["supplier"] == {
        "enabled": True,
        "every_minutes": 60,
        "paused": False,
    }
    on = {"connector": "drop-folder", "settings": {"folder": "acme"}}
    await bridge.as_("admin").put("/v1/connections/gestionale", json=on, headers={"If-Match": '"1"'})
    bridge.clock.advance(timedelta(seconds=30))
    await bridge.work()
    assert (await bridge.connection())["waiting"] == 0
    assert len(exported(bridge)) == 1


async def test_each_connection_gets_its_own_file_in_its_own_words(bridge: Bridge) -> None:
    await bridge.connect()
    mapping = {"order": {"number": {"remote": "NUM_ORD"}, "unit": {"remote": "UM", "code_map": {"pz": "NR"}}}}
    response, _ = await bridge.as_("admin").put(
        "/v1/connections/secondo",
        json={"connector": "drop-folder", "settings": {"folder": "due"}, "mapping": mapping},
    )
    assert response.status == 200
    for connection in ("gestionale", "secondo"):
        folder = bridge.folder if connection == "gestionale" else bridge.folder.parent / "due"
        (folder / "in").mkdir(parents=True)
        (folder / "in" / "clienti.csv").write_text(HEADER + MILANO, "utf-8")
        await bridge.as_("backoffice").post(f"/v1/connections/{connection}/imports", json={})
    await tell_order(bridge, CONFIRMED)
    await bridge.work()
    assert exported(bridge)[0]["unita_misura"] == "pz"
    (file,) = (bridge.folder.parent / "due" / "out" / "ordini").iterdir()
    assert (rows(file)[0]["NUM_ORD"], rows(file)[0]["UM"]) == ("O-2026/7", "NR")


async def test_no_price_appears_anywhere_over_http(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await tell_order(bridge, CONFIRMED)
    await tell_order(bridge, VALUED)
    (bridge.folder / "out").rmdir()
    (bridge.folder / "out").write_text("in the way")
    await bridge.work()
    for path in ("/v1/failures", "/v1/connections", "/v1/connections/gestionale"):
        _, body = await bridge.as_("backoffice").get(path)
        assert "1500" not in str(body)
        assert "12.5" not in str(body)


STOCK = {"closes_order_line": False, "from_stock": True, "order_id": UUID(int=99)}
SOLD = ISSUED.model_copy(
    update={
        **STOCK,
        "to_be_invoiced": True,
        "recipient": COMPANY.model_copy(update={"vat_number": "IT07643520567"}),
        "lines": [
            ShipmentLine(job_id=JOB, description="Espositore", quantity="60", unit="pz", code="ESP-60")
        ],
    }
)


async def test_what_is_sold_from_stock_goes_out_to_be_invoiced(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    await bridge.tell(SOLD, subject=SHIPMENT, correlation=SHIPMENT)
    await bridge.work()
    (row,) = exported(bridge, "ddt")
    told = (row["codice_cliente"], row["riferimento_ordine"], row["da_fatturare"], row["codice_articolo"])
    assert told == ("AURORA-MI", "", "si", "ESP-60")
    back = GoodsReturned(
        return_id=UUID(int=78),
        shipment_id=SHIPMENT,
        order_id=SOLD.order_id,
        brief_id=None,
        ddt_number="12/2026",
        document_type="vendita",
        warehouse="M1",
        number="7",
        date=date(2026, 11, 26),
        reason="x",
        lines=[ReturnedGoods(job_id=JOB, description="E", quantity="10", unit="pz", disposition="stock")],
        closes_order_line=False,
    )
    await bridge.tell(back, subject=back.return_id, correlation=SHIPMENT)
    await bridge.work()
    (row,) = exported(bridge, "ddt")
    assert (row["quantita"], row["quantita_resa"]) == ("60", "10")
    facts = SOLD.model_dump(include=ShipmentRefused.model_fields.keys())
    refused = ShipmentRefused(**{**facts, "reason": "x"})
    await bridge.tell(refused, subject=SHIPMENT, correlation=SHIPMENT)
    await bridge.work()
    (row,) = exported(bridge, "ddt")
    assert row["stato"] == "annullato"


async def test_a_sale_from_stock_waits_for_its_customer(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.tell(SOLD, subject=SHIPMENT, correlation=SHIPMENT)
    await bridge.work()
    (failure,) = await bridge.failures()
    assert failure["problems"][0]["code"] == "customer_not_told_of"
    await bridge.import_customers()
    await bridge.work()
    assert len(exported(bridge, "ddt")) == 1
    assert await bridge.failures() == []


@pytest.mark.parametrize("invoiced", [False, None])
async def test_what_is_not_to_be_invoiced_and_nobodys_order_does_not_leave(
    bridge: Bridge, invoiced: bool | None
) -> None:
    await bridge.connect()
    await bridge.import_customers()
    gift = SOLD.model_copy(update={"to_be_invoiced": invoiced})
    await bridge.tell(gift, subject=SHIPMENT, correlation=SHIPMENT)
    await bridge.as_("backoffice").post(
        "/v1/connections/gestionale/resends", json={"entity": "ddt", "since": "2026-01-01T00:00:00Z"}
    )
    await bridge.work()
    assert not (bridge.folder / "out" / "ddt").exists()
    assert (await bridge.connection())["waiting"] == 0
