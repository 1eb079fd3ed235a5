"""The bridge's endpoints."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.db import UnitOfWork
from optima_kit.http import (
    Call,
    Code,
    Command,
    Day,
    Flag,
    Page,
    PageQuery,
    Reply,
    Routes,
    Text,
    View,
    page_of,
)
from optima_kit.http.problems import load_catalogue
from optima_kit.refusals import Invalid, WrongState

from ..application.configure_connection import configure_connection
from ..application.import_files import ImportedFile, import_files, preview_import
from ..application.ports import ConnectionState, ConnectorFault, Ports
from ..application.replay_failure import replay_failure
from ..application.take_in_customers import problems_of
from ..domain.connection import Connection
from ..domain.customer import Customer
from ..domain.failure import Failure, Problem
from ..domain.mapping import ENTITIES, Entity, FieldMapping
from ..domain.mapping import Mapping as FieldMap
from ..domain.payment_terms import parse_payment_terms
from .lookup_tables import TABLES, LookupRow, lookup_table

routes = Routes()

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST_REFUSED_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Resources:
    """What handlers need that make their own transactions."""

    ports: Callable[[UnitOfWork], Ports]


class MappedField(Command):
    remote: Text(100)  # type: ignore[valid-type]
    transform: Literal["upper", "decimal_comma", "date_it"] | None = None
    owner: Literal["erp", "optima"] = "erp"
    default: Text(200) | None = None  # type: ignore[valid-type]
    code_map: Annotated[dict[Text(100), Text(100)], Field(max_length=500)] = Field(default_factory=dict)  # type: ignore[valid-type]


class ConfigureConnection(Command):
    connector: Code
    settings: Annotated[dict[Code, Text(500)], Field(max_length=20)]  # type: ignore[valid-type]
    mapping: dict[Entity, Annotated[dict[Code, MappedField], Field(max_length=100)]] = Field(
        default_factory=dict
    )
    """Where fields are mapped otherwise than the connector does by itself."""


class StartImport(Command):
    dry_run: Flag = False


class CustomerQuery(PageQuery):
    code: Text(64) | None = None  # type: ignore[valid-type]
    """Only the customers that an ERP knows by this code."""


class FailureQuery(PageQuery):
    connection: Code | None = None


class LookupQuery(PageQuery):
    on: Day | None = None
    """Codes valid on that day; today, if none is given."""


class CapabilityView(View):
    entity: Entity
    reads: bool
    writes: list[str]
    incremental: str
    deletes: str
    natural_keys: list[str]
    idempotency: str | None
    number_owner: str
    batch: int
    cannot_carry: list[str]


class ConnectorView(View):
    key: str
    capabilities: list[CapabilityView]


class FieldMappingView(View):
    remote: str
    transform: str | None
    owner: str
    default: str | None
    code_map: dict[str, str]


class ConnectionView(View):
    key: str
    connector: str
    settings: dict[str, str]
    location: str
    mapping: dict[Entity, dict[str, FieldMappingView]]
    """As it is in force: the connector's own with this connection's changes."""
    mapping_version: int
    capabilities: list[CapabilityView]
    last_import_at: datetime | None
    last_export_at: datetime | None
    customers: int
    orders: int
    ddts: int
    waiting: int
    """Documents that the ERP does not have yet."""
    lag_seconds: float
    """Age of the oldest of those."""
    failures: int


class ProblemView(View):
    code: str
    field: str | None
    detail: str


class RefusedRowView(View):
    line: int
    record: str
    problems: list[ProblemView]


class ImportedFileView(View):
    name: str
    created: int
    changed: int
    unchanged: int
    refused: int
    refusals: list[RefusedRowView]


class ImportView(View):
    dry_run: bool
    files: list[ImportedFileView]


class FailureView(View):
    failure_id: UUID
    connection: str
    entity: str
    direction: str
    record: str
    error_class: str
    problems: list[ProblemView]
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    retry_at: datetime | None
    payload: dict[str, str] | None = None
    """Inbound: the row as it came."""


class ReplayView(View):
    resolved: bool
    """False: it goes out shortly, or it was refused again; ask for the failure to see."""


class InstalmentView(View):
    share: str
    """Percent."""
    months: int
    days: int
    start: str
    day: int | None


class PaymentView(View):
    method: str | None
    terms: str | None
    instalments: list[InstalmentView]


class CustomerView(View):
    customer_id: UUID
    code: str
    name: str
    vat_number: str | None
    fiscal_code: str | None
    street: str
    postal_code: str
    city: str
    province: str
    payment: PaymentView
    updated_at: datetime


class LookupTableView(View):
    key: str


class LookupRowView(View):
    code: str
    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    rate: str | None = None
    bic: str | None = None


@routes.get("/v1/connectors", privilege="erp.read")
async def list_connectors(call: Call[Ports]) -> Page[ConnectorView]:
    """The ways in which OPTIMA can talk to ERPs, and what each carries."""
    connectors = call.ports.connectors.every()
    return Page(
        items=[
            ConnectorView(key=each.key, capabilities=_capabilities(each.key, call)) for each in connectors
        ],
        next_cursor=None,
    )


@routes.get("/v1/connections", privilege="erp.read")
async def list_connections(call: Call[Ports]) -> Page[ConnectionView]:
    """The tenant's connections: a few."""
    views = [await _view(call, each) for each in await call.ports.connections.list_connections()]
    return Page(items=views, next_cursor=None)


