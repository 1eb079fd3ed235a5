"""What makes identifiers right in Italy and abroad, by the libraries that know."""

from __future__ import annotations

import schwifty
from schwifty.exceptions import SchwiftyException
from stdnum import bic
from stdnum.eu import vat
from stdnum.it import codicefiscale, iva
from stdnum.sm import coe

from ..domain.record import Checks
from .lookup_tables import lookup_table


def italian_checks() -> Checks:
    return Checks(
        vat_number=iva.is_valid,
        # A company's Codice Fiscale has the form of a Partita IVA; `codicefiscale` knows both.
        fiscal_code=codicefiscale.is_valid,
        foreign_vat_number=_foreign_vat_number,
        payment_methods=frozenset(row.code for row in lookup_table("payment-methods")),
        bic=bic.is_valid,
        iban=_iban,
    )


def _iban(number: str) -> bool:
    """Its own check digits, and those of the Italian account within."""
    try:
        schwifty.IBAN(number, validate_bban=True)
    except SchwiftyException:
        return False
    return True


def _foreign_vat_number(country: str, number: str) -> bool:
    """Of countries whose numbers nobody here knows, any will do."""
    if country == "SM":
        return bool(coe.is_valid(number))
    if country.lower() in vat.MEMBER_STATES:
        return bool(vat.is_valid(f"{country}{number}"))
    return 2 <= len(number) <= 20
