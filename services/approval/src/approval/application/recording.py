"""What follows from a change of an approval: it is stored, told, and its timers are set."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.ports import Outbox

from ..domain.approval import (
    Approval,
    DueMoved,
    Event,
    PartDecided,
    StepEnded,
    StepOpened,
    StepReopened,
)
from ..domain.engine import Result
from ..domain.process import Process
from .facts import facts_of
from .ports import Held, Ports


class StepTimer(BaseModel):
    """A timer of one round of a step; `number` is which reminder, or how many overdue actions before."""

    approval_id: UUID
    step: str
    round: int
    number: int


OVERDUE: Final = "approval.overdue"
REMIND: Final = "approval.remind"


async def record_opening(
    ports: Ports, process: Process, result: Result, correlation: UUID, subject_sequence: int
) -> Held:
    approval = result.approval
    title = process.subject.title_of(approval.content)
    held = Held(approval, 1, title, correlation, subject_sequence)
    await ports.approvals.add(held, result.events, process.subject.amount(approval.content))
    _tell(ports, process, None, result, correlation)
    return held


async def record_change(
    ports: Ports, process: Process, before: Held, result: Result, subject_sequence: int | None = None
) -> Held:
    """Nothing is stored or told where nothing happened."""
    if not result.events:
        return before
    content = result.approval.content
    after = await ports.approvals.save(
        before,
        result,
        process.subject.title_of(content),
        process.subject.amount(content),
        before.subject_sequence if subject_sequence is None else subject_sequence,
    )
    _tell(ports, process, before.approval, result, before.correlation)
    return after


def _tell(ports: Ports, process: Process, before: Approval | None, result: Result, correlation: UUID) -> None:
    asking = {key for key, run in before.steps.items() if run.state == "pending"} if before else set()
    for event in result.events:
        if isinstance(event, StepOpened):
            asking.add(event.step)
        # A step that nobody was asked about falls away in silence.
        silent = isinstance(event, StepEnded) and event.outcome == "not_required" and event.step not in asking
        for fact in () if silent else facts_of(event, result.approval):
            _outbox(ports, event).add(fact, subject=result.approval.id, correlation=correlation)
        _set_timers(ports, process, event, result.approval)


def _outbox(ports: Ports, event: Event) -> Outbox:
    if isinstance(event, PartDecided) and event.by is not None and event.by != event.person:
        return ports.on_behalf_of(event.person)
    return ports.outbox


def _set_timers(ports: Ports, process: Process, event: Event, approval: Approval) -> None:
    if isinstance(event, StepOpened) and event.due_at is not None:
        rounds = approval.steps[event.step].round
        for number, at in enumerate(event.remind_at):
            timer = StepTimer(approval_id=approval.id, step=event.step, round=rounds, number=number)
            ports.jobs.schedule(REMIND, timer, key=f"{approval.id}:{event.step}:{number}", due_at=at)
        timer = StepTimer(approval_id=approval.id, step=event.step, round=rounds, number=0)
        ports.jobs.schedule(OVERDUE, timer, key=f"{approval.id}:{event.step}", due_at=event.due_at)
    elif isinstance(event, DueMoved) and event.due_at is not None:
        rounds = approval.steps[event.step].round
        timer = StepTimer(approval_id=approval.id, step=event.step, round=rounds, number=event.actions)
        ports.jobs.schedule(OVERDUE, timer, key=f"{approval.id}:{event.step}", due_at=event.due_at)
    elif isinstance(event, StepEnded | StepReopened):
        due = process.steps[event.step].due
        if due is not None:
            ports.jobs.cancel(OVERDUE, f"{approval.id}:{event.step}")
            for number in range(len(due.remind)):
                ports.jobs.cancel(REMIND, f"{approval.id}:{event.step}:{number}")
