"""Import from the ERP when a person asks for it, or check whether the ERP answers."""

from __future__ import annotations

from optima_kit.refusals import Invalid

from ..domain.entities import Entity
from ..domain.run import RunKind
from .import_entity import ImportedSource, import_entity, preview_import
from .pace import paced
from .ports import EntityPaused, RequestWork
from .resend import backfill_entity


async def start_import(
    work: RequestWork, key: str, entity: Entity | None, *, dry_run: bool, from_the_beginning: bool
) -> list[ImportedSource]:
    """Import the entity, or every entity that the connector reads if none is given. A dry run writes nothing.

    Raises Absent, Invalid for an entity that the connector does not read, Paused for a given entity that
    waits for a person, or Fault if the ERP can't be reached.
    """
    async with work.reading() as ports:
        connection = await ports.connections.get_connection(key)
        description = ports.connectors.get(connection.connector).describe()
    if entity is not None and not description.reads(entity):
        raise Invalid("entity_not_exchanged", field="entity")
    readable = [each.entity for each in description.capabilities if each.reads]
    sources: list[ImportedSource] = []
    for each in [entity] if entity else readable:
        if dry_run:
            try:
                sources += await preview_import(work, key, each, again=from_the_beginning)
            except EntityPaused:
                if entity is not None:
                    raise
            continue
        if from_the_beginning:
            async with work.transaction() as ports:
                await backfill_entity(ports, key, each)
        kind: RunKind = "backfill" if from_the_beginning else "requested"
        try:
            sources += await import_entity(work, key, each, kind)
        except EntityPaused:
            if entity is not None:
                raise
    return sources


async def check_connection(work: RequestWork, key: str) -> str:
    """Return the name of the system that answers under the stored settings and credentials. Raises Absent,
    or Fault."""
    async with work.reading() as ports:
        connection = await ports.connections.get_connection(key)
        connector, endpoint = ports.connectors.get(connection.connector), ports.endpoint(connection)
    async with connector.open(paced(work, connection, endpoint)) as session:
        return await session.probe()
