"""Compare all that an ERP has of an entity with what we know of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, WrongState

from ..domain.entities import Entity
from ..domain.import_plan import read_records
from ..domain.reconciliation import Comparison, Reconciliation, too_many_missing
from .mark_deleted import mark_deleted
from .pace import paced
from .ports import Work

KEPT: Final = 10
"""Reconciliations of one entity and connection that are kept with their differences."""


async def reconcile(work: Work, key: str, entity: Entity, *, delete_missing: bool) -> Reconciliation:
    """Keeps what was found and changes nothing else, unless `delete_missing`: then links whose record is not
    there any more are marked as deleted, and records without another link as inactive, after a scan that went
    to its end.

    A folder of files has what waits in it: a complete export that is not imported yet. Raises Absent, Fault
    when the scan can't be finished, Invalid for an entity that does not come in or of which the connector
    can't tell that something is gone, WrongState when nothing is there or more is missing than is believed.
    """
    async with work.transaction() as ports:
        connection = await ports.connections.get_connection(key)
        connector, endpoint = ports.connectors.get(connection.connector), ports.endpoint(connection)
        capability = connector.describe().capability(entity)
        if capability is None or not capability.reads:
            raise Invalid("entity_not_exchanged", field="entity")
        if delete_missing and capability.deletes == "none":
            raise Invalid("deletions_not_told", field="delete_missing")
        linked = await ports.records.list_linked(connection.connection_id, entity)
    comparison = Comparison(linked)
    mapping = connection.mapping.of(entity)
    async with connector.open(paced(work, connection, endpoint)) as session:
        async for page in session.changes(entity, None):
            # A record that can't be read differs from whatever came in.
            for each in await asyncio.to_thread(read_records, mapping, page.records):
                code, name = each.mapped.get("code"), each.mapped.get("name")
                comparison.see(each.remote_id, each.content_hash, code=code, name=name)
    if not comparison.there:
        raise WrongState("comparison_empty")
    missing = comparison.missing_there
    if delete_missing and too_many_missing(len(missing), len(linked)):
        raise WrongState("records_missing", missing=len(missing), known=len(linked))
    differences = comparison.all_differences()
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
            there=comparison.there,
            linked=len(linked),
            missing_here=counts["missing_here"],
            missing_there=counts["missing_there"],
            differing=counts["differing"],
            deleted=deleted,
            tells_deletions=capability.deletes != "none",
        )
        await ports.reconciliations.save_reconciliation(found, differences, keep=KEPT)
    return found
