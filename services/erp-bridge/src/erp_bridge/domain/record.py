"""A record of master data or of a lookup table in the state last agreed with the ERPs, and its checks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from .conflict import Edit
from .entities import FIELDS, Entity
from .mapping import Fields
from .party import Checks, check_party
from .texts import check_texts

_RATE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,9})?) ?%?")
_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Record:
    record_id: UUID
    entity: Entity
    code: str
    """Our code: unique among the tenant's records of the entity, and never changed. Each ERP's own code is
    stored on the link to it."""
    fields: Fields
    active: bool
    updated_at: datetime
    edits: Mapping[str, Edit]
    """Fields that were changed here, and to which no ERP has agreed yet."""
    version: int


def checked(
    entity: Entity, mapped: Fields, known: Fields | None, checks: Checks
) -> tuple[Fields, list[Refusal]]:
    """Return the record's fields with the mapped values applied, and notices of accepted values that a person
    should check.

    Fields that were not mapped keep their known values. Raises Violations with everything that is wrong.
    """
    fields: Fields = {
        name: mapped[name] if name in mapped else (known or {}).get(name) for name in FIELDS[entity]
    }
    if mapped.get("payment_terms") and "payment_method" not in mapped and "payment_method" in fields:
        # New terms may mean another method: the known one belonged to the previous terms.
        fields["payment_method"] = None
    notices: list[Refusal] = []
    problems = check_texts(fields)
    if entity in ("customer", "supplier"):
        problems += check_party(fields, checks, notices)
    elif not fields["code"]:
        problems.append(Invalid("value_missing", field="code"))
    if entity == "bank":
        problems += _check_bank(fields, checks)
    if entity == "vat_rate":
        problems += _check_rate(fields)
    if problems:
        raise Violations(problems)
    return fields, notices


def _check_bank(fields: Fields, checks: Checks) -> list[Refusal]:
    problems: list[Refusal] = []
    for name, right in (("bic", checks.bic), ("iban", checks.iban)):
        if number := (fields[name] or "").upper().replace(" ", ""):
            fields[name] = number
            if not right(number):
                problems.append(Invalid(f"{name}_wrong", field=name, text=number[:40]))
    return problems


def _check_rate(fields: Fields) -> list[Refusal]:
    """Normalise a VAT rate to percent, whether it came as "22,00", "22%" or as a spreadsheet's fraction
    "0.22"."""
    if not (text := fields["rate"]):
        return []
    found = _RATE.fullmatch(text)
    rate = Decimal(found[1]) if found else Decimal(-1)
    if not 0 <= rate <= 100:
        return [Invalid("rate_wrong", field="rate", text=text[:40])]
    if 0 < rate < 1:  # no law has a VAT rate below 1%, so this is a fraction
        rate *= 100
    fields["rate"] = f"{rate.normalize():f}"
    return []


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the hexadecimal SHA-256 of the content's JSON with sorted keys."""
    return hashlib.sha256(_canonical(content).encode()).hexdigest()
