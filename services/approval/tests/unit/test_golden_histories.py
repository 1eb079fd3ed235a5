"""Recorded runs: every later version has to take the same course, event by event.

`OPTIMA_RECORD_HISTORIES=50 pytest services/approval/tests/unit -k record_histories` adds fifty runs that are
unlike those there; none is ever changed or taken away. Where a new rule has to change a recorded course, that
is a new option in process documents, or a new number of the engine's rules, with recorded runs of its own:
versions published before are read by the rules of their time.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from approval.domain.approval import rebuild
from approval.domain.process import RULES
from optima_kit.refusals import Refusal
from optima_kit.testing.nights import SAMPLING

GOLDEN = Path(__file__).parents[1] / "golden"
RENAMED = {
    "already_an_approver": "approver_asked_already",
    "cannot_forward_to": "forwarding_not_possible",
    "cannot_forward_to_requester": "forwarding_to_requester",
    "not_a_delegate": "delegate_not_appointed",
    "not_an_approver": "approver_not_asked",
}
"""Refusals that were recorded under another code: the course is the same."""
CHAIN_ENDED = {"say_on_behalf_of_whom": "approver_not_asked"}
CHAINS_ENDED = {(3, 35), (3, 74)}
"""By rules and number: runs in which somebody was told to say for whom they decide, of people
who had delegated through somebody who may not decide. They are not
asked at all since decision 60; nobody decided."""


TRIED = slice(None, None, 10 if "OPTIMA_TEST_FAST" in os.environ else 3 if SAMPLING else 1)
"""Which of the recorded runs are gone through again: every third by day, with `./optima test --fast` every
tenth."""


def recorded(rules: int, which: slice = TRIED) -> Iterator[dict[str, Any]]:
    with gzip.open(GOLDEN / f"histories-{rules}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in list(enumerate(lines))[which]:
            run = json.loads(line)
            renamed = RENAMED | CHAIN_ENDED if (rules, number) in CHAINS_ENDED else RENAMED
            for entry in run["journal"]:
                if "refused" in entry:
                    entry["refused"] = renamed.get(entry["refused"], entry["refused"])
            yield run


def replayed(world: Any, journal: list[dict[str, Any]]) -> Any:
    """A world in which the same was done; events and refusals stand in its journal."""
    for entry in journal:
        how = {name: tuple(v) if name == "evidence" else v for name, v in entry["with"].items()}
        try:
            world.do(entry["do"], **how)
        except Refusal:
            continue
    return world


@pytest.mark.parametrize("rules", range(1, RULES + 1))
def test_every_recorded_run_takes_the_same_course(new_world, rules):
    count = 0
    for run in recorded(rules):
        world = replayed(new_world(read_by=rules), run["journal"])
        for was, now in zip(run["journal"], world.course(), strict=True):
            assert now == was, f"run {count}: {was['do']}"
        assert rebuild(world.history) == world.run
        assert {"state": world.run.state, "steps": world.steps()} == run["ends"]
        count += 1
    assert count * TRIED.step >= 200


@pytest.mark.parametrize("rules", range(1, RULES + 1))
def test_the_recorded_runs_go_through_everything(rules):
    events, acts, refusals, words = Counter[str](), Counter[str](), Counter[str](), ""
    for run in recorded(rules, slice(None)):
        words += json.dumps(run["journal"][0])
        for entry in run["journal"]:
            acts[entry["do"]] += 1
            events.update(event["kind"] for event in entry.get("events", ()))
            refusals.update([entry["refused"]] if "refused" in entry else [])
    assert set(events) == {
        "opened", "step_opened", "choice_taken", "part_decided", "part_requested", "part_withdrawn",
        "part_forwarded", "part_escalated", "part_handed_over", "due_moved", "reminded", "step_ended",
        "step_reopened", "amended", "migrated", "migration_reverted", "ended",
        *(("part_reassigned", "approver_added", "decision_withdrawn") if rules >= 3 else ()),
        *(("revoked",) if rules >= 4 else ()),
        *(("fields_set",) if rules >= 5 else ()),
    }  # fmt: skip
    assert len(refusals) >= 10
    options = (
        "at_least", "percent", "one_per_group", "impossible", "self_approval", "same_person", "left_out",
        "if_too_few", "requires", "material_fields", "on_rejection", "back_to", "escalate", "expire", "join",
        "choose", "parallel", "evidence", "manager", "unit", "field",
        *(("fills", "decided") if rules >= 4 else ()),
        *(("sets",) if rules >= 5 else ()),
    )  # fmt: skip
    for option in options:
        assert f'"{option}"' in words, option
