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

_SAN_MARINO: Final = re.compile(r"4789\d")
_VATICAN: Final = "00120"
_ITALY: Final = ("IT", "I", "ITA", "ITALIA", "ITALY")
_DIGITS: Final = 11
"""Of a Partita IVA, and of a company's Codice Fiscale."""
_NUMBER: Final = re.compile(r"(?:(?:PARTITA|P)?IVA|PI|CF|VAT)?:?(?:IT)?(\d{11})")


def editable_fields(mappings: Iterable[EntityMapping]) -> frozenset[str]:
    """What people may change of a party that these mappings bring."""
    owners = list(mappings)
    return frozenset(name for name in EDITABLE if all(each.owner_of(name) != "erp" for each in owners))


def normal_tax_number(text: str) -> str:
    """A Partita IVA or Codice Fiscale without spaces, dots and country prefix ("P.IVA IT 0764…" → "0764…").

    A Codice Fiscale that begins with the letters IT goes on with letters and keeps them.
    """
    compact = re.sub(r"[\s.-]", "", text.upper())
    found = _NUMBER.fullmatch(compact)
    return found[1] if found else compact


def tax_numbers(fields: Fields) -> frozenset[str]:
    """The numbers by which the party is known to the law, in their normal form; of one that has lost its
    zeros in a spreadsheet, as it came and as it was."""
    told = [number for name in ("vat_number", "fiscal_code") if (number := fields.get(name))]
    italian = (fields.get("country") or "IT").upper() in _ITALY
    return frozenset(each for number in told for each in _forms(number, italian=italian))


def numbers_told(*numbers: str | None) -> list[str]:
    """What a document names a party by, each in its forms."""
    return [each for number in numbers if number for each in _forms(number, italian=True)]


def _forms(number: str, *, italian: bool) -> list[str]:
    normal = normal_tax_number(number)
    lost = italian and normal.isdecimal() and 9 <= len(normal) < _DIGITS
    return [normal, normal.zfill(_DIGITS)] if lost else [normal]


def check_party(fields: Fields, checks: Checks, notices: list[Refusal]) -> list[Refusal]:
    """Brings the fields to their normal form. Returns all that is wrong; what is odd but harmless goes to
    `notices`."""
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
    """Where nobody says which it is: Italy, but for what can't be there."""
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
    """Spreadsheets take a code for a number, and its zeros away: no code begins with more than two."""
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
    """Some ERPs have one column for both: a person's Codice Fiscale is no Partita IVA."""
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
    """Abroad there are postal codes of all forms, no provinces, and customers without a number."""
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
    """How somebody pays is no reason to do without the customer."""
    if terms := fields["payment_terms"]:
        try:
            read = parse_payment_terms(terms)
            fields["payment_terms"] = read.text
            fields["payment_method"] = fields["payment_method"] or read.method
        except Invalid as refusal:
            # The words stay as they came.
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
