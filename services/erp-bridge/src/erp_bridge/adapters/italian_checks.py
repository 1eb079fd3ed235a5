"""Checks of Italian and foreign identifiers, made by specialised libraries."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

import schwifty
import yaml
from schwifty.exceptions import SchwiftyException
from stdnum import bic
from stdnum.eu import vat
from stdnum.it import codicefiscale, iva
from stdnum.sm import coe

from ..domain.party import Checks
from .lookup_tables import lookup_table


def italian_checks() -> Checks:
    return Checks(
        vat_number=iva.is_valid,
        # A company's Codice Fiscale has the form of a Partita IVA; `codicefiscale` knows both.
        fiscal_code=codicefiscale.is_valid,
        foreign_vat_number=_foreign_vat_number,
        country_of_vat_number=_country_of_vat_number,
        country=_country,
        province=lambda name: _places("provinces").get(_plain(name)),
        payment_methods=frozenset(row.code for row in lookup_table("payment-methods")),
        bic=bic.is_valid,
        iban=_iban,
    )


def _iban(number: str) -> bool:
    """Check an IBAN's own check digits and those of the Italian account number within it."""
    try:
        schwifty.IBAN(number, validate_bban=True)
    except SchwiftyException:
        return False
    return True


def _foreign_vat_number(country: str, number: str) -> bool:
    """Check a foreign VAT number. For countries whose rules are not known here, any number of 2 to 20
    characters is accepted."""
    if country == "SM":
        # Some firms of San Marino trade in Italy under an Italian number.
        return bool(coe.is_valid(number) or iva.is_valid(number))
    if country.lower() in vat.MEMBER_STATES:
        return bool(vat.is_valid(f"{country}{number}"))
    return 2 <= len(number) <= 20


def _country_of_vat_number(number: str) -> str | None:
    country = {"EL": "GR"}.get(number[:2], number[:2])
    known = country == "SM" or country.lower() in vat.MEMBER_STATES
    return country if known and _foreign_vat_number(country, number[2:]) else None


def _country(text: str) -> str | None:
    if text.upper() in ("EL", "UK"):
        return "GR" if text.upper() == "EL" else "GB"
    return text.upper() if re.fullmatch("[A-Za-z]{2}", text) else _places("countries").get(_plain(text))


@cache
def _places(kind: str) -> dict[str, str]:
    """Return the codes of countries or provinces by name."""
    text = files(__package__).joinpath("places", f"{kind}.yaml").read_text(encoding="utf-8")
    found = {}
    for code, names in yaml.safe_load(text).items():
        for name in [names] if isinstance(names, str) else names:
            found[_plain(name)] = code
    return found


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(each for each in decomposed if each.isalnum())
