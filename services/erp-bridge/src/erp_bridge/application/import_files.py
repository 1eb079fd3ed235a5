"""Take in what the ERP has left, file by file."""

from __future__ import annotations

from dataclasses import dataclass, field

from optima_kit.refusals import Invalid

from ..domain.connection import Connection
from ..domain.import_plan import ImportPlan, RefusedRow
from ..domain.mapping import missing_columns
from .ports import Connector, ConnectorFault, Endpoint, Look, Ports, RemoteRows, Work
from .take_in_customers import apply_plan, plan_customers, refuse_row


@dataclass(frozen=True, slots=True)
class ImportedFile:
    name: str
    plan: ImportPlan = field(default_factory=lambda: ImportPlan([], []))
    readable: bool = True
    """False when the file as a whole was refused; the plan's one refused row says why."""


async def import_files(work: Work, key: str) -> list[ImportedFile]:
    """Imports each waiting file in a transaction of its own and puts it away after the commit.

    A file that is read again after a crash changes nothing: its rows are what we know already. The next
    file's turn comes only when the one before is put away, so that an older state never overtakes.
    Raises Absent for an unknown connection, ConnectorFault when the folder can't be reached.
    """
    async with work.transaction() as ports:
        connection = await ports.connections.get_connection(key)
        connector, endpoint = ports.connectors.get(connection.connector), ports.endpoint(connection)
    imported = []
    for name in await connector.waiting(endpoint):
        content = await _read(connector, endpoint, name)
        if content is None:
            continue
        async with work.transaction() as ports:
            connection = await ports.connections.get_connection(key, lock=True)
            # Somebody else may have imported this one, and a newer one after it, while we waited.
            if not await connector.still_waits(endpoint, name):
                continue
            file = await _plan(ports, connection, name, content)
            await _apply(ports, connection, file)
            at = ports.now
        await connector.put_away(endpoint, name, refused=not file.readable, at=at)
        imported.append(file)
    async with work.transaction() as ports:
        await ports.connections.update_last_import(connection.connection_id, ports.now)
    return imported


async def preview_import(look: Look, key: str) -> list[ImportedFile]:
    """What `import_files` would do now: the same plan, and nothing written, moved or noted."""
    async with look.reading() as ports:
        connection = await ports.connections.get_connection(key)
        connector, endpoint = ports.connectors.get(connection.connector), ports.endpoint(connection)
    contents = [(name, await _read(connector, endpoint, name)) for name in await connector.waiting(endpoint)]
    async with look.reading() as ports:
        return [await _plan(ports, connection, name, found) for name, found in contents if found is not None]


async def _read(connector: Connector, endpoint: Endpoint, name: str) -> RemoteRows | ConnectorFault | None:
    try:
        return await connector.read(endpoint, name)
    except ConnectorFault as fault:
        if fault.error_class == "unreachable":
            raise
        return fault


async def _plan(
    ports: Ports, connection: Connection, name: str, content: RemoteRows | ConnectorFault
) -> ImportedFile:
    if isinstance(content, ConnectorFault):
        return _refused(name, Invalid(content.code, field=name, **content.facts))
    mapping = connection.mapping.of("customer")
    if missing := missing_columns("customer", mapping, content.header):
        return _refused(name, Invalid("column_missing", field=missing[0], file=name))
    return ImportedFile(name, await plan_customers(ports, connection, content, name))


def _refused(name: str, why: Invalid) -> ImportedFile:
    return ImportedFile(name, ImportPlan([], [RefusedRow(0, name, {}, (why,))]), readable=False)


async def _apply(ports: Ports, connection: Connection, file: ImportedFile) -> None:
    if file.readable:
        await apply_plan(ports, connection, file.plan)
        await ports.failures.delete_failures(connection.connection_id, "customer", "in", [file.name])
        return
    for row in file.plan.refused:
        await refuse_row(ports, connection, row)
