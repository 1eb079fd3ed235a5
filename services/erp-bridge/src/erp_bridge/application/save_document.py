"""Store an order or transport document in the state that the ERPs should have, and schedule its exports."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.connection import Connection
from ..domain.documents import Document
from .document_customer import connections_for
from .ports import Ports
from .schedules import schedule_export


async def save_document(ports: Ports, document: Document) -> None:
    """Store the document, and await its export to every connection that it is meant for."""
    connections = await ports.connections.list_connections()
    await ports.documents.upsert_document(document)
    await _await_exports(ports, connections, document)


async def await_exports_of_ddts(ports: Ports, order: Document) -> None:
    """Await the export of the order's DDTs that arrived before it, since only the order names their
    customer. They wait at every connection, and are withdrawn from those that do not know the customer."""
    ddts = await ports.documents.list_ddts_of_order(order.internal_id)
    if ddts:
        connections = await ports.connections.list_connections()
        for ddt in ddts:
            for connection in connections:
                if takes(ports, connection, ddt):
                    await await_export(ports, connection, ddt)


async def _await_exports(ports: Ports, connections: Sequence[Connection], document: Document) -> None:
    if not document.is_for_erps:
        return
    codes = await connections_for(ports, document)
    for connection in connections:
        # While no ERP has sent the customer, the document waits at every connection. It is withdrawn later
        # from connections that do not know the customer once another one does.
        if takes(ports, connection, document) and (not codes or connection.connection_id in codes):
            await await_export(ports, connection, document)


def takes(ports: Ports, connection: Connection, document: Document) -> bool:
    """Tell whether the connection's connector can write the document, even if the exchange is switched off
    now."""
    return ports.connectors.get(connection.connector).describe().writes(document.entity)


async def await_export(ports: Ports, connection: Connection, document: Document) -> None:
    """Record that the ERP lacks the document, and schedule the export if the exchange is switched on. An
    order that was received from this ERP is not sent back, but its cancellation is."""
    if document.entity == "order" and not document.is_cancelled:
        origin = await ports.documents.find_origin(document.internal_id)
        if origin is not None and origin.connection_id == connection.connection_id:
            return
    await ports.documents.upsert_awaited_export(
        connection.connection_id, document.entity, document.internal_id, ports.now
    )
    if connection.exchange(document.entity).enabled:
        schedule_export(ports, connection.connection_id, document.entity, document.internal_id)
