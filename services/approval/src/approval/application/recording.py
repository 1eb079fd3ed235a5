"""Records a change of an approval: stores it, publishes its events, and sets its timers."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.ports import Outbox

from ..domain.approval import Approval, Event, PartDecided, StepEnded
from ..domain.approvers import rules_of
from ..domain.directory import Directory
from ..domain.process import Process
from ..domain.run import Result
from .facts import Audience, Facts
from .in_turns import give_way
from .offer_links import offer_links
from .ports import Ports, StoredApproval


class StepTimer(BaseModel):
    """A timer of one round of a step. `number` is the index of the reminder or notice or, for the overdue
    timer, how many overdue actions the step has already taken."""

    approval_id: UUID
    step: str
    round: int
    number: int


class PartsToList(BaseModel):
    """A job that makes inboxes show an approval to everybody whom it asks."""

    approval_id: UUID


LIST_PARTS: Final = "approval.list_parts"
LISTED_AT_ONCE: Final = 500
"""How many newly asked people are written to the inboxes in the transaction of the change. If there are more,
a separate job does it a moment later, so that the person who submits or decides need not wait: writing ten
thousand rows takes longer than everything else."""
TOLD_AT_ONCE: Final = 200
"""How many events of a change are published before other requests have their turn."""
OVERDUE: Final = "approval.overdue"
REMIND: Final = "approval.remind"
NOTIFY: Final = "approval.notify"


async def record_opening(
    ports: Ports, process: Process, result: Result, correlation: UUID, subject_sequence: int
) -> StoredApproval:
    approval = result.approval
    title = process.subject.title_of(approval.content)
    stored = StoredApproval(approval, 1, title, correlation, subject_sequence)
    amount = process.subject.amount(approval.content)
    listed = _lists_at_once(ports, None, approval)
    await ports.approvals.add(stored, result.events, amount, _open_rules(process, approval), listed=listed)
    await _tell(ports, process, None, result, stored)
    await offer_links(ports, process, None, approval)
    return stored


async def record_change(
    ports: Ports,
    process: Process,
    before: StoredApproval,
    result: Result,
    subject_sequence: int | None = None,
) -> StoredApproval:
    """Store a change of an approval, publish its events and set its timers. Do nothing if nothing
    happened."""
    if not result.events:
        return before
    if asks_many(result.approval):
        await give_way()
    content = result.approval.content
    after = await ports.approvals.save(
        before,
        result,
        process.subject.title_of(content),
        process.subject.amount(content),
        before.subject_sequence if subject_sequence is None else subject_sequence,
        _open_rules(process, result.approval),
        listed=_lists_at_once(ports, before.approval, result.approval),
    )
    await _tell(ports, process, before.approval, result, after)
    await offer_links(ports, process, before.approval, result.approval)
    return after


async def list_parts(ports: Ports, payload: PartsToList) -> None:
    stored = await ports.approvals.lock(payload.approval_id)
    assert stored is not None, "approvals stay"
    await ports.approvals.list_parts(stored.approval)


def asks_many(approval: Approval) -> bool:
    """Tell whether the approval asks so many people that other work should have its turn between reading,
    changing and writing it."""
    return any(len(run.parts) > LISTED_AT_ONCE for run in approval.steps.values())


def _lists_at_once(ports: Ports, before: Approval | None, after: Approval) -> bool:
    """Tell whether the newly asked people are few enough to be listed at once. If not, schedule a job that
    lists them."""
    known = before.steps if before is not None else {}
    asked = 0
    for key, run in after.steps.items():
        if run.state == "pending" and len(run.parts) > LISTED_AT_ONCE:
            parts = known[key].parts if key in known and known[key].state == "pending" else {}
            asked += sum(parts.get(person) is not part for person, part in run.parts.items())
    if asked <= LISTED_AT_ONCE:
        return True
    ports.jobs.schedule(LIST_PARTS, PartsToList(approval_id=after.id), key=str(after.id))
    return False


def _open_rules(process: Process, approval: Approval) -> set[str]:
    pending = [key for key, run in approval.steps.items() if run.state == "pending"]
    return {rule for key in pending for rule in rules_of(process.steps[key])}


async def _tell(
    ports: Ports, process: Process, before: Approval | None, result: Result, stored: StoredApproval
) -> None:
    approval, directory = result.approval, await ports.directories.read()
    audience = Audience(process, directory, ports.actor_id, stored.watchers)
    facts = Facts(before, approval, audience)
    for number, event in enumerate(result.events, 1):
        if number % TOLD_AT_ONCE == 0:
            await give_way()
        for fact in facts.of(event):
            _outbox(ports, event).add(fact, subject=approval.id, correlation=stored.correlation)
    _set_timers(ports, before, approval)
    _schedule_notices(ports, process, directory, result)


def _outbox(ports: Ports, event: Event) -> Outbox:
    if isinstance(event, PartDecided) and event.by is not None and event.by != event.person:
        return ports.on_behalf_of(event.person)
    return ports.outbox


def _set_timers(ports: Ports, before: Approval | None, after: Approval) -> None:
    """Set the timers of every waiting step that has a due time or reminders, and cancel those of all
    others."""
    was, now = _timers(before), _timers(after)
    for kind, key in was.keys() - now.keys():
        ports.jobs.cancel(kind, key)
    for (kind, key), (timer, at) in now.items():
        if was.get((kind, key)) != (timer, at):
            ports.jobs.schedule(kind, timer, key=key, due_at=at)


def _schedule_notices(ports: Ports, process: Process, directory: Directory, result: Result) -> None:
    """Schedule the notices of each step that has just been decided. Whether they still apply is checked when
    they are due."""
    approval = result.approval
    for event in result.events:
        if not isinstance(event, StepEnded):
            continue
        for number, notice in enumerate(process.steps[event.step].notices):
            if notice.on == event.outcome:
                due_at = directory.calendar.after(event.at, notice.after) if notice.after else event.at
                timer = _timer(approval, event.step, approval.steps[event.step].round, number)
                ports.jobs.schedule(NOTIFY, timer, key=f"{approval.id}:{event.step}:{number}", due_at=due_at)


def _timers(approval: Approval | None) -> dict[tuple[str, str], tuple[StepTimer, datetime]]:
    timers: dict[tuple[str, str], tuple[StepTimer, datetime]] = {}
    for step, run in approval.steps.items() if approval else ():
        if run.state != "pending" or approval is None:
            continue
        if run.due_at is not None:
            timer = _timer(approval, step, run.round, run.overdue_actions)
            timers[OVERDUE, f"{approval.id}:{step}"] = (timer, run.due_at)
        for number, at in enumerate(run.remind_at):
            timers[REMIND, f"{approval.id}:{step}:{number}"] = (
                _timer(approval, step, run.round, number),
                at,
            )
    return timers


def _timer(approval: Approval, step: str, round_: int, number: int) -> StepTimer:
    return StepTimer(approval_id=approval.id, step=step, round=round_, number=number)
