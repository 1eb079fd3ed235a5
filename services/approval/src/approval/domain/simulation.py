"""Who would approve a subject, and why: a run in which everybody who is asked approves at once."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from .approval import Ended, Event, StepEnded, StepOpened
from .approvers import Asked, LeftOut
from .directory import Directory
from .engine import Subject, foresee
from .process import Process
from .turns import Work, finished
from .values import value


@value
class Foreseen:
    """What would become of one step."""

    step: str
    outcome: Literal["asked", "skipped", "rejected", "not_reached"]
    because: str | None = None
    """Why it would be passed over: `condition`, `case`, `requester`, `nobody`; or `join`, where other
    branches would have been enough."""
    condition: str | None = None
    """The condition that decides about the step: its own, or the nearest one around it."""
    asked: tuple[Asked, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    due_at: datetime | None = None
    missing: tuple[str, ...] = ()
    """Fields that would have to be there before it could be approved."""


@value
class Simulation:
    outcome: Literal["approved", "not_opened"]
    """`not_opened`: some step would find nobody who could approve."""
    steps: tuple[Foreseen, ...]
    """In the order of the document."""


def simulate(process: Process, subject: Subject, now: datetime, directory: Directory) -> Simulation:
    """Every step of the process with what would become of it for this subject. Raises Invalid where that
    depends on a field that the subject lacks."""
    return finished(simulating(process, subject, now, directory))


def simulating(process: Process, subject: Subject, now: datetime, directory: Directory) -> Work[Simulation]:
    """`simulate`, in slices."""
    events: list[Event] = []
    for happening in foresee(process, subject, now, directory):
        events.append(happening)
        yield
    seen: dict[str, Foreseen] = {}
    for event in events:
        if isinstance(event, StepOpened):
            missing = tuple(n for n in process.steps[event.step].requires if subject.content.get(n) is None)
            seen[event.step] = Foreseen(
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
            seen[event.step] = Foreseen(event.step, outcome, event.because, _condition(process, event.step))
    steps = tuple(seen.get(key) or Foreseen(key, "not_reached") for key in process.steps)
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
