"""Easyfatt-Xml as people export it, each file with what comes of it, and as Easyfatt imports it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

from erp_bridge.adapters.easyfatt import Easyfatt, _Parties
from erp_bridge.adapters.italian_checks import italian_checks
from erp_bridge.application.ports import DocumentRange, Endpoint, Rejected
from erp_bridge.domain.documents import Document, RemoteCustomer
from erp_bridge.domain.entities import Entity
from erp_bridge.domain.record import checked
from optima_kit.clock import SystemClock
from optima_kit.refusals import Invalid, Violations

FILES = Path(__file__).parent / "easyfatt"
ENDPOINT = Endpoint(UUID(int=1), {"folder": "danea"})
CUSTOMER = RemoteCustomer("0001", "0001")

OUTCOMES: dict[str, list[tuple[str, str, Any]]] = {
    # Of each customer: code, name, and the city, or what is wrong.
    "clienti-ordini.xml": [
        ("0002", "Rossi & Figli S.n.c.", "Roma"),
        ("0001", "Caffè Aurora Milano S.r.l.", "Milano"),
    ],
    "clienti-esteri.xml": [
        ("0010", "Druckhaus Müller GmbH", "Berlin"),
        ("0011", "Tipografia del Titano S.r.l.", "San Marino"),
    ],
    "clienti-misti.xml": [("0020", "Bar Centrale", "Milano")],
    "clienti-errati.xml": [
        ("0030", "Dolci Rotti S.r.l.", {"vat_number_wrong"}),
        ("", "Senza Codice S.r.l.", {"value_missing"}),
        ("0031", "Senza indirizzo S.r.l.", {"value_missing", "postal_code_wrong", "province_wrong"}),
    ],
    "clienti-vuoto.xml": [],
    "fornitori-ordini.xml": [
        ("F001", "Cartiere Riunite S.p.A.", "Milano"),
        ("F002", "Inchiostri Galli S.r.l.", "Milano"),
    ],
    "clienti-cp1252.xml": [("0040", "Pasticceria Perù S.r.l.", "Milano")],
    "clienti-utf16.xml": [("0041", "Pasticceria Perù S.r.l.", "Milano")],
    "clienti-senza-attributi.xml": [("0050", "Senza Tipo S.r.l.", "Milano")],
}
NO_EASYFATT = ("clienti-entita.xml", "clienti-prodotti.xml", "clienti-troncato.xml")


@pytest.fixture
def easyfatt(tmp_path: Path) -> Easyfatt:
    return Easyfatt(tmp_path)


async def read(easyfatt: Easyfatt, tmp_path: Path, name: str) -> list[Any]:
    incoming = tmp_path / str(ENDPOINT.tenant_id) / "danea" / "in"
    incoming.mkdir(parents=True)
    (incoming / name).write_bytes((FILES / name).read_bytes())
    async with easyfatt.open(ENDPOINT) as session:
        return [page async for page in session.changes(entity_of(name), None)]


def entity_of(name: str) -> Entity:
    return "supplier" if name.startswith("fornitori") else "customer"


def outcome(easyfatt: Easyfatt, name: str, values: Any) -> tuple[str, str, Any]:
    entity = entity_of(name)
    mapped = easyfatt.mapping().of(entity).read(values)
    try:
        fields, _ = checked(entity, mapped, None, italian_checks())
    except Violations as refusal:
        return mapped["code"] or "", mapped["name"] or "", {each.code for each in refusal.refusals}
    return fields["code"] or "", fields["name"] or "", fields["city"]


@pytest.mark.parametrize("name", OUTCOMES)
async def test_what_comes_of_each_file(easyfatt: Easyfatt, tmp_path: Path, name: str) -> None:
    (page,) = await read(easyfatt, tmp_path, name)
    assert page.refused is None
    assert [outcome(easyfatt, name, each.values) for each in page.records] == OUTCOMES[name]
    assert page.unknown == (["DocumentType E"] if name == "clienti-misti.xml" else [])


def test_a_file_that_says_another_encoding_than_it_has_is_read() -> None:
    written = '\n<?xml version="1.0" encoding="UTF-8"?><EasyfattDocuments><Documents><Document>'
    written += "<CustomerCode>1</CustomerCode><CustomerName>Caffè</CustomerName></Document></Documents>"
    content = f"{written}</EasyfattDocuments>".encode("cp1252")
    (record,) = next(_Parties("customer", content, ["CustomerCode", "CustomerName"]).portions(2, skip=0))
    assert record.values == {"CustomerCode": "1", "CustomerName": "Caffè"}


def test_every_file_has_its_outcome() -> None:
    assert {each.name for each in FILES.iterdir()} == {*OUTCOMES, *NO_EASYFATT}


@pytest.mark.parametrize("name", NO_EASYFATT)
async def test_what_is_no_easyfatt_xml_is_refused_whole(
    easyfatt: Easyfatt, tmp_path: Path, name: str
) -> None:
    (page,) = await read(easyfatt, tmp_path, name)
    assert page.refused.code == "file_not_easyfatt"
    assert page.records == ()


async def test_a_country_and_payment_terms_are_read_as_easyfatt_writes_them(
    easyfatt: Easyfatt, tmp_path: Path
) -> None:
    (page,) = await read(easyfatt, tmp_path, "clienti-ordini.xml")
    mapped = easyfatt.mapping().of("customer").read(page.records[1].values)
    fields, notices = checked("customer", mapped, None, italian_checks())
    assert (fields["country"], fields["payment_terms"], fields["payment_method"]) == (
        "IT",
        "RIBA 60 gg FM",
        "MP12",
    )
    assert notices == []


def order(n: int, **heading: str) -> Document:
    return Document(
        entity="order",
        internal_id=UUID(int=n),
        number=f"O-2026-{n:04d}",
        correlation_id=UUID(int=n),
        heading={"reference": str(UUID(int=n)), "number": f"O-2026-{n:04d}", "state": "confirmed", **heading},
        lines={
            "job": {"description": "Espositore <nuovo> & «bello»", "quantity": "120", "unit": "pz"},
            "priced": {"description": "Volantino", "quantity": "1.5", "unit": "kg", "unit_price": "12.50"},
        },
        changed_at=SystemClock().now(),
    )


async def put(easyfatt: Easyfatt, document: Document, customer: RemoteCustomer | None = CUSTOMER) -> Any:
    outgoing = document.outgoing(easyfatt.mapping().of(document.entity), customer)
    async with easyfatt.open(ENDPOINT) as session:
        return await session.put(outgoing, None)


def documents(easyfatt: Easyfatt, path: Path) -> list[Any]:
    return list(etree.parse(path).getroot().find("Documents"))


async def test_an_order_is_one_that_easyfatt_imports(easyfatt: Easyfatt, tmp_path: Path) -> None:
    written = await put(easyfatt, order(7))
    (found,) = documents(easyfatt, tmp_path / str(ENDPOINT.tenant_id) / "danea" / written.remote_id)
    texts = {each.tag: each.text for each in found if each.tag != "Rows"}
    assert texts == {
        "DocumentType": "C",
        "InternalComment": "O-2026-0007",
        "CustomField1": str(UUID(int=7)),
        "CustomerCode": "0001",
        "Number": "202600007",
        "Date": SystemClock().now().date().isoformat(),
    }
    first, second = found.find("Rows")
    assert first.findtext("Description") == "Espositore <nuovo> & «bello»"
    # What has no price takes Easyfatt's own: a tag that is missing has its default there.
    assert (first.find("Price"), second.findtext("Price"), second.findtext("Qty")) == (None, "12.50", "1.5")


async def test_a_ddt_carries_its_transport(easyfatt: Easyfatt, tmp_path: Path) -> None:
    ddt = Document(
        entity="ddt",
        internal_id=UUID(int=9),
        number="12/2026",
        correlation_id=UUID(int=9),
        heading={
            "number": "12/2026",
            "state": "issued",
            "issue_date": "2026-11-24",
            "recipient_name": "Caffè Aurora Milano S.r.l.",
            "reason": "vendita",
            "packages": "3",
            "gross_weight_kg": "42.5",
        },
        lines={"1": {"job": "j", "description": "Espositore", "quantity": "60", "unit": "pz"}},
        changed_at=SystemClock().now(),
    )
    written = await put(easyfatt, ddt)
    (found,) = documents(easyfatt, tmp_path / str(ENDPOINT.tenant_id) / "danea" / written.remote_id)
    wanted = {
        "DocumentType": "D",
        "Number": "12",
        "Numbering": "/2026",
        "Date": "2026-11-24",
        "TransportReason": "vendita",
        "NumOfPieces": "3",
        "TransportedWeight": "42.5",
        "CustomerName": "Caffè Aurora Milano S.r.l.",
    }
    assert {tag: found.findtext(tag) for tag in wanted} == wanted
    # None: an empty tag says so, a missing one would take Easyfatt's default.
    assert found.findtext("Carrier") == ""


async def test_easyfatt_fetches_what_it_does_not_have_yet(easyfatt: Easyfatt) -> None:
    for n in (3, 1, 2):
        await put(easyfatt, order(n))
    with pytest.raises(Rejected, match="cancellation_not_carried"):
        await put(easyfatt, order(3, state="cancelled"))

    async def numbers(wanted: DocumentRange) -> list[str]:
        root = etree.fromstring(await easyfatt.fetch(ENDPOINT, "order", wanted))
        return [each.findtext("InternalComment") for each in root.find("Documents")]

    assert await numbers(DocumentRange()) == ["O-2026-0001", "O-2026-0002"]
    assert await numbers(DocumentRange(first_number=202600002)) == ["O-2026-0002"]
    assert await numbers(DocumentRange(last_number=202600001)) == ["O-2026-0001"]
    assert await numbers(DocumentRange(last_day=date(2020, 1, 1))) == []


async def test_an_answer_holds_so_many_and_the_next_goes_on(easyfatt: Easyfatt, monkeypatch: Any) -> None:
    monkeypatch.setattr("erp_bridge.adapters.easyfatt.FETCHED", 2)
    for n in range(1, 4):
        await put(easyfatt, order(n))
    root = etree.fromstring(await easyfatt.fetch(ENDPOINT, "order", DocumentRange()))
    assert [each.findtext("Number") for each in root.iter("Document")] == ["202600001", "202600002"]


@pytest.mark.parametrize("number", ["", "12", "O-26-1", "O-2026-1234567"])
async def test_an_order_whose_number_does_not_grow_waits_for_a_person(
    easyfatt: Easyfatt, number: str
) -> None:
    document = order(1)
    odd = Document(
        **{name: getattr(document, name) for name in Document.__dataclass_fields__} | {"number": number}
    )
    with pytest.raises(Rejected, match="order_number_not_progressive"):
        await put(easyfatt, odd)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"folder": "../x"}, "settings.folder"),
        ({"folder": "a", "user": "danea"}, "settings.password"),
        ({"folder": "a", "password": "abbastanza lunga"}, "settings.user"),
        ({"folder": "a", "user": "danea", "password": "corta"}, "settings.password"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    easyfatt: Easyfatt, settings: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        easyfatt.check(settings)
    assert refusal.value.field == field


@pytest.mark.parametrize("name", ["b[", "//CustomerCode", "@x", "{", "", ".", "*", "CustomerCode[1]", "a/b"])
def test_a_mapped_column_is_a_name_and_no_path(name: str) -> None:
    content = (FILES / "clienti-misti.xml").read_bytes()
    (page,) = _Parties("customer", content, ["CustomerCode", name]).portions(10, skip=0)
    assert [dict(record.values) for record in page] == [{"CustomerCode": "0020", name: ""}]
