"""Import which DDTs an ERP has invoiced, and whether it has withdrawn or credited the invoice later."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final, Literal
from uuid import UUID

from optima_contracts.erp import DdtInvoicingChanged

from ..domain.connection import Connection
from ..domain.ddt_invoice import INVOICED, SentDdt, check_invoice, shipment_id_in
from ..domain.import_plan import (
    ImportPlan,
    PlannedRecord,
    ReadRecord,
    RefusedRecord,
    RemoteRecord,
    read_records,
)
from ..domain.mapping import Fields
from ..domain.record import content_hash
from .ports import Ports

_DDT: Final = "ddt"
_LINK: Final = "link"
"""`_DDT` and `_LINK` are the keys in a planned record's values for its DDT and for the link's remote id."""


async def plan_invoices(
    ports: Ports, connection: Connection, records: Sequence[RemoteRecord], *, source: str
) -> ImportPlan:
    """Plan the invoicing of DDTs. If a DDT comes several times in a page, the last record counts. A DDT
    number that was not sent to the ERP is refused, and so is a voided DDT. A shipment id that was not sent is
    ignored, because it belongs to another system that shares the ERP.

    A DDT for several orders has one shipment for each order. Its number means all its shipments that are not
    voided; a shipment's id means that shipment alone.
    """
    read = await asyncio.to_thread(read_records, connection.mapping.of(INVOICED), records)
    codes = {each.mapped.get("code") or "" for each in read}
    ids = {found for code in codes if (found := shipment_id_in(code)) is not None}
    sent: defaultdict[str | UUID, list[SentDdt]] = defaultdict(list)
    for known in await ports.documents.list_sent_ddts(connection.connection_id, codes, ids):
        sent[known.number].append(known)
        sent[known.shipment_id].append(known)
    plan = ImportPlan()
    for key, each in {each.remote_id or f"{source}:{each.record.line}": each for each in read}.items():
        code = each.mapped.get("code") or ""
        shipment_id = shipment_id_in(code)
        ddts = sent.get(shipment_id or code, [])
        if not ddts and shipment_id is not None:
            continue
        standing = [ddt for ddt in ddts if not ddt.voided]
        problems = check_invoice(each, next(iter(standing or ddts), None))
        if problems:
            plan.refused.append(RefusedRecord(each.record.line, key, each.record.values, tuple(problems)))
        else:
            plan.records.extend(_planned(each, ddt, of=len(ddts)) for ddt in standing)
    return plan


def _planned(read: ReadRecord, ddt: SentDdt, *, of: int) -> PlannedRecord:
    """Plan one shipment's record. `of` is the number of shipments that share the DDT; each has its own
    link."""
    told = content_of(read.mapped)
    before = ddt.content_hash
    action: Literal["create", "change", "unchanged"] = "change"
    if before is None or before == told:
        action = "unchanged" if before else "create"
    return PlannedRecord(
        line=read.record.line,
        action=action,
        record_id=ddt.shipment_id,
        remote_id=read.remote_id,
        remote_code=ddt.number,
        version=read.record.version,
        content_hash=told,
        fields=read.mapped,
        link_changed=before != told,
        values={_DDT: ddt, _LINK: read.remote_id if of == 1 else f"{read.remote_id} ({ddt.shipment_id})"},
    )


def content_of(fields: Fields) -> str:
    """Return the hash of the fields that have a value, so that a file without columns for credit notes equals
    one in which they are empty."""
    return content_hash({name: value for name, value in fields.items() if value})


def named_in(link: str) -> str:
    """Return the ERP's own id of an invoice from a link's remote id, which ends with the shipment's id in
    parentheses if several shipments share the invoice."""
    named, _, shipment = link.rpartition(" (")
    return named if shipment_id_in(shipment.removesuffix(")")) else link


async def note_invoices(ports: Ports, connection: Connection, planned: Sequence[PlannedRecord]) -> None:
    """Store and publish new and changed invoices."""
    changed = [each for each in planned if each.link_changed]
    if not changed:
        return
    links = [replace(each, remote_id=each.values[_LINK]) for each in changed]
    await ports.documents.save_ddt_invoices(connection.connection_id, links)
    for each in changed:
        _tell(ports, connection, each.values[_DDT], each.fields)


async def withdraw_invoices(ports: Ports, connection: Connection, remote_ids: Sequence[str]) -> None:
    """Publish that these DDTs are no longer invoiced. Remote ids without a known invoice are ignored."""
    for ddt in await ports.documents.list_invoiced_ddts(connection.connection_id, remote_ids):
        _tell(ports, connection, ddt, {})


def _tell(ports: Ports, connection: Connection, ddt: SentDdt, invoice: Fields) -> None:
    day, credited = invoice.get("invoice_date"), invoice.get("credit_note_date")
    ports.outbox.add(
        DdtInvoicingChanged(
            shipment_id=ddt.shipment_id,
            ddt_number=ddt.number,
            connection_id=connection.connection_id,
            connection=connection.key,
            invoice_number=invoice.get("invoice_number") or None,
            invoice_date=date.fromisoformat(day) if day else None,
            credit_note_number=invoice.get("credit_note_number") or None,
            credit_note_date=date.fromisoformat(credited) if credited else None,
        ),
        subject=ddt.shipment_id,
        correlation=ddt.correlation_id,
    )
