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
from .ports import Migration, MigrationItem, MigrationState, Ports, StoredApproval
from .read.access import running_process
from .recording import record_change
from .subject_content import judged_again

PREVIEW: Final = "approval.preview_move"
MIGRATE: Final = "approval.move"
REVERT: Final = "approval.revert_move"
AT_A_TIME: Final = 50


class MigrationStep(BaseModel):
    """A job of a migration. `after` is the last approval that earlier jobs have dealt with."""

    move_id: UUID
    after: UUID | None = None


async def begin_migration(ports: Ports, actor: Actor, key: str, to_version: int | None) -> Migration:
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
    migration = Migration(new_id(), key, target, "previewing", ports.now, actor.person_id, 1)
    await ports.migrations.add(migration)
    _schedule(ports, PREVIEW, migration.id, None)
    return migration


async def run_migration(
    ports: Ports, actor: Actor, migration_id: UUID, expected_version: int | None
) -> Migration:
    return await _go_on(ports, actor, migration_id, expected_version, "previewed", "moving", MIGRATE)


async def revert_migration(
    ports: Ports, actor: Actor, migration_id: UUID, expected_version: int | None
) -> Migration:
    """Schedule the reverting of a migration. Approvals on which somebody has acted since stay as they are."""
    return await _go_on(ports, actor, migration_id, expected_version, "moved", "reverting", REVERT)


async def read_migration(ports: Ports, migration_id: UUID) -> Migration:
    migration = await ports.migrations.find(migration_id)
    if migration is None:
        raise Absent("move_absent")
    return migration


async def preview_step(ports: Ports, step: MigrationStep) -> None:
    """Compute the verdicts of the next approvals, without migrating them."""
    migration = await _lock_in_state(ports, step, "previewing")
    if migration is None:
        return
    found = await ports.approvals.migratable(
        migration.process_key, migration.to_version, step.after, AT_A_TIME
    )
    items = []
    for stored in found:
        old, new = await _processes(ports, migration, stored)
        items.append(_verdict(stored, old, new))
        await asyncio.sleep(0)
    await ports.migrations.note(migration.id, items)
    await _continue(ports, migration, PREVIEW, [stored.approval.id for stored in found], "previewed")


async def migrate_step(ports: Ports, step: MigrationStep) -> None:
    """Migrate the next approvals. Each is judged again under its lock, and is refused if a step that blocks
    the migration has started since the preview."""
    migration = await _lock_in_state(ports, step, "moving")
    if migration is None:
        return
    found = await ports.migrations.items(migration.id, step.after, "possible", AT_A_TIME)
    items = []
    for item in found:
        stored = await ports.approvals.lock(item.approval_id)
        if stored is not None and stored.approval.state == "open":
            items.append(await _migrated(ports, migration, item, stored))
        else:
            items.append(replace(item, verdict="refused", reason="approval_ended"))
    await ports.migrations.note(migration.id, items)
    await _continue(ports, migration, MIGRATE, [item.approval_id for item in found], "moved")


async def revert_step(ports: Ports, step: MigrationStep) -> None:
    migration = await _lock_in_state(ports, step, "reverting")
    if migration is None:
        return
    found = await ports.migrations.items(migration.id, step.after, "moved", AT_A_TIME)
    items = [await _reverted(ports, migration, item) for item in found]
    await ports.migrations.note(migration.id, items)
    await _continue(ports, migration, REVERT, [item.approval_id for item in found], "reverted")


async def _processes(ports: Ports, migration: Migration, stored: StoredApproval) -> tuple[Process, Process]:
    """Return the version that the approval follows, and the target version, which has already evaluated its
    conditions on the approval's content."""
    approval = stored.approval
    old = await running_process(ports, approval)
    new = await ports.processes.version(migration.process_key, migration.to_version)
    assert new is not None, "a version that was published stays"
    return old, await judged_again(ports, new, approval, ports.now)


def _verdict(stored: StoredApproval, old: Process, new: Process) -> MigrationItem:
    blocker = migration_blocker(stored.approval, old, new)
    if blocker is None:
        return MigrationItem(stored.approval.id, old.version, "possible")
    return MigrationItem(stored.approval.id, old.version, "refused", blocker.reason, blocker.key)


async def _migrated(
    ports: Ports, migration: Migration, item: MigrationItem, stored: StoredApproval
) -> MigrationItem:
    old, new = await _processes(ports, migration, stored)
    again = _verdict(stored, old, new)
    if again.verdict == "refused":
        return again
    directory = await ports.directories.read()
    try:
        result = engine.migrate(stored.approval, old, new, migration.carried_out_by, ports.now, directory)
    except Refusal as refusal:
        return replace(item, verdict="refused", reason=refusal.code)
    await record_change(ports, new, stored, result)
    return replace(item, verdict="moved")


async def _reverted(ports: Ports, migration: Migration, item: MigrationItem) -> MigrationItem:
    stored = await ports.approvals.lock(item.approval_id)
    old = await ports.processes.version(migration.process_key, item.from_version)
    assert old is not None, "a version that was published stays"
    if stored is None or stored.approval.process_version != migration.to_version:
        return replace(item, verdict="kept", reason="moved_on")
    directory = await ports.directories.read()
    try:
        result = engine.revert_migration(stored.approval, old, migration.carried_out_by, ports.now, directory)
    except Refusal as refusal:
        return replace(item, verdict="kept", reason=refusal.code)
    after = await record_change(ports, old, stored, result)
    # The old version's approvers may have changed since the migration.
    result = engine.people_changed(after.approval, old, ports.now, directory)
    await record_change(ports, old, after, result)
    return replace(item, verdict="reverted")


async def _lock_in_state(ports: Ports, step: MigrationStep, state: MigrationState) -> Migration | None:
    migration = await ports.migrations.lock(step.move_id)
    return migration if migration is not None and migration.state == state else None


async def _go_on(
    ports: Ports,
    actor: Actor,
    migration_id: UUID,
    expected_version: int | None,
    from_state: MigrationState,
    to_state: MigrationState,
    job: str,
) -> Migration:
    migration = await ports.migrations.lock(migration_id)
    if migration is None:
        raise Absent("move_absent")
    if expected_version is not None and migration.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    if migration.state != from_state:
        raise WrongState("move_in_state", state=migration.state)
    migration = replace(
        migration, state=to_state, version=migration.version + 1, carried_out_by=actor.person_id
    )
    await ports.migrations.save(migration, ports.now)
    _schedule(ports, job, migration.id, None)
    return migration


async def _continue(
    ports: Ports, migration: Migration, job: str, done: list[UUID], last: MigrationState
) -> None:
    if len(done) == AT_A_TIME:
        _schedule(ports, job, migration.id, done[-1])
    else:
        await ports.migrations.save(replace(migration, state=last), ports.now)


def _schedule(ports: Ports, job: str, migration_id: UUID, after: UUID | None) -> None:
    ports.jobs.schedule(job, MigrationStep(move_id=migration_id, after=after), key=f"{migration_id}:{after}")