@routes.get("/v1/connections/{key}", privilege="erp.read")
async def read_connection(call: Call[Ports], key: str) -> Reply[ConnectionView]:
    """How a connection is configured and how it stands."""
    connection = await call.ports.connections.get_connection(key)
    return Reply(await _view(call, connection), version=connection.version)


@routes.put("/v1/connections/{key}", privilege="erp.write")
async def put_connection(call: Call[Ports], key: str, body: ConfigureConnection) -> Reply[ConnectionView]:
    """Define a connection, or change the one that the version in If-Match shows."""
    if not _KEY.fullmatch(key):
        raise Invalid("key_malformed", field="key")
    changes: dict[Entity, dict[str, FieldMapping]] = {
        entity: {name: FieldMapping(**mapped.model_dump()) for name, mapped in fields.items()}
        for entity, fields in body.mapping.items()
    }
    connection = await configure_connection(
        call.ports,
        key,
        expected_version=call.expected_version,
        connector=body.connector,
        settings=body.settings,
        changes=changes,
    )
    return Reply(await _view(call, connection), version=connection.version)


@routes.post("/v1/connections/{key}/imports", privilege="erp.sync", transaction=False)
async def start_import(call: Call[Ports], key: str, body: StartImport) -> ImportView:
    """Take in what the ERP has left, now. A dry run says what would change, and changes nothing.

    Repeating it does no harm: what was taken in already is found unchanged.
    """
    work = _RequestWork(call)
    try:
        imported = await (preview_import(work, key) if body.dry_run else import_files(work, key))
    except ConnectorFault as fault:
        raise WrongState(fault.code, **fault.facts) from None
    return ImportView(dry_run=body.dry_run, files=[_file(call, each) for each in imported])


@routes.get("/v1/failures", privilege="erp.read")
async def list_failures(call: Call[Ports], query: FailureQuery) -> Page[FailureView]:
    """Records that could not be exchanged, the oldest first."""
    found = await call.ports.failures.list_failures(
        connection=query.connection, after=query.after(UUID), limit=query.rows
    )
    return page_of(query, found, lambda each: _failure(call, each), lambda each: each.failure_id)


@routes.post("/v1/failures/{failure_id}/replay", privilege="erp.sync")
async def replay(call: Call[Ports], failure_id: UUID) -> ReplayView:
    """Try a record again, under the mapping and with the data of now."""
    return ReplayView(resolved=await replay_failure(call.ports, failure_id))


@routes.get("/v1/customers", privilege="customer.read")
async def list_customers(call: Call[Ports], query: CustomerQuery) -> Page[CustomerView]:
    """The customers that the ERPs told of, by name."""
    found = await call.ports.customers.list_customers(
        code=query.code, after=query.after(str, UUID), limit=query.rows
    )
    return page_of(query, found, _customer, lambda each: (each.fields.name, each.customer_id))


@routes.get("/v1/customers/{customer_id}", privilege="customer.read")
async def read_customer(call: Call[Ports], customer_id: UUID) -> CustomerView:
    """One customer, with payment terms taken apart."""
    return _customer(await call.ports.customers.get_customer(customer_id))


@routes.get("/v1/lookup-tables", privilege="lookup.read")
async def list_lookup_tables(call: Call[Ports]) -> Page[LookupTableView]:
    """The tables that come with OPTIMA."""
    return Page(items=[LookupTableView(key=key) for key in TABLES], next_cursor=None)


@routes.get("/v1/lookup-tables/{table}", privilege="lookup.read")
async def read_lookup_table(call: Call[Ports], table: str, query: LookupQuery) -> Page[LookupRowView]:
    """The codes of a table that are valid on a day, by code."""
    after = query.after(str)
    day = query.on or call.now.date()
    valid = [row for row in lookup_table(table) if row.valid_on(day)]
    found = [row for row in valid if after is None or row.code > after]
    return page_of(query, found, lambda row: _lookup_row(row, call.language), lambda row: row.code)


