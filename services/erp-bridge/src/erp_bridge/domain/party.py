"""Rules for the record of a customer or a supplier that comes from an ERP, and its normal form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from collections.abc import Set as Codes
from dataclasses import dataclass
from typing import Final

from optima_kit.refusals import Invalid, Refusal

from .mapping import EntityMapping, Fields
from .payment_terms import parse_payment_terms

EDITABLE: Final = frozenset(
    {"name", "street", "postal_code", "city", "province", "payment_method", "payment_terms"}
)
"""Fields that people may change here, unless an ERP owns them."""

_SAN_MARINO: Final = re.compile(r"4789\d")
_VATICAN: Final = "00120"
_ITALY: Final = ("IT", "I", "ITA", "ITALIA", "ITALY")
_DIGITS: Final = 11
"""Number of digits of a Partita IVA, and of a company's Codice Fiscale."""
_NUMBER: Final = re.compile(r"(?:(?:PARTITA|P)?IVA|PI|CF|VAT)?:?(?:IT)?(\d{11})")


@dataclass(frozen=True, slots=True)
class Checks:
    """Functions and tables that tell which numbers and codes are valid in Italy and abroad."""

    vat_number: Callable[[str], bool]
    fiscal_code: Callable[[str], bool]
    foreign_vat_number: Callable[[str, str], bool]
    """Takes the country and the number."""
    country_of_vat_number: Callable[[str], str | None]
    """Returns the country of a valid number that begins with a country's letters, otherwise None."""
    country: Callable[[str], str | None]
    """Returns the code of two letters for a country's code or name."""
    province: Callable[[str], str | None]
    """Returns the code of two letters for a province's name."""
    payment_methods: Codes[str]
    bic: Callable[[str], bool]
    iban: Callable[[str], bool]


def editable_fields(mappings: Iterable[EntityMapping]) -> frozenset[str]:
    """Return the fields that people may change of a party that is imported through these mappings."""
    owners = list(mappings)
    return frozenset(name for name in EDITABLE if all(each.owner_of(name) != "erp" for each in owners))


def normal_tax_number(text: str) -> str:
    """Return a Partita IVA or Codice Fiscale without spaces, dots and prefix ("P.IVA IT 0764…" → "0764…").

    A Codice Fiscale that begins with the letters IT keeps them, because letters follow.
    """
    compact = re.sub(r"[\s.-]", "", text.upper())
    found = _NUMBER.fullmatch(compact)
    return found[1] if found else compact


def tax_numbers(fields: Fields) -> frozenset[str]:
    """Return the party's Partita IVA and Codice Fiscale in their normal form. A number that has lost leading
    zeros in a spreadsheet is returned both as it came and with its zeros."""
    told = [number for name in ("vat_number", "fiscal_code") if (number := fields.get(name))]
    italian = (fields.get("country") or "IT").upper() in _ITALY
    return frozenset(each for number in told for each in _forms(number, italian=italian))


def numbers_told(*numbers: str | None) -> list[str]:
    """Return the tax numbers by which a document names a party, each in all forms that `tax_numbers` has."""
    return [each for number in numbers if number for each in _forms(number, italian=True)]


def _forms(number: str, *, italian: bool) -> list[str]:
    normal = normal_tax_number(number)
    lost = italian and normal.isdecimal() and 9 <= len(normal) < _DIGITS
    return [normal, normal.zfill(_DIGITS)] if lost else [normal]


def check_party(fields: Fields, checks: Checks, notices: list[Refusal]) -> list[Refusal]:
    """Bring the fields to their normal form. Return everything that is wrong; odd but harmless things are
    added to `notices`."""
    problems: list[Refusal] = [
        Invalid("value_missing", field=name)
        for name in ("code", "name", "street", "city")
        if not fields[name]
    ]
    _payment(fields, checks, notices)
    told = fields["country"]
    country = checks.country(told) if told else _country_by_number_or_place(fields, checks, notices)
    if country is None:
        return [*problems, Invalid("country_unknown", field="country", text=(told or "")[:40])]
    fields["country"] = country
    if country == "IT":
        return problems + _tax_numbers(fields, checks, notices) + _address(fields, checks, notices)
    return problems + _foreign(fields, country, checks)


def _country_by_number_or_place(fields: Fields, checks: Checks, notices: list[Refusal]) -> str:
    """Return the country of a party that states none: Italy, unless tax number, postal code or province show
    another country."""
    number = re.sub(r"[\s.-]", "", (fields["vat_number"] or "").upper())
    postal_code, province = fields["postal_code"] or "", (fields["province"] or "").upper()
    country = checks.country_of_vat_number(number)
    if _SAN_MARINO.fullmatch(postal_code) or province in ("SM", "RSM"):
        country = "SM"
    elif postal_code == _VATICAN or province == "SCV":
        country = "VA"
    if country in (None, "IT"):
        return "IT"
    notices.append(Invalid("country_inferred", field="country", country=country))
    return country


