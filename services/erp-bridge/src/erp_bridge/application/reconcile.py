"""Compare all that an ERP has of an entity with what we know of it."""

from __future__ import annotations

from optima_kit.refusals import Invalid, WrongState

from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from ..domain.mapping import EntityMapping, Fields
from ..domain.reconciliation import Reconciliation
from ..domain.record import content_hash
from .ports import Work


async def reconcile(work: Work, key: str, entity: Entity, *, delete_missing: bool) -> Reconciliation:
    """Writes nothing, unless `delete_missing`: then links whose record is not there any more are marked as
    deleted, and records without another link as inactive, after a scan that went to its end.

    A folder of files has what waits in it: a complete export that is not taken in yet. Raises Absent, Fault
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
    found = Reconciliation(entity, linked, capability.deletes != "none")
    mapping = connection.mapping.of(entity)
    async with connector.open(endpoint) as session:
        async for page in session.changes(entity, None):
            for record in page.records:
                mapped = _mapped(mapping, record)
                found.see(record.remote_id or mapped.get("code") or "", content_hash(mapped))
    if not found.there:
        raise WrongState("comparison_empty")
    if delete_missing:
        if found.too_many_missing:
            raise WrongState("records_missing", missing=len(found.missing_there), known=len(linked))
        async with work.transaction() as ports:
            found.deleted = await ports.records.mark_deleted(
                connection.connection_id, entity, found.missing_there
            )
    return found


def _mapped(mapping: EntityMapping, record: RemoteRecord) -> Fields:
    """A record that can't be read differs from whatever came in."""
    try:
        return mapping.read(record.values)
    except Invalid:
        return {}
