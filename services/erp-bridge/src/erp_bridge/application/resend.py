"""Send or read again what an exchange missed: records older than the connection, or changed by a mapping."""

from __future__ import annotations

from datetime import datetime

from optima_kit.refusals import Invalid

from ..domain.entities import Entity
from .ports import Ports
from .save_document import await_export


async def resend_documents(ports: Ports, key: str, entity: Entity, since: datetime) -> int:
    """Schedule the export of every document that changed since then. Return how many.

    A document that the ERP already has in its present state is not written again. Raises Absent, or Invalid
    for an entity that the connector does not write.
    """
    connection = await ports.connections.get_connection(key)
    if not ports.connectors.get(connection.connector).describe().writes(entity):
        raise Invalid("entity_not_exchanged", field="entity")
    changed = await ports.documents.list_documents_since(entity, since)
    documents = [each for each in changed if each.is_for_erps]
    for document in documents:
        await await_export(ports, connection, document)
    return len(documents)


async def backfill_entity(ports: Ports, key: str, entity: Entity) -> None:
    """Make the next import read all records of the entity again. Raises Absent."""
    connection = await ports.connections.get_connection(key)
    await ports.checkpoints.reset_checkpoint(connection.connection_id, entity)
