"""Chooses what is tested only at night, with OPTIMA_TEST_PROFILE=nightly.

Tests that take minutes, or need more of a machine than CI gives, are marked NIGHTLY. By day, a run of all
tests tries only a sample of large generated matrices: the tests that the marker `sampled` chooses, and within
a test the cases that `sampled` returns. A run that names paths tries all of them.
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
    """Return one of `one_in` cases, and at least one, or all cases if nothing is sampled.

    The choice looks random, but is the same each time. Taking every second case would always give the same
    column of a matrix.
    """
    cases = list(cases)
    if not sampling or not cases:
        return cases
    by_lot = sorted(range(len(cases)), key=lambda place: crc32(name(cases[place]).encode()))
    chosen = set(by_lot[: -(-len(cases) // one_in)])
    return [case for place, case in enumerate(cases) if place in chosen]
