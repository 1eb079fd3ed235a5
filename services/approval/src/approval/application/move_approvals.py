"""Migrates running approvals to another version of their process: first a preview with a verdict for each
approval, then the migration itself in jobs. It can be reverted for approvals on which nobody has acted
since."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid, Refusal, Stale, WrongState

from ..domain import engine
from ..domain.migration import migration_blocker
from ..domain.process import Process
from .ports import Move, Moved, MoveState, Ports, StoredApproval
from .read.access import running_process
from .recording import record_change
from .subject_content import judged_again

PREVIEW: Final = "approval.preview_move"
MOVE: Final = "approval.move"
REVERT: Final = "approval.revert_move"
AT_A_TIME: Final = 50


class MoveStep(BaseModel):
    """A job of a migration. `after` is the last approval that earlier jobs have dealt with."""

    move_id: UUID
    after: UUID | None = None


async def begin_move(ports: Ports, actor: Actor, key: str, to_version: int | None) -> Move:
    """Schedule the preview of migrating every running approval of another version to `to_version`, or to the
    newest version if None."""
    draft = await ports.processes.find(key)
    if draft is None:
        raise Absent("process_absent")
    if draft.published is None:
        raise WrongState("process_not_published", process=key)
    target = draft.published if to_version is None else to_version
    if await ports.processes.version(key, target) is None:
        raise Invalid("version_unknown", field="to_version", version=target)
    move = Move(new_id(), key, target, "previewing", ports.now, actor.person_id, 1)
    await ports.moves.add(move)
    _owe(ports, PREVIEW, move.id, None)
    return move


async def run_move(ports: Ports, actor: Actor, move_id: UUID, expected_version: int | None) -> Move:
    return await _go_on(ports, actor, move_id, expected_version, "previewed", "moving", MOVE)


async def revert_move(ports: Ports, actor: Actor, move_id: UUID, expected_version: int | None) -> Move:
    """Schedule the reverting of a migration. Approvals on which somebody has acted since stay as they are."""
    return await _go_on(ports, actor, move_id, expected_version, "moved", "reverting", REVERT)


async def read_move(ports: Ports, move_id: UUID) -> Move:
    move = await ports.moves.find(move_id)
    if move is None:
        raise Absent("move_absent")
    return move


async def preview_step(ports: Ports, step: MoveStep) -> None:
    """Compute the verdicts of the next approvals, without migrating them."""
    move = await _lock_in_state(ports, step, "previewing")
    if move is None:
        return
    found = await ports.approvals.movable(move.process_key, move.to_version, step.after, AT_A_TIME)
    items = []
    for stored in found:
        old, new = await _processes(ports, move, stored)
        items.append(_verdict(stored, old, new))
        await asyncio.sleep(0)
    await ports.moves.note(move.id, items)
    await _continue(ports, move, PREVIEW, [stored.approval.id for stored in found], "previewed")


async def move_step(ports: Ports, step: MoveStep) -> None:
    """Migrate the next approvals. Each is judged again under its lock, and is refused if a step that blocks
    the migration has started since the preview."""
    move = await _lock_in_state(ports, step, "moving")
    if move is None:
        return
    found = await ports.moves.items(move.id, step.after, "possible", AT_A_TIME)
    items = []
    for item in found:
        stored = await ports.approvals.lock(item.approval_id)
        if stored is not None and stored.approval.state == "open":
            items.append(await _moved(ports, move, item, stored))
        else:
            items.append(replace(item, verdict="refused", reason="approval_ended"))
    await ports.moves.note(move.id, items)
    await _continue(ports, move, MOVE, [item.approval_id for item in found], "moved")


async def revert_step(ports: Ports, step: MoveStep) -> None:
    move = await _lock_in_state(ports, step, "reverting")
    if move is None:
        return
    found = await ports.moves.items(move.id, step.after, "moved", AT_A_TIME)
    items = [await _reverted(ports, move, item) for item in found]
    await ports.moves.note(move.id, items)
    await _continue(ports, move, REVERT, [item.approval_id for item in found], "reverted")


async def _processes(ports: Ports, move: Move, stored: StoredApproval) -> tuple[Process, Process]:
    """Return the version that the approval follows, and the target version, which has already evaluated its
    conditions on the approval's content."""
    approval = stored.approval
    old = await running_process(ports, approval)
    new = await ports.processes.version(move.process_key, move.to_version)
    assert new is not None, "a version that was published stays"
    return old, await judged_again(ports, new, approval, ports.now)


def _verdict(stored: StoredApproval, old: Process, new: Process) -> Moved:
    blocker = migration_blocker(stored.approval, old, new)
    if blocker is None:
        return Moved(stored.approval.id, old.version, "possible")
    return Moved(stored.approval.id, old.version, "refused", blocker.reason, blocker.key)


async def _moved(ports: Ports, move: Move, item: Moved, stored: StoredApproval) -> Moved:
    old, new = await _processes(ports, move, stored)
    again = _verdict(stored, old, new)
    if again.verdict == "refused":
        return again
    directory = await ports.directories.read()
    try:
        result = engine.migrate(stored.approval, old, new, move.carried_out_by, ports.now, directory)
    except Refusal as refusal:
        return replace(item, verdict="refused", reason=refusal.code)
    await record_change(ports, new, stored, result)
    return replace(item, verdict="moved")


async def _reverted(ports: Ports, move: Move, item: Moved) -> Moved:
    stored = await ports.approvals.lock(item.approval_id)
    old = await ports.processes.version(move.process_key, item.from_version)
    assert old is not None, "a version that was published stays"
    if stored is None or stored.approval.process_version != move.to_version:
        return replace(item, verdict="kept", reason="moved_on")
    directory = await ports.directories.read()
    try:
        result = engine.revert_migration(stored.approval, old, move.carried_out_by, ports.now, directory)
    except Refusal as refusal:
        return replace(item, verdict="kept", reason=refusal.code)
    after = await record_change(ports, old, stored, result)
    # The old version's approvers may have changed since the migration.
    result = engine.people_changed(after.approval, old, ports.now, directory)
    await record_change(ports, old, after, result)
    return replace(item, verdict="reverted")


async def _lock_in_state(ports: Ports, step: MoveStep, state: MoveState) -> Move | None:
    move = await ports.moves.lock(step.move_id)
    return move if move is not None and move.state == state else None


async def _go_on(
    ports: Ports,
    actor: Actor,
    move_id: UUID,
    expected_version: int | None,
    from_state: MoveState,
    to_state: MoveState,
    job: str,
) -> Move:
    move = await ports.moves.lock(move_id)
    if move is None:
        raise Absent("move_absent")
    if expected_version is not None and move.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    if move.state != from_state:
        raise WrongState("move_in_state", state=move.state)
    move = replace(move, state=to_state, version=move.version + 1, carried_out_by=actor.person_id)
    await ports.moves.save(move, ports.now)
    _owe(ports, job, move.id, None)
    return move


async def _continue(ports: Ports, move: Move, job: str, done: list[UUID], last: MoveState) -> None:
    if len(done) == AT_A_TIME:
        _owe(ports, job, move.id, done[-1])
    else:
        await ports.moves.save(replace(move, state=last), ports.now)


def _owe(ports: Ports, job: str, move_id: UUID, after: UUID | None) -> None:
    ports.jobs.schedule(job, MoveStep(move_id=move_id, after=after), key=f"{move_id}:{after}")
