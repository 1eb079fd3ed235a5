"""Change how the fields of a connection's ERP map to ours, and preview such a change."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from typing import Any

from optima_kit.refusals import Absent, Invalid, Refusal, Stale, Violations

from ..domain.connection import Connection
from ..domain.entities import LINE_FIELDS, Entity
from ..domain.mapping import FieldMapping, Fields, Mapping
from ..domain.record import checked
from .ports import Ports

Changes = Table[Entity, Table[str, FieldMapping]]


@dataclass(frozen=True, slots=True)
class PreviewedRecord:
    """The result of reading one remote record under a mapping."""

    fields: Fields = field(default_factory=dict)
    problems: tuple[Refusal, ...] = ()
    notices: tuple[Refusal, ...] = ()


async def change_mapping(ports: Ports, key: str, changes: Changes, *, expected_version: int) -> Connection:
    """Replace the connection's changes to its connector's mapping. A changed mapping becomes a new version,
    and earlier versions are kept. Raises Absent, Stale, or Invalid for a mapping that isn't possible."""
    connection = await ports.connections.lock_connection(key)
    if connection is None:
        raise Absent("connection_absent")
    if expected_version != connection.version:
        raise Stale("stale_version", field="If-Match")
    own = ports.connectors.get(connection.connector).mapping()
    departures = {
        entity: {
            name: mapped for name, mapped in fields.items() if own.entities[entity].fields.get(name) != mapped
        }
        for entity, fields in changes.items()
        if entity in own.entities
    }
    mapping = own.with_changes({**changes, **departures})
    connection = replace(
        connection,
        changes={entity: fields for entity, fields in departures.items() if fields},
        mapping=mapping,
        mapping_version=connection.mapping_version + (mapping != connection.mapping),
        version=connection.version + 1,
    )
    await ports.connections.upsert_connection(connection)
    return connection


async def preview_mapping(
    ports: Ports, key: str, entity: Entity, changes: Changes | None, records: list[dict[str, Any]]
) -> list[PreviewedRecord]:
    """Return what records would become under the connection's mapping, or under `changes` if given. Raises
    Absent, or Invalid for a mapping that isn't possible."""
    connection = await ports.connections.get_connection(key)
    own = ports.connectors.get(connection.connector).mapping()
    mapping = connection.mapping if changes is None else own.with_changes(changes)
    if entity not in mapping.entities:
        raise Invalid("entity_not_exchanged", field="entity")
    return [_previewed(ports, mapping, entity, record) for record in records]


def _previewed(ports: Ports, mapping: Mapping, entity: Entity, record: dict[str, Any]) -> PreviewedRecord:
    try:
        mapped = mapping.of(entity).read(record)
    except Invalid as refusal:
        return PreviewedRecord(problems=(refusal,))
    if entity in LINE_FIELDS:
        return PreviewedRecord(mapped)
    try:
        fields, notices = checked(entity, mapped, None, ports.checks)
    except Violations as refusal:
        return PreviewedRecord(mapped, tuple(refusal.refusals))
    return PreviewedRecord(fields, notices=tuple(notices))
