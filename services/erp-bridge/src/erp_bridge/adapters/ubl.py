"""The connector for UBL 2.1, as NSO and Peppol transport it: it reads orders of public bodies and writes
electronic DDTs.

An order is one file with any name. Its required elements and permitted codes are those of Peppol BIS Ordering
3; tests compare what is read here with the official schema. The electronic DDT comes complete from the
logistics service, with the DDT's issue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from lxml import etree

from ..application.ports import Rejected
from ..domain.connection import Description, Setting
from ..domain.documents import OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from ..domain.mapping import EntityMapping
from ..domain.received_order import LINES
from .capabilities import read_from_files, written_to_files
from .folder import FolderConnector, RecordFile

ORDER: Final = "urn:oasis:names:specification:ubl:schema:xsd:Order-2"
ORDER_TYPES: Final = frozenset({"105", "220", "224", "227"})
"""Codes of UN/CEFACT list 1001: purchase order, order, rush order, consignment order."""
FISCAL_CODE_SCHEMES: Final = frozenset({"0210", "9907", "IT:CF"})
VAT_SCHEMES: Final = frozenset({"0211", "9906", "IT:VAT"})
"""Schemes that mark an Italian VAT number: from ISO 6523 and from the old and new list of electronic address
schemes (EAS)."""
NEEDED: Final = ("ID", "IssueDate", "BuyerCustomerParty.Party", "SellerSupplierParty.Party")
NEEDED_OF_LINE: Final = ("ID", "Quantity", "Quantity@unitCode", "Item.Name")
REVOKED_OR_REPLACED: Final = ("cancelled", "revised")
"""The last parts of NSO's structured reference to an earlier order, as in
"12#2026-11-24#UFABC1#Cancelled"."""

DESCRIPTION: Final = Description(
    key="ubl",
    name="UBL 2.1 (NSO, Peppol)",
    proven="recorded",
    settings=(Setting("folder", exclusive=True),),
    capabilities=(
        # An order is identified by its sender, number and day.
        replace(read_from_files("received_order"), identity="id", natural_keys=()),
        written_to_files("ddt", "create", cannot_carry=("cancellation", "goods that came back")),
    ),
)


class _Ubl:
    """Implements `folder.FileFormat`."""

    incoming: Mapping[Entity, str] = {"received_order": "[^.]"}
    endings: str = "xml"
    ending: str = "xml"
    cancels: bool = False

    def read(self, entity: Entity, content: bytes, mapping: EntityMapping) -> RecordFile:
        return _OrderFile(content, mapping)

    def write(self, document: OutgoingDocument, before: bytes | None) -> bytes:
        if document.despatch_advice is None:
            raise Rejected("despatch_advice_incomplete", number=document.number)
        return document.despatch_advice.encode()


class Ubl(FolderConnector):
    """Implements `ports.Connector`."""

    description = DESCRIPTION
    mapping_file = "ubl.yaml"
    file_format = _Ubl()


class _OrderFile:
    """One order. Implements `folder.RecordFile`."""

    dialect = "UBL 2.1"
    unknown = ()
    rows = 1

    def __init__(self, content: bytes, mapping: EntityMapping) -> None:
        self.header = mapping.columns()
        self._record = _record(_root(content), mapping)

    def portions(self, size: int, *, skip: int) -> Iterator[list[RemoteRecord]]:
        if skip == 0:
            yield [self._record]


def _root(content: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise Rejected("file_not_ubl_order", found="no XML") from None
    if root.getroottree().docinfo.doctype:
        raise Rejected("file_not_ubl_order", found="DOCTYPE")
    if root.tag != f"{{{ORDER}}}Order":
        raise Rejected("file_not_ubl_order", found=etree.QName(root).localname[:40])
    return root


def _record(root: Any, mapping: EntityMapping) -> RemoteRecord:
    """Read an order. Raises Rejected for missing elements, for unknown codes, and for orders that only a
    person can handle."""
    order = _nested(root)
    _needs(order, NEEDED)
    number, day = _at(order, "ID"), _at(order, "IssueDate")
    kind = _at(order, "OrderTypeCode")
    if kind and kind not in ORDER_TYPES:
        raise Rejected("ubl_code_unknown", element="OrderTypeCode", found=kind[:40])
    for reference in root.findall("{*}OrderDocumentReference/{*}ID"):
        *_, ends = (reference.text or "").casefold().split("#")
        if ends in REVOKED_OR_REPLACED:
            other = (reference.text or "").partition("#")[0]
            raise Rejected("ubl_order_replaces", number=number[:40], other=other[:40])
    items = [_nested(each) for each in root.findall("{*}OrderLine/{*}LineItem")]
    unit_field = mapping.fields["unit"]
    units = {code for ours in unit_field.code_map for code in unit_field.remote_codes(ours)}
    for position, item in enumerate(items, 1):
        _needs(item, NEEDED_OF_LINE, f"OrderLine[{position}].")
        if (unit := _at(item, "Quantity@unitCode")) not in units:
            raise Rejected("ubl_code_unknown", element=f"OrderLine[{position}] Quantity", found=unit[:40])
    if not items:
        raise Rejected("ubl_element_missing", element="OrderLine")
    party = root.find("{*}BuyerCustomerParty/{*}Party")
    vat, fiscal_code = _tax_numbers(party)
    endpoint = (party.findtext("{*}EndpointID") or "").strip()
    buyer = _at(order, "BuyerCustomerParty.Party.PartyLegalEntity.RegistrationName")
    found = {
        "buyer": vat or fiscal_code or endpoint,
        "buyer_vat_number": vat,
        "buyer_fiscal_code": fiscal_code,
        "title": " ".join(filter(None, ("Ordine", number, buyer)))[:200],
        "deadline": _deadline(root) or "",
    }
    # An order is identified by its sender, number and date.
    remote_id = "#".join((endpoint or vat or fiscal_code, number, day))
    return RemoteRecord({**order, **found, LINES: items}, remote_id=remote_id, line=root.sourceline)


def _deadline(root: Any) -> str | None:
    """Return the last requested delivery day of the order or else of its lines; if there is none, the end of
    the order's validity."""
    for path in (
        "{*}Delivery/{*}RequestedDeliveryPeriod/{*}EndDate",
        "{*}OrderLine/{*}LineItem/{*}Delivery/{*}RequestedDeliveryPeriod/{*}EndDate",
        "{*}ValidityPeriod/{*}EndDate",
    ):
        days: list[str] = [each.text.strip()[:10] for each in root.findall(path) if each.text]
        if days:
            return max(days)
    return None


