"""A version replayed over approvals that followed it differs from none of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approval.domain.process import RULES
from approval.domain.replay import Paces, compare

from .test_golden_histories import TRIED, recorded, replayed

OVER = ("approved", "rejected", "changes_requested", "expired")
NO_PACES = Paces({}, timedelta())


@pytest.mark.parametrize("rules", range(1, RULES + 1))
def test_recorded_runs_do_not_differ_from_their_own_version(new_world, rules):
    judged = 0
    for run in recorded(rules):
        if run["ends"]["state"] in OVER:
            world = replayed(new_world(read_by=rules), run["journal"])
            compared = compare(world.run, world.rules, world.rules, NO_PACES, world.directory)
            assert not compared.differs, compared
            judged += 1
    assert judged * TRIED.step >= 50


STEPS = [
    {"key": "uno", "approvers": [{"role": "purchasing"}]},
    {"key": "due", "approvers": [{"role": "director"}]},
]


def test_a_draft_that_asks_more_differs_though_the_run_ended_early(world):
    world.open(STEPS).decide("paolo", "uno", "reject", "no")
    draft = world.define([{"key": "prima", "approvers": [{"role": "marketing-lead"}]}, *STEPS])
    compared = compare(world.run, world.rules, draft, NO_PACES, world.directory)
    assert (compared.steps_added, compared.steps_removed) == (("prima",), ())


def test_a_draft_without_the_step_that_rejected_goes_on(world):
    world.open(STEPS).decide("paolo", "uno", "reject", "no")
    compared = compare(world.run, world.rules, world.define(STEPS[1:]), NO_PACES, world.directory)
    assert (compared.steps_added, compared.steps_removed) == (("due",), ("uno",))
