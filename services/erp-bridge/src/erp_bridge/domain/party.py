"""A customer or a supplier as the ERP tells of them, and what must be true of the record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from optima_kit.refusals import Invalid, Refusal

from .mapping import EntityMapping, Fields
from .payment_terms import parse_payment_terms

if TYPE_CHECKING:
    from .record import Checks

EDITABLE: Final = frozenset(
    {"name", "street", "postal_code", "city", "province", "payment_method", "payment_terms"}
)
"""Fields that people may change here, where no ERP owns them."""

_ITALY: Final = frozenset({"IT", "ITA", "ITALIA", "ITALY"})


def editable_fields(mappings: Iterable[EntityMapping]) -> frozenset[str]:
    """What people may change of a party that these mappings bring."""
    owners = list(mappings)
    return frozenset(name for name in EDITABLE if all(each.owner_of(name) != "erp" for each in owners))


def normal_tax_number(text: str) -> str:
    """A Partita IVA or Codice Fiscale without spaces and country prefix ("IT 0764…" → "0764…").

    A Codice Fiscale that begins with the letters IT goes on with letters and keeps them.
    """
    compact = text.upper().replace(" ", "")
    return compact[2:] if re.fullmatch(r"IT\d{11}", compact) else compact


def tax_numbers(fields: Fields) -> frozenset[str]:
    """The numbers by which the party is known to the law, in their normal form."""
    return frozenset(
        normal_tax_number(number) for name in ("vat_number", "fiscal_code") if (number := fields.get(name))
    )


def check_party(fields: Fields, checks: Checks, notices: list[Refusal]) -> list[Refusal]:
    """Brings the fields to their normal form. Returns all that is wrong; what is odd but harmless goes to
    `notices`."""
    country = (fields["country"] or "IT").upper()
    fields["country"] = country = "IT" if country in _ITALY else country
    problems: list[Refusal] = [
        Invalid("value_missing", field=name)
        for name in ("code", "name", "street", "city")
        if not fields[name]
    ]
    if not re.fullmatch(r"[A-Z]{2}", country):
        problems.append(Invalid("country_unknown", field="country", text=country[:40]))
    elif country == "IT":
        problems += _tax_numbers(fields, checks, notices) + _address(fields, notices)
    else:
        problems += _foreign(fields, country, checks)
    return problems + _payment(fields, checks, notices)


def _with_zeros(text: str, digits: int, field: str, notices: list[Refusal]) -> str:
    """Spreadsheets take a code for a number, and its zeros away: no code begins with more than two."""
    if not text.isdecimal() or not digits - 2 <= len(text) < digits:
        return text
    notices.append(Invalid("zeros_restored", field=field, text=text, restored=text.zfill(digits)))
    return text.zfill(digits)


def _tax_numbers(fields: Fields, checks: Checks, notices: list[Refusal]) -> list[Refusal]:
    problems: list[Refusal] = []
    if number := fields["vat_number"]:
        fields["vat_number"] = number = _with_zeros(normal_tax_number(number), 11, "vat_number", notices)
        if not checks.vat_number(number):
            problems.append(Invalid("vat_number_wrong", field="vat_number", text=number[:40]))
    if number := fields["fiscal_code"]:
        fields["fiscal_code"] = number = normal_tax_number(number)
        if not checks.fiscal_code(number):
            problems.append(Invalid("fiscal_code_wrong", field="fiscal_code", text=number[:40]))
    if not fields["vat_number"] and not fields["fiscal_code"]:
        problems.append(Invalid("tax_number_missing", field="vat_number"))
    return problems


def _address(fields: Fields, notices: list[Refusal]) -> list[Refusal]:
    problems: list[Refusal] = []
    fields["postal_code"] = _with_zeros(fields["postal_code"] or "", 5, "postal_code", notices)
    if not re.fullmatch(r"\d{5}", fields["postal_code"] or ""):
        problems.append(Invalid("postal_code_wrong", field="postal_code"))
    fields["province"] = province = (fields["province"] or "").upper()
    if not re.fullmatch(r"[A-Z]{2}", province):
        problems.append(Invalid("province_wrong", field="province"))
    return problems


def _foreign(fields: Fields, country: str, checks: Checks) -> list[Refusal]:
    """Abroad there are postal codes of all forms, no provinces, and customers without a number."""
    fields["postal_code"] = fields["postal_code"] or ""
    fields["province"] = (fields["province"] or "").upper()
    if number := fields["vat_number"]:
        fields["vat_number"] = number = number.upper().replace(" ", "").removeprefix(country)
        if not checks.foreign_vat_number(country, number):
            return [
                Invalid("foreign_vat_number_wrong", field="vat_number", text=number[:40], country=country)
            ]
    return []


def _payment(fields: Fields, checks: Checks, notices: list[Refusal]) -> list[Refusal]:
    if terms := fields["payment_terms"]:
        try:
            read = parse_payment_terms(terms)
            fields["payment_terms"] = read.text
            fields["payment_method"] = fields["payment_method"] or read.method
        except Invalid as refusal:
            # How somebody pays is no reason to do without the customer: the words stay as they came.
            notices.append(refusal)
    method = fields["payment_method"]
    if method and method not in checks.payment_methods:
        return [Invalid("payment_method_unknown", field="payment_method", text=method[:40])]
    return []