def _tax_numbers(party: Any) -> tuple[str, str]:
    """Return Partita IVA and Codice Fiscale from any element of the party that may hold them."""
    vat = (party.findtext("{*}PartyTaxScheme/{*}CompanyID") or "").strip()
    fiscal_code = ""
    for path in ("{*}EndpointID", "{*}PartyIdentification/{*}ID", "{*}PartyLegalEntity/{*}CompanyID"):
        for each in party.findall(path):
            scheme, number = each.get("schemeID"), (each.text or "").strip()
            if scheme in VAT_SCHEMES:
                vat = vat or number
            elif scheme in FISCAL_CODE_SCHEMES:
                fiscal_code = fiscal_code or number
    return vat.upper().removeprefix("IT"), fiscal_code.upper().removeprefix("IT")


def _nested(element: Any) -> dict[str, Any]:
    """Return elements by name, and attributes by name behind an @. Of repeated elements the first is
    taken."""
    found: dict[str, Any] = {}
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        if name in found:
            continue
        found[name] = _nested(child) if len(child) else (child.text or "").strip()
        for attribute, value in child.attrib.items():
            found[f"{name}@{attribute}"] = value.strip()
    return found


def _at(values: Mapping[str, Any], path: str) -> str:
    found: Any = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def _needs(values: Mapping[str, Any], paths: tuple[str, ...], where: str = "") -> None:
    for path in paths:
        found: Any = values
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if not found:
            raise Rejected("ubl_element_missing", element=f"{where}{path}")
