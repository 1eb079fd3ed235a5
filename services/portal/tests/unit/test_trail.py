"""The trail in words."""

from __future__ import annotations

from typing import get_args

from optima_contracts.catalogue import every_event_type
from portal.adapters.forms import day_begins
from portal.adapters.labels import LABELS
from trail.domain.chain import Reason


def test_each_event_type_has_a_name_and_an_area() -> None:
    assert set(every_event_type()) == LABELS["event"].keys()
    assert {name.split(".")[1] for name in every_event_type()} == LABELS["event_area"].keys()


def test_each_fault_of_the_chain_has_a_name() -> None:
    assert set(get_args(Reason)) == LABELS["chain_fault"].keys()


def test_a_day_begins_at_its_midnight_in_italy_in_summer_and_winter() -> None:
    assert day_begins("2026-07-01") == "2026-07-01T00:00:00+02:00"
    assert day_begins("2026-10-25", later=1) == "2026-10-26T00:00:00+01:00"
    assert day_begins("yesterday") == "yesterday"
