"""The bridge's endpoints."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from optima_kit.db import UnitOfWork
from optima_kit.http import (
    Call,
    Code,
    Command,
    Day,
    Flag,
    Moment,
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

from ..application.apply_plan import problems_of
from ..application.change_mapping import change_mapping, preview_mapping
from ..application.configure_connection import configure_connection
from ..application.edit_customer import edit_customer, resolve_conflict
from ..application.import_entity import ImportedSource, import_entity, preview_import
from ..application.ports import ConnectionState, Fault, Ports
from ..application.reconcile import reconcile
from ..application.replay_failure import replay_failure
from ..application.resend import backfill_entity, resend_documents
from ..domain.conflict import Conflict
from ..domain.connection import Connection, Exchange
from ..domain.entities import Entity
from ..domain.failure import Failure, Problem
from ..domain.mapping import FieldMapping
from ..domain.mapping import Mapping as FieldMap
from ..domain.payment_terms import parse_payment_terms
from ..domain.record import Record
from ..domain.run import Run, RunKind
from .lookup_tables import TABLES, LookupRow, lookup_table
from .mapped_field import MappedField
from .mapping_yaml import read_mapping, write_mapping

V = TypeVar("V")

routes = Routes()

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Resources:
    """What handlers need that make their own transactions."""

    ports: Callable[[UnitOfWork], Ports]


Hour = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["06:30"])]


class ExchangeBody(Command):
    """Whether and when an entity is exchanged."""

    enabled: Flag = True
    every_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    """How often it is looked for what came in; every half minute, if nothing is said."""
    at: Annotated[list[Hour], Field(max_length=24)] = Field(default_factory=list)
    """Instead: at these hours, UTC."""


class ConfigureConnection(Command):
    connector: Code
    settings: Annotated[dict[Code, Annotated[str, Text(500)]], Field(max_length=20)]
    """Credentials are stored sealed and shown to nobody. Those that are not given stay, unless another
    setting changes."""
    exchanges: dict[Entity, ExchangeBody] = Field(default_factory=dict)
    mapping: dict[Entity, Annotated[dict[Code, MappedField], Field(max_length=100)]] = Field(
        default_factory=dict
    )
    """Where fields are mapped otherwise than the connector does by itself."""


class StartImport(Command):
    dry_run: Flag = False
    entity: Entity | None = None
    """Only this; everything that comes in, if none is given."""
    from_the_beginning: Flag = False
    """Not only what changed, but all that the ERP has."""


class ChangeMapping(Command):
    yaml: Annotated[str, Field(max_length=100_000)]
    """The whole mapping, or where it departs from the connector's own."""


class PreviewMapping(Command):
    entity: Entity
    records: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=20)]
    """As the remote system has them: fields by remote name."""
    yaml: Annotated[str, Field(max_length=100_000)] | None = None
    """Another mapping than the connection's."""


class Reconcile(Command):
    entity: Entity
    delete_missing: Flag = False
    """Whether records that are not there any more count as deleted here."""


class Resend(Command):
    entity: Literal["order", "ddt"]
    since: Moment
    """Documents that changed since then."""


class AnswerQuestion(Command):
    answer: Literal["same", "another"]
    """Whether it is the record that we know."""


class EditCustomer(Command):
    """Only what is given changes; null clears it. A field that an ERP owns is refused."""

    name: Annotated[str, Text(200)] | None = None
    street: Annotated[str, Text(200)] | None = None
    postal_code: Annotated[str, Text(20)] | None = None
    city: Annotated[str, Text(100)] | None = None
    province: Annotated[str, Text(2)] | None = None
    payment_method: Annotated[str, Text(4)] | None = None
    payment_terms: Annotated[str, Text(80)] | None = None


class ResolveConflict(Command):
    choice: Literal["ours", "theirs"]


