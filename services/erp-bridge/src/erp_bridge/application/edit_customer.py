"""Change those fields of a customer that both sides may change, and resolve conflicts if both did."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid, Stale, Violations

from ..domain.conflict import Choice, Conflict, Edit
from ..domain.connection import Connection
from ..domain.mapping import Fields
from ..domain.party import editable_fields
from ..domain.record import Record, checked
from .apply_plan import publish_customer
from .ports import Ports


async def edit_customer(
    ports: Ports,
    actor: Actor,
    customer_id: UUID,
    changes: Mapping[str, str | None],
    *,
    expected_version: int,
) -> Record:
    """Store and publish the changed fields. Raises Absent, Stale if the customer has changed meanwhile, and
    Violations for a field that an ERP owns or an invalid value."""
    actor.require("customer.read")  # The answer shows the customer.
    record = await ports.records.lock_record("customer", customer_id)
    if expected_version != record.version:
        raise Stale("stale_version", field="If-Match")
    connections = await _connections_of(ports, customer_id)
    editable = editable_fields(each.mapping.of("customer") for each in connections)
    if foreign := sorted(changes.keys() - editable):
        raise Violations([Invalid("field_owned_by_erp", field=name) for name in foreign])
    fields, notices = checked("customer", {**record.fields, **changes}, None, ports.checks)
    # A value from an ERP may be checked later, but a person who enters one can correct it now.
    if wrong := [each for each in notices if each.code == "payment_method_unknown" and each.field in changes]:
        raise Violations(wrong)
    edit = Edit(actor.person_id, ports.now)
    changed = {name: edit for name in changes if fields[name] != record.fields[name]}
    return await _save(ports, record, fields, {**record.edits, **changed}, connections)


async def resolve_conflict(ports: Ports, actor: Actor, conflict_id: UUID, choice: Choice) -> Conflict:
    """Resolve the conflict by choosing one of its two values. Raises Absent, or WrongState if it is already
    resolved."""
    actor.require("customer.read")
    conflict = await ports.conflicts.lock_conflict(conflict_id)
    resolved = conflict.resolved(choice, actor.person_id, ports.now)
    await ports.conflicts.save_conflict(resolved)
    record = await ports.records.lock_record(conflict.entity, conflict.record_id)
    if choice == "theirs":
        edits = {name: edit for name, edit in record.edits.items() if name != conflict.field}
        fields = {**record.fields, conflict.field: conflict.theirs}
        await _save(ports, record, fields, edits, await _connections_of(ports, record.record_id))
    return resolved


async def _connections_of(ports: Ports, record_id: UUID) -> list[Connection]:
    linked = await ports.records.list_connections_of(record_id)
    return [each for each in await ports.connections.list_connections() if each.connection_id in linked]


async def _save(
    ports: Ports,
    record: Record,
    fields: Fields,
    edits: Mapping[str, Edit],
    connections: list[Connection],
) -> Record:
    saved = await ports.records.save_edited(record, fields, edits)
    if connections:
        publish_customer(ports, connections[0], record.record_id, record.code, fields)
    return saved
