"""Bring to an ERP what it has missed: what is older than the connection, or what a new mapping changes."""

from __future__ import annotations

from datetime import datetime

from ..domain.entities import Entity
from .ports import Ports
from .save_document import owe_document, takes


async def resend_documents(ports: Ports, key: str, entity: Entity, since: datetime) -> int:
    """Owes the present state of every document that changed since then; returns of how many.

    A document that the ERP has in that very state already is not written again. Raises Absent.
    """
    connection = await ports.connections.get_connection(key)
    documents = await ports.documents.list_documents_since(entity, since)
    wanted = [document for document in documents if takes(ports, connection, document)]
    for document in wanted:
        await owe_document(ports, connection, document)
    return len(wanted)


async def backfill_entity(ports: Ports, key: str, entity: Entity) -> None:
    """Has everything that the ERP has of an entity come in again. Raises Absent."""
    connection = await ports.connections.get_connection(key)
    await ports.checkpoints.reset_checkpoint(connection.connection_id, entity)