class ConflictQuery(PageQuery):
    connection: Code | None = None
    """Only of this one."""
    resolved: bool = False
    """Those that are, instead of those that wait."""


class RecordQuery(PageQuery):
    code: Annotated[str, Text(64)] | None = None
    """Only the one that has this code of ours."""


class ConnectionQuery(PageQuery):
    connection: Code | None = None
    """Only of this one."""


class LookupQuery(PageQuery):
    on: Day | None = None
    """Codes valid on that day; today, if none is given."""


class CapabilityView(View):
    entity: Entity
    reads: bool
    writes: list[str]
    incremental: str
    deletes: str
    identity: str
    lock: str
    natural_keys: list[str]
    idempotency: str | None
    number_owner: str
    batch: int
    children: list[str]
    follows: list[Entity]
    cannot_carry: list[str]


class SettingView(View):
    name: str
    secret: bool
    required: bool


class ConnectorView(View):
    key: str
    name: str
    proven: Literal["live", "recorded"]
    """Whether it was tried on the real system, or on its recorded answers alone."""
    settings: list[SettingView]
    capabilities: list[CapabilityView]


class FieldMappingView(View):
    remote: str
    transform: str | None
    owner: str
    default: str | None
    empty: str
    code_map: dict[str, str]


class ExchangeView(View):
    enabled: bool
    every_minutes: int | None = None
    at: list[str] | None = None


class OutageView(View):
    since: datetime
    attempts: int
    retry_at: datetime
    code: str
    detail: str


class ConnectionView(View):
    key: str
    connector: str
    settings: dict[str, str]
    secrets: list[str]
    """Names of the credentials that are stored."""
    location: str
    exchanges: dict[Entity, ExchangeView]
    outage: OutageView | None = None
    """While the remote system can't be reached."""
    mapping: dict[Entity, dict[str, FieldMappingView]]
    """As it is in force: the connector's own with this connection's changes."""
    mapping_version: int
    capabilities: list[CapabilityView]
    last_import_at: datetime | None
    last_export_at: datetime | None
    customers: int
    orders: int
    ddts: int
    links: dict[Entity, int]
    """Linked records and exported documents."""
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


class CountsView(View):
    created: int
    changed: int
    unchanged: int
    refused: int
    deleted: int


class ImportedSourceView(CountsView):
    """What came of one file, or of one remote collection."""

    entity: Entity
    name: str
    dialect: str | None = None
    """How a file was read: its encoding and separator."""
    unknown: list[str]
    """Columns that the mapping does not know: a misspelt one is among them."""
    refusals: list[RefusedRowView]
    """The first of them."""


class ImportView(View):
    dry_run: bool
    sources: list[ImportedSourceView]


class RunView(View):
    id: UUID
    connection: str
    entity: Entity
    kind: str
    state: str
    counts: CountsView
    problem: str | None = None
    started_at: datetime
    finished_at: datetime | None = None


class MappingView(View):
    version: int
    yaml: str
    since: datetime | None = None
    """Of a version: when it came into force."""


class PreviewedRecordView(View):
    fields: dict[str, str | None]
    problems: list[ProblemView]
    notices: list[ProblemView]
    """What would be taken, and should be looked at."""


class MappingPreviewView(View):
    records: list[PreviewedRecordView]


class ReconciliationView(View):
    entity: Entity
    there: int
    """Records that the ERP has."""
    linked: int
    """Links to it that there were before."""
    missing_here: list[str]
    """Remote ids, as in the lists below."""
    missing_there: list[str]
    differing: list[str]
    deleted: int


class ResendView(View):
    documents: int


class CheckView(View):
    answered: str
    """Who answers there."""


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
    answers: list[str] | None = None
    """What may be answered to a question."""
    payload: dict[str, Any] | None = None
    """Inbound: the record as it came."""


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
    country: str
    payment: PaymentView
    active: bool
    updated_at: datetime


class LinkView(View):
    connection: str
    code: str
    """By which that ERP knows it."""
    state: str