class _RequestWork:
    """Transactions of one request, around its calls to the outside."""

    def __init__(self, call: Call[Ports]) -> None:
        self._call = call

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        call = self._call
        async with call.database.transaction(call.actor.tenant_id, call.cause) as work:
            yield call.resources.ports(work)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Ports]:
        async with self._call.database.reading(self._call.actor.tenant_id, now=self._call.now) as work:
            yield self._call.resources.ports(work)


async def _view(call: Call[Ports], connection: Connection) -> ConnectionView:
    state = await call.ports.connections.get_connection_state(connection.connection_id)
    connector = call.ports.connectors.get(connection.connector)
    return ConnectionView(
        key=connection.key,
        connector=connection.connector,
        settings=dict(connection.settings),
        location=connector.location(call.ports.endpoint(connection)),
        mapping=_mapping(connection.mapping),
        mapping_version=connection.mapping_version,
        capabilities=_capabilities(connection.connector, call),
        last_import_at=connection.last_import_at,
        last_export_at=state.last_export_at,
        customers=state.customers,
        orders=state.orders,
        ddts=state.ddts,
        waiting=state.waiting,
        lag_seconds=_lag(state, call.now),
        failures=state.failures,
    )


def _lag(state: ConnectionState, now: datetime) -> float:
    if state.oldest_waiting_since is None:
        return 0.0
    return max(0.0, (now - state.oldest_waiting_since).total_seconds())


def _mapping(mapping: FieldMap) -> dict[Entity, dict[str, FieldMappingView]]:
    return {
        entity: {
            name: FieldMappingView(**{**asdict(mapped), "code_map": dict(mapped.code_map)})
            for name, mapped in mapping.of(entity).fields.items()
        }
        for entity in ENTITIES
    }


def _capabilities(connector: str, call: Call[Ports]) -> list[CapabilityView]:
    return [
        CapabilityView(
            **{
                name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(capability).items()
            }
        )
        for capability in call.ports.connectors.get(connector).capabilities
    ]


def _problems(call: Call[Ports], problems: Sequence[Problem]) -> list[ProblemView]:
    catalogue = load_catalogue("erp_bridge")
    return [
        ProblemView(
            code=each.code,
            field=each.field,
            detail=catalogue.text(each.code, call.language, {"field": each.field or "", **each.facts}) or "",
        )
        for each in problems
    ]


def _file(call: Call[Ports], file: ImportedFile) -> ImportedFileView:
    return ImportedFileView(
        name=file.name,
        created=file.plan.count("create"),
        changed=file.plan.count("change"),
        unchanged=file.plan.count("unchanged"),
        refused=len(file.plan.refused),
        refusals=[
            RefusedRowView(line=row.line, record=row.key, problems=_problems(call, problems_of(row.problems)))
            for row in file.plan.refused[:MOST_REFUSED_SHOWN]
        ],
    )


def _failure(call: Call[Ports], failure: Failure) -> FailureView:
    payload: dict[str, Any] = {}
    # A customer's row is for who may see customers; a document's content, prices included, for nobody here.
    if failure.direction == "in" and call.actor.may("customer.read"):
        payload = {"payload": dict(failure.payload)}
    return FailureView(
        failure_id=failure.failure_id,
        connection=failure.connection_key,
        entity=failure.entity,
        direction=failure.direction,
        record=failure.record_key,
        error_class=failure.error_class,
        problems=_problems(call, failure.problems),
        attempts=failure.attempts,
        first_failed_at=failure.first_failed_at,
        last_failed_at=failure.last_failed_at,
        retry_at=failure.retry_at,
        **payload,
    )


def _customer(customer: Customer) -> CustomerView:
    fields = customer.fields
    terms = parse_payment_terms(fields.payment_terms) if fields.payment_terms else None
    instalments = [
        InstalmentView(
            share=f"{each.share:.2f}", months=each.months, days=each.days, start=each.start, day=each.day
        )
        for each in (terms.instalments if terms else ())
    ]
    return CustomerView(
        customer_id=customer.customer_id,
        code=fields.code,
        name=fields.name,
        vat_number=fields.vat_number,
        fiscal_code=fields.fiscal_code,
        street=fields.street,
        postal_code=fields.postal_code,
        city=fields.city,
        province=fields.province,
        payment=PaymentView(
            method=fields.payment_method, terms=fields.payment_terms, instalments=instalments
        ),
        updated_at=customer.updated_at,
    )


def _lookup_row(row: LookupRow, language: str) -> LookupRowView:
    optional = {
        name: value
        for name in ("valid_from", "valid_to", "rate", "bic")
        if (value := getattr(row, name)) is not None
    }
    return LookupRowView(code=row.code, name=row.it if language == "it" else row.en, **optional)
