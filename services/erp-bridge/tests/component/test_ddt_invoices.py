"""An ERP tells which DDTs it has invoiced, and that is told on once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from optima_contracts.erp import DdtInvoicingChanged
from optima_contracts.logistics import DdtVoided

from ..conftest import Bridge
from .test_exports import BRIEF, CONFIRMED, ISSUED, ORDER, SHIPMENT

HEADER = "numero_ddt;numero_fattura;data_fattura\n"


@pytest.fixture
async def shop(bridge: Bridge) -> Bridge:
    """Its ERP has the DDT 12/2026."""
    await bridge.connect()
    await bridge.import_customers()
    await bridge.tell(CONFIRMED, subject=ORDER, correlation=BRIEF)
    await bridge.tell(ISSUED, subject=SHIPMENT, correlation=BRIEF)
    await bridge.work()
    return bridge


async def invoices(bridge: Bridge, *rows: str) -> dict[str, Any]:
    """What came of one file of invoices."""
    bridge.drop(*rows, name="fatture.csv", header=HEADER)
    (source,) = (each for each in await bridge.import_all() if each["entity"] == "ddt_invoice")
    return source


async def told(bridge: Bridge) -> list[tuple[str, str]]:
    published = await bridge.stored.published(DdtInvoicingChanged.type)
    assert {(each.subject, each.correlationid) for each in published} <= {(SHIPMENT, BRIEF)}
    return [(each.data["invoice_number"], each.data["invoice_date"]) for each in published]


async def test_a_credit_note_of_an_invoice_is_told_of(shop: Bridge) -> None:
    """Beside its invoice it took back a part; alone all of it, and an invoice may follow again."""
    header = HEADER.replace("\n", ";nota_credito;data_nota_credito\n")

    async def told_after(row: str) -> dict[str, str | None]:
        shop.drop(row, name="fatture.csv", header=header)
        await shop.import_all("ddt_invoice")
        assert await shop.failures() == []
        last = (await shop.stored.published(DdtInvoicingChanged.type))[-1].data
        told = {name: each for name, each in last.items() if name.partition("_")[0] in ("invoice", "credit")}
        return {name: each for name, each in told.items() if each is not None}

    invoice = {"invoice_number": "FT-31", "invoice_date": "2026-12-04"}
    note = {"credit_note_number": "NC-2", "credit_note_date": "2026-12-09"}
    assert await told_after("12/2026;FT-31;04/12/2026;;\n") == invoice
    assert await told_after("12/2026;FT-31;04/12/2026;NC-2;09/12/2026\n") == {**invoice, **note}
    assert await told_after("12/2026;;;NC-2;09/12/2026\n") == note
    assert await told_after("12/2026;FT-40;12/12/2026;;\n") == {
        "invoice_number": "FT-40",
        "invoice_date": "2026-12-12",
    }
    source = await invoices(shop, "12/2026;FT-40;12/12/2026\n")
    assert source["unchanged"] == 1
    shop.drop("12/2026;;;NC-2;\n", name="fatture.csv", header=header)
    await shop.import_all("ddt_invoice")
    notice, failure = await shop.failures()
    assert {each["code"] for each in notice["problems"]} == {"schema_field_added"}  # these columns are back
    assert [(each["code"], each["field"]) for each in failure["problems"]] == [
        ("value_missing", "credit_note_date")
    ]


async def test_an_invoice_of_a_ddt_is_told_of_once_and_again_when_it_changes(shop: Bridge) -> None:
    # A row a line of the invoice, as reports have it.
    source = await invoices(shop, *["12/2026;FT-31;04/12/2026\n"] * 3)
    assert (source["created"], source["refused"]) == (1, 0)
    assert await told(shop) == [("FT-31", "2026-12-04")]
    source = await invoices(shop, "12/2026;FT-31;04/12/2026\n")
    assert (source["unchanged"], await told(shop)) == (1, [("FT-31", "2026-12-04")])
    source = await invoices(shop, "12/2026;FT-32;05/12/2026\n")
    assert source["changed"] == 1
    assert (await told(shop))[1:] == [("FT-32", "2026-12-05")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("13/2026;FT-31;04/12/2026\n", ("ddt_not_sent", "code")),
        ("12/2026;;04/12/2026\n", ("value_missing", "invoice_number")),
        ("12/2026;FT-31;\n", ("value_missing", "invoice_date")),
        ("12/2026;FT-31;domani\n", ("date_unreadable", "data_fattura")),
    ],
)
async def test_an_invoice_that_can_not_be_is_refused_by_its_place(
    shop: Bridge, row: str, problem: tuple[str, str]
) -> None:
    source = await invoices(shop, row)
    assert (source["created"], source["refused"]) == (0, 1)
    (failure,) = await shop.failures()
    assert [(each["code"], each["field"]) for each in failure["problems"]] == [problem]
    assert await told(shop) == []


async def test_the_number_of_a_document_of_several_orders_means_all_its_shipments(
    shop: Bridge,
) -> None:
    """Those that still stand: what one order's recipient refused whole is invoiced with none."""
    parts = {SHIPMENT: BRIEF, UUID(int=0x5A): UUID(int=0xBA), UUID(int=0x5B): UUID(int=0xBB)}
    _, second, third = parts
    for shipment_id in (second, third):
        order = {"shipment_id": shipment_id, "order_id": shipment_id, "brief_id": parts[shipment_id]}
        whose = {"order_id": shipment_id, "brief_id": parts[shipment_id], "number": shipment_id.hex}
        confirmed = CONFIRMED.model_copy(update=whose)
        await shop.tell(confirmed, subject=shipment_id, correlation=parts[shipment_id])
        part = ISSUED.model_copy(update=order)
        await shop.tell(part, subject=shipment_id, correlation=parts[shipment_id])
    await shop.work()

    async def told_of(row: str) -> dict[UUID, str | None]:
        """The invoice's number by shipment, of what that row made the bridge tell."""
        before = len(await shop.stored.published(DdtInvoicingChanged.type))
        await invoices(shop, row)
        published = (await shop.stored.published(DdtInvoicingChanged.type))[before:]
        assert all(each.correlationid == parts[each.subject] for each in published)
        return {each.subject: each.data["invoice_number"] for each in published}

    assert await told_of("12/2026;FT-31;04/12/2026\n") == dict.fromkeys(parts, "FT-31")
    assert await told_of("12/2026;FT-31;04/12/2026\n") == {}
    voided = DdtVoided(
        **ISSUED.model_dump(include={"destination", "lines"}),
        shipment_id=third,
        order_id=third,
        brief_id=parts[third],
        number="12/2026",
        reason="errore",
    )
    await shop.tell(voided, subject=third, correlation=parts[third])
    assert await told_of("12/2026;FT-32;05/12/2026\n") == dict.fromkeys((SHIPMENT, second), "FT-32")
    assert await shop.failures() == []


async def test_only_the_erp_that_was_sent_a_ddt_can_have_invoiced_it(shop: Bridge) -> None:
    await shop.as_("admin").put(
        "/v1/connections/secondo", json={"connector": "drop-folder", "settings": {"folder": "due"}}
    )
    incoming = shop.folder.parent / "due" / "in"
    incoming.mkdir(parents=True)
    (incoming / "fatture.csv").write_text(f"{HEADER}12/2026;FT-31;04/12/2026\n", "utf-8")
    await shop.as_("backoffice").post("/v1/connections/secondo/imports", json={})
    (failure,) = await shop.failures()
    assert failure["problems"][0]["code"] == "ddt_not_sent"
    assert await told(shop) == []


async def test_a_void_ddt_that_was_invoiced_is_a_persons_to_see(shop: Bridge) -> None:
    voided = DdtVoided(
        **ISSUED.model_dump(include={"shipment_id", "order_id", "brief_id", "destination", "lines"}),
        number="12/2026",
        reason="errore",
    )
    await shop.tell(voided, subject=SHIPMENT, correlation=BRIEF)
    await invoices(shop, "12/2026;FT-31;04/12/2026\n")
    (failure,) = await shop.failures()
    assert failure["problems"][0]["code"] == "ddt_is_void"
