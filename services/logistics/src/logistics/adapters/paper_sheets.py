"""The content of pick lists, packing lists and package labels: every text as it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from ..application.read.papers import Printable
from ..domain.document_types import DocumentType
from ..domain.parties import Party
from ..domain.places import Pick
from .barcodes import gs1_128, qr
from .ddt_sheet import Sheet, italian_date, italian_number, party_sheet, showable, spaced, weight_text


def pick_list(printable: Printable) -> Sheet:
    """Build a list of the goods to gather, with a box to tick for each line."""
    whole = {**_shipment(printable), "lines": _picks(printable)}
    shown: Sheet = showable({"kind": "pick_list", **whole})
    return shown


def _picks(printable: Printable) -> list[Sheet]:
    """Return the lines in the order of a walk through the locations, first goods without a location."""
    row = printable.row
    picked: dict[UUID, Decimal] = {}
    lines: list[tuple[Pick, Decimal]] = []
    for pick in printable.picks:
        picked[pick.job_id] = picked.get(pick.job_id, Decimal(0)) + pick.quantity
        lines.append((pick, pick.quantity))
    for line in row.shipment.lines:
        if (rest := line.quantity - picked.get(line.job_id, Decimal(0))) > 0:
            lines.append((Pick(line.job_id, rest), rest))
    goods = row.goods
    lines.sort(
        key=lambda each: (
            each[0].location,
            goods[each[0].job_id].code or "",
            goods[each[0].job_id].description,
            each[0].lot,
        )
    )
    return [
        {
            "code": goods[pick.job_id].code,
            "description": goods[pick.job_id].description,
            "place": _place(pick),
            "unit": goods[pick.job_id].unit,
            "quantity": italian_number(quantity),
        }
        for pick, quantity in lines
    ]


def _place(pick: Pick) -> str | None:
    until = f" (scad. {italian_date(pick.expires_on)})" if pick.expires_on else ""
    said = [
        f"Ubicazione {pick.location}" if pick.location else "",
        f"Lotto {pick.lot}{until}" if pick.lot else "",
    ]
    return " · ".join(filter(None, said)) or None


def packing_list(printable: Printable) -> Sheet:
    """Build the common packing list of all packages, in Italian and English."""
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


def labels(printable: Printable, wanted: range) -> list[Sheet]:
    """Build a label for each wanted package, with its SSCC, if it has one, and a QR code that names shipment
    and package."""
    shipment = printable.row.shipment
    common = _shipment(printable)
    packages = shipment.transport.packages or 0
    sheets: list[Sheet] = []
    for position in printable.packages_of(wanted):
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
                "place": None,
                "unit": row.goods[line.job_id].unit,
                "quantity": italian_number(line.quantity),
            }
            for line in shipment.lines
        ],
    }


def _party(party: Party | None, code: str = "") -> Sheet:
    """Show a place; if it is no longer in the lookup table, only its code."""
    return party_sheet(party) if party else {"name": code, "street": "", "city": "", "taxes": None}
