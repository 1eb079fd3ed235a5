"""Built-in lookup tables: codes that laws or banks define, read from files that come with the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import yaml
from schwifty import registry

from optima_kit.refusals import Absent

BANKS: Final = "banks"
TABLES: Final = ("payment-methods", "payment-conditions", "vat-codes", BANKS)


@dataclass(frozen=True, slots=True)
class LookupRow:
    code: str
    it: str
    en: str
    valid_from: date | None = None
    valid_to: date | None = None
    """The last day on which the code is valid."""
    rate: str | None = None
    """VAT rate in percent."""
    bic: str | None = None

    def valid_on(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_to or day)


@cache
def lookup_table(name: str) -> tuple[LookupRow, ...]:
    """Return the table's rows, by code. Raises Absent if there is no such table."""
    if name not in TABLES:
        raise Absent("table_absent")
    if name == BANKS:
        return _banks()
    text = files(__package__).joinpath("tables", f"{name}.yaml").read_text(encoding="utf-8")
    return tuple(sorted((LookupRow(**row) for row in yaml.safe_load(text)), key=lambda row: row.code))


def _banks() -> tuple[LookupRow, ...]:
    """Return Italian banks by ABI code. If several institutes share a code, the first by name is taken."""
    banks: dict[str, LookupRow] = {}
    for bank in sorted(registry.get_banks_by_country("IT"), key=lambda each: (each.bank_code, each.name)):
        banks.setdefault(
            bank.bank_code, LookupRow(bank.bank_code, bank.name, bank.name, bic=bank.bic or None)
        )
    return tuple(banks.values())
