"""Public holidays, from the `holidays` library."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays


def italian_holidays(years: Iterable[int]) -> frozenset[date]:
    """Italy's national holidays, Easter Monday among them."""
    return frozenset().union(*(_of(year) for year in years))


@lru_cache(maxsize=64)
def _of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("IT", years=year))