class CustomerDetailView(CustomerView):
    links: list[LinkView]


class PersonView(View):
    id: UUID
    name: str


class ConflictView(View):
    id: UUID
    connection: str
    entity: Entity
    record_id: UUID
    field: str
    ours: str | None
    ours_by: PersonView
    ours_at: datetime
    theirs: str | None
    found_at: datetime
    choice: Literal["ours", "theirs"] | None = None
    resolved_by: PersonView | None = None
    resolved_at: datetime | None = None


class SupplierView(View):
    id: UUID
    code: str
    name: str
    vat_number: str | None = None
    fiscal_code: str | None = None
    street: str
    postal_code: str
    city: str
    province: str
    country: str
    payment_method: str | None = None
    payment_terms: str | None = None
    active: bool
    updated_at: datetime


class SupplierDetailView(SupplierView):
    links: list[LinkView]


class RecordLookupView(View):
    id: UUID
    code: str
    name: str
    rate: str | None = None
    active: bool


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
    views = []
    for connector in call.ports.connectors.every():
        told = connector.describe()
        views.append(
            ConnectorView(
                key=told.key,
                name=told.name,
                proven=told.proven,
                settings=[SettingView(**asdict(each)) for each in told.settings],
                capabilities=_capabilities(told.key, call),
            )
        )
    return Page(items=views)


@routes.get("/v1/connections", privilege="erp.read")
async def list_connections(call: Call[Ports]) -> Page[ConnectionView]:
    """The tenant's connections: a few."""
    views = [await _view(call, each) for each in await call.ports.connections.list_connections()]
    return Page(items=views)


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
        entity: {name: mapped.field_mapping() for name, mapped in fields.items()}
        for entity, fields in body.mapping.items()
    }
    connection = await configure_connection(
        call.ports,
        key,
        expected_version=call.expected_version,
        connector=body.connector,
        settings=body.settings,
        exchanges={
            entity: Exchange(each.enabled, each.every_minutes, tuple(map(time.fromisoformat, each.at)))
            for entity, each in body.exchanges.items()
        },
        changes=changes,
    )
    return Reply(await _view(call, connection), version=connection.version)


@routes.post("/v1/connections/{key}/check", privilege="erp.sync", transaction=False)
async def check_connection(call: Call[Ports], key: str) -> CheckView:
    """See whether the remote system answers, with the settings and credentials that are stored."""
    work = _RequestWork(call)
    async with work.reading() as ports:
        connection = await ports.connections.get_connection(key)
        connector, endpoint = ports.connectors.get(connection.connector), ports.endpoint(connection)
    try:
        async with connector.open(endpoint) as session:
            return CheckView(answered=await session.probe())
    except Fault as fault:
        raise WrongState(fault.code, **fault.facts) from None


@routes.post("/v1/connections/{key}/imports", privilege="erp.sync", transaction=False)
async def start_import(call: Call[Ports], key: str, body: StartImport) -> ImportView:
    """Take in what the ERP has, now. A dry run says what would change, and changes nothing.

    Repeating it does no harm: what was taken in already is found unchanged.
    """
    work = _RequestWork(call)
    async with work.reading() as ports:
        connection = await ports.connections.get_connection(key)
        told = ports.connectors.get(connection.connector).describe()
    if body.entity is not None and not told.reads(body.entity):
        raise Invalid("entity_not_exchanged", field="entity")
    wanted = [
        each.entity
        for each in told.capabilities
        if each.reads and (each.entity == body.entity or body.entity is None)
    ]
    sources: list[ImportedSource] = []
    try:
        for entity in wanted:
            if body.dry_run:
                sources += await preview_import(work, key, entity, again=body.from_the_beginning)
                continue
            if body.from_the_beginning:
                async with work.transaction() as ports:
                    await backfill_entity(ports, key, entity)
            kind: RunKind = "backfill" if body.from_the_beginning else "requested"
            sources += await import_entity(work, key, entity, kind)
    except Fault as fault:
        raise WrongState(fault.code, **fault.facts) from None
    return ImportView(dry_run=body.dry_run, sources=[_source(call, each) for each in sources])