def _with_zeros(text: str, digits: int, field: str, notices: list[Refusal]) -> str:
    """Restore leading zeros that a spreadsheet removed because it took a code for a number. No code begins
    with more than two zeros."""
    if not text.isdecimal() or not digits - 2 <= len(text) < digits:
        return text
    notices.append(Invalid("zeros_restored", field=field, text=text, restored=text.zfill(digits)))
    return text.zfill(digits)


def _tax_numbers(fields: Fields, checks: Checks, notices: list[Refusal]) -> list[Refusal]:
    problems: list[Refusal] = []
    _move_fiscal_code(fields, checks, notices)
    if number := fields["vat_number"]:
        fields["vat_number"] = number = _with_zeros(normal_tax_number(number), _DIGITS, "vat_number", notices)
        if not checks.vat_number(number):
            problems.append(Invalid("vat_number_wrong", field="vat_number", text=number[:40]))
    if number := fields["fiscal_code"]:
        fields["fiscal_code"] = number = _with_zeros(
            normal_tax_number(number), _DIGITS, "fiscal_code", notices
        )
        if not checks.fiscal_code(number):
            problems.append(Invalid("fiscal_code_wrong", field="fiscal_code", text=number[:40]))
    if not fields["vat_number"] and not fields["fiscal_code"]:
        problems.append(Invalid("tax_number_missing", field="vat_number"))
    return problems


def _move_fiscal_code(fields: Fields, checks: Checks, notices: list[Refusal]) -> None:
    """Move a person's Codice Fiscale out of the field for the Partita IVA: some ERPs have one column for
    both."""
    number = normal_tax_number(fields["vat_number"] or "")
    if len(number) == 16 and checks.fiscal_code(number):
        if not fields["fiscal_code"]:
            fields["fiscal_code"] = number
        if normal_tax_number(fields["fiscal_code"] or "") == number:
            fields["vat_number"] = None
            notices.append(Invalid("fiscal_code_moved", field="fiscal_code", text=number))


def _address(fields: Fields, checks: Checks, notices: list[Refusal]) -> list[Refusal]:
    problems: list[Refusal] = []
    postal_code = re.sub(r"^IT?[- ]*(?=\d)|\s", "", (fields["postal_code"] or "").upper())
    fields["postal_code"] = _with_zeros(postal_code, 5, "postal_code", notices)
    if not re.fullmatch(r"\d{5}", fields["postal_code"] or ""):
        problems.append(Invalid("postal_code_wrong", field="postal_code"))
    province = (fields["province"] or "").strip("() ").upper()
    if len(province) > 2:
        province = checks.province(province) or province
    fields["province"] = province
    if not re.fullmatch(r"[A-Z]{2}", province):
        problems.append(Invalid("province_wrong", field="province"))
    return problems


def _foreign(fields: Fields, country: str, checks: Checks) -> list[Refusal]:
    """Check a foreign party: postal codes have any form, provinces are not checked, and a tax number may be
    missing."""
    fields["postal_code"] = fields["postal_code"] or ""
    fields["province"] = (fields["province"] or "").upper()
    if number := fields["vat_number"]:
        compact = re.sub(r"[\s.-]", "", number.upper())
        fields["vat_number"] = number = compact.removeprefix("EL" if country == "GR" else country)
        if not checks.foreign_vat_number(country, number):
            return [
                Invalid("foreign_vat_number_wrong", field="vat_number", text=number[:40], country=country)
            ]
    return []


def _payment(fields: Fields, checks: Checks, notices: list[Refusal]) -> None:
    """Normalise payment terms and method. Problems are only notices, because a customer is not refused for
    them."""
    if terms := fields["payment_terms"]:
        try:
            read = parse_payment_terms(terms)
            fields["payment_terms"] = read.text
            fields["payment_method"] = fields["payment_method"] or read.method
        except Invalid as refusal:
            # The text stays as it came.
            notices.append(refusal)
    method = fields["payment_method"]
    if method and method not in checks.payment_methods:
        fields["payment_method"] = known = _method_in_words(method)
        if known is None:
            notices.append(Invalid("payment_method_unknown", field="payment_method", text=method[:40]))


def _method_in_words(text: str) -> str | None:
    try:
        return parse_payment_terms(text).method
    except Invalid:
        return None
