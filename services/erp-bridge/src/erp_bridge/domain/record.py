"""A record of master data or of a lookup table, as last agreed with the ERPs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as Codes
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from .conflict import Edit
from .entities import FIELDS, Entity
from .mapping import Fields
from .party import check_party
from .texts import check_texts

_RATE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,9})?) ?%?")
_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Record:
    record_id: UUID
    entity: Entity
    code: str
    """Ours: unique among the entity's records of the tenant, and the same for good. ERPs have their own,
    which stands on the link to each."""
    fields: Fields
    active: bool
    updated_at: datetime
    edits: Mapping[str, Edit]
    """Fields that were changed here, and to which no ERP has agreed yet."""
    version: int


@dataclass(frozen=True, slots=True)
class Checks:
    """What is right in Italy and abroad, as the checking libraries and tables know it."""

    vat_number: Callable[[str], bool]
    fiscal_code: Callable[[str], bool]
    foreign_vat_number: Callable[[str, str], bool]
    """(country, number)."""
    country_of_vat_number: Callable[[str], str | None]
    """Of a number that says so by its first letters, and is right."""
    country: Callable[[str], str | None]
    """The code of two letters, of one or of a name."""
    province: Callable[[str], str | None]
    """The code of two letters, of a name."""
    payment_methods: Codes[str]
    bic: Callable[[str], bool]
    iban: Callable[[str], bool]


def checked(
    entity: Entity, mapped: Fields, known: Fields | None, checks: Checks
) -> tuple[Fields, list[Refusal]]:
    """The record's fields after what was mapped, and what a person should look at although it was taken.

    What is not mentioned stays as known. Raises Violations with everything that is wrong of it at once.
    """
    fields: Fields = {
        name: mapped[name] if name in mapped else (known or {}).get(name) for name in FIELDS[entity]
    }
    if mapped.get("payment_terms") and "payment_method" not in mapped and "payment_method" in fields:
        # Other terms, another method: the one that is known went with the terms before.
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
    """Percent, whether it came as "22,00", "22%" or as the fraction that spreadsheets keep of it."""
    if not (text := fields["rate"]):
        return []
    found = _RATE.fullmatch(text)
    rate = Decimal(found[1]) if found else Decimal(-1)
    if not 0 <= rate <= 100:
        return [Invalid("rate_wrong", field="rate", text=text[:40])]
    if 0 < rate < 1:  # of no law's
        rate *= 100
    fields["rate"] = f"{rate.normalize():f}"
    return []


def content_hash(content: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of the content's JSON with its keys sorted."""
    return hashlib.sha256(_canonical(content).encode()).hexdigest()
