"""Compare all records of an entity that an ERP has with those that are linked here."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, WrongState

from ..domain.connection import Connection
from ..domain.ddt_invoice import INVOICED
from ..domain.documents import Document
from ..domain.entities import Entity
from ..domain.import_plan import read_records
from ..domain.known_order import KnownOrders
from ..domain.received_order import RECEIVED, ReceivedOrder, read_order
from ..domain.reconciliation import Comparison, DocumentComparison, Reconciliation, Total, too_many_missing
from .import_invoices import content_of, named_in
from .mark_deleted import mark_deleted
from .pace import paced
from .ports import DocumentLedger, Session, Work

KEPT: Final = 10
"""How many reconciliations of one connection and entity are kept with their differences."""


async def reconcile(work: Work, key: str, entity: Entity, *, delete_missing: bool) -> Reconciliation:
    """Scan the ERP and store the differences. Nothing else changes, unless `delete_missing` is set: then,
    after a complete scan, links whose remote record no longer exists are marked as deleted, and records
    without another link as inactive.

    A folder of files is compared by the files that wait in it: a complete export that is not imported yet.
    Documents are compared by what was written to the ERP, with quantities and amounts.

    Raises Absent, Fault if the scan can't be finished, Invalid for an entity that can't be compared or whose
    deletions the connector can't detect, WrongState if the scan finds nothing or more is missing than is
    plausible.
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
        documents: Mapping[str, Document] = {}
        if capability.reads:
            linked = await ports.records.list_linked(connection.connection_id, entity)
            if entity == RECEIVED:
                documents = await ports.documents.list_received(connection.connection_id)
        else:
            documents = await ports.documents.list_exported(connection.connection_id, entity)
    missing: list[str] = []
    async with connector.open(paced(work, connection, endpoint)) as session:
        contents = DocumentComparison({each: documents[each].content for each in documents})
        if capability.reads:
            comparison = await _compare_records(work, session, connection, entity, linked, contents)
            there, known, missing = comparison.there, len(linked), comparison.missing_there
            differences = comparison.all_differences()
            totals = contents.totals() if entity == RECEIVED else (Total("", there, known),)
        else:
            assert isinstance(session, DocumentLedger), "it said that it lists what was written"
            remote_ids = {str(document.internal_id): each for each, document in documents.items()}
            async for remote_id, content in session.written(entity):
                contents.seen[remote_ids.get(remote_id, remote_id)] = content
            there, known = len(contents.seen), len(contents.expected)
            differences, totals = contents.all_differences(), contents.totals()
    # An empty folder proves nothing, but an ERP without the documents that were written to it is a finding.
    if not there and (not known or capability.reads or capability.identity == "code"):
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
    work: Work,
    session: Session,
    connection: Connection,
    entity: Entity,
    linked: Mapping[str, str | None],
    contents: DocumentComparison,
) -> Comparison:
    """Compare the session's records with the links. A record that can't be read counts as differing."""
    known = KnownOrders(())
    if entity == RECEIVED:
        async with work.transaction() as ports:
            known = KnownOrders(await ports.records.list_received_orders(connection.connection_id))
    if entity == INVOICED:
        linked = {named_in(remote_id): digest for remote_id, digest in linked.items()}
    comparison = Comparison(linked)
    mapping = connection.mapping.of(entity)
    async for page in session.changes(entity, None):
        if entity == RECEIVED:
            orders = [read_order(mapping, each) for each in page.records]
            ids = {each.our_id for each in orders if each.our_id is not None}
            async with work.transaction() as ports:
                ours = await ports.documents.find_known_orders(ids)
            together = {each.remote_id for each in orders}
            for order in (orders[place] for place in known.in_turn(orders)):
                if (before := known.counterpart(order, together)) is not None:
                    known.put(before.as_told(order))
                    order = replace(order, remote_id=before.remote_id)
                # No link is expected for an order cancelled before it was received, nor for our own order.
                if order.remote_id in linked or not (order.is_cancelled or order.our_id in ours):
                    _see_order(order, comparison, contents)
            continue
        for each in await asyncio.to_thread(read_records, mapping, page.records):
            code, name = each.mapped.get("code"), each.mapped.get("name")
            told = content_of(each.mapped) if entity == INVOICED else each.content_hash
            comparison.see(each.remote_id, told, code=code, name=name)
    return comparison


def _see_order(order: ReceivedOrder, comparison: Comparison, contents: DocumentComparison) -> None:
    """Compare one received order. It differs if only one side has cancelled it, or if another quantity is to
    be made here. Amounts are not compared, because the price here is ours."""
    here, there = contents.linked.get(order.remote_id), order.totals
    if there is not None:
        contents.seen[order.remote_id] = there
    differs = here is not None and there is not None and replace(there, amount=None).differs_from(here)
    code, name = order.heading.get("code"), order.heading.get("title")
    comparison.see(order.remote_id, "" if differs else order.content_hash, code=code, name=name)
