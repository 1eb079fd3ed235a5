"""Who is asked with others takes a step upon themselves, or puts their part off to a day: all the others see
the one, they alone see the other. Neither binds anybody."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Forbidden, Invalid, WrongState

from .ports import Held, Ports
from .read.access import locked_visible_approval, may_claim, running_process


async def claim_step(ports: Ports, actor: Actor, approval_id: UUID, step: str) -> Held:
    held = await _asked(ports, actor, approval_id, step)
    if not may_claim(held.approval, step, actor):
        raise WrongState("step_asks_one_alone", field="step", step=step)
    claimed = await _claimed_by(ports, approval_id, step)
    if claimed is not None:
        directory = await ports.directories.read()
        person = directory.person(claimed)
        raise WrongState("step_claimed", field="step", name=person.name if person else "–")
    await ports.approvals.save_claim(approval_id, step, actor.person_id, ports.now)
    return held


async def release_step(ports: Ports, actor: Actor, approval_id: UUID, step: str) -> Held:
    """By who has claimed it, or an admin."""
    actor.require("approval.decide")
    held = await locked_visible_approval(ports, actor, approval_id)
    await running_process(ports, held.approval)
    claimed = await _claimed_by(ports, approval_id, step)
    if claimed is None:
        raise WrongState("step_not_claimed", field="step", step=step)
    if claimed != actor.person_id and not actor.may("approval.administer"):
        raise Forbidden("claim_of_another", step=step)
    await ports.approvals.save_claim(approval_id, step, claimed, None)
    return held


async def follow_up(ports: Ports, actor: Actor, approval_id: UUID, step: str, on: date | None) -> Held:
    """None: it is put off no longer."""
    held = await _asked(ports, actor, approval_id, step)
    directory = await ports.directories.read()
    if on is not None and on <= directory.calendar.day(ports.now):
        raise Invalid("follow_up_in_the_past", field="on")
    await ports.approvals.save_follow_up(approval_id, step, actor.person_id, on)
    return held


async def _asked(ports: Ports, actor: Actor, approval_id: UUID, step: str) -> Held:
    actor.require("approval.decide")
    held = await locked_visible_approval(ports, actor, approval_id)
    await running_process(ports, held.approval)
    run = held.approval.steps.get(step)
    part = run.parts.get(actor.person_id) if run is not None and run.state == "pending" else None
    if part is None or part.state != "requested":
        raise Forbidden("approver_not_asked", step=step)
    return held


async def _claimed_by(ports: Ports, approval_id: UUID, step: str) -> UUID | None:
    notes = await ports.approvals.notes(approval_id)
    return next((note.person for note in notes if note.step == step and note.claimed_at), None)
