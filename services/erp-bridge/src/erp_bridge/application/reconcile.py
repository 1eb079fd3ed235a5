"""Compare all that an ERP has of an entity with what we know of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, WrongState

from ..domain.connection import Connection
from ..domain.documents import Document
from ..domain.entities import Entity
from ..domain.import_plan import read_records
from ..domain.reconciliation import Comparison, DocumentComparison, Reconciliation, Total, too_many_missing
from .mark_deleted import mark_deleted
from .pace import paced
from .ports import DocumentLedger, Session, Work

KEPT: Final = 10
"""Reconciliations of one entity and connection that are kept with their differences."""


async def reconcile(work: Work, key: str, entity: Entity, *, delete_missing: bool) -> Reconciliation:
    """Keeps what was found and changes nothing else, unless `delete_missing`: then links whose record is not
    there any more are marked as deleted, and records without another link as inactive, after a scan that went
    to its end.

    A folder of files has what waits in it: a complete export that is not imported yet. Of documents what was
    written there is compared, with its quantities and amounts. Raises Absent, Fault
    when the scan can't be finished, Invalid for an entity that can't be compared or of which the connector
    can't tell that something is gone, WrongState when nothing is there or more is missing than is believed.
    """
    async with work.transaction() as ports:
        connection = await ports.connections.get_connection(key)
        connector, endpoint = ports.connectors.get(connection.connector), ports.endpoint(connection)
        capability = connector.describe().capability(entity)
        if capability is None or not capability.may_be_compared:
            raise Invalid("entity_not_exchanged", field="entity")
        if delete_missing and capability.deletes == "none":
            raise Invalid("deletions_not_told", field="delete_missing")
        linked: Mapping[str, str | None] = {}
        exported: Mapping[str, Document] = {}
        if capability.reads:
            linked = await ports.records.list_linked(connection.connection_id, entity)
        else:
            exported = await ports.documents.list_exported(connection.connection_id, entity)
    missing: list[str] = []
    async with connector.open(paced(work, connection, endpoint)) as session:
        if capability.reads:
            comparison = await _compare_records(session, connection, entity, linked)
            if not comparison.there:
                raise WrongState("comparison_empty")
            there, known, missing = comparison.there, len(linked), comparison.missing_there
            differences = comparison.all_differences()
            totals: tuple[Total, ...] = (Total("", there, known),)
        else:
            assert isinstance(session, DocumentLedger), "it said that it lists what was written"
            documents = DocumentComparison({each: exported[each].content for each in exported})
            async for remote_id, content in session.written(entity):
                documents.seen[remote_id] = content
            there, known = len(documents.seen), len(documents.expected)
            differences, totals = documents.all_differences(), documents.totals()
    if not there and not known:
        raise WrongState("comparison_empty")
    if delete_missing and too_many_missing(len(missing), known):
        raise WrongState("records_missing", missing=len(missing), known=known)
    counts = Counter(each.kind for each in differences)
    async with work.transaction() as ports:
        deleted = 0
        if delete_missing:
            deleted = await mark_deleted(ports, connection, entity, missing)
        found = Reconciliation(
            reconciliation_id=new_id(),
            connection_id=connection.connection_id,
            connection_key=key,
            entity=entity,
            found_at=ports.now,
            there=there,
            linked=known,
            missing_here=counts["missing_here"],
            missing_there=counts["missing_there"],
            differing=counts["differing"],
            deleted=deleted,
            tells_deletions=capability.deletes != "none",
            totals=totals,
        )
        await ports.reconciliations.save_reconciliation(found, differences, keep=KEPT)
    return found


async def _compare_records(
    session: Session, connection: Connection, entity: Entity, linked: Mapping[str, str | None]
) -> Comparison:
    comparison = Comparison(linked)
    mapping = connection.mapping.of(entity)
    async for page in session.changes(entity, None):
        # A record that can't be read differs from whatever came in.
        for each in await asyncio.to_thread(read_records, mapping, page.records):
            code, name = each.mapped.get("code"), each.mapped.get("name")
            comparison.see(each.remote_id, each.content_hash, code=code, name=name)
    return comparison
