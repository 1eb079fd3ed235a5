"""Serialises steps and events as JSON for the database. If thousands of people are asked, what is the same
for many of them is serialised once and repeated, which takes a third of the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from ..domain.approval import Event, Part, PartsRequested, StepOpened, StepRun
from ..domain.approvers import AskedPerson

EVENTS: Final[TypeAdapter[Event]] = TypeAdapter(Event)
STEPS: Final[TypeAdapter[dict[str, StepRun]]] = TypeAdapter(dict[str, StepRun])
_STEP: Final = TypeAdapter(StepRun)
_PART: Final = TypeAdapter(Part)
_ASKED: Final = TypeAdapter(AskedPerson)
_MANY: Final = 100


def stored_steps(steps: dict[str, StepRun]) -> orjson.Fragment:
    if all(len(run.parts) < _MANY for run in steps.values()):
        return orjson.Fragment(STEPS.dump_json(steps, exclude_none=True))
    runs = (f"{orjson.dumps(key).decode()}:{_stored_step(run)}" for key, run in steps.items())
    return orjson.Fragment("{" + ",".join(runs) + "}")


def stored_event(event: Event) -> orjson.Fragment:
    if not isinstance(event, StepOpened | PartsRequested) or len(event.asked) < _MANY:
        return orjson.Fragment(EVENTS.dump_json(event))
    alike: dict[Any, tuple[str, str]] = {}
    people = []
    for each in event.asked:
        kind = (each.groups, each.why, each.origin)
        around = alike.get(kind)
        if around is None:
            around = alike[kind] = _around(_ASKED.dump_json(each), each)
        people.append(f"{around[0]}{each.person}{around[1]}")
    return orjson.Fragment(_with(EVENTS.dump_json(replace(event, asked=())), "asked", "[]", people))


def _stored_step(run: StepRun) -> str:
    alike: dict[Any, tuple[str, str]] = {}
    parts = []
    for person, part in run.parts.items():
        if (
            part.state != "requested"
            or part.decided_at is not None
            or part.decided_by is not None
            or part.content_hash is not None
            or part.reason is not None
            or part.moved_to is not None
        ):
            parts.append(f'"{person}":{_PART.dump_json(part, exclude_none=True).decode()}')
            continue
        kind = (part.groups, part.why, part.origin, part.requested_at)
        around = alike.get(kind)
        if around is None:
            around = alike[kind] = _around(_PART.dump_json(part, exclude_none=True), part)
        id_ = str(person)
        parts.append(f'"{id_}":{around[0]}{id_}{around[1]}')
    return _with(_STEP.dump_json(replace(run, parts={}), exclude_none=True), "parts", "{}", parts)


def _around(text: bytes, whose: Part | AskedPerson) -> tuple[str, str]:
    """Return the JSON before the person's id, and the JSON after it."""
    before, _, after = text.decode().partition(str(whose.person))
    return before, after


def _with(text: bytes, name: str, empty: str, filling: Iterable[str]) -> str:
    """Return the JSON with the items put into the empty member of that name. No text inside the JSON can look
    like that member, since quotes inside a text are escaped."""
    before, _, after = text.decode().partition(f'"{name}":{empty}')
    return f'{before}"{name}":{empty[0]}{",".join(filling)}{empty[1]}{after}'
