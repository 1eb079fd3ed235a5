"""Checks that every text from an ERP must pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from optima_kit.refusals import Invalid, Refusal

LIMITS: Final = {"code": 64, "name": 200, "street": 200, "city": 100}
LIMIT: Final = 200
"""The greatest length of fields that are not in `LIMITS`."""

_OF_SPREADSHEETS: Final = re.compile(r"#(?:N/[AD]|REF!|RIF!|DIV/0!|VALUE!|VALORE!|NAME\?|NOME\?|NUM!|NULL!)")
"""The error values of spreadsheet formulas, in English and Italian."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def check_texts(fields: Mapping[str, str | None]) -> list[Refusal]:
    problems: list[Refusal] = []
    for name, value in sorted(fields.items()):
        if not value:
            continue
        if len(value) > (most := LIMITS.get(name, LIMIT)):
            problems.append(Invalid("value_too_long", field=name, most=most))
        if _OF_SPREADSHEETS.fullmatch(value.upper()):
            problems.append(Invalid("value_not_reckoned", field=name, text=value))
        if _CONTROL.search(value):
            problems.append(Invalid("value_has_control_characters", field=name))
    return problems
