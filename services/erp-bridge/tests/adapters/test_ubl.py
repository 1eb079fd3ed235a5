"""Orders of public bodies, as NSO and Peppol carry them: what is read is valid by the official schema, and
what can't be taken says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from erp_bridge.adapters.mappings import connector_mapping
from erp_bridge.adapters.ubl import Ubl
from erp_bridge.application.ports import Rejected
from erp_bridge.domain.received_order import ReceivedOrder, read_order
from optima_local.ubl import ubl_schema

ORDER = Path(__file__).with_name("ubl").joinpath("ordine-nso.xml").read_text("utf-8")
MAPPING = connector_mapping("ubl.yaml").of("received_order")

Change = Callable[[str], str]


def without(pattern: str) -> Change:
    return lambda text: re.sub(pattern, "", text, flags=re.DOTALL)


def instead(old: str, new: str) -> Change:
    return lambda text: text.replace(old, new)


def read(text: str) -> ReceivedOrder:
    file = Ubl.file_format.read("received_order", text.encode(), MAPPING)
    ((record,),) = file.portions(500, skip=0)
    return read_order(MAPPING, record)


@pytest.fixture(scope="session")
def schema() -> Any:
    return etree.XMLSchema(etree.parse(ubl_schema("Order")))


VALID: dict[str, tuple[Change, str, str]] = {
    # What is changed, a field, and what it then is.
    "as it stands": (str, "deadline", "2027-02-15"),
    "day of a line": (
        lambda text: without(r"<cac:Delivery>.*?</cac:Delivery>")(text).replace(
            "<cac:Price>",
            "<cac:Delivery><cac:RequestedDeliveryPeriod><cbc:EndDate>2027-02-20</cbc:EndDate>"
            "</cac:RequestedDeliveryPeriod></cac:Delivery><cac:Price>",
        ),
        "deadline",
        "2027-02-20",
    ),
    "no day of delivery": (without(r"<cac:Delivery>.*?</cac:Delivery>"), "deadline", "2027-03-31"),
    "no VAT number": (
        without(r"<cac:PartyTaxScheme>.*?</cac:PartyTaxScheme>"),
        "customer",
        "07643520567",
    ),
    "VAT number as address": (
        lambda text: without(r"<cac:PartyTaxScheme>.*?</cac:PartyTaxScheme>")(text).replace(
            'schemeID="0201">UFM4R2', 'schemeID="9906">IT07643520567'
        ),
        "customer_vat_number",
        "07643520567",
    ),
    "no type": (without(r"<cbc:OrderTypeCode>.*?</cbc:OrderTypeCode>"), "code", "2026/118"),
    "other prefixes": (
        lambda text: text.replace("cbc:", "b:").replace("xmlns:cbc", "xmlns:b"),
        "code",
        "2026/118",
    ),
    "linked to an agreement": (
        instead(
            "<cac:BuyerCustomerParty>",
            "<cac:OrderDocumentReference><cbc:ID>9#2026-10-01#UFM4R2#Connected</cbc:ID>"
            "</cac:OrderDocumentReference><cac:BuyerCustomerParty>",
        ),
        "code",
        "2026/118",
    ),
}
REFUSED: dict[str, tuple[Change, str, str]] = {
    # What is changed, the code, and a fact of the refusal.
    "no XML": (lambda _: "codice;ragione_sociale\n", "file_not_ubl_order", "no XML"),
    "an invoice": (instead("Order ", "Invoice "), "file_not_ubl_order", "no XML"),
    "no order": (lambda _: "<FatturaElettronica/>", "file_not_ubl_order", "FatturaElettronica"),
    "a DTD": (
        instead('<Order xmlns="', '<!DOCTYPE Order [<!ENTITY x SYSTEM "file:///etc/passwd">]><Order xmlns="'),
        "file_not_ubl_order",
        "DOCTYPE",
    ),
    "no number": (without(r"<cbc:ID>2026/118</cbc:ID>"), "ubl_element_missing", "ID"),
    "no buyer": (
        without(r"<cac:BuyerCustomerParty>.*</cac:BuyerCustomerParty>"),
        "ubl_element_missing",
        "BuyerCustomerParty.Party",
    ),
    "no lines": (without(r"<cac:OrderLine>.*</cac:OrderLine>"), "ubl_element_missing", "OrderLine"),
    "a line without quantity": (
        without(r'<cbc:Quantity unitCode="XBX">3</cbc:Quantity>'),
        "ubl_element_missing",
        "OrderLine[2].Quantity",
    ),
    "a type that is none": (instead(">220<", ">380<"), "ubl_code_unknown", "380"),
    "a unit that is none": (instead('"XBX"', '"SCATOLE"'), "ubl_code_unknown", "SCATOLE"),
    "a revocation": (
        instead(
            "<cac:BuyerCustomerParty>",
            "<cac:OrderDocumentReference><cbc:ID>2026/99#2026-11-02#UFM4R2#Cancelled</cbc:ID>"
            "</cac:OrderDocumentReference><cac:BuyerCustomerParty>",
        ),
        "ubl_order_replaces",
        "2026/99",
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_what_the_official_schema_holds_for_an_order_is_read(schema: Any, name: str) -> None:
    change, field, value = VALID[name]
    text = change(ORDER)
    schema.assertValid(etree.fromstring(text.encode()))
    order = read(text)
    assert (order.problems, order.heading[field]) == ((), value)


def test_an_order_says_who_wants_what() -> None:
    order = read(ORDER)
    assert order.remote_id == "UFM4R2#2026/118#2026-11-20"
    assert order.customer_numbers == ["07643520567", "07643520567"]
    assert order.heading["title"] == "Ordine 2026/118 Azienda Ospedaliera Santa Chiara"
    first, second = order.lines
    assert first == {
        "kind": "22150000-6",
        "description": "Opuscolo «Prevenzione è salute»",
        "quantity": "1200.5",
        "unit": "pz",
    }
    assert (second["kind"], second["unit"]) == ("fornitura", "scatole")


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_taken_says_why(name: str) -> None:
    change, code, fact = REFUSED[name]
    with pytest.raises(Rejected) as refused:
        read(change(ORDER))
    assert (refused.value.code, fact in refused.value.facts.values()) == (code, True)


def test_what_the_official_schema_refuses_of_what_we_read_is_refused_here(schema: Any) -> None:
    """Without any one of the elements that the schema demands."""
    for element in ("ID", "IssueDate", "BuyerCustomerParty", "SellerSupplierParty", "OrderLine"):
        root = etree.fromstring(ORDER.encode())
        for each in root.findall(f"{{*}}{element}"):
            root.remove(each)
        assert not schema.validate(root)
        with pytest.raises(Rejected):
            read(etree.tostring(root, encoding="unicode"))
