"""What is missing is believed deleted only while it is little."""

from __future__ import annotations

import pytest

from erp_bridge.domain.reconciliation import Comparison, too_many_missing


@pytest.mark.parametrize(
    ("linked", "missing", "believed"),
    [
        (1, 1, True),
        (5, 4, True),
        (5, 5, False),
        (10, 10, False),
        (11, 10, True),
        (12, 11, False),
        (100, 20, True),
        (100, 21, False),
    ],
)
def test_too_many_missing_are_rather_a_scan_that_saw_too_little(
    linked: int, missing: int, believed: bool
) -> None:
    comparison = Comparison({str(n): "x" for n in range(linked)})
    for n in range(missing, linked):
        comparison.see(str(n), "x", code=None, name=None)
    assert [each.kind for each in comparison.all_differences()] == ["missing_there"] * missing
    assert too_many_missing(missing, linked) != believed
