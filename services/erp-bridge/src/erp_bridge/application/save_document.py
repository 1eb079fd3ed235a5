"""Keep an order or transport document as it is to stand in the ERPs."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.connection import Connection
from ..domain.documents import Document
from .document_customer import connections_for
from .ports import Ports
from .schedules import schedule_export


async def save_document(ports: Ports, document: Document) -> None:
    """Stores the document, and owes its present state to every connection that it is for."""
    connections = await ports.connections.list_connections()
    await ports.documents.upsert_document(document)
    await _owe(ports, connections, document)


async def owe_ddts_of(ports: Ports, order: Document) -> None:
    """Those that came before their order, which says whose they are. They wait for it at every connection: at
    one that does not know the customer, each is withdrawn."""
    ddts = await ports.documents.list_ddts_of_order(order.internal_id)
    if ddts:
        connections = await ports.connections.list_connections()
        for ddt in ddts:
            for connection in connections:
                if takes(ports, connection, ddt):
                    await await_export(ports, connection, ddt)


async def _owe(ports: Ports, connections: Sequence[Connection], document: Document) -> None:
    if not document.is_for_erps:
        return
    codes = await connections_for(ports, document)
    for connection in connections:
        # While no ERP has told of the customer, it is owed to each: it is withdrawn from those that never do.
        if takes(ports, connection, document) and (not codes or connection.connection_id in codes):
            await await_export(ports, connection, document)


def takes(ports: Ports, connection: Connection, document: Document) -> bool:
    """Whether the connector can write it. One that is switched off for now is owed it all the same."""
    return ports.connectors.get(connection.connector).describe().writes(document.entity)


async def await_export(ports: Ports, connection: Connection, document: Document) -> None:
    """An order that was born in that very ERP does not go back there; its cancellation does."""
    if document.entity == "order" and not document.is_cancelled:
        origin = await ports.documents.find_origin(document.internal_id)
        if origin is not None and origin.connection_id == connection.connection_id:
            return
    await ports.documents.upsert_awaited_export(
        connection.connection_id, document.entity, document.internal_id, ports.now
    )
    if connection.exchange(document.entity).enabled:
        schedule_export(ports, connection.connection_id, document.entity, document.internal_id)
