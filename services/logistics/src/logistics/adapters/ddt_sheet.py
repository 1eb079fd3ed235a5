"""The content of a printed transport document: every text as it is printed, in Italian."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from ..domain.ddt import Document, DocumentLot
from ..domain.parties import Party

Sheet = dict[str, Any]
"""JSON for the template: texts, lists, objects of texts, and None for what the document leaves out."""


_NUMBERS = 30
"""The most package numbers that are printed."""


def ddt_sheet(document: Document, voided_because: str | None) -> Sheet:
    """Build the sheet. Its texts are plain: the template shows them and never reads them as markup."""
    sheet: Sheet = {
        "kind": "ddt",
        "number": document.number,
        "date": italian_date(document.issue_date),
        "sender": party_sheet(document.sender),
        "recipient": party_sheet(document.recipient),
        "delivery_address": party_sheet(document.delivery_address),
        "reason": document.reason,
        "transport_by": document.transport_by.capitalize(),
        "carrier": party_sheet(document.carrier) if document.carrier else None,
        "freight": document.freight.capitalize() if document.freight else None,
        "appearance": document.appearance,
        "packages": None if document.packages is None else italian_number(Decimal(document.packages)),
        "gross_weight": weight_text(document.gross_weight_kg),
        "net_weight": weight_text(document.net_weight_kg),
        "package_numbers": _package_numbers(document),
        "departure": party_sheet(document.departure) if document.departure else None,
        "customer_reference": document.customer_reference,
        "starts_at": _moment(document.starts_at, document.time_zone) if document.starts_at else None,
        "notes": document.notes,
        "order": document.order_number or ", ".join(_orders(document)) or None,
        "replaces": document.replaces_number,
        "lines": [
            {
                "position": str(position),
                "code": line.code,
                "description": line.description
                + (f" – Ordine {line.order_number}" if line.order_number else ""),
                "lots": [_lot(lot) for lot in line.lots],
                "unit": line.unit,
                "quantity": italian_number(line.quantity),
            }
            for position, line in enumerate(document.lines, 1)
        ],
        "voided_because": voided_because,
    }
    shown: Sheet = showable(sheet)
    return shown


def _package_numbers(document: Document) -> list[str]:
    """Return as many package numbers as fit. The packing list has all of them."""
    numbers = [spaced(number) for number in document.package_numbers[:_NUMBERS]]
    return [*numbers, "…"] if len(document.package_numbers) > _NUMBERS else numbers


def spaced(sscc: str) -> str:
    """Return an SSCC as it is printed below its bars."""
    return "(00) " + " ".join(sscc[place : place + 6] for place in range(0, len(sscc), 6))


def _lot(lot: DocumentLot) -> str:
    until = f" – scad. {italian_date(lot.expires_on)}" if lot.expires_on else ""
    return f"Lotto {lot.lot}{until}: {italian_number(lot.quantity)}"


def _orders(document: Document) -> list[str]:
    """Return the numbers of several orders, each once."""
    return list(dict.fromkeys(line.order_number for line in document.lines if line.order_number))


def italian_date(day: date) -> str:
    return f"{day.day:02}/{day.month:02}/{day.year}"


def italian_number(value: Decimal) -> str:
    """Return a number such as "1.500" or "184,5": dots between thousands, a comma before decimals, no
    needless zeros."""
    text = f"{value.normalize():,f}"
    return text.translate(str.maketrans(",.", ".,"))


def weight_text(kilograms: Decimal | None) -> str | None:
    return None if kilograms is None else f"{italian_number(kilograms)} kg"


def _moment(at: datetime, time_zone: str) -> str:
    there = at.astimezone(ZoneInfo(time_zone))
    return f"{italian_date(there.date())} ore {there.hour:02}:{there.minute:02}"


def party_sheet(party: Party) -> Sheet:
    """Return name, address and tax numbers, each as one line."""
    city = f"{party.postal_code} {party.city}".strip()
    if party.province:
        city += f" ({party.province})"
    if party.country != "IT":
        city += f" · {party.country}"
    return {"name": party.name, "street": party.street, "city": city, "taxes": _taxes(party)}


def _taxes(party: Party) -> str | None:
    vat_number, fiscal_code = party.vat_number, party.fiscal_code
    if vat_number and vat_number == fiscal_code:
        known = [f"P. IVA e C.F. {vat_number}"]
    else:
        known = [f"P. IVA {vat_number}"] if vat_number else []
        known += [f"C.F. {fiscal_code}"] if fiscal_code else []
    if party.office_code:
        known.append(f"Ufficio {party.office_code}")
    return " · ".join(known) or None


def showable(value: Any) -> Any:
    """Return the value with accents composed and characters that the fonts lack replaced: PDF/A allows no
    missing glyph."""
    if isinstance(value, str):
        shown = coverage()
        text = " ".join(unicodedata.normalize("NFC", value).split())
        return "".join(character if ord(character) in shown else "?" for character in text)
    if isinstance(value, list):
        return [showable(item) for item in value]
    if isinstance(value, dict):
        return {name: showable(item) for name, item in value.items()}
    return value


@cache
def coverage() -> frozenset[int]:
    """The characters that the document's fonts can show, from fonts/coverage.txt."""
    shown: set[int] = set()
    for line in files(__package__).joinpath("fonts/coverage.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            first, _, last = line.partition("-")
            shown.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(shown)
