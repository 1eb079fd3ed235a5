"""What stands on pick lists, packing lists and labels of packages: every text as it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ..application.read.papers import Printable
from ..domain.document_types import DocumentType
from ..domain.parties import Party
from .barcodes import gs1_128, qr
from .ddt_sheet import Sheet, italian_date, italian_number, party_sheet, showable, weight_text


def pick_list(printable: Printable) -> Sheet:
    """What is to be brought together, by code, with a box to tick for each line."""
    shown: Sheet = showable({"kind": "pick_list", **_shipment(printable)})
    lines = sorted(shown["lines"], key=lambda line: (line["code"] or "", line["description"]))
    return {**shown, "lines": lines}


def packing_list(printable: Printable) -> Sheet:
    """What the packages hold together, in Italian and English."""
    transport = printable.row.shipment.transport
    shown: Sheet = showable(
        {
            "kind": "packing_list",
            **_shipment(printable),
            "gross_weight": weight_text(transport.gross_weight_kg),
            "net_weight": weight_text(transport.net_weight_kg),
            "numbers": [spaced(number) for number in printable.numbers],
        }
    )
    return shown


def labels(printable: Printable) -> list[Sheet]:
    """One for each package: by its SSCC, where it has one, and a QR code that names shipment and package."""
    shipment = printable.row.shipment
    common = _shipment(printable)
    packages = shipment.transport.packages or 0
    sheets: list[Sheet] = []
    for position in range(1, packages + 1):
        number = printable.numbers[position - 1] if position <= len(printable.numbers) else None
        shown: Sheet = showable({"kind": "label", **common, "package": f"{position} / {packages}"})
        sheets.append(
            {
                **shown,
                "sscc": spaced(number) if number else None,
                "bars": gs1_128(number) if number else None,
                "qr": qr(f"{shipment.shipment_id}/{position}"),
            }
        )
    return sheets


def spaced(sscc: str) -> str:
    """As people read it, beneath its bars."""
    return "(00) " + " ".join(sscc[place : place + 6] for place in range(0, len(sscc), 6))


def paper(title: str, printable: Sequence[Printable], papers: list[Sheet]) -> Sheet:
    sender = next((each.sender for each in printable if each.sender), None)
    author = showable(sender.identity.name) if sender else ""
    return {"title": title, "author": author, "despatch_advice": None, "papers": papers}


def _shipment(printable: Printable) -> Sheet:
    row = printable.row
    shipment, transport = row.shipment, row.shipment.transport
    kind = row.lookups.get(DocumentType, shipment.document_type)
    return {
        "number": row.ddt.number if row.ddt else None,
        "date": italian_date(row.ddt.issue_date) if row.ddt else None,
        "sender": _party(printable.sender.identity if printable.sender else None),
        "departure": _party(printable.departure, shipment.warehouse),
        "delivery_address": _party(printable.delivery_address, shipment.destination),
        "reason": kind.text if kind else None,
        "order": row.order_number or None,
        "customer_reference": transport.customer_reference,
        "packages": None if transport.packages is None else italian_number(Decimal(transport.packages)),
        "notes": transport.notes,
        "lines": [
            {
                "code": row.goods[line.job_id].code,
                "description": row.goods[line.job_id].description,
                "unit": row.goods[line.job_id].unit,
                "quantity": italian_number(line.quantity),
            }
            for line in shipment.lines
        ],
    }


def _party(party: Party | None, code: str = "") -> Sheet:
    """Of a place that is kept no more, its code alone."""
    return party_sheet(party) if party else {"name": code, "street": "", "city": "", "taxes": None}
