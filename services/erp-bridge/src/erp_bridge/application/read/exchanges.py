"""Show the results of exchanges: import runs, comparisons, failures and conflicts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Final
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.conflict import Conflict
from ...domain.failure import Failure, FailureFilter, FailureGroup, Problem
from ...domain.reconciliation import DifferenceKind, Reconciliation, Total
from ...domain.run import Run
from ..change_mapping import PreviewedRecord
from ..import_entity import ImportedSource
from ..keep_failure import problems_of
from ..ports import NamedConflict, NamedDifference, Ports
from .access import (
    Reader,
    actions_on_conflict,
    actions_on_failure,
    actions_on_failure_group,
    actions_on_reconciliation,
    actions_on_run,
    sees_amounts,
    sees_payload,
)
from .views import (
    ConflictView,
    CountsView,
    DifferenceView,
    FailureGroupView,
    FailureView,
    ImportedSourceView,
    MappingPreviewView,
    PreviewedRecordView,
    ProblemView,
    ReconciliationView,
    RecordView,
    RefusedRowView,
    RunView,
    TotalView,
)

Names = Mapping[UUID, str]

_ROWS_AT_ONCE: Final = 1000


async def list_runs(ports: Ports, reader: Reader, query: PageQuery, connection: str | None) -> Page[RunView]:
    """List import runs, newest first. Scheduled runs that found nothing are not kept."""
    found = await ports.runs.list_runs(connection=connection, after=query.after(UUID), limit=query.rows)
    return page_of(query, found, lambda each: _run(reader, each), lambda each: each.run_id)


async def list_failures(
    ports: Ports, reader: Reader, query: PageQuery, wanted: FailureFilter
) -> Page[FailureView]:
    """List failures, oldest first."""
    found = await ports.failures.list_failures(wanted, after=query.after(UUID), limit=query.rows)
    names = await _dismissers(ports, found)
    return page_of(query, found, lambda each: _failure(reader, each, names), lambda each: each.failure_id)


async def list_failure_groups(
    ports: Ports, reader: Reader, query: PageQuery, connection: str | None
) -> Page[FailureGroupView]:
    """List groups of failures by connection, entity, direction, class and code."""
    found = await ports.failures.list_failure_groups(
        FailureFilter(connection=connection),
        after=query.after(str, str, str, str, str, int),
        limit=query.rows,
    )
    return page_of(
        query,
        found,
        lambda each: _failure_group(reader, each),
        lambda each: (
            each.connection_key,
            each.entity,
            each.direction,
            each.error_class,
            each.code,
            int(each.kept),
        ),
    )


async def read_failure(ports: Ports, reader: Reader, failure_id: UUID) -> FailureView:
    """Read one failure. Raises Absent, also if its record has been exchanged meanwhile."""
    failure = await ports.failures.get_failure(failure_id)
    return _failure(reader, failure, await _dismissers(ports, [failure]))


async def list_conflicts(
    ports: Ports, reader: Reader, query: PageQuery, connection: str | None, *, resolved: bool
) -> Page[ConflictView]:
    """List conflicts, oldest first."""
    found = await ports.conflicts.list_conflicts(
        connection=connection, resolved=resolved, after=query.after(UUID), limit=query.rows
    )
    names = await _names_in(ports, found)
    return page_of(
        query, found, lambda each: _conflict(reader, each, names), lambda each: each.conflict.conflict_id
    )


async def read_conflict(ports: Ports, reader: Reader, conflict_id: UUID) -> ConflictView:
    """Read one conflict. Raises Absent if there is none with this id."""
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
                fields={name: value for name, value in each.fields.items() if value is not None},
                problems=_problems(reader, problems_of(each.problems)),
                notices=_problems(reader, problems_of(each.notices)),
            )
            for each in records
        ]
    )


async def list_reconciliations(
    ports: Ports, reader: Reader, query: PageQuery, connection: str | None
) -> Page[ReconciliationView]:
    """List reconciliations, newest first."""
    found = await ports.reconciliations.list_reconciliations(
        connection=connection, after=query.after(UUID), limit=query.rows
    )
    return page_of(
        query, found, lambda each: show_reconciliation(reader, each), lambda each: each.reconciliation_id
    )


async def read_reconciliation(ports: Ports, reader: Reader, reconciliation_id: UUID) -> ReconciliationView:
    """Read one reconciliation. Raises Absent if there is none with this id."""
    return show_reconciliation(reader, await ports.reconciliations.get_reconciliation(reconciliation_id))


async def list_differences(
    ports: Ports, query: PageQuery, reconciliation_id: UUID, kind: DifferenceKind | None
) -> Page[DifferenceView]:
    """List a reconciliation's differences by kind and remote id. Raises Absent."""
    await ports.reconciliations.get_reconciliation(reconciliation_id)
    found = await ports.reconciliations.list_differences(
        reconciliation_id, kind=kind, after=query.after(str, str), limit=query.rows
    )
    return page_of(query, found, _difference, lambda each: (each.difference.kind, each.difference.remote_id))


