"""Bring one order or transport document to the ERP."""

from __future__ import annotations

from dataclasses import dataclass

from optima_contracts.erp import DocumentExported, RecordRefused
from optima_kit.ids import new_id

from ..domain.connection import Connection
from ..domain.documents import Document, rows_hash
from ..domain.failure import Failure, Problem, next_attempt
from .ports import Connector, ConnectorFault, Endpoint, Ports, Run
from .schedules import ExportDocument, owe_export


@dataclass(frozen=True, slots=True)
class _Owed:
    connection: Connection
    connector: Connector
    endpoint: Endpoint
    document: Document
    columns: list[str]
    rows: list[dict[str, str]]
    content_hash: str
    had_already: str | None
    """The external id under which the ERP has these very rows already."""


async def export_document(run: Run, owed: ExportDocument) -> None:
    """Writes the document's present state, unless the ERP has it.

    Bears repetition: the record is found again by our id and replaced. A failure is kept as a row, tried
    again while that may help, and left to a person (`RecordRefused`) when it does not.
    """
    async with run.transaction() as ports:
        export = await _read(ports, owed)
    external_id = export.had_already
    try:
        if external_id is None:
            external_id = await export.connector.write(
                export.endpoint,
                owed.entity,
                owed.internal_id,
                export.document.number,
                export.columns,
                export.rows,
            )
    except ConnectorFault as fault:
        async with run.finish() as ports:
            await _note_failure(ports, export, fault)
        return
    async with run.finish() as ports:
        await _note_export(ports, export, external_id)


async def _read(ports: Ports, owed: ExportDocument) -> _Owed:
    connection = await ports.connections.get_connection_by_id(owed.connection_id)
    document = await ports.documents.lock_document(owed.entity, owed.internal_id)
    assert document is not None, "an export is only owed for a document that is there"
    mapping = connection.mapping.of(owed.entity)
    rows = document.rows(mapping)
    digest = rows_hash(rows)
    link = await ports.documents.find_link(connection.connection_id, owed.entity, owed.internal_id)
    return _Owed(
        connection,
        ports.connectors.get(connection.connector),
        ports.endpoint(connection),
        document,
        mapping.columns(),
        rows,
        digest,
        link.external_id if link is not None and link.content_hash == digest else None,
    )


async def _note_export(ports: Ports, export: _Owed, external_id: str) -> None:
    document, connection = export.document, export.connection
    lag = await ports.documents.update_exported_link(
        connection.connection_id, document, external_id, export.content_hash, ports.now
    )
    await ports.failures.delete_failures(
        connection.connection_id, document.entity, "out", [str(document.internal_id)]
    )
    if export.had_already is None:
        ports.exchanged.exported(connection.connector, document.entity, lag)
        ports.outbox.add(
            DocumentExported(
                connection=connection.key,
                entity=document.entity,
                internal_id=document.internal_id,
                external_id=external_id,
            ),
            subject=document.internal_id,
            correlation=document.correlation_id,
        )


async def _note_failure(ports: Ports, export: _Owed, fault: ConnectorFault) -> None:
    document, connection = export.document, export.connection
    key = str(document.internal_id)
    attempts = 1 + await ports.failures.count_attempts(connection.connection_id, document.entity, "out", key)
    retry_at = next_attempt(fault.error_class, attempts, ports.now)
    failure = await ports.failures.upsert_failure(
        Failure(
            failure_id=new_id(),
            connection_id=connection.connection_id,
            connection_key=connection.key,
            entity=document.entity,
            direction="out",
            record_key=key,
            payload={},
            problems=(Problem(fault.code, None, fault.facts),),
            error_class=fault.error_class,
            attempts=attempts,
            first_failed_at=ports.now,
            last_failed_at=ports.now,
            retry_at=retry_at,
        )
    )
    if retry_at is not None:
        owe_export(
            ports,
            connection.connection_id,
            document.entity,
            document.internal_id,
            after=retry_at - ports.now,
        )
        return
    ports.exchanged.refused(connection.connector, document.entity)
    ports.outbox.add(
        RecordRefused(
            connection=connection.key,
            entity=document.entity,
            failure_id=failure.failure_id,
            reason=fault.code,
        ),
        subject=failure.failure_id,
        correlation=document.correlation_id,
    )
