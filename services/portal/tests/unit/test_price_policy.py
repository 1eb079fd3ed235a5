"""The process that other prices enter is chosen among those for amendments of orders that are published."""

from __future__ import annotations

from portal.adapters.client import GAP
from portal.adapters.pages.price_policy import fitting_processes


def test_published_processes_of_amendments_are_offered() -> None:
    fitting = {"key": "variazioni", "subject": "order_amendment", "published": 2}
    found = {
        "items": [fitting, {**fitting, "subject": "brief"}, {"key": "bozza", "subject": "order_amendment"}]
    }
    assert fitting_processes(found) == [fitting]
    assert fitting_processes(GAP) == []
