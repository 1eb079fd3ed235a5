"""Italy's national holidays, from the `holidays` library."""

from __future__ import annotations

import sys
from datetime import date
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Final


def _only(country: str) -> type:
    """Import the class of one country. Importing the package `holidays.countries` would load all of its some
    250 countries, 19 MB, so an empty package takes its place."""
    package = "holidays.countries"
    if package not in sys.modules:
        spec = find_spec(package)
        assert spec is not None, "a part of the library"
        sys.modules[package] = module_from_spec(spec)
    found: type = getattr(import_module(f"{package}.{country.lower()}"), country)
    return found


_ITALY: Final = _only("Italy")


@lru_cache(maxsize=64)
def italian_holidays(year: int) -> frozenset[date]:
    """Return the holidays of a year, including Easter Monday."""
    return frozenset(_ITALY(years=year))