@routes.get("/v1/connections/{key}/mapping", privilege="erp.read")
async def read_mapping_of(call: Call[Ports], key: str) -> Reply[MappingView]:
    """Show the mapping in force, as YAML"""
    return _mapping_reply(await call.ports.connections.get_connection(key))


@routes.put("/v1/connections/{key}/mapping", privilege="erp.write", if_match=True)
async def put_mapping(call: Call[Ports], key: str, body: ChangeMapping) -> Reply[MappingView]:
    """Replace the mapping. It holds for what is exchanged from now on: see resends and imports from the
    beginning."""
    connection = await change_mapping(
        call.ports, key, read_mapping(body.yaml), expected_version=call.required_version
    )
    return _mapping_reply(connection)


@routes.get("/v1/connections/{key}/mapping-versions", privilege="erp.read")
async def list_mapping_versions(call: Call[Ports], key: str, query: PageQuery) -> Page[MappingView]:
    """List the mappings that were ever in force, newest first"""
    connection = await call.ports.connections.get_connection(key)
    own = call.ports.connectors.get(connection.connector).mapping()
    found = await call.ports.connections.list_mapping_versions(
        connection.connection_id, before=query.after(int), limit=query.rows
    )
    return page_of(
        query,
        found,
        lambda each: MappingView(
            version=each.version, yaml=write_mapping(own.with_changes(each.changes)), since=each.since
        ),
        lambda each: each.version,
    )


@routes.post("/v1/connections/{key}/mapping-previews", privilege="erp.write")
async def preview(call: Call[Ports], key: str, body: PreviewMapping) -> MappingPreviewView:
    """See what records would become under a mapping. Nothing is stored."""
    changes = read_mapping(body.yaml) if body.yaml is not None else None
    found = await preview_mapping(call.ports, key, body.entity, changes, body.records)
    return MappingPreviewView(
        records=[
            PreviewedRecordView(
                fields=each.fields,
                problems=_problems(call, problems_of(each.problems)),
                notices=_problems(call, problems_of(each.notices)),
            )
            for each in found
        ]
    )


@routes.post("/v1/connections/{key}/reconciliations", privilege="erp.sync", transaction=False)
async def start_reconciliation(call: Call[Ports], key: str, body: Reconcile) -> ReconciliationView:
    """Compare all that the ERP has of an entity with what is known here"""
    try:
        found = await reconcile(_RequestWork(call), key, body.entity, delete_missing=body.delete_missing)
    except Fault as fault:
        raise WrongState(fault.code, **fault.facts) from None
    return ReconciliationView(
        entity=found.entity,
        there=found.there,
        linked=len(found.linked),
        missing_here=found.missing_here,
        missing_there=found.missing_there,
        differing=found.differing,
        deleted=found.deleted,
    )


@routes.post("/v1/connections/{key}/resends", privilege="erp.sync")
async def resend(call: Call[Ports], key: str, body: Resend) -> ResendView:
    """Bring documents to the ERP that it has missed, or that a new mapping writes otherwise."""
    return ResendView(documents=await resend_documents(call.ports, key, body.entity, body.since))


@routes.get("/v1/runs", privilege="erp.read")
async def list_runs(call: Call[Ports], query: ConnectionQuery) -> Page[RunView]:
    """List imports, newest first. Those that found nothing leave none."""
    found = await call.ports.runs.list_runs(
        connection=query.connection, after=query.after(UUID), limit=query.rows
    )
    return page_of(query, found, _run, lambda each: each.run_id)


