"""Write one order or transport document to the ERP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from optima_contracts.erp import DocumentExported

from ..domain.connection import Connection
from ..domain.documents import Document, OutgoingDocument
from ..domain.failure import ErrorClass
from .document_customer import connections_for
from .keep_failure import keep_failure, problem_of
from .note_schema import LOOK_AGAIN, note_schema
from .outage import note_outage
from .pace import paced
from .ports import (
    Connector,
    Endpoint,
    EntityPaused,
    Fault,
    JobWork,
    Ports,
    RemoteLink,
    Throttled,
    Unauthorised,
    Unreachable,
    WriteResult,
)
from .schedules import ExportDocument, schedule_export


@dataclass(frozen=True, slots=True)
class _Export:
    connection: Connection
    connector: Connector
    endpoint: Endpoint
    document: Document
    outgoing: OutgoingDocument
    link: RemoteLink | None
    unchanged: bool
    """Whether the ERP already has exactly this state."""
    sees_schema: bool
    """Whether the remote schema was last checked so long ago that it has to be checked again."""


async def export_document(work: JobWork, job: ExportDocument) -> None:
    """Write the document's present state to the ERP, unless the ERP has it.

    The call may be repeated: a record that an earlier attempt has written is found by our id. While the
    remote system can't be reached, the export stays pending and the connection has the failure. A document
    that the ERP rejects is left to a person (`RecordRefused`). A document whose customer no ERP has sent yet
    waits for that customer.
    """
    async with work.transaction() as ports:
        export = await _prepare(ports, job)
    if export is None:
        async with work.finish():
            return
    written: WriteResult | None = None
    fault: Fault | None = None
    if not export.unchanged:
        try:
            written = await _write(work, export)
        except Fault as met:
            fault = met
    async with work.finish() as ports:
        if isinstance(fault, EntityPaused):
            return
        if fault is None:
            await _note_export(ports, export, written)
        elif isinstance(fault, Throttled):
            _schedule_again(ports, export, after=fault.retry_after)
        elif isinstance(fault, Unreachable | Unauthorised):
            await note_outage(ports, export.connection, fault)
        else:
            await _note_failure(ports, export.connection, export.document, fault, "refused")


async def _prepare(ports: Ports, job: ExportDocument) -> _Export | None:
    """Build the request for the ERP. Return None if nothing has to be written now."""
    connection = await ports.connections.get_connection_by_id(job.connection_id)
    if await ports.failures.find_outage(connection.connection_id) is not None:
        return None
    document = await ports.documents.lock_document(job.entity, job.internal_id)
    assert document is not None, "an export is only awaited of a document that is there"
    if not connection.exchange(job.entity).enabled:
        return None
    if await ports.failures.is_paused(connection.connection_id, job.entity):
        return None
    codes = await connections_for(ports, document)
    order_id = document.heading.get("order_reference")
    order = await ports.documents.find_document("order", UUID(order_id)) if order_id else None
    if codes is not None and not codes:
        fault = Fault("order_not_known_yet")
        if order is not None or not order_id:
            fault = Fault("customer_not_told_of", customer=(order or document).heading.get("customer") or "")
        await _note_failure(ports, connection, document, fault, "waiting")
        return None
    if codes is not None and connection.connection_id not in codes:
        await ports.documents.withdraw_awaited_export(connection.connection_id, job.entity, job.internal_id)
        await _forget_failure(ports, connection, document)
        return None
    customer = codes[connection.connection_id] if codes is not None else None
    if not await _has_what_it_follows(ports, connection, document):
        await _note_failure(ports, connection, document, Fault("order_not_in_erp_yet"), "waiting")
        return None
    origin = await ports.documents.find_origin(UUID(order_id) if order_id else document.internal_id)
    received = origin.told if origin and origin.connection_id == connection.connection_id else {}
    outgoing = document.outgoing(connection.mapping.of(job.entity), customer, received)
    if order is not None:
        followed = await ports.documents.find_link(connection.connection_id, "order", order.internal_id)
        outgoing = replace(
            outgoing,
            order_remote_id=followed.remote_id if followed is not None else None,
            order_jobs=tuple(order.lines),
        )
    link = await ports.documents.find_link(connection.connection_id, job.entity, job.internal_id)
    schema = await ports.schemas.find_schema(connection.connection_id, job.entity)
    return _Export(
        connection,
        ports.connectors.get(connection.connector),
        ports.endpoint(connection),
        document,
        outgoing,
        RemoteLink(link.remote_id, link.version) if link is not None and link.remote_id else None,
        link is not None and link.remote_id is not None and link.content_hash == outgoing.hash(),
        schema is None or schema.seen_at + LOOK_AGAIN <= ports.now,
    )


async def _has_what_it_follows(ports: Ports, connection: Connection, document: Document) -> bool:
    """Tell whether the ERP has the DDT's order, if it needs the order before the DDT."""
    capability = ports.connectors.get(connection.connector).describe().capability(document.entity)
    order_id = document.heading.get("order_reference")
    if capability is None or "order" not in capability.follows or not order_id:
        return True
    link = await ports.documents.find_link(connection.connection_id, "order", UUID(order_id))
    return link is not None and link.remote_id is not None


async def _write(work: JobWork, export: _Export) -> WriteResult:
    """Write the document. Raises Fault, in particular Paused if the remote schema no longer fits."""
    async with export.connector.open(paced(work, export.connection, export.endpoint)) as session:
        if export.sees_schema and (schema := await session.schema(export.document.entity)) is not None:
            async with work.transaction() as ports:
                fits = await note_schema(ports, export.connection, export.document.entity, schema)
            if not fits:
                raise EntityPaused
        link = export.link or await session.find(export.document.entity, str(export.document.internal_id))
        return await session.put(export.outgoing, link)


def _schedule_again(ports: Ports, export: _Export, *, after: timedelta) -> None:
    document = export.document
    schedule_export(
        ports, export.connection.connection_id, document.entity, document.internal_id, after=after
    )


async def _note_export(ports: Ports, export: _Export, written: WriteResult | None) -> None:
    document, connection = export.document, export.connection
    if written is None:
        assert export.link is not None
        written = WriteResult(export.link.remote_id, version=export.link.version)
    lag = await ports.documents.update_exported_link(
        connection.connection_id, document, written, export.outgoing.hash(), ports.now
    )
    await _forget_failure(ports, connection, document)
    if document.entity == "order":
        waiting = await ports.failures.list_waiting_ddts(connection.connection_id, document.internal_id)
        for ddt in waiting:
            schedule_export(ports, connection.connection_id, "ddt", ddt)
    if not export.unchanged:
        ports.exchanged.exported(connection.connector, document.entity, lag)
        ports.outbox.add(
            DocumentExported(
                connection=connection.key,
                entity=document.entity,
                internal_id=document.internal_id,
                external_id=written.remote_id,
            ),
            subject=document.internal_id,
            correlation=document.correlation_id,
        )


async def _forget_failure(ports: Ports, connection: Connection, document: Document) -> None:
    await ports.failures.delete_failures(
        connection.connection_id, document.entity, "out", [str(document.internal_id)]
    )


async def _note_failure(
    ports: Ports, connection: Connection, document: Document, fault: Fault, error_class: ErrorClass
) -> None:
    await keep_failure(
        ports,
        connection,
        document.entity,
        "out",
        str(document.internal_id),
        [problem_of(fault)],
        error_class,
        correlation_id=document.correlation_id,
    )
