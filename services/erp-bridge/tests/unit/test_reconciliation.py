"""What is missing is believed deleted only while it is little."""

from __future__ import annotations

import pytest

from erp_bridge.domain.reconciliation import Reconciliation


@pytest.mark.parametrize(
    ("linked", "missing", "believed"),
    [(5, 5, True), (10, 10, True), (11, 11, False), (100, 20, True), (100, 21, False)],
)
def test_too_many_missing_are_rather_a_scan_that_saw_too_little(
    linked: int, missing: int, believed: bool
) -> None:
    found = Reconciliation("customer", {str(n): "x" for n in range(linked)}, tells_deletions=True)
    for n in range(missing, linked):
        found.see(str(n), "x")
    assert (len(found.missing_there), not found.too_many_missing) == (missing, believed)
    assert found.missing_here == found.differing == []