@routes.get("/v1/failures", privilege="erp.read")
async def list_failures(call: Call[Ports], query: ConnectionQuery) -> Page[FailureView]:
    """Records that could not be exchanged, the oldest first."""
    found = await call.ports.failures.list_failures(
        connection=query.connection, after=query.after(UUID), limit=query.rows
    )
    return page_of(query, found, lambda each: _failure(call, each), lambda each: each.failure_id)


@routes.post("/v1/failures/{failure_id}/replay", privilege="erp.sync")
async def replay(call: Call[Ports], failure_id: UUID) -> ReplayView:
    """Try a record again, under the mapping and with the data of now."""
    return ReplayView(resolved=await replay_failure(call.ports, failure_id, None))


@routes.post("/v1/failures/{failure_id}/answer", privilege="erp.sync")
async def answer(call: Call[Ports], failure_id: UUID, body: AnswerQuestion) -> ReplayView:
    """Say of a record that asks whether it is one that we know, and take it in so."""
    return ReplayView(resolved=await replay_failure(call.ports, failure_id, body.answer))


@routes.get("/v1/customers", privilege="customer.read")
async def list_customers(call: Call[Ports], query: RecordQuery) -> Page[CustomerView]:
    """The customers that the ERPs told of, by name."""
    return await _records(call, "customer", query, lambda each: CustomerView(**_customer(each)))


@routes.get("/v1/customers/{customer_id}", privilege="customer.read")
async def read_customer(call: Call[Ports], customer_id: UUID) -> Reply[CustomerDetailView]:
    """One customer, with payment terms taken apart and the code of each ERP."""
    record = await call.ports.records.get_record("customer", customer_id)
    return await _customer_reply(call, record)


@routes.patch("/v1/customers/{customer_id}", privilege="customer.write", if_match=True)
async def patch_customer(
    call: Call[Ports], customer_id: UUID, body: EditCustomer
) -> Reply[CustomerDetailView]:
    """Change fields of a customer that are ours, or both sides'"""
    # The answer shows the customer.
    call.actor.require("customer.read")
    record = await edit_customer(
        call.ports,
        call.actor,
        customer_id,
        body.model_dump(exclude_unset=True),
        expected_version=call.required_version,
    )
    return await _customer_reply(call, record)


@routes.get("/v1/conflicts", privilege="customer.read")
async def list_conflicts(call: Call[Ports], query: ConflictQuery) -> Page[ConflictView]:
    """List fields that both sides have changed, oldest first"""
    found = await call.ports.conflicts.list_conflicts(
        connection=query.connection, resolved=query.resolved, after=query.after(UUID), limit=query.rows
    )
    return page_of(query, found, _conflict, lambda each: each.conflict_id)


@routes.post("/v1/conflicts/{conflict_id}/resolution", privilege="customer.write")
async def resolve(call: Call[Ports], conflict_id: UUID, body: ResolveConflict) -> ConflictView:
    """Decide which of the two values counts"""
    call.actor.require("customer.read")
    return _conflict(await resolve_conflict(call.ports, call.actor, conflict_id, body.choice))


@routes.get("/v1/suppliers", privilege="customer.read")
async def list_suppliers(call: Call[Ports], query: RecordQuery) -> Page[SupplierView]:
    """List the suppliers that the ERPs told of, by name"""
    return await _records(call, "supplier", query, lambda each: SupplierView(**_supplier(each)))


@routes.get("/v1/suppliers/{supplier_id}", privilege="customer.read")
async def read_supplier(call: Call[Ports], supplier_id: UUID) -> SupplierDetailView:
    """Show a supplier, with the code of each ERP"""
    record = await call.ports.records.get_record("supplier", supplier_id)
    return SupplierDetailView(**_supplier(record), links=await _links(call, supplier_id))


@routes.get("/v1/payment-terms", privilege="lookup.read")
async def list_payment_terms(call: Call[Ports], query: RecordQuery) -> Page[RecordLookupView]:
    """List the payment terms that the ERPs have, by name"""
    return await _records(call, "payment_term", query, _lookup_record)


