"""Import the ERP's records of one entity, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from optima_kit.ids import new_id
from optima_kit.refusals import Invalid

from ..domain.connection import Connection
from ..domain.entities import Entity
from ..domain.import_plan import ImportPlan, RefusedRecord
from ..domain.mapping import missing_columns
from ..domain.run import Counts, Run, RunKind
from ..domain.schema import RemoteSchema
from .apply_plan import apply_plan, plan_records, refuse_source
from .mark_deleted import mark_deleted
from .note_schema import note_schema
from .pace import paced
from .ports import Checkpoint, Endpoint, EntityPaused, Fault, Page, Ports, RequestWork, Session, Work

REFUSED_SHOWN = 200


@dataclass(slots=True)
class ImportedSource:
    """The result of importing one file or one remote collection."""

    name: str
    entity: Entity
    counts: Counts = field(default_factory=Counts)
    refused: list[RefusedRecord] = field(default_factory=list)
    """The first `REFUSED_SHOWN` refused records."""
    seen: set[str] = field(default_factory=set)
    """Remote ids of the records that came from the source."""
    unknown: Sequence[str] = ()
    dialect: str | None = None
    header: Invalid | None = None
    """The problem of the source as a whole, if there is one."""

    def add(self, plan: ImportPlan, deleted: int = 0) -> None:
        self.counts = self.counts.plus(plan, deleted)
        self.refused += plan.refused[: REFUSED_SHOWN - len(self.refused)]


async def import_entity(work: Work, key: str, entity: Entity, kind: RunKind) -> list[ImportedSource]:
    """Import each page, together with the checkpoint behind it, in a transaction of its own.

    After a crash the next run continues behind the last committed page. Of two runs at the same time, the one
    that finds the checkpoint advanced by the other stops, so that an older state never overwrites a newer
    one. Raises Absent for an unknown connection, Paused for an entity that waits for a person, Fault if the
    remote system can't be reached; pages committed before are kept.
    """
    async with work.transaction() as ports:
        connection, endpoint, checkpoint = await _begin(ports, key, entity)
        connector = ports.connectors.get(connection.connector)
        run = Run(new_id(), connection.connection_id, key, entity, kind, ports.now)
    sources: dict[str, ImportedSource] = {}
    problem: Fault | None = None
    try:
        async with connector.open(paced(work, connection, endpoint)) as session:
            await session.probe()
            await _see_schema(work, session, connection, entity)
            async for page in _pages(session, entity, checkpoint):
                source = sources.setdefault(page.source, ImportedSource(page.source, entity))
                async with work.transaction() as ports:
                    if not await ports.checkpoints.advance_checkpoint(
                        connection.connection_id, entity, checkpoint, page.checkpoint
                    ):
                        break
                    connection = await ports.connections.get_connection(key)
                    before, created = source.counts, run.counts.created
                    await _import_page(ports, connection, page, source)
                    run = run.counting(before, source.counts)
                    if run.is_kept:
                        await ports.runs.save_run(run)
                if _grew_tenfold(created, run.counts.created):
                    async with work.transaction() as ports:
                        await ports.records.update_statistics()
                checkpoint = page.checkpoint
                await session.settle(page, refused=source.header is not None)
    except Fault as fault:
        problem = fault
    async with work.transaction() as ports:
        if (sources and run.is_kept) or problem:
            await ports.runs.save_run(run.ended(ports.now, problem.code if problem else None))
        if problem is None:
            await ports.connections.update_last_import(connection.connection_id, ports.now)
    if problem is not None:
        raise problem
    return list(sources.values())


def _grew_tenfold(before: int, now: int) -> bool:
    """Tell whether the number of records gained a digit. Below a thousand the answer is False, because so few
    records are found quickly by any query plan."""
    return now >= 1000 and len(str(now)) > len(str(before))


async def _see_schema(work: Work, session: Session, connection: Connection, entity: Entity) -> None:
    """Check the remote schema. Raises Paused if the remote system no longer has the fields that we read."""
    schema = await session.schema(entity)
    if schema is None:
        return
    async with work.transaction() as ports:
        fits = await note_schema(ports, connection, entity, schema)
    if not fits:
        raise EntityPaused


async def preview_import(
    work: RequestWork, key: str, entity: Entity, *, again: bool = False
) -> list[ImportedSource]:
    """Return what `import_entity` would do now, by the same plan but without writing or moving anything.
    With `again`, read from the beginning as if nothing had been imported yet."""
    async with work.reading() as ports:
        connection, endpoint, checkpoint = await _begin(ports, key, entity)
        checkpoint = None if again else checkpoint
        connector = ports.connectors.get(connection.connector)
    sources: dict[str, ImportedSource] = {}
    async with connector.open(paced(work, connection, endpoint)) as session:
        async for page in _pages(session, entity, checkpoint):
            source = sources.setdefault(page.source, ImportedSource(page.source, entity))
            async with work.reading() as ports:
                source.add(await _plan(ports, connection, page, source), len(page.deleted))
    return list(sources.values())


async def _begin(ports: Ports, key: str, entity: Entity) -> tuple[Connection, Endpoint, Checkpoint | None]:
    connection = await ports.connections.get_connection(key)
    if await ports.failures.is_paused(connection.connection_id, entity):
        raise EntityPaused
    checkpoint = await ports.checkpoints.find_checkpoint(connection.connection_id, entity)
    return connection, ports.endpoint(connection), checkpoint


async def _pages(session: Session, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
    async with aclosing(session.changes(entity, checkpoint)) as pages:  # type: ignore[type-var]
        async for page in pages:
            yield page


async def _plan(ports: Ports, connection: Connection, page: Page, source: ImportedSource) -> ImportPlan:
    entity, mapping = source.entity, connection.mapping.of(source.entity)
    source.unknown, source.dialect = page.unknown, page.dialect
    if page.refused is not None:
        source.header = Invalid(page.refused.code, field=page.source, **page.refused.facts)
    elif page.header is not None and (missing := missing_columns(entity, mapping, page.header)):
        source.header = Invalid("column_missing", field=missing[0], file=page.source)
    if source.header is not None:
        # The source's problem is reported only once, with its first page.
        first = not source.refused
        return ImportPlan([], [RefusedRecord(0, page.source, {}, (source.header,))] if first else [])
    return await plan_records(ports, connection, entity, page.records, source=page.source, seen=source.seen)


async def _import_page(ports: Ports, connection: Connection, page: Page, source: ImportedSource) -> None:
    plan = await _plan(ports, connection, page, source)
    entity, deleted = source.entity, 0
    if source.header is not None:
        if plan.refused:
            await refuse_source(ports, connection, entity, page.source, source.header)
    else:
        if page.header is not None and page.first:
            columns = RemoteSchema(
                dict.fromkeys(page.header, False),
                read=frozenset(connection.mapping.of(entity).columns()),
                strict=False,
            )
            await note_schema(ports, connection, entity, columns)
        await apply_plan(ports, connection, entity, plan)
        await ports.failures.delete_failures(connection.connection_id, entity, "in", [page.source])
    if page.deleted:
        deleted = await mark_deleted(ports, connection, entity, page.deleted)
    source.add(plan, deleted)
