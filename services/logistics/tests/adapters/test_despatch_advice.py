"""The electronic DDT: valid by the official schema, and by the rules that AgID and Peppol published."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from lxml import etree
from pypdf import PdfReader

from logistics.adapters.despatch_advice import (
    CUSTOMIZATION,
    PROFILE,
    UNIT_CODES,
    despatch_advice,
    gaps,
    unit_code,
)
from logistics.adapters.printer import TEMPLATE, document_sheet
from logistics.domain.ddt import Document, DocumentLine, DocumentLot
from optima_kit.refusals import Refusal, Violations
from optima_kit.typesetting_process import typeset_here
from optima_local.ubl import ubl_schema

from .test_ddt_pdf import DOCUMENT

NAMES = {
    "ubl": "urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
LINE = DOCUMENT.lines[0]
VARIED: dict[str, Document] = {
    "ordinary": DOCUMENT,
    "without a carrier": replace(DOCUMENT, carrier=None, transport_by="mittente"),
    "from stock, without an order": replace(DOCUMENT, order_number="", customer_reference=None),
    "of several orders": replace(
        DOCUMENT,
        order_number="",
        lines=tuple(
            replace(LINE, job_id=UUID(int=n), order_number=f"O-2026-{n:04}", quantity=Decimal(n))
            for n in (1, 2)
        ),
    ),
    "of a company": replace(DOCUMENT, recipient=DOCUMENT.sender),
    "of a public body": replace(DOCUMENT, recipient=replace(DOCUMENT.sender, office_code="UFABC1")),
    "a transfer": replace(DOCUMENT, reason="Trasferimento tra depositi", recipient=DOCUMENT.sender),
    "conto lavorazione": replace(DOCUMENT, reason="Conto lavorazione", to_be_invoiced=False),
    "the least": replace(
        DOCUMENT,
        freight=None,
        appearance=None,
        notes=None,
        net_weight_kg=None,
        customer_reference=None,
        starts_at=None,
        departure=None,
        replaces_number=None,
    ),
    "of several lots": replace(
        DOCUMENT,
        lines=(
            replace(
                LINE,
                quantity=Decimal(30),
                lots=(
                    DocumentLot("L2611", Decimal(20), date(2027, 1, 31)),
                    DocumentLot("L<&>2612", Decimal(8)),
                ),
            ),
        ),
    ),
    "of labelled packages": replace(DOCUMENT, package_numbers=("080123450000000012", "080123450000000029")),
    "twelve lines": replace(
        DOCUMENT,
        lines=tuple(replace(LINE, job_id=UUID(int=n), quantity=Decimal(n)) for n in range(1, 13)),
    ),
    "two hundred lines": replace(DOCUMENT, lines=(LINE,) * 200),
    "every unit": replace(
        DOCUMENT, lines=tuple(DocumentLine(UUID(int=1), "Cosa", Decimal("0.5"), unit) for unit in UNIT_CODES)
    ),
    "marks and accents": replace(
        DOCUMENT,
        notes="<b>&amp; \"citato\" 'così' €",
        lines=(replace(LINE, description="Caffè <d'autunno> & più"),),
    ),
    "characters that XML can't hold": replace(
        DOCUMENT,
        notes="a\ufffeb\x0b",
        sender=replace(DOCUMENT.sender, name="Caff\uffff S.p.A."),
        lines=(replace(LINE, description="\ufffd da banco", code="X\ufffdY"),),
    ),
    "after the change of time": replace(
        DOCUMENT,
        issue_date=date(2026, 10, 25),
        issued_at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ),
}
# Of the official lists, those that can come from us: EAS and ISO 6523; UN/ECE Rec 20 with 21.
SCHEMES = {"0201", "0210", "0211"}
UNITS = set(
    "C62 CLT CMT DAY DTN DZN GRM H87 HGM HLT HUR KGM KMT LTR MMT MON MTK MTQ MTR PR RM SET ST TNE"  # noqa: SIM905
    " XBG XBX XCS XCT XDR XEN XPK XPX XRO XSA".split()
)


@pytest.fixture(scope="session")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(ubl_schema("DespatchAdvice")))


def found(document: Document, path: str) -> list[Any]:
    return etree.fromstring(despatch_advice(document)).xpath(path, namespaces=NAMES)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", VARIED)
def test_it_is_valid_by_the_official_schema(schema: etree.XMLSchema, name: str) -> None:
    schema.assertValid(etree.fromstring(despatch_advice(VARIED[name])))


def test_what_is_not_valid_is_seen(schema: etree.XMLSchema) -> None:
    wrong = despatch_advice(DOCUMENT).replace(b"<cbc:IssueDate>2026", b"<cbc:IssueDate>MMXXVI")
    assert not schema.validate(etree.fromstring(wrong))


ADDRESS = "[cbc:StreetName and cbc:CityName and cbc:PostalZone and cbc:CountrySubentity]"
RULES = {
    "IT-T16-R004": f"normalize-space(cbc:CustomizationID) = '{CUSTOMIZATION}'",
    "PEPPOL-T16-B00301": f"normalize-space(cbc:ProfileID) = '{PROFILE}'",
    "PEPPOL-T16-B00103": "string-length(cbc:ID) > 0 and string-length(cbc:ID) <= 20",
    "IT-T16-R002 sender": "cac:DespatchSupplierParty/cac:Party[cac:PartyLegalEntity/cbc:RegistrationName]"
    f"/cac:PostalAddress{ADDRESS}",
    "IT-T16-R002 consignee": "cac:DeliveryCustomerParty/cac:Party[cac:PartyLegalEntity/cbc:RegistrationName]"
    f"/cac:PostalAddress{ADDRESS}",
    "IT-T16-R002 buyer": "not(cac:BuyerCustomerParty) or cac:BuyerCustomerParty/cac:Party"
    f"[cac:PartyName/cbc:Name]/cac:PostalAddress{ADDRESS}",
    "IT-T16-R002 carrier": "not(cac:Shipment/cac:Consignment)"
    " or cac:Shipment/cac:Consignment/cac:CarrierParty"
    f"[cac:PartyName/cbc:Name]/cac:PostalAddress{ADDRESS}",
    "IT-T16-R002 weight": "cac:Shipment/cbc:GrossWeightMeasure[@unitCode = 'KGM']",
    "IT-T16-R005": "floor(cac:Shipment/cbc:TotalTransportHandlingUnitQuantity)"
    " = number(cac:Shipment/cbc:TotalTransportHandlingUnitQuantity)",
    "IT-T16-R003": "not(cac:DespatchLine[not(cac:Item/cbc:Name and cbc:DeliveredQuantity"
    " and cac:Item/cac:SellersItemIdentification/cbc:ID)])",
    "PEPPOL-T16-B14602": "not(cac:DespatchLine[not(cac:OrderLineReference/cbc:LineID)])",
    "PEPPOL-T16-B01101": "cac:DespatchSupplierParty/cac:Party/cbc:EndpointID[@schemeID]"
    " and cac:DeliveryCustomerParty/cac:Party/cbc:EndpointID[@schemeID]",
    "PEPPOL-T16-B01701": "not(.//cac:PostalAddress[not(cac:Country/cbc:IdentificationCode)])",
    "no empty element": "not(.//*[not(*) and not(normalize-space())])",
}
"""By the names of their asserts, as XPath 1.0."""


@pytest.mark.parametrize("name", VARIED)
def test_it_keeps_the_published_rules(name: str) -> None:
    root = etree.fromstring(despatch_advice(VARIED[name]))
    kept = {rule: root.xpath(f"boolean({test})", namespaces=NAMES) for rule, test in RULES.items()}
    assert [rule for rule, holds in kept.items() if not holds] == []
    assert {*root.xpath("//@schemeID")} <= SCHEMES
    assert {*root.xpath("//@unitCode")} <= UNITS


def test_every_unit_has_a_code_of_its_list() -> None:
    assert set(UNIT_CODES.values()) == UNITS


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("Pz.", "H87"),
        ("PZ", "H87"),
        ("p.z.", "H87"),
        ("N°", "C62"),
        ("nr.", "C62"),
        ("MQ", "MTK"),
        ("m.q.", "MTK"),
        ("Conf.", "XPK"),
        ("Scatole", "XBX"),
        ("CT", "XCT"),
        ("ml", None),
        ("pz/conf", None),
        ("", None),
        (".", None),
    ],
)
def test_a_unit_is_known_however_it_is_written(unit: str, code: str | None) -> None:
    assert unit_code(unit) == code


@pytest.mark.parametrize("name", [name for name in VARIED if name != "of several lots"])
def test_its_lines_are_the_documents(name: str) -> None:
    document = VARIED[name]
    quantities = found(document, "cac:DespatchLine/cbc:DeliveredQuantity/text()")
    assert [Decimal(each) for each in quantities] == [line.quantity for line in document.lines]
    assert found(document, "cac:DespatchLine/cac:Item/cbc:Name/text()") == [
        line.description for line in document.lines
    ]
    orders = found(document, "cac:DespatchLine/cac:OrderLineReference/cac:OrderReference/cbc:ID/text()")
    assert orders == [line.order_number for line in document.lines if line.order_number]
    assert found(document, "string(cbc:ID)") == document.number
    assert found(document, "string(cbc:IssueDate)") == document.issue_date.isoformat()


def test_whoever_has_a_vat_number_is_addressed_by_it_and_a_person_by_the_fiscal_code() -> None:
    assert found(DOCUMENT, "string(cac:DespatchSupplierParty/cac:Party/cbc:EndpointID)") == "IT01234560371"
    there = "cac:DeliveryCustomerParty/cac:Party/cbc:EndpointID"
    assert found(DOCUMENT, f"string({there})") == "RSSMRA80A01H501U"
    assert found(DOCUMENT, f"string({there}/@schemeID)") == "0210"
    body = VARIED["of a public body"]
    assert found(body, f"string({there})") == "UFABC1"
    assert found(body, f"string({there}/@schemeID)") == "0201"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"gross_weight_kg": None}, ["gross_weight_kg"]),
        ({"packages": None}, ["packages"]),
        ({"gross_weight_kg": None, "packages": None}, ["gross_weight_kg", "packages"]),
        ({"lines": (replace(LINE, unit="cassapanche"),)}, ["lines[0].unit"]),
        (
            {"recipient": replace(DOCUMENT.recipient, country="FR", province="")},
            ["recipient.province", "recipient.country"],
        ),
    ],
)
def test_what_it_lacks_is_told_at_once(changes: dict[str, Any], fields: list[str]) -> None:
    document = replace(DOCUMENT, **changes)
    assert [refusal.field for refusal in gaps(document)] == fields
    with pytest.raises(Refusal) as told:
        despatch_advice(document)
    assert isinstance(told.value, Violations) == (len(fields) > 1)


def test_the_pdf_carries_it() -> None:
    xml = despatch_advice(DOCUMENT)
    sheet = json.dumps(document_sheet(DOCUMENT, None))
    pdf = typeset_here(asdict(TEMPLATE), sheet, int(DOCUMENT.issued_at.timestamp()))
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.attachments == {"despatch-advice.xml": [xml]}
    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()  # type: ignore[index]
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert pdf == typeset_here(asdict(TEMPLATE), sheet, int(DOCUMENT.issued_at.timestamp()))


def test_each_lot_has_a_line_of_its_own_and_each_package_its_number() -> None:
    root = etree.fromstring(despatch_advice(VARIED["of several lots"]))
    said = [
        (
            line.findtext("cbc:DeliveredQuantity", namespaces=NAMES),
            line.findtext(".//cbc:LotNumberID", namespaces=NAMES),
            line.findtext(".//cbc:ExpiryDate", namespaces=NAMES),
        )
        for line in root.findall("cac:DespatchLine", NAMES)
    ]
    assert said == [("20", "L2611", "2027-01-31"), ("8", "L<&>2612", None), ("2", None, None)]
    root = etree.fromstring(despatch_advice(VARIED["of labelled packages"]))
    units = root.findall("cac:Shipment/cac:TransportHandlingUnit/cbc:ID", NAMES)
    assert [unit.text for unit in units] == ["080123450000000012", "080123450000000029"]