@routes.get("/v1/vat-rates", privilege="lookup.read")
async def list_vat_rates(call: Call[Ports], query: RecordQuery) -> Page[RecordLookupView]:
    """List the VAT codes that the ERPs have, by name"""
    return await _records(call, "vat_rate", query, _lookup_record)


@routes.get("/v1/lookup-tables", privilege="lookup.read")
async def list_lookup_tables(call: Call[Ports]) -> Page[LookupTableView]:
    """The tables that come with OPTIMA."""
    return Page(items=[LookupTableView(key=key) for key in TABLES])


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


async def _records(
    call: Call[Ports], entity: Entity, query: RecordQuery, view: Callable[[Record], V]
) -> Page[V]:
    found = await call.ports.records.list_records(
        entity, code=query.code, after=query.after(str, UUID), limit=query.rows
    )
    return page_of(query, found, view, lambda each: (each.fields["name"] or "", each.record_id))


async def _links(call: Call[Ports], record_id: UUID) -> list[LinkView]:
    links = await call.ports.records.list_links(record_id)
    return [LinkView(connection=key, code=code, state=state) for key, code, state in links]


async def _view(call: Call[Ports], connection: Connection) -> ConnectionView:
    state = await call.ports.connections.get_connection_state(connection.connection_id)
    outage = await call.ports.failures.find_outage(connection.connection_id)
    connector = call.ports.connectors.get(connection.connector)
    return ConnectionView(
        key=connection.key,
        connector=connection.connector,
        settings=dict(connection.settings),
        secrets=sorted(connection.secrets),
        location=connector.location(call.ports.endpoint(connection)),
        exchanges={
            each.entity: _exchange(connection.exchange(each.entity))
            for each in connector.describe().capabilities
        },
        outage=_outage(call, outage) if outage else None,
        mapping=_mapping(connection.mapping),
        mapping_version=connection.mapping_version,
        capabilities=_capabilities(connection.connector, call),
        last_import_at=connection.last_import_at,
        last_export_at=state.last_export_at,
        customers=state.links.get("customer", 0),
        orders=state.links.get("order", 0),
        ddts=state.links.get("ddt", 0),
        links=dict(state.links),
        waiting=state.waiting,
        lag_seconds=_lag(state, call.now),
        failures=state.failures,
    )


def _mapping_reply(connection: Connection) -> Reply[MappingView]:
    view = MappingView(version=connection.mapping_version, yaml=write_mapping(connection.mapping))
    return Reply(view, version=connection.version)


def _exchange(exchange: Exchange) -> ExchangeView:
    return ExchangeView(
        enabled=exchange.enabled,
        every_minutes=exchange.every_minutes,
        at=[hour.isoformat("minutes") for hour in exchange.at] or None,
    )


def _outage(call: Call[Ports], outage: Failure) -> OutageView:
    (problem,) = _problems(call, outage.problems)
    assert outage.retry_at is not None
    return OutageView(
        since=outage.first_failed_at,
        attempts=outage.attempts,
        retry_at=outage.retry_at,
        code=problem.code,
        detail=problem.detail,
    )


def _lag(state: ConnectionState, now: datetime) -> float:
    if state.oldest_waiting_since is None:
        return 0.0
    return max(0.0, (now - state.oldest_waiting_since).total_seconds())


def _mapping(mapping: FieldMap) -> dict[Entity, dict[str, FieldMappingView]]:
    return {
        entity: {
            name: FieldMappingView(**{**asdict(mapped), "code_map": dict(mapped.code_map)})
            for name, mapped in each.fields.items()
        }
        for entity, each in mapping.entities.items()
    }


