"""A customer as the ERP tells of them, and what must be true of the row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as Codes
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from .payment_terms import parse_payment_terms


@dataclass(frozen=True, slots=True)
class CustomerFields:
    """What the ERP owns of a customer."""

    code: str
    name: str
    vat_number: str | None
    fiscal_code: str | None
    street: str
    postal_code: str
    city: str
    province: str
    payment_method: str | None
    payment_terms: str | None


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: UUID
    fields: CustomerFields
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Checks:
    """What is right in Italy, as the checking libraries and tables know it."""

    vat_number: Callable[[str], bool]
    fiscal_code: Callable[[str], bool]
    payment_methods: Codes[str]


TEXT_LIMITS = {
    "code": 64,
    "name": 200,
    "street": 200,
    "city": 100,
    "payment_terms": 80,
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def normal_tax_number(text: str) -> str:
    """A Partita IVA or Codice Fiscale without spaces and country prefix ("IT 0764…" → "0764…").

    A Codice Fiscale that begins with the letters IT goes on with letters and keeps them.
    """
    compact = text.upper().replace(" ", "")
    return compact[2:] if re.fullmatch(r"IT\d{11}", compact) else compact


def customer_of(
    record: Mapping[str, str | None], known: CustomerFields | None, checks: Checks
) -> CustomerFields:
    """The customer after this record: what it does not mention stays as known.

    Raises Violations with everything that is wrong of it at once.
    """
    merged: dict[str, str | None] = {
        name: record[name] if name in record else getattr(known, name, None)
        for name in CustomerFields.__dataclass_fields__
    }
    problems: list[Refusal] = []
    for rule in (_texts, _tax_numbers, _address, _payment):
        problems.extend(rule(merged, checks))
    if problems:
        raise Violations(problems)
    # The rules have seen to it that what must be there is.
    return CustomerFields(**merged)  # type: ignore[arg-type]


def without(fields: CustomerFields, known: CustomerFields | None, ours: Codes[str]) -> CustomerFields:
    """`fields` with those that we own left as we know them."""
    if known is None:
        return fields
    return replace(fields, **{name: getattr(known, name) for name in ours})


def _texts(merged: dict[str, str | None], checks: Checks) -> list[Refusal]:
    problems: list[Refusal] = []
    for name in ("code", "name", "street", "city"):
        if not merged[name]:
            problems.append(Invalid("value_missing", field=name))
    for name, most in TEXT_LIMITS.items():
        value = merged[name] or ""
        if len(value) > most:
            problems.append(Invalid("value_too_long", field=name, most=most))
        if _CONTROL.search(value):
            problems.append(Invalid("value_has_control_characters", field=name))
    return problems


def _tax_numbers(merged: dict[str, str | None], checks: Checks) -> list[Refusal]:
    problems: list[Refusal] = []
    if merged["vat_number"]:
        merged["vat_number"] = normal_tax_number(merged["vat_number"])
        if not checks.vat_number(merged["vat_number"]):
            problems.append(Invalid("vat_number_wrong", field="vat_number", text=merged["vat_number"][:40]))
    if merged["fiscal_code"]:
        merged["fiscal_code"] = normal_tax_number(merged["fiscal_code"])
        if not checks.fiscal_code(merged["fiscal_code"]):
            problems.append(
                Invalid("fiscal_code_wrong", field="fiscal_code", text=merged["fiscal_code"][:40])
            )
    if not merged["vat_number"] and not merged["fiscal_code"]:
        problems.append(Invalid("tax_number_missing", field="vat_number"))
    return problems


def _address(merged: dict[str, str | None], checks: Checks) -> list[Refusal]:
    problems: list[Refusal] = []
    if not re.fullmatch(r"\d{5}", merged["postal_code"] or ""):
        problems.append(Invalid("postal_code_wrong", field="postal_code"))
    province = (merged["province"] or "").upper()
    merged["province"] = province
    if not re.fullmatch(r"[A-Z]{2}", province):
        problems.append(Invalid("province_wrong", field="province"))
    return problems


def _payment(merged: dict[str, str | None], checks: Checks) -> list[Refusal]:
    problems: list[Refusal] = []
    if merged["payment_terms"]:
        try:
            terms = parse_payment_terms(merged["payment_terms"])
            merged["payment_terms"] = terms.text
            merged["payment_method"] = merged["payment_method"] or terms.method
        except Invalid as refusal:
            problems.append(refusal)
    if merged["payment_method"] and merged["payment_method"] not in checks.payment_methods:
        problems.append(
            Invalid("payment_method_unknown", field="payment_method", text=merged["payment_method"][:40])
        )
    return problems
