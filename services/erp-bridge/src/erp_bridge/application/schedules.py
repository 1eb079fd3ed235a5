"""The jobs of the bridge, and when they are owed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from ..domain.connection import Connection
from ..domain.documents import Document
from ..domain.mapping import Entity
from .ports import Ports

EXPORT: Final = "erp.export"
POLL: Final = "erp.poll"
POLL_EVERY: Final = timedelta(seconds=30)


class ExportDocument(BaseModel):
    connection_id: UUID
    entity: Entity
    internal_id: UUID


class PollConnection(BaseModel):
    key: str


async def save_document(ports: Ports, document: Document) -> None:
    """Stores the document, and owes its present state to every connection that can take it."""
    connections = await ports.connections.list_connections()
    await ports.documents.upsert_document(document)
    for connection in connections:
        capabilities = ports.connectors.get(connection.connector).capabilities
        if any(each.entity == document.entity and each.writes for each in capabilities):
            await ports.documents.upsert_awaited_export(
                connection.connection_id, document.entity, document.internal_id, ports.now
            )
            owe_export(ports, connection.connection_id, document.entity, document.internal_id)


def owe_export(
    ports: Ports, connection_id: UUID, entity: Entity, internal_id: UUID, *, after: timedelta = timedelta()
) -> None:
    ports.jobs.schedule(
        EXPORT,
        ExportDocument(connection_id=connection_id, entity=entity, internal_id=internal_id),
        key=f"{connection_id}:{entity}:{internal_id}",
        due_at=ports.now + after,
    )


def owe_poll(ports: Ports, connection: Connection) -> None:
    """Looks for what came in after a while; one such job a connection, which owes itself again."""
    ports.jobs.schedule(
        POLL, PollConnection(key=connection.key), key=connection.key, due_at=ports.now + POLL_EVERY
    )