async def all_differences(ports: Ports, reconciliation_id: UUID) -> AsyncIterator[dict[str, str]]:
    """Yield a reconciliation's differences as rows of text. Raises Absent."""
    await ports.reconciliations.get_reconciliation(reconciliation_id)
    after: tuple[str, str] | None = None
    while True:
        found = await ports.reconciliations.list_differences(
            reconciliation_id, kind=None, after=after, limit=_ROWS_AT_ONCE
        )
        for each in found:
            told = each.difference
            yield {
                "kind": told.kind,
                "remote_id": told.remote_id,
                "code": told.code or "",
                "name": told.name or "",
                "record_code": each.record_code or "",
                "record_name": each.record_name or "",
            }
            after = (told.kind, told.remote_id)
        if len(found) < _ROWS_AT_ONCE:
            return


def show_reconciliation(reader: Reader, found: Reconciliation) -> ReconciliationView:
    return ReconciliationView(
        id=found.reconciliation_id,
        connection=found.connection_key,
        entity=found.entity,
        found_at=found.found_at,
        there=found.there,
        linked=found.linked,
        missing_here=found.missing_here,
        missing_there=found.missing_there,
        differing=found.differing,
        deleted=found.deleted,
        totals=[_total(reader.actor, each) for each in found.totals],
        actions=actions_on_reconciliation(reader.actor, found),
    )


def _total(actor: Actor, found: Total) -> TotalView:
    sees = sees_amounts(actor)
    return TotalView(
        period=found.period or None,
        there=found.there,
        linked=found.linked,
        there_quantity=_quantity(found.there_quantity),
        linked_quantity=_quantity(found.linked_quantity),
        there_amount=_amount(found.there_amount) if sees else None,
        linked_amount=_amount(found.linked_amount) if sees else None,
    )


def _quantity(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


def _amount(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:.2f}"


async def report_rows(ports: Ports, reader: Reader, reconciliation_id: UUID) -> AsyncIterator[dict[str, str]]:
    """Yield a reconciliation's totals and then its differences, as rows of text. Raises Absent."""
    found = await ports.reconciliations.get_reconciliation(reconciliation_id)
    for each in found.totals:
        told = _total(reader.actor, each).model_dump(exclude_none=True)
        yield {"kind": "total", **{name: str(value) for name, value in told.items()}}
    async for row in all_differences(ports, reconciliation_id):
        yield row


def _difference(found: NamedDifference) -> DifferenceView:
    told = found.difference
    record = None
    if found.record_id is not None:
        record = RecordView(id=found.record_id, code=found.record_code or "", name=found.record_name or "")
    return DifferenceView(
        kind=told.kind, remote_id=told.remote_id, code=told.code, name=told.name, record=record
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


def _failure(reader: Reader, failure: Failure, names: Names) -> FailureView:
    dismissal = failure.dismissal
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
        dismissed_by=PersonView.of(dismissal.by, names) if dismissal else None,
        dismissed_at=dismissal.at if dismissal else None,
        dismissal_reason=dismissal.reason if dismissal else None,
        actions=actions_on_failure(reader.actor, failure),
    )


def _failure_group(reader: Reader, group: FailureGroup) -> FailureGroupView:
    return FailureGroupView(
        connection=group.connection_key,
        entity=group.entity,
        direction=group.direction,
        error_class=group.error_class,
        code=group.code,
        detail=reader.text(group.problem),
        failures=group.failures,
        first_failed_at=group.first_failed_at,
        last_failed_at=group.last_failed_at,
        actions=actions_on_failure_group(reader.actor, group),
    )


async def _dismissers(ports: Ports, found: Sequence[Failure]) -> Names:
    return await ports.directory.names(each.dismissal.by for each in found if each.dismissal)


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
        resolved_by=PersonView.of(conflict.resolved_by, names),
        resolved_at=conflict.resolved_at,
        actions=actions_on_conflict(reader.actor, conflict),
    )


async def _names_in(ports: Ports, found: Sequence[NamedConflict]) -> Names:
    conflicts: list[Conflict] = [each.conflict for each in found]
    return await ports.directory.names(
        person for each in conflicts for person in (each.edit.by, each.resolved_by)
    )


def _problems(reader: Reader, problems: Sequence[Problem]) -> list[ProblemView]:
    return [_problem(reader, each) for each in problems]


def _problem(reader: Reader, problem: Problem) -> ProblemView:
    return ProblemView(code=problem.code, field=problem.field, detail=reader.text(problem))
