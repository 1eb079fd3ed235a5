"""Public holidays, from the `holidays` library."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from importlib.util import find_spec, module_from_spec


def italian_holidays(years: Iterable[int]) -> frozenset[date]:
    """Italy's national holidays, Easter Monday among them."""
    return frozenset().union(*(_of(year) for year in years))


@lru_cache(maxsize=64)
def _of(year: int) -> frozenset[date]:
    # Loaded when it is asked for, and Italy alone: the package of countries would load all of them, some 250.
    if "holidays.countries" not in sys.modules:
        spec = find_spec("holidays.countries")
        assert spec is not None, "a part of the library"
        sys.modules[spec.name] = module_from_spec(spec)
    from holidays import country_holidays

    return frozenset(country_holidays("IT", years=year))
