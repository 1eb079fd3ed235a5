"""A transport document as an electronic DDT: UBL 2.1 DespatchAdvice in AgID's profile.

Source: Peppol BIS Despatch Advice 3 with AgID's extension for the Documento di Trasporto 3.1. The rules named
here (IT-T16-…, PEPPOL-T16-…) are those of its published Schematron.
"""

from __future__ import annotations

import re

# This module writes XML and reads none.
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from optima_contracts.quantities import quantity_text
from optima_kit.refusals import Invalid, Refusal, Term, Violations

from ..domain.ddt import Document, DocumentLine, DocumentLot
from ..domain.parties import Party, address_gaps, identity_gaps

UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2"
CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CUSTOMIZATION: Final = (
    "urn:fdc:peppol.eu:poacc:trns:despatch_advice:3:extended:urn:www.agid.gov.it:trns:ddt:3.1"
)
PROFILE: Final = "urn:fdc:peppol.eu:poacc:bis:despatch_advice:3"
NONE: Final = "NA"
"""The value of an identifier that UBL requires and the party does not have."""

OFFICE, VAT_NUMBER, FISCAL_CODE = "0201", "0211", "0210"
"""Schemes of identifiers, from ISO 6523 and the list of electronic addresses (EAS)."""

_WRITTEN: Final = {
    "H87": "pz pezzo pezzi pc pcs copia copie esemplari",
    "C62": "n n° nr num cad cadauno u unità unita",
    "KGM": "kg chilogrammi",
    "HGM": "hg",
    "GRM": "g gr",
    "DTN": "q qli quintali",
    "TNE": "t ton tonnellate",
    "KMT": "km",
    "MTR": "m mt metri",
    "CMT": "cm",
    "MMT": "mm",
    "MTK": "mq m2 m²",
    "MTQ": "mc m3 m³",
    "LTR": "l lt litri",
    "HLT": "hl",
    "CLT": "cl",
    "SET": "set kit serie",
    "PR": "paia paio coppie coppia cp",
    "DZN": "dozzine dozzina dz",
    "ST": "fogli foglio fg",
    "RM": "risme risma",
    "HUR": "h ore ora",
    "DAY": "gg giorni giorno",
    "MON": "mesi mese",
    "XPK": "conf confezione confezioni cf colli collo pacchi pacco",
    "XBX": "scatole scatola scat",
    "XCT": "cartoni cartone ct crt",
    "XRO": "rotoli rotolo",
    "XPX": "bancali bancale pallet plt",
    "XSA": "sacchi sacco",
    "XBG": "sacchetti sacchetto",
    "XEN": "buste busta",
    "XDR": "fusti fusto",
    "XCS": "casse cassa",
}
"""The units that warehouses count in: codes of UN/ECE Recommendations 20 and 21 (with an X in front), and how
people write them. "ml" is missing because some mean millilitres and others metres."""
UNIT_CODES: Final = {name: code for code, names in _WRITTEN.items() for name in names.split()}
_NOT_FOR_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def unit_code(unit: str) -> str | None:
    """Return the code of a unit, or None. "Pz.", "pz" and "p.z." are the same unit."""
    return UNIT_CODES.get(unit.casefold().replace(".", "").strip())


def gaps(document: Document) -> Iterable[Refusal]:
    """Yield what an electronic document must state and a paper one may leave out (IT-T16-R002)."""
    if document.gross_weight_kg is None:
        yield Invalid("despatch_gross_weight_missing", field="gross_weight_kg")
    if document.packages is None:
        yield Invalid("despatch_packages_missing", field="packages")
    named = {"sender": document.sender, "recipient": document.recipient}
    named |= {"carrier": document.carrier} if document.carrier else {}
    for name, party in (*named.items(), ("delivery_address", document.delivery_address)):
        missing = address_gaps(party) if name in ("delivery_address", "carrier") else identity_gaps(party)
        if not party.province and "province" not in missing:
            missing = [*missing, "province"]
        for gap in missing:
            yield Invalid("despatch_party_incomplete", field=f"{name}.{gap}", missing=Term(gap))
    for name in ("sender", "recipient"):
        if named[name].country != "IT":
            yield Invalid("despatch_party_foreign", field=f"{name}.country", country=named[name].country)
    for index, line in enumerate(document.lines):
        if unit_code(line.unit) is None:
            yield Invalid("despatch_unit_unknown", field=f"lines[{index}].unit", unit=line.unit)


