"""Show what came of exchanges: imports, comparisons, failures and conflicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.conflict import Conflict
from ...domain.failure import Failure, Problem
from ...domain.reconciliation import Reconciliation
from ...domain.run import Run
from ..apply_plan import problems_of
from ..change_mapping import PreviewedRecord
from ..import_entity import ImportedSource
from ..ports import NamedConflict, Ports
from .access import (
    Reader,
    actions_on_conflict,
    actions_on_failure,
    actions_on_reconciliation,
    actions_on_run,
    sees_payload,
)
from .views import (
    ConflictView,
    CountsView,
    FailureView,
    ImportedSourceView,
    MappingPreviewView,
    PreviewedRecordView,
    ProblemView,
    ReconciliationView,
    RecordView,
    RefusedRowView,
    RunView,
)

Names = Mapping[UUID, str]


async def list_runs(ports: Ports, reader: Reader, query: PageQuery, connection: str | None) -> Page[RunView]:
    """Newest first. Those that found nothing leave none."""
    found = await ports.runs.list_runs(connection=connection, after=query.after(UUID), limit=query.rows)
    return page_of(query, found, lambda each: _run(reader, each), lambda each: each.run_id)


async def list_failures(
    ports: Ports, reader: Reader, query: PageQuery, connection: str | None
) -> Page[FailureView]:
    """Oldest first."""
    found = await ports.failures.list_failures(
        connection=connection, after=query.after(UUID), limit=query.rows
    )
    return page_of(query, found, lambda each: _failure(reader, each), lambda each: each.failure_id)


async def read_failure(ports: Ports, reader: Reader, failure_id: UUID) -> FailureView:
    """Raises Absent, also for a record that has gone through meanwhile."""
    return _failure(reader, await ports.failures.get_failure(failure_id))


async def list_conflicts(
    ports: Ports, reader: Reader, query: PageQuery, connection: str | None, *, resolved: bool
) -> Page[ConflictView]:
    """Oldest first."""
    found = await ports.conflicts.list_conflicts(
        connection=connection, resolved=resolved, after=query.after(UUID), limit=query.rows
    )
    names = await _names_in(ports, found)
    return page_of(
        query, found, lambda each: _conflict(reader, each, names), lambda each: each.conflict.conflict_id
    )


async def read_conflict(ports: Ports, reader: Reader, conflict_id: UUID) -> ConflictView:
    """Raises Absent."""
    found = await ports.conflicts.get_conflict(conflict_id)
    return _conflict(reader, found, await _names_in(ports, [found]))


def show_source(reader: Reader, source: ImportedSource) -> ImportedSourceView:
    return ImportedSourceView(
        entity=source.entity,
        name=source.name,
        dialect=source.dialect,
        unknown=list(source.unknown),
        **asdict(source.counts),
        refusals=[
            RefusedRowView(
                line=row.line, record=row.key, problems=_problems(reader, problems_of(row.problems))
            )
            for row in source.refused
        ],
    )


def show_preview(reader: Reader, records: Sequence[PreviewedRecord]) -> MappingPreviewView:
    return MappingPreviewView(
        records=[
            PreviewedRecordView(
                fields=each.fields,
                problems=_problems(reader, problems_of(each.problems)),
                notices=_problems(reader, problems_of(each.notices)),
            )
            for each in records
        ]
    )


def show_reconciliation(reader: Reader, found: Reconciliation) -> ReconciliationView:
    return ReconciliationView(
        entity=found.entity,
        there=found.there,
        linked=len(found.linked),
        missing_here=found.missing_here,
        missing_there=found.missing_there,
        differing=found.differing,
        deleted=found.deleted,
        actions=actions_on_reconciliation(reader.actor, found),
    )


def _run(reader: Reader, run: Run) -> RunView:
    return RunView(
        id=run.run_id,
        connection=run.connection_key,
        entity=run.entity,
        kind=run.kind,
        state=run.state,
        counts=CountsView(**asdict(run.counts)),
        problem=_problem(reader, Problem(run.problem, None, {})) if run.problem else None,
        started_at=run.started_at,
        finished_at=run.finished_at,
        actions=actions_on_run(reader.actor),
    )


def _failure(reader: Reader, failure: Failure) -> FailureView:
    return FailureView(
        id=failure.failure_id,
        connection=failure.connection_key,
        entity=failure.entity,
        direction=failure.direction,
        record=failure.record_key,
        error_class=failure.error_class,
        problems=_problems(reader, failure.problems),
        attempts=failure.attempts,
        first_failed_at=failure.first_failed_at,
        last_failed_at=failure.last_failed_at,
        retry_at=failure.retry_at,
        payload=dict(failure.payload) if sees_payload(reader.actor, failure) else None,
        actions=actions_on_failure(reader.actor, failure),
    )


def _conflict(reader: Reader, found: NamedConflict, names: Names) -> ConflictView:
    conflict = found.conflict
    return ConflictView(
        id=conflict.conflict_id,
        connection=conflict.connection_key,
        entity=conflict.entity,
        record=RecordView(id=conflict.record_id, code=found.record_code, name=found.record_name),
        field=conflict.field,
        ours=conflict.ours,
        ours_by=PersonView(id=conflict.edit.by, name=names.get(conflict.edit.by)),
        ours_at=conflict.edit.at,
        theirs=conflict.theirs,
        found_at=conflict.found_at,
        choice=conflict.choice,
        resolved_by=_person(conflict.resolved_by, names),
        resolved_at=conflict.resolved_at,
        actions=actions_on_conflict(reader.actor, conflict),
    )


async def _names_in(ports: Ports, found: Sequence[NamedConflict]) -> Names:
    conflicts: list[Conflict] = [each.conflict for each in found]
    return await ports.directory.names(
        person for each in conflicts for person in (each.edit.by, each.resolved_by)
    )


def _person(person_id: UUID | None, names: Names) -> PersonView | None:
    return PersonView(id=person_id, name=names.get(person_id)) if person_id else None


def _problems(reader: Reader, problems: Sequence[Problem]) -> list[ProblemView]:
    return [_problem(reader, each) for each in problems]


def _problem(reader: Reader, problem: Problem) -> ProblemView:
    return ProblemView(code=problem.code, field=problem.field, detail=reader.text(problem))
