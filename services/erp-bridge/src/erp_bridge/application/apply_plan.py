"""Store what a page of records from the ERP changes, and publish the events about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from optima_contracts.erp import ConflictFound, CustomerChanged, PaymentTerms
from optima_contracts.identity import LegalIdentity
from optima_kit.ids import new_id
from optima_kit.refusals import Refusal

from ..domain.conflict import Conflict as FieldConflict
from ..domain.connection import Connection
from ..domain.ddt_invoice import INVOICED
from ..domain.entities import Entity
from ..domain.failure import ErrorClass
from ..domain.import_plan import (
    Answer,
    ImportPlan,
    PlannedRecord,
    Planner,
    RemoteRecord,
    came_as_before,
    read_records,
)
from ..domain.mapping import Fields
from ..domain.party import tax_numbers
from ..domain.received_order import RECEIVED
from .import_invoices import note_invoices, plan_invoices
from .import_orders import plan_orders, receive_orders
from .keep_failure import keep_failure, problems_of
from .ports import Ports
from .schedules import schedule_export

_AT_ONCE: Final = 50
"""How many events are built before other tasks get a turn in the event loop."""


async def plan_records(
    ports: Ports,
    connection: Connection,
    entity: Entity,
    records: Sequence[RemoteRecord],
    *,
    source: str,
    seen: set[str],
    answer: Answer | None = None,
) -> ImportPlan:
    """Return what the records would change, without writing anything."""
    if entity == RECEIVED:
        return await plan_orders(ports, connection, records, source=source)
    if entity == INVOICED:
        return await plan_invoices(ports, connection, records, source=source)
    capability = ports.connectors.get(connection.connector).describe().capability(entity)
    assert capability is not None, "only what a connector carries comes in"
    mapping, connection_id = connection.mapping.of(entity), connection.connection_id
    # Reading and planning use the CPU long enough to block others, so they run outside the event loop.
    read = await asyncio.to_thread(read_records, mapping, records)
    remote_ids = {each.remote_id for each in read if each.remote_id}
    hashes = await ports.records.find_content_hashes(connection_id, entity, remote_ids)
    before = came_as_before(read, hashes)
    seen |= before
    as_before = [each for each in read if each.remote_id in before]
    if len(as_before) == len(read):
        return ImportPlan(as_before=as_before)
    read = [each for each in read if each.remote_id not in before]
    remote_ids -= before
    numbers = frozenset[str]().union(*(tax_numbers(each.mapped) for each in read))
    known = await ports.records.find_known_records(connection_id, entity, remote_ids, numbers)
    if remote_ids - known.by_remote_id.keys() or answer is not None:
        codes = {code for each in read if (code := each.mapped.get("code"))}
        known.taken_codes = await ports.records.find_taken_codes(entity, codes)
    planner = Planner(capability, mapping, ports.checks, connection.key, new_id, answer)
    plan = await asyncio.to_thread(planner.plan, read, known, source=source, seen=seen)
    return replace(plan, as_before=as_before)


async def apply_plan(ports: Ports, connection: Connection, entity: Entity, plan: ImportPlan) -> None:
    """Store new and changed records and publish events about them; keep refused records and questions as
    failures for a person."""
    connection_id = connection.connection_id
    codes: dict[UUID, str] = {}
    if entity == RECEIVED:
        await receive_orders(ports, connection, plan.records)
    elif entity == INVOICED:
        await note_invoices(ports, connection, plan.records)
    else:
        codes = await ports.records.save_records(
            connection_id, entity, [each for each in plan.records if each.link_changed]
        )
    # If a record comes twice in a page, only its last state is published.
    changed = {each.record_id: each for each in plan.records if each.action != "unchanged"}
    if entity == "customer":
        for n, (record_id, planned) in enumerate(changed.items(), 1):
            publish_customer(ports, connection, record_id, codes[record_id], planned.fields)
            if n % _AT_ONCE == 0:
                await asyncio.sleep(0)
    for planned in plan.records:
        await _keep_conflicts(ports, connection, entity, planned)
    # Orders list the failures that they settle in `passed_over`: their remote id alone may belong to another.
    settles = [] if entity == RECEIVED else plan.records
    through = [each.remote_id for each in plan.as_before] + [each.remote_id for each in settles]
    through += plan.passed_over
    if through:
        await ports.failures.delete_failures(connection_id, entity, "in", through, notices_too=False)
    if changed and settles:
        again = [each.remote_id for each in changed.values()]
        await ports.failures.delete_failures(connection_id, entity, "in", again)
    for planned in changed.values():
        if planned.notices:
            problems = problems_of(planned.notices)
            await keep_failure(
                ports, connection, entity, "in", planned.remote_id, problems, "notice", payload=planned.values
            )
    for refused in plan.refused:
        error_class: ErrorClass = "question" if refused.asks else "refused"
        problems = problems_of(refused.problems)
        await keep_failure(
            ports, connection, entity, "in", refused.key, problems, error_class, payload=refused.values
        )
    if entity == "customer" and changed:
        for waiting, internal_id in await ports.failures.list_waiting(connection_id):
            schedule_export(ports, connection_id, waiting, internal_id)


def publish_customer(
    ports: Ports, connection: Connection, customer_id: UUID, code: str, fields: Fields
) -> None:
    payment = None
    if method := fields["payment_method"]:
        payment = PaymentTerms(method=method, terms=fields["payment_terms"] or "")
    ports.outbox.add(
        CustomerChanged(
            customer_id=customer_id,
            code=code,
            legal=LegalIdentity(
                name=fields["name"] or "",
                vat_number=fields["vat_number"],
                fiscal_code=fields["fiscal_code"],
                street=fields["street"] or "",
                postal_code=fields["postal_code"] or "",
                city=fields["city"] or "",
                province=fields["province"] or "",
                country=fields["country"] or "IT",
            ),
            payment=payment,
            connection=connection.key,
        ),
        subject=customer_id,
        correlation=customer_id,
    )


async def _keep_conflicts(
    ports: Ports, connection: Connection, entity: Entity, planned: PlannedRecord
) -> None:
    """Store and publish the record's conflicts. The record keeps our value until a person has decided."""
    if not planned.conflicts:
        return
    record = await ports.records.get_record(entity, planned.record_id)
    for field, theirs in planned.conflicts.items():
        conflict = FieldConflict(
            conflict_id=new_id(),
            connection_id=connection.connection_id,
            connection_key=connection.key,
            entity=entity,
            record_id=planned.record_id,
            field=field,
            ours=record.fields[field],
            edit=record.edits[field],
            theirs=theirs,
            found_at=ports.now,
        )
        stored = await ports.conflicts.save_conflict(conflict)
        ports.outbox.add(
            ConflictFound(connection=connection.key, entity=entity, conflict_id=stored, field=field),
            subject=stored,
            correlation=planned.record_id,
        )


async def refuse_source(
    ports: Ports, connection: Connection, entity: Entity, source: str, problem: Refusal
) -> None:
    """Keep the failure of a source of which nothing can be read, so that it has to be delivered again."""
    await keep_failure(ports, connection, entity, "in", source, problems_of([problem]), "refused")
