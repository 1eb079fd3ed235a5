"""Public holidays, from the `holidays` library."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from importlib.util import find_spec, module_from_spec


def italian_holidays(years: Iterable[int]) -> frozenset[date]:
    """Return Italy's national holidays, including Easter Monday."""
    return frozenset().union(*(_of(year) for year in years))


@lru_cache(maxsize=64)
def _of(year: int) -> frozenset[date]:
    # Import the library on first use, and only the module for Italy: importing the package
    # `holidays.countries` would load all of its some 250 countries.
    if "holidays.countries" not in sys.modules:
        spec = find_spec("holidays.countries")
        assert spec is not None, "a part of the library"
        sys.modules[spec.name] = module_from_spec(spec)
    from holidays import country_holidays

    return frozenset(country_holidays("IT", years=year))
