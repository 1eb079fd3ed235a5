"""Define or change a connection to an ERP."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import replace

from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, PreconditionRequired, Stale

from ..domain.connection import Connection, Description, Exchange
from ..domain.entities import Entity
from ..domain.mapping import FieldMapping
from .ports import Ports
from .schedules import schedule_export, schedule_polls


async def configure_connection(
    ports: Ports,
    key: str,
    *,
    expected_version: int | None,
    connector: str,
    settings: Table[str, str],
    exchanges: Table[Entity, Exchange],
    changes: Table[Entity, Table[str, FieldMapping]] | None,
    calls_per_minute: int | None,
) -> Connection:
    """Create or replace a connection. `changes` are the differences from the connector's own mapping; None
    keeps the present ones. A changed mapping becomes a new version. A secret that is not given is kept as
    long as all other settings stay the same.

    Raises PreconditionRequired if an existing connection is changed without a version, Stale if the version
    is not the present one, Invalid for an impossible connector, setting or mapping, and for a folder that
    another connection has.
    """
    known = await ports.connections.lock_connection(key)
    spoken = ports.connectors.get(connector)
    description = spoken.describe()
    secret = {each.name for each in description.settings if each.secret}
    # Credentials belong to the place for which they were given: a person who points the connection elsewhere
    # has to enter them again.
    stays = known is not None and known.settings == {n: v for n, v in settings.items() if n not in secret}
    kept = known.secrets if known is not None and stays else {}
    normal = spoken.check(_complete(description, {**kept, **settings}))
    _is_exchanged(description, exchanges)
    if changes is None:
        changes = known.changes if known is not None else {}
    mapping = spoken.mapping().with_changes(changes)
    open_settings = {name: value for name, value in normal.items() if name not in secret}
    secrets = {name: value for name, value in normal.items() if name in secret}
    if known is None:
        if expected_version is not None:
            raise Stale("stale_version", field="If-Match")
        connection = Connection(
            new_id(),
            key,
            connector,
            open_settings,
            secrets,
            exchanges,
            changes,
            mapping,
            1,
            1,
            calls_per_minute,
        )
    else:
        if expected_version is None:
            raise PreconditionRequired("if_match_missing", field="If-Match")
        if expected_version != known.version:
            raise Stale("stale_version", field="If-Match")
        if connector != known.connector:
            raise Invalid("connector_is_fixed", field="connector", connector=known.connector)
        connection = replace(
            known,
            settings=open_settings,
            secrets=secrets,
            exchanges=exchanges,
            changes=changes,
            mapping=mapping,
            mapping_version=known.mapping_version + (mapping != known.mapping),
            version=known.version + 1,
            calls_per_minute=calls_per_minute,
        )
    await _is_nobody_elses(ports, connection, description)
    await ports.connections.upsert_connection(connection)
    schedule_polls(ports, connection)
    # Documents that waited while the exchange was switched off or misconfigured can be tried now.
    for entity, internal_id in await ports.documents.list_awaited_exports(connection.connection_id):
        schedule_export(ports, connection.connection_id, entity, internal_id)
    return connection


def _complete(description: Description, settings: Table[str, str]) -> Table[str, str]:
    known = {each.name: each for each in description.settings}
    if unknown := sorted(settings.keys() - known.keys()):
        raise Invalid("setting_unknown", field=f"settings.{unknown[0]}")
    for each in description.settings:
        value = settings.get(each.name)
        if each.required and not value:
            raise Invalid("setting_missing", field=f"settings.{each.name}")
        if each.choices and value and value not in each.choices:
            known_values = ", ".join(each.choices)
            raise Invalid("setting_unknown_value", field=f"settings.{each.name}", known=known_values)
    return settings


async def _is_nobody_elses(ports: Ports, connection: Connection, description: Description) -> None:
    own = [each.name for each in description.settings if each.exclusive]
    if not own:
        return
    await ports.connections.lock_settings()
    for other in await ports.connections.list_connections():
        for name in own:
            if other.key != connection.key and other.settings.get(name) == connection.settings[name]:
                raise Invalid("setting_of_another", field=f"settings.{name}", connection=other.key)


def _is_exchanged(description: Description, exchanges: Table[Entity, Exchange]) -> None:
    for entity, exchange in exchanges.items():
        capability = description.capability(entity)
        if capability is None:
            raise Invalid("entity_not_exchanged", field=f"exchanges.{entity}")
        if exchange.compare_at is not None and not capability.may_be_compared_daily:
            raise Invalid("comparison_not_daily", field=f"exchanges.{entity}.compare_at")
