"""A tenant's connection to an ERP, as data."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from .mapping import Entity, FieldMapping, Mapping


@dataclass(frozen=True, slots=True)
class Connection:
    connection_id: UUID
    key: str
    connector: str
    settings: Table[str, str]
    changes: Table[Entity, Table[str, FieldMapping]]
    """Where this connection's mapping departs from the connector's own."""
    mapping: Mapping
    mapping_version: int
    """1..n; every mapping that was ever in force is kept."""
    version: int
    last_import_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    """What a connector can do with one entity, so that nobody has to guess what a connection carries."""

    entity: Entity
    reads: bool
    writes: tuple[Literal["create", "change", "cancel"], ...]
    incremental: Literal["none", "files", "cursor"]
    """How changes are found: not at all, each file once, or from a checkpoint on."""
    deletes: Literal["none", "flag", "tombstone", "scan"]
    natural_keys: tuple[str, ...]
    idempotency: str | None
    """What keeps a repeated write from doubling."""
    number_owner: Literal["optima", "erp"]
    batch: int
    """Records in one exchange."""
    cannot_carry: tuple[str, ...] = ()
    """Fields of ours that have no place there."""
