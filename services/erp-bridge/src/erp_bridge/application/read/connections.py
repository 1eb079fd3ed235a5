"""Show connections with their state, connectors with their capabilities, and mappings."""

from __future__ import annotations

from dataclasses import asdict

from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.connection import Connection, Description
from ...domain.entities import Entity
from ...domain.mapping import FieldMapping
from ..ports import ConnectionState, Outage, Ports
from .access import Reader, actions_on_connection, actions_on_mapping
from .views import (
    CapabilityView,
    ConnectionView,
    ConnectorView,
    ExchangeView,
    FieldMappingView,
    MappingView,
    OutageView,
    SettingView,
)


def list_connectors(ports: Ports, query: PageQuery) -> Page[ConnectorView]:
    """List the connectors and what each can do, by key, for a person who chooses one."""
    after = query.after(str) or ""
    described = [each.describe() for each in ports.connectors.every()]
    found = sorted((each for each in described if each.key > after), key=lambda each: each.key)
    return page_of(query, found, _connector, lambda each: each.key)


async def list_connections(ports: Ports, reader: Reader, query: PageQuery) -> Page[ConnectionView]:
    """List the connections by key."""
    found = await ports.connections.list_connection_states(after=query.after(str), limit=query.rows)
    return page_of(query, found, lambda each: _connection(ports, reader, *each), lambda each: each[0].key)


async def read_connection(ports: Ports, reader: Reader, key: str) -> ConnectionView:
    """Read one connection. Raises Absent if there is none with this key."""
    found = await ports.connections.list_connection_states(key=key)
    if not found:
        raise Absent("connection_absent")
    return _connection(ports, reader, *found[0])


async def read_mapping(ports: Ports, reader: Reader, key: str) -> tuple[MappingView, int]:
    """Return the mapping in force and the connection's version. Raises Absent."""
    return show_mapping(ports, reader, await ports.connections.get_connection(key))


def show_mapping(ports: Ports, reader: Reader, connection: Connection) -> tuple[MappingView, int]:
    view = MappingView(
        version=connection.mapping_version,
        yaml=ports.mapping_text(connection.mapping),
        actions=actions_on_mapping(reader.actor),
    )
    return view, connection.version


async def list_mapping_versions(ports: Ports, key: str, query: PageQuery) -> Page[MappingView]:
    """List the versions of a connection's mapping, newest first. Raises Absent."""
    connection = await ports.connections.get_connection(key)
    own = ports.connectors.get(connection.connector).mapping()
    found = await ports.connections.list_mapping_versions(
        connection.connection_id, before=query.after(int), limit=query.rows
    )
    return page_of(
        query,
        found,
        lambda each: MappingView(
            version=each.version, yaml=ports.mapping_text(own.with_changes(each.changes)), since=each.since
        ),
        lambda each: each.version,
    )


def _connector(description: Description) -> ConnectorView:
    return ConnectorView(
        key=description.key,
        name=description.name,
        proven=description.proven,
        settings=[SettingView(**asdict(each)) for each in description.settings],
        capabilities=_capabilities(description),
    )


def _connection(
    ports: Ports, reader: Reader, connection: Connection, state: ConnectionState
) -> ConnectionView:
    connector = ports.connectors.get(connection.connector)
    description = connector.describe()
    waiting_since = state.oldest_waiting_since or ports.now
    return ConnectionView(
        key=connection.key,
        version=connection.version,
        connector=connection.connector,
        settings=dict(connection.settings),
        secrets=sorted(connection.secrets),
        location=connector.location(ports.endpoint(connection)),
        exchanges={
            each.entity: _exchange(connection, each.entity, paused=each.entity in state.paused)
            for each in description.capabilities
        },
        outage=_outage(reader, state.outage) if state.outage else None,
        mapping={
            entity: {name: _field(mapped) for name, mapped in each.fields.items()}
            for entity, each in connection.mapping.entities.items()
        },
        mapping_version=connection.mapping_version,
        calls_per_minute=connection.calls_per_minute,
        capabilities=_capabilities(description),
        last_import_at=connection.last_import_at,
        last_export_at=state.last_export_at,
        links=dict(state.links),
        waiting=state.waiting,
        lag_seconds=max(0.0, (ports.now - waiting_since).total_seconds()),
        failures=state.failures,
        actions=actions_on_connection(reader.actor, description),
    )


def _exchange(connection: Connection, entity: Entity, *, paused: bool) -> ExchangeView:
    exchange = connection.exchange(entity)
    return ExchangeView(
        enabled=exchange.enabled,
        every_minutes=exchange.every_minutes,
        at=[hour.isoformat("minutes") for hour in exchange.at] or None,
        compare_at=exchange.compare_at.isoformat("minutes") if exchange.compare_at else None,
        paused=paused,
    )


def _outage(reader: Reader, outage: Outage) -> OutageView:
    return OutageView(
        since=outage.since,
        attempts=outage.attempts,
        retry_at=outage.retry_at,
        code=outage.problem.code,
        detail=reader.text(outage.problem),
    )


def _field(mapped: FieldMapping) -> FieldMappingView:
    return FieldMappingView(**{**asdict(mapped), "code_map": dict(mapped.code_map)})


def _capabilities(description: Description) -> list[CapabilityView]:
    return [
        CapabilityView.model_validate(
            {
                **{name: value for name, value in asdict(each).items() if name != "lists_written"},
                "abilities": each.abilities,
                "may_be_compared": each.may_be_compared,
                "may_be_compared_daily": each.may_be_compared_daily,
            }
        )
        for each in description.capabilities
    ]
