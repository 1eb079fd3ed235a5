"""Look up processes, subject types, replays and migrations of running approvals, and show them together with
what the reader may do with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.directory import Directory
from ...domain.process import Process
from ...domain.simulation import Simulation
from ...domain.subjects import SubjectType
from ..migrate_approvals import read_migration
from ..ports import Draft, ListedVersion, Migration, MigrationItem, Ports, PublishedVersion, Replay, Verdict
from .access import actions_on_migration, actions_on_process, sees_all_approvals
from .approvals import known_person, person_view
from .views import (
    ForeseenPersonView,
    ForeseenStepView,
    MigrationItemView,
    MigrationView,
    ProcessView,
    ReplayView,
    SimulationView,
    SubjectTypeView,
    VersionView,
)


async def read_draft(ports: Ports, key: str) -> Draft:
    draft = await ports.processes.find(key)
    if draft is None:
        raise Absent("process_absent")
    return draft


async def read_version(ports: Ports, actor: Actor, key: str, number: int) -> ProcessView:
    draft = await read_draft(ports, key)
    version = await ports.processes.published(key, number)
    if version is None:
        raise Absent("process_absent")
    return show_process(actor, draft, version)


async def list_processes(ports: Ports, actor: Actor, query: PageQuery) -> Page[ProcessView]:
    """List processes in the order of their keys."""
    found = await ports.processes.page(query.after(str) or "", query.rows)
    return page_of(query, found, lambda draft: show_process(actor, draft), lambda draft: draft.key)


def show_process(actor: Actor, draft: Draft, version: PublishedVersion | None = None) -> ProcessView:
    """Show the draft of a process, or one of its published versions."""
    definition = version.definition if version else draft.definition
    return ProcessView(
        key=draft.key,
        name=definition.name,
        subject=definition.subject,
        state="retired" if draft.retired_at else "published" if draft.published else "draft",
        published=draft.published,
        version=version.number if version else None,
        changed_at=version.published_at if version else draft.changed_at,
        definition=definition.model_dump(mode="json", exclude_unset=True),
        actions=actions_on_process(actor, draft),
    )


async def list_versions(ports: Ports, key: str, query: PageQuery) -> Page[VersionView]:
    """List the published versions of a process, newest first."""
    await read_draft(ports, key)
    found = await ports.processes.versions(key, query.after(int), query.rows)
    directory = await ports.directories.read()

    def view(version: ListedVersion) -> VersionView:
        return VersionView(
            number=version.number,
            name=version.name,
            published_at=version.published_at,
            published_by=known_person(directory, version.published_by),
        )

    return page_of(query, found, view, lambda version: version.number)


async def list_subject_types(ports: Ports, query: PageQuery) -> Page[SubjectTypeView]:
    """List the built-in subject types and the tenant's own, in the order of their keys. There are few, so
    all are read for each page."""
    after = query.after(str) or ""
    found = sorted(await ports.processes.subject_types(), key=lambda each: each.key)
    found = [each for each in found if each.key > after][: query.rows]
    return page_of(query, found, show_subject_type, lambda each: each.key)


def show_subject_type(subject: SubjectType) -> SubjectTypeView:
    document = subject.model_dump(mode="json", exclude_defaults=True)
    return SubjectTypeView(key=subject.key, name=subject.name, definition=document)


async def list_migrations(ports: Ports, actor: Actor, key: str, query: PageQuery) -> Page[MigrationView]:
    """List the migrations of a process's running approvals, newest first."""
    await read_draft(ports, key)
    found = await ports.migrations.page(key, query.after(UUID), query.rows)
    counts = await ports.migrations.counts([migration.id for migration in found])
    directory = await ports.directories.read()

    def view(migration: Migration) -> MigrationView:
        return _migration(actor, migration, counts.get(migration.id, {}), directory)

    return page_of(query, found, view, lambda migration: migration.id)


async def show_migration(ports: Ports, actor: Actor, migration: Migration) -> MigrationView:
    counts = await ports.migrations.counts([migration.id])
    return _migration(actor, migration, counts.get(migration.id, {}), await ports.directories.read())


async def list_migration_items(
    ports: Ports, actor: Actor, migration_id: UUID, query: PageQuery, verdict: Verdict | None
) -> Page[MigrationItemView]:
    """List the result of a migration for each approval, in the order of the approvals' ids."""
    migration = await read_migration(ports, migration_id)
    found = await ports.migrations.items(migration.id, query.after(UUID), verdict, query.rows)
    titles = await _titles(ports, actor, [each.approval_id for each in found])
    return page_of(query, found, lambda each: _migration_item(each, titles), lambda each: each.approval_id)


async def _titles(ports: Ports, actor: Actor, approval_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the approvals' titles if the actor reads all approvals, otherwise none."""
    return await ports.approvals.titles(approval_ids) if sees_all_approvals(actor) else {}


async def show_replay(ports: Ports, actor: Actor, replay: Replay) -> ReplayView:
    report = replay.report
    if report is not None:
        rows = report.get("differences", [])
        found = await _titles(ports, actor, [UUID(row["approval_id"]) for row in rows])
        titles = {str(approval_id): {"title": title} for approval_id, title in found.items()}
        report = {**report, "differences": [row | titles.get(row["approval_id"], {}) for row in rows]}
    return ReplayView(
        id=replay.id,
        process_key=replay.process_key,
        wanted=replay.wanted,
        done=replay.done,
        state="ended" if replay.ended_at else "running",
        report=report,
        created_at=replay.created_at,
        ended_at=replay.ended_at,
    )


def show_simulation(process: Process, simulation: Simulation, directory: Directory) -> SimulationView:
    steps = []
    for each in simulation.steps:
        step = process.steps[each.step]
        facts: dict[str, Any] = {}
        if each.outcome == "asked":
            facts["quorum"] = step.model_dump(mode="json")["quorum"]
            facts["asked"] = [
                ForeseenPersonView(person=person_view(directory, asked.person), why=asked.why)
                for asked in each.asked
            ]
            facts["left_out"] = [
                ForeseenPersonView(person=person_view(directory, out.person), why=out.why)
                for out in each.left_out
            ]
            facts["missing"] = list(each.missing)
        steps.append(
            ForeseenStepView(
                key=each.step,
                name=step.name,
                outcome=each.outcome,
                because=each.because,
                condition=each.condition,
                due_at=each.due_at,
                **facts,
            )
        )
    return SimulationView(outcome=simulation.outcome, steps=steps)


def _migration(
    actor: Actor, migration: Migration, counts: dict[str, int], directory: Directory
) -> MigrationView:
    return MigrationView(
        id=migration.id,
        process_key=migration.process_key,
        to_version=migration.to_version,
        state=migration.state,
        counts=counts,
        created_at=migration.created_at,
        created_by=person_view(directory, migration.created_by),
        carried_out_by=known_person(directory, migration.carried_out_by),
        actions=actions_on_migration(actor, migration),
    )


def _migration_item(item: MigrationItem, titles: Mapping[UUID, str]) -> MigrationItemView:
    return MigrationItemView(
        approval_id=item.approval_id,
        title=titles.get(item.approval_id),
        from_version=item.from_version,
        verdict=item.verdict,
        reason=item.reason,
        part=item.part,
    )
