"""An approver claims a step that asks others too, or puts their own part off to a day, on which they are
reminded. All approvers see a claim, and only its author sees that a part is put off. Neither binds
anybody."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.actor import Actor
from optima_kit.refusals import Forbidden, Invalid, WrongState

from ..domain.approval import WAITING, Reminded
from .facts import Audience, Facts
from .ports import Ports, StoredApproval
from .read.access import locked_visible_approval, may_claim, running_process
from .recording import LISTED_AT_ONCE

FOLLOW_UP: Final = "approval.follow_up"


class PutOff(BaseModel):
    """A part that its person has put off to a day."""

    approval_id: UUID
    step: str
    person_id: UUID
    on: date


async def claim_step(ports: Ports, actor: Actor, approval_id: UUID, step: str) -> StoredApproval:
    stored = await _asked(ports, actor, approval_id, step)
    if not may_claim(stored.approval, step, actor):
        raise WrongState("step_asks_one_alone", field="step", step=step)
    claimed = await _claimed_by(ports, approval_id, step)
    if claimed is not None:
        directory = await ports.directories.read()
        person = directory.person(claimed)
        raise WrongState("step_claimed", field="step", name=person.name if person else "–")
    await ports.approvals.save_claim(approval_id, step, actor.person_id, ports.now)
    return stored


async def release_step(ports: Ports, actor: Actor, approval_id: UUID, step: str) -> StoredApproval:
    """Give a claimed step back. Raises Forbidden unless the actor has claimed it or is an admin."""
    actor.require("approval.decide")
    stored = await locked_visible_approval(ports, actor, approval_id)
    await running_process(ports, stored.approval)
    claimed = await _claimed_by(ports, approval_id, step)
    if claimed is None:
        raise WrongState("step_not_claimed", field="step", step=step)
    if claimed != actor.person_id and not actor.may("approval.administer"):
        raise Forbidden("claim_of_another", step=step)
    await ports.approvals.save_claim(approval_id, step, claimed, None)
    return stored


async def follow_up(
    ports: Ports, actor: Actor, approval_id: UUID, step: str, on: date | None
) -> StoredApproval:
    """Put the actor's part off to a day and schedule a reminder, or undo this if `on` is None."""
    stored = await _asked(ports, actor, approval_id, step)
    directory = await ports.directories.read()
    if on is not None and on <= directory.calendar.day(ports.now):
        raise Invalid("follow_up_in_the_past", field="on")
    await ports.approvals.save_follow_up(approval_id, step, actor.person_id, on)
    key = f"{approval_id}:{step}:{actor.person_id}"
    if on is None:
        ports.jobs.cancel(FOLLOW_UP, key)
    else:
        put_off = PutOff(approval_id=approval_id, step=step, person_id=actor.person_id, on=on)
        ports.jobs.schedule(FOLLOW_UP, put_off, key=key, due_at=directory.calendar.opening(on))
    return stored


async def remind_of_follow_up(ports: Ports, put_off: PutOff) -> None:
    """Remind a person of the part that they put off. Do nothing if the part does not wait for them any more,
    or if they have put it off to another day meanwhile."""
    stored = await ports.approvals.lock(put_off.approval_id)
    if stored is None or stored.approval.state != "open":
        return
    run = stored.approval.steps.get(put_off.step, WAITING)
    part = run.parts.get(put_off.person_id) if run.state == "pending" else None
    notes = await ports.approvals.notes(put_off.approval_id)
    waits = (put_off.step, put_off.person_id, put_off.on)
    if (
        part is None
        or part.state != "requested"
        or all((note.step, note.person, note.follow_up_on) != waits for note in notes)
    ):
        return
    process = await running_process(ports, stored.approval)
    audience = Audience(process, await ports.directories.read(), None)
    reminded = Reminded(ports.now, put_off.step, (put_off.person_id,))
    for fact in Facts(stored.approval, stored.approval, audience).of(reminded):
        ports.outbox.add(fact, subject=put_off.approval_id, correlation=stored.correlation)


async def _asked(ports: Ports, actor: Actor, approval_id: UUID, step: str) -> StoredApproval:
    """Lock the approval and return it. Raises Forbidden unless the step waits for the actor."""
    actor.require("approval.decide")
    stored = await locked_visible_approval(ports, actor, approval_id)
    await running_process(ports, stored.approval)
    run = stored.approval.steps.get(step)
    part = run.parts.get(actor.person_id) if run is not None and run.state == "pending" else None
    if run is None or part is None or part.state != "requested":
        raise Forbidden("approver_not_asked", step=step)
    if len(run.parts) > LISTED_AT_ONCE:
        # Notes are stored with the row that inboxes read, and that row may not have been written yet.
        await ports.approvals.list_parts(stored.approval, actor.person_id)
    return stored


async def _claimed_by(ports: Ports, approval_id: UUID, step: str) -> UUID | None:
    notes = await ports.approvals.notes(approval_id)
    return next((note.person for note in notes if note.step == step and note.claimed_at), None)