def despatch_advice(document: Document) -> bytes:
    """Write the XML, the same bytes for the same document. Raises everything that the document lacks at
    once."""
    if missing := list(gaps(document)):
        raise missing[0] if len(missing) == 1 else Violations(missing)
    ET.register_namespace("", UBL)
    ET.register_namespace("cac", CAC)
    ET.register_namespace("cbc", CBC)
    root = ET.Element(f"{{{UBL}}}DespatchAdvice")
    zone = ZoneInfo(document.time_zone)
    _text(root, "CustomizationID", CUSTOMIZATION)
    _text(root, "ProfileID", PROFILE)
    _text(root, "ID", document.number)
    _text(root, "IssueDate", document.issue_date.isoformat())
    _text(root, "IssueTime", f"{document.issued_at.astimezone(zone):%H:%M:%S}")
    _text(root, "Note", ". ".join(each for each in (f"Causale: {document.reason}", document.notes) if each))
    if order := document.customer_reference or document.order_number:
        _text(_part(root, "OrderReference"), "ID", order)
    sender = _part(root, "DespatchSupplierParty", "Party")
    _endpoint(sender, document.sender)
    _address(sender, document.sender)
    _text(_part(sender, "PartyLegalEntity"), "RegistrationName", document.sender.name)
    there = _part(root, "DeliveryCustomerParty", "Party")
    _endpoint(there, document.recipient)
    _address(there, document.delivery_address)
    _text(_part(there, "PartyLegalEntity"), "RegistrationName", document.delivery_address.name)
    buyer = _part(root, "BuyerCustomerParty", "Party")
    _name(buyer, document.recipient)
    _address(buyer, document.recipient)
    _shipment(root, document, zone)
    for position, (line, quantity, lot) in enumerate(_despatched(document), 1):
        said = _part(root, "DespatchLine")
        _text(said, "ID", str(position))
        unit = unit_code(line.unit)
        assert unit is not None
        _text(said, "DeliveredQuantity", quantity_text(quantity), unitCode=unit)
        reference = _part(said, "OrderLineReference")
        _text(reference, "LineID", NONE)
        if line.order_number:
            _text(_part(reference, "OrderReference"), "ID", line.order_number)
        item = _part(said, "Item")
        _text(item, "Name", line.description)
        _text(_part(item, "SellersItemIdentification"), "ID", line.code or str(line.job_id))
        if lot:
            identified = _part(item, "ItemInstance", "LotIdentification")
            _text(identified, "LotNumberID", lot.lot)
            if lot.expires_on:
                _text(identified, "ExpiryDate", lot.expires_on.isoformat())
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _despatched(document: Document) -> Iterable[tuple[DocumentLine, Decimal, DocumentLot | None]]:
    """Yield a line for each lot, because UBL states the lots of a line but not how much of each."""
    for line in document.lines:
        for lot in line.lots:
            yield line, lot.quantity, lot
        if (rest := line.quantity - sum((lot.quantity for lot in line.lots), Decimal(0))) > 0:
            yield line, rest, None


def despatch_advice_if_complete(document: Document) -> str | None:
    return None if any(gaps(document)) else despatch_advice(document).decode()


def _shipment(root: ET.Element, document: Document, zone: ZoneInfo) -> None:
    shipment = _part(root, "Shipment")
    _text(shipment, "ID", NONE)
    outside = f"Aspetto esteriore: {document.appearance}" if document.appearance else ""
    freight = f"Porto: {document.freight}" if document.freight else ""
    told = [f"Trasporto a cura del {document.transport_by}", freight, outside]
    _text(shipment, "Information", ". ".join(filter(None, told)))
    weight = document.gross_weight_kg or Decimal(0)
    _text(shipment, "GrossWeightMeasure", quantity_text(weight), unitCode="KGM")
    _text(shipment, "TotalTransportHandlingUnitQuantity", str(document.packages))
    if document.carrier:
        consignment = _part(shipment, "Consignment")
        _text(consignment, "ID", NONE)
        carrier = _part(consignment, "CarrierParty")
        _name(carrier, document.carrier)
        _address(carrier, document.carrier)
    if document.departure or document.starts_at:
        despatch = _part(shipment, "Delivery", "Despatch")
        if document.starts_at:
            begins = document.starts_at.astimezone(zone)
            _text(despatch, "ActualDespatchDate", f"{begins:%Y-%m-%d}")
            _text(despatch, "ActualDespatchTime", f"{begins:%H:%M:%S}")
        if document.departure:
            _address(despatch, document.departure, "DespatchAddress")
    for number in document.package_numbers:
        _text(_part(shipment, "TransportHandlingUnit"), "ID", number)


def _endpoint(party: ET.Element, who: Party) -> None:
    """Add the electronic address; for a public body it is the office that receives the document."""
    if who.office_code:
        _text(party, "EndpointID", who.office_code, schemeID=OFFICE)
    elif who.vat_number:
        number = who.vat_number.removeprefix("IT")
        _text(party, "EndpointID", f"IT{number}", schemeID=VAT_NUMBER)
    else:
        _text(party, "EndpointID", who.fiscal_code or "", schemeID=FISCAL_CODE)


def _name(party: ET.Element, who: Party) -> None:
    _text(_part(party, "PartyName"), "Name", who.name)


def _address(parent: ET.Element, where: Party, name: str = "PostalAddress") -> None:
    address = _part(parent, name)
    _text(address, "StreetName", where.street)
    _text(address, "CityName", where.city)
    _text(address, "PostalZone", where.postal_code)
    if where.province:
        _text(address, "CountrySubentity", where.province)
    _text(_part(address, "Country"), "IdentificationCode", where.country)


def _part(parent: ET.Element, *names: str) -> ET.Element:
    for name in names:
        parent = ET.SubElement(parent, f"{{{CAC}}}{name}")
    return parent


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    """Add a text. Characters that XML can't hold are replaced by the replacement character."""
    ET.SubElement(parent, f"{{{CBC}}}{name}", attributes).text = _NOT_FOR_XML.sub("\ufffd", text)