def _capabilities(connector: str, call: Call[Ports]) -> list[CapabilityView]:
    return [
        CapabilityView(
            **{
                name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(capability).items()
            }
        )
        for capability in call.ports.connectors.get(connector).describe().capabilities
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


def _source(call: Call[Ports], source: ImportedSource) -> ImportedSourceView:
    return ImportedSourceView(
        entity=source.entity,
        name=source.name,
        dialect=source.dialect,
        unknown=list(source.unknown),
        **asdict(source.counts),
        refusals=[
            RefusedRowView(line=row.line, record=row.key, problems=_problems(call, problems_of(row.problems)))
            for row in source.refused
        ],
    )


def _run(run: Run) -> RunView:
    return RunView(
        id=run.run_id,
        connection=run.connection_key,
        entity=run.entity,
        kind=run.kind,
        state=run.state,
        counts=CountsView(**asdict(run.counts)),
        problem=run.problem,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def _failure(call: Call[Ports], failure: Failure) -> FailureView:
    more: dict[str, Any] = {"answers": ["same", "another"]} if failure.error_class == "question" else {}
    # A customer's record is for who may see customers; a document's content, prices included, for nobody.
    if failure.direction == "in" and call.actor.may("customer.read"):
        more["payload"] = dict(failure.payload)
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
        **more,
    )


async def _customer_reply(call: Call[Ports], record: Record) -> Reply[CustomerDetailView]:
    view = CustomerDetailView(**_customer(record), links=await _links(call, record.record_id))
    return Reply(view, version=record.version)


def _conflict(conflict: Conflict) -> ConflictView:
    by = conflict.resolved_by
    return ConflictView(
        id=conflict.conflict_id,
        connection=conflict.connection_key,
        entity=conflict.entity,
        record_id=conflict.record_id,
        field=conflict.field,
        ours=conflict.ours,
        ours_by=PersonView(id=conflict.edit.by.id, name=conflict.edit.by.name),
        ours_at=conflict.edit.at,
        theirs=conflict.theirs,
        found_at=conflict.found_at,
        choice=conflict.choice,
        resolved_by=PersonView(id=by.id, name=by.name) if by else None,
        resolved_at=conflict.resolved_at,
    )


def _customer(customer: Record) -> dict[str, Any]:
    fields = customer.fields
    return {
        "customer_id": customer.record_id,
        "code": customer.code,
        **{name: fields[name] for name in _PARTY},
        "payment": PaymentView(
            method=fields["payment_method"],
            terms=fields["payment_terms"],
            instalments=_instalments(fields["payment_terms"]),
        ),
        "active": customer.active,
        "updated_at": customer.updated_at,
    }


_PARTY = ("name", "vat_number", "fiscal_code", "street", "postal_code", "city", "province", "country")


def _instalments(terms: str | None) -> list[InstalmentView]:
    """None of terms that stand as somebody wrote them."""
    try:
        read = parse_payment_terms(terms) if terms else None
    except Invalid:
        read = None
    return [
        InstalmentView(
            share=f"{each.share:.2f}", months=each.months, days=each.days, start=each.start, day=each.day
        )
        for each in (read.instalments if read else ())
    ]


def _supplier(supplier: Record) -> dict[str, Any]:
    known = (*_PARTY, "payment_method", "payment_terms")
    return {
        "id": supplier.record_id,
        "code": supplier.code,
        **{name: supplier.fields[name] for name in known},
        "active": supplier.active,
        "updated_at": supplier.updated_at,
    }


def _lookup_record(record: Record) -> RecordLookupView:
    return RecordLookupView(
        id=record.record_id,
        code=record.code,
        name=record.fields["name"] or record.code,
        rate=record.fields.get("rate"),
        active=record.active,
    )


def _lookup_row(row: LookupRow, language: str) -> LookupRowView:
    optional = {
        name: value
        for name in ("valid_from", "valid_to", "rate", "bic")
        if (value := getattr(row, name)) is not None
    }
    return LookupRowView(code=row.code, name=row.it if language == "it" else row.en, **optional)
