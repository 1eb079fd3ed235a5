"""What the database holds of steps and events that ask many is what it would hold of each by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest

from approval.adapters.stored_json import EVENTS, STEPS, stored_event, stored_steps
from approval.domain.approval import Part, PartsRequested, StepOpened, StepRun
from approval.domain.approvers import AskedPerson, LeftOut

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ODD = 'people "asked":[] \\ "parts":{} ò'


def asked(number: int) -> AskedPerson:
    person = UUID(int=number + 1)
    why = f"person:{person}" if number % 7 == 0 else ODD if number % 5 == 0 else "role:purchasing"
    return AskedPerson(
        person, ("1", "2") if number % 3 == 0 else (ODD,), why, "fallback" if number % 2 else "named"
    )


def part(number: int) -> Part:
    each = asked(number)
    new = Part(each.person, each.groups, each.why, each.origin, NOW + timedelta(hours=number % 2))
    some = uuid4()
    changes = [
        {},
        {},
        {"reason": ""},
        {"moved_to": some},
        {"content_hash": "h"},
        {"decided_by": some},
        {"decided_at": NOW, "state": "approved", "decided_by": some, "content_hash": "h", "reason": ODD},
        {"state": "not_required"},
    ]
    return replace(new, **changes[number % len(changes)])  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 1003])
def test_steps_are_stored_as_each_part_by_itself_is(count: int) -> None:
    parts = {UUID(int=number + 1): part(number) for number in range(count)}
    steps = {
        ODD: StepRun("pending", 3, parts, NOW, NOW + timedelta(days=2), (NOW,), 1, None, ODD),
        "due": StepRun(),
    }
    stored = orjson.dumps(stored_steps(steps))
    assert orjson.loads(stored) == orjson.loads(STEPS.dump_json(steps, exclude_none=True))
    assert STEPS.validate_python(orjson.loads(stored)) == steps


@pytest.mark.parametrize("count", [0, 1, 99, 100, 1003])
def test_an_event_is_stored_as_everybody_asked_by_themselves_is(count: int) -> None:
    people = tuple(asked(number) for number in range(count))
    opened = StepOpened(NOW, ODD, people, (LeftOut(uuid4(), "absent"),), NOW, (NOW,))
    for event in (opened, PartsRequested(NOW, ODD, people)):
        assert orjson.loads(orjson.dumps(stored_event(event))) == orjson.loads(EVENTS.dump_json(event))
