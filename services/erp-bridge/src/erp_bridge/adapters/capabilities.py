"""Declarations that connectors of one kind share."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from ..domain.connection import Capability, Description, Write
from ..domain.entities import RECEIVED_AS, Entity, fields_of
from ..domain.mapping import Mapping as FieldMap
from .mappings import connector_mapping

PAGE: Final = 500


class DescribedConnector:
    """A connector that is described by two constants. Each connector implements the rest of
    `ports.Connector`."""

    description: ClassVar[Description]
    mapping_file: ClassVar[str]

    def describe(self) -> Description:
        return self.description

    def mapping(self) -> FieldMap:
        return connector_mapping(self.mapping_file)


def read_from_files(entity: Entity, *natural_keys: str) -> Capability:
    """Return the capability to read an entity from files, where a record is identified only by its code."""
    return Capability(
        entity=entity,
        reads=True,
        writes=(),
        incremental="files",
        deletes="none",
        identity="code",
        lock="none",
        natural_keys=("code", *natural_keys),
        idempotency=None,
        number_owner="erp",
        batch=PAGE,
    )


def read_by_id(
    entity: Entity,
    *natural_keys: str,
    children: tuple[str, ...] = (),
    deletes: Literal["none", "flag", "scan"] = "flag",
) -> Capability:
    return Capability(
        entity=entity,
        reads=True,
        writes=(),
        incremental="cursor",
        deletes=deletes,
        identity="id",
        lock="none",
        natural_keys=natural_keys,
        idempotency=None,
        number_owner="erp",
        batch=PAGE,
        children=children,
    )


def written_to_files(
    entity: Entity, *writes: Write, cannot_carry: tuple[str, ...], lists_written: bool = False
) -> Capability:
    return _written(
        entity,
        writes,
        identity="code",
        lock="none",
        natural_keys=("number", "reference"),
        idempotency="file name, made of the number and the reference",
        number_owner="optima",
        children=("lines",),
        cannot_carry=cannot_carry,
        lists_written=lists_written,
    )


def written_by_id(
    entity: Entity,
    *writes: Write,
    idempotency: str,
    cannot_carry: tuple[str, ...],
    children: tuple[str, ...] = ("lines",),
    follows: tuple[Entity, ...] = (),
    lists_written: bool = False,
) -> Capability:
    return _written(
        entity,
        writes,
        identity="id",
        lock="version",
        natural_keys=("reference",),
        idempotency=idempotency,
        number_owner="erp",
        children=children,
        follows=follows,
        cannot_carry=cannot_carry,
        lists_written=lists_written,
    )


def unmapped(mapping_file: str, entity: Entity) -> tuple[str, ...]:
    """Return our fields that the ERP can't store. The fields `RECEIVED_AS` are not counted, because in an
    ERP with ids, the id names the order."""
    mapped = connector_mapping(mapping_file).of(entity).fields.keys()
    return tuple(sorted(fields_of(entity) - mapped - set(RECEIVED_AS)))


def _written(
    entity: Entity,
    writes: tuple[Write, ...],
    *,
    identity: Literal["code", "id"],
    lock: Literal["none", "version"],
    natural_keys: tuple[str, ...],
    idempotency: str,
    number_owner: Literal["optima", "erp"],
    children: tuple[str, ...],
    cannot_carry: tuple[str, ...],
    follows: tuple[Entity, ...] = (),
    lists_written: bool = False,
) -> Capability:
    return Capability(
        entity=entity,
        reads=False,
        writes=writes,
        incremental="none",
        deletes="none",
        identity=identity,
        lock=lock,
        natural_keys=natural_keys,
        idempotency=idempotency,
        number_owner=number_owner,
        batch=1,
        children=children,
        follows=follows,
        cannot_carry=cannot_carry,
        lists_written=lists_written,
    )
