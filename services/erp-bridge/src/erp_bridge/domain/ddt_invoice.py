"""Records by which an ERP says that it has invoiced a DDT of ours, or has credited the invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal

from .entities import Entity
from .import_plan import ReadRecord
from .texts import check_texts

INVOICED: Final[Entity] = "ddt_invoice"
_ID_LENGTH: Final = 36


@dataclass(frozen=True, slots=True)
class SentDdt:
    """A DDT that was sent to an ERP."""

    shipment_id: UUID
    number: str
    correlation_id: UUID
    voided: bool
    content_hash: str | None
    """Hash of what the ERP last said about the DDT's invoice. None if it has not invoiced the DDT, or has
    withdrawn the invoice."""


def check_invoice(read: ReadRecord, ddt: SentDdt | None) -> list[Refusal]:
    """Return everything that is wrong with the record. `ddt` is the DDT with this number that was sent to the
    ERP."""
    if read.problem is not None:
        return [read.problem]
    fields = read.mapped
    credited = bool(fields.get("credit_note_number"))
    needed = ["code"] if credited else ["code", "invoice_number"]
    problems: list[Refusal] = [
        Invalid("value_missing", field=name) for name in needed if not fields.get(name)
    ]
    problems += check_texts(fields)
    for kind in ("invoice", "credit_note"):
        if (kind == "invoice" and not credited) or fields.get(f"{kind}_number"):
            try:
                date.fromisoformat(fields.get(f"{kind}_date") or "")
            except ValueError:
                problems.append(Invalid("value_missing", field=f"{kind}_date"))
    if number := fields.get("code"):
        if ddt is None:
            problems.append(Invalid("ddt_not_sent", field="code", number=number[:64]))
        elif ddt.voided:
            problems.append(Invalid("ddt_is_void", field="code", number=number[:64]))
    return problems


def shipment_id_in(code: str) -> UUID | None:
    """Return the shipment's id if the code is one. An ERP that stores our ids names a DDT by its shipment's
    id, any other by the DDT's number."""
    try:
        return UUID(code) if len(code) == _ID_LENGTH else None
    except ValueError:
        return None
