"""Finds out who would approve a subject, and why, by an imagined approval in which everybody who is asked
approves at once."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from .approval import Ended, Event, StepEnded, StepOpened
from .approvers import AskedPerson, LeftOut
from .directory import Directory
from .engine import Subject, foresee
from .process import Process
from .turns import Work, finished
from .values import value


@value
class StepForecast:
    """The foreseen result of one step."""

    step: str
    outcome: Literal["asked", "skipped", "rejected", "not_reached"]
    because: str | None = None
    """Why the step would be passed over: `condition`, `case`, `requester`, `nobody`, or `join` if the other
    branches are enough."""
    condition: str | None = None
    """The condition that decides about the step: its own, or the nearest one around it."""
    asked: tuple[AskedPerson, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    due_at: datetime | None = None
    missing: tuple[str, ...] = ()
    """Fields that would need a value before the step could be approved."""


@value
class Simulation:
    outcome: Literal["approved", "not_opened"]
    """`not_opened` if nobody could approve some step."""
    steps: tuple[StepForecast, ...]
    """All steps in the order of the document."""


def simulate(process: Process, subject: Subject, now: datetime, directory: Directory) -> Simulation:
    """Foresee what would become of every step for this subject. Raises Invalid if a choice depends on a field
    that the subject lacks."""
    return finished(simulating(process, subject, now, directory))


def simulating(process: Process, subject: Subject, now: datetime, directory: Directory) -> Work[Simulation]:
    """Do the same as `simulate`, in slices."""
    events: list[Event] = []
    for happening in foresee(process, subject, now, directory):
        events.append(happening)
        yield
    seen: dict[str, StepForecast] = {}
    for event in events:
        if isinstance(event, StepOpened):
            missing = tuple(n for n in process.steps[event.step].requires if subject.content.get(n) is None)
            seen[event.step] = StepForecast(
                event.step,
                "asked",
                None,
                _condition(process, event.step),
                event.asked,
                event.left_out,
                event.due_at,
                missing,
            )
        elif isinstance(event, StepEnded) and event.step not in seen:
            outcome: Literal["skipped", "rejected"] = "rejected" if event.outcome == "rejected" else "skipped"
            seen[event.step] = StepForecast(
                event.step, outcome, event.because, _condition(process, event.step)
            )
    steps = tuple(seen.get(key) or StepForecast(key, "not_reached") for key in process.steps)
    return Simulation("approved" if _approved(events) else "not_opened", steps)


def _approved(events: list[Event]) -> bool:
    last = events[-1]
    return isinstance(last, Ended) and last.outcome == "approved"


def _condition(process: Process, key: str) -> str | None:
    own = process.steps[key].when
    if own is not None:
        return own
    for node, inner in reversed(process.places[key].enclosing):
        for part in (inner, node):
            if part.when is not None:
                return part.when
    return None
