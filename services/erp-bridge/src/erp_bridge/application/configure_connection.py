"""Define or change a connection to an ERP."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import replace

from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, PreconditionRequired, Stale

from ..domain.connection import Connection
from ..domain.mapping import Entity, FieldMapping
from .ports import Endpoint, Ports
from .schedules import owe_poll


async def configure_connection(
    ports: Ports,
    key: str,
    *,
    expected_version: int | None,
    connector: str,
    settings: Table[str, str],
    changes: Table[Entity, Table[str, FieldMapping]],
) -> Connection:
    """`changes` say where the mapping departs from the connector's own; a changed mapping is a new version.

    Raises PreconditionRequired when a connection that exists is changed blindly, Stale when the one that the
    client saw is not there any more, Invalid for a connector, setting or mapping that can't be.
    """
    known = await ports.connections.lock_connection(key)
    spoken = ports.connectors.get(connector)
    normal = spoken.check(Endpoint(ports.tenant_id, settings))
    mapping = spoken.mapping().with_changes(changes)
    if known is None:
        if expected_version is not None:
            raise Stale("stale_version", field="If-Match")
        connection = Connection(new_id(), key, connector, normal, changes, mapping, 1, 1)
    else:
        if expected_version is None:
            raise PreconditionRequired("if_match_missing", field="If-Match")
        if expected_version != known.version:
            raise Stale("stale_version", field="If-Match")
        if connector != known.connector:
            raise Invalid("connector_is_fixed", field="connector", connector=known.connector)
        connection = replace(
            known,
            settings=normal,
            changes=changes,
            mapping=mapping,
            mapping_version=known.mapping_version + (mapping != known.mapping),
            version=known.version + 1,
        )
    await ports.connections.upsert_connection(connection)
    owe_poll(ports, connection)
    return connection
