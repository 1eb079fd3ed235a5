"""What a night tests beyond a day: OPTIMA_TEST_PROFILE=nightly.

What takes minutes, or needs more of a machine than CI gives, is marked NIGHTLY. Of large generated matrices
a run of everything tries a sample by day: of tests those that the marker `sampled` chooses, within a test
the cases that `sampled` leaves. Whoever names a path has all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final, TypeVar
from zlib import crc32

import pytest

AT_NIGHT: Final = os.environ.get("OPTIMA_TEST_PROFILE") == "nightly"
SAMPLING: Final = "OPTIMA_TEST_EVERYTHING" in os.environ and not AT_NIGHT
NIGHTLY: Final = pytest.mark.skipif(not AT_NIGHT, reason="a night's check: OPTIMA_TEST_PROFILE=nightly")


Case = TypeVar("Case")


def sampled(
    cases: Iterable[Case], one_in: int, name: Callable[[Case], str] = str, *, sampling: bool = SAMPLING
) -> list[Case]:
    """One of so many, at least one; all of them where nothing is to be spared.

    The same are chosen each time, as if by lot: every second would be the same column of every second row.
    """
    cases = list(cases)
    if not sampling or not cases:
        return cases
    by_lot = sorted(range(len(cases)), key=lambda place: crc32(name(cases[place]).encode()))
    chosen = set(by_lot[: -(-len(cases) // one_in)])
    return [case for place, case in enumerate(cases) if place in chosen]
