"""What makes Italian identifiers right, by the libraries that know."""

from __future__ import annotations

from stdnum.it import codicefiscale, iva

from ..domain.customer import Checks
from .lookup_tables import lookup_table


def italian_checks() -> Checks:
    return Checks(
        vat_number=iva.is_valid,
        # A company's Codice Fiscale has the form of a Partita IVA; `codicefiscale` knows both.
        fiscal_code=codicefiscale.is_valid,
        payment_methods=frozenset(row.code for row in lookup_table("payment-methods")),
    )
