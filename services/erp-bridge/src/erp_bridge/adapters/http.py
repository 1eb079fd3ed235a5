"""The endpoints. Each parses the request, calls its use case, and answers with what the reader may see."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import time
from uuid import UUID

from optima_kit.db import UnitOfWork
from optima_kit.http import Call, Content, Page, PageQuery, Reply, Routes, page_of
from optima_kit.http.problems import load_catalogue
from optima_kit.http.rate import RateLimit
from optima_kit.http.requests import user_and_password
from optima_kit.refusals import Invalid, Unauthenticated, WrongState

from ..application.change_mapping import change_mapping, preview_mapping
from ..application.configure_connection import configure_connection
from ..application.dismiss_failures import dismiss_failure, dismiss_failures
from ..application.edit_customer import edit_customer, resolve_conflict
from ..application.fetch_documents import fetch_documents
from ..application.ports import Fault, Ports
from ..application.read import connections, exchanges, records
from ..application.read.access import Reader
from ..application.read.views import (
    CheckView,
    ConflictView,
    ConnectionView,
    ConnectorView,
    CustomerDetailView,
    DifferenceView,
    FailureGroupView,
    FailuresView,
    FailureView,
    ImportView,
    LookupRecordView,
    LookupRowView,
    LookupTableView,
    MappingPreviewView,
    MappingView,
    PartyDetailView,
    PartyView,
    ReconciliationView,
    ReplayView,
    ResendView,
    RunView,
)
from ..application.reconcile import reconcile
from ..application.replay_failures import replay_failure, replay_failures
from ..application.resend import resend_documents
from ..application.start_import import check_connection, start_import
from ..domain.connection import Exchange
from ..domain.failure import Problem
from .lookup_tables import TABLES, LookupRow, lookup_table
from .mapping_yaml import read_mapping
from .report import report_table
from .requests import (
    AnswerQuestion,
    ChangeMapping,
    ConfigureConnection,
    ConflictQuery,
    ConnectionQuery,
    DifferenceQuery,
    DismissFailure,
    DismissFailures,
    EasyfattQuery,
    EditCustomer,
    FailureQuery,
    LookupQuery,
    PreviewMapping,
    Reconcile,
    RecordQuery,
    ReplayFailures,
    Resend,
    ResolveConflict,
    StartImport,
)

routes = Routes()

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources for handlers that open their own transactions."""

    ports: Callable[[UnitOfWork], Ports]
    fetches: RateLimit = field(default_factory=lambda: RateLimit(per_second=1))
    """Limits requests of ERPs that authenticate by password, by connection and address, so that passwords
    can't be guessed quickly."""


@routes.get("/v1/connectors", privilege="erp.read")
async def list_connectors(call: Call[Ports], query: PageQuery) -> Page[ConnectorView]:
    """List the connectors, and what each can exchange with its ERP"""
    return connections.list_connectors(call.ports, query)


@routes.get("/v1/connections", privilege="erp.read")
async def list_connections(call: Call[Ports], query: PageQuery) -> Page[ConnectionView]:
    """List the tenant's connections to ERPs, by key"""
    return await connections.list_connections(call.ports, _reader(call), query)


@routes.get("/v1/connections/{key}", privilege="erp.read")
async def read_connection(call: Call[Ports], key: str) -> Reply[ConnectionView]:
    """Read a connection: its settings, mapping, counts and outage"""
    view = await connections.read_connection(call.ports, _reader(call), key)
    return Reply(view, version=view.version)


@routes.put("/v1/connections/{key}", privilege="erp.write", if_match="optional")
async def put_connection(call: Call[Ports], key: str, body: ConfigureConnection) -> Reply[ConnectionView]:
    """Create a connection, or change the one that was read

    A change needs the connection's version in `If-Match`."""
    if not _KEY.fullmatch(key):
        raise Invalid("key_malformed", field="key")
    await configure_connection(
        call.ports,
        key,
        expected_version=call.expected_version,
        connector=body.connector,
        settings=body.settings,
        exchanges={
            entity: Exchange(
                each.enabled,
                each.every_minutes,
                tuple(map(time.fromisoformat, each.at)),
                time.fromisoformat(each.compare_at) if each.compare_at else None,
            )
            for entity, each in body.exchanges.items()
        },
        changes=None
        if body.mapping is None
        else {
            entity: {name: mapped.field_mapping() for name, mapped in fields.items()}
            for entity, fields in body.mapping.items()
        },
        calls_per_minute=body.calls_per_minute,
    )
    view = await connections.read_connection(call.ports, _reader(call), key)
    return Reply(view, version=view.version)


@routes.post("/v1/connections/{key}/check", privilege="erp.sync", transaction=False)
async def check(call: Call[Ports], key: str) -> CheckView:
    """Check whether the ERP answers, with the settings and credentials that are stored"""
    with _faults_as_refusals():
        return CheckView(answered=await check_connection(_CallWork(call), key))


@routes.post("/v1/connections/{key}/imports", privilege="erp.sync", transaction=False)
async def import_now(call: Call[Ports], key: str, body: StartImport) -> ImportView:
    """Import what changed in the ERP, now

    A dry run says what would change, and changes nothing. Repeating an import does no harm: what came in
    already is found unchanged."""
    with _faults_as_refusals():
        sources = await start_import(
            _CallWork(call),
            key,
            body.entity,
            dry_run=body.dry_run,
            from_the_beginning=body.from_the_beginning,
        )
    reader = _reader(call)
    return ImportView(dry_run=body.dry_run, sources=[exchanges.show_source(reader, each) for each in sources])


@routes.get("/v1/connections/{key}/mapping", privilege="erp.read")
async def read_mapping_in_force(call: Call[Ports], key: str) -> Reply[MappingView]:
    """Read the mapping in force, as YAML"""
    view, version = await connections.read_mapping(call.ports, _reader(call), key)
    return Reply(view, version=version)


@routes.put("/v1/connections/{key}/mapping", privilege="erp.write", if_match="required")
async def put_mapping(call: Call[Ports], key: str, body: ChangeMapping) -> Reply[MappingView]:
    """Replace the mapping for what is exchanged from now on

    To apply it to what was exchanged before, resend documents and import from the beginning."""
    changed = await change_mapping(
        call.ports, key, read_mapping(body.yaml), expected_version=call.required_version
    )
    view, version = connections.show_mapping(call.ports, _reader(call), changed)
    return Reply(view, version=version)


@routes.get("/v1/connections/{key}/mapping-versions", privilege="erp.read")
async def list_mapping_versions(call: Call[Ports], key: str, query: PageQuery) -> Page[MappingView]:
    """List the mappings that were ever in force, newest first"""
    return await connections.list_mapping_versions(call.ports, key, query)


@routes.post("/v1/connections/{key}/mapping-previews", privilege="erp.write")
async def preview(call: Call[Ports], key: str, body: PreviewMapping) -> MappingPreviewView:
    """Preview what sample records would become under a mapping; nothing is stored"""
    changes = read_mapping(body.yaml) if body.yaml is not None else None
    found = await preview_mapping(call.ports, key, body.entity, changes, body.records)
    return exchanges.show_preview(_reader(call), found)


@routes.post("/v1/connections/{key}/reconciliations", privilege="erp.sync", transaction=False)
async def reconcile_entity(call: Call[Ports], key: str, body: Reconcile) -> ReconciliationView:
    """Compare all records of an entity in the ERP with those linked here

    The answer only counts the differences. They have a list of their own."""
    with _faults_as_refusals():
        found = await reconcile(_CallWork(call), key, body.entity, delete_missing=body.delete_missing)
    return exchanges.show_reconciliation(_reader(call), found)


@routes.get("/v1/reconciliations", privilege="erp.read")
async def list_reconciliations(call: Call[Ports], query: ConnectionQuery) -> Page[ReconciliationView]:
    """List comparisons with ERPs, newest first

    The last ten of each connection and entity are kept."""
    return await exchanges.list_reconciliations(call.ports, _reader(call), query, query.connection)


@routes.get("/v1/reconciliations/{reconciliation_id}", privilege="erp.read")
async def read_reconciliation(call: Call[Ports], reconciliation_id: UUID) -> ReconciliationView:
    """Read what a comparison found, in numbers"""
    return await exchanges.read_reconciliation(call.ports, _reader(call), reconciliation_id)


@routes.get("/v1/reconciliations/{reconciliation_id}/differences", privilege="customer.read")
async def list_differences(
    call: Call[Ports], reconciliation_id: UUID, query: DifferenceQuery
) -> Page[DifferenceView]:
    """List the records that a comparison found missing or differing"""
    return await exchanges.list_differences(call.ports, query, reconciliation_id, query.kind)


@routes.get("/v1/reconciliations/{reconciliation_id}/report", privilege="customer.read")
async def download_report(call: Call[Ports], reconciliation_id: UUID) -> Content:
    """Download totals and differences as CSV, for a spreadsheet"""
    found = await exchanges.read_reconciliation(call.ports, _reader(call), reconciliation_id)
    rows = [row async for row in exchanges.report_rows(call.ports, _reader(call), reconciliation_id)]
    name = f"{found.connection} {found.entity} {found.found_at:%Y-%m-%d}.csv"
    return Content(report_table(rows, call.language), "text/csv", filename=name)


@routes.post("/v1/connections/{key}/resends", privilege="erp.sync")
async def resend(call: Call[Ports], key: str, body: Resend) -> ResendView:
    """Send documents again that changed since a time

    For an ERP that was connected later, or a mapping that changed. A document that the ERP has in its present
    state is not written again."""
    return ResendView(documents=await resend_documents(call.ports, key, body.entity, body.since))


@routes.get("/v1/runs", privilege="erp.read")
async def list_runs(call: Call[Ports], query: ConnectionQuery) -> Page[RunView]:
    """List imports that found something, newest first"""
    return await exchanges.list_runs(call.ports, _reader(call), query, query.connection)


@routes.get("/v1/failures", privilege="erp.read")
async def list_failures(call: Call[Ports], query: FailureQuery) -> Page[FailureView]:
    """List records that could not be exchanged, oldest first"""
    return await exchanges.list_failures(call.ports, _reader(call), query, query.wanted())


@routes.get("/v1/failure-groups", privilege="erp.read")
async def list_failure_groups(call: Call[Ports], query: ConnectionQuery) -> Page[FailureGroupView]:
    """Count the records that could not be exchanged, by what is wrong with them

    Those that somebody has dismissed are left out."""
    return await exchanges.list_failure_groups(call.ports, _reader(call), query, query.connection)


@routes.post("/v1/failure-replays", privilege="erp.sync", status=202)
async def replay_many(call: Call[Ports], body: ReplayFailures) -> FailuresView:
    """Try all records of a kind again, with the mapping and the data of now

    They are tried in the background; those that need an answer or a new file stay as they are."""
    return FailuresView(failures=await replay_failures(call.ports, body.wanted()))


@routes.post("/v1/failure-dismissals", privilege="erp.sync")
async def dismiss_many(call: Call[Ports], body: DismissFailures) -> FailuresView:
    """Dismiss all records of a kind, with a reason

    Documents among them are not sent until they change. An outage can't be dismissed."""
    return FailuresView(failures=await dismiss_failures(call.ports, call.actor, body.wanted(), body.reason))


@routes.get("/v1/failures/{failure_id}", privilege="erp.read")
async def read_failure(call: Call[Ports], failure_id: UUID) -> FailureView:
    """Read a record that could not be exchanged"""
    return await exchanges.read_failure(call.ports, _reader(call), failure_id)


@routes.post("/v1/failures/{failure_id}/replay", privilege="erp.sync")
async def replay(call: Call[Ports], failure_id: UUID) -> ReplayView:
    """Try a record again, with the mapping and the data of now"""
    return ReplayView(resolved=await replay_failure(call.ports, failure_id, None))


@routes.post("/v1/failures/{failure_id}/dismissal", privilege="erp.sync")
async def dismiss(call: Call[Ports], failure_id: UUID, body: DismissFailure) -> ReplayView:
    """Dismiss a record, with a reason

    It waits for nobody any more, unless the record comes again with other content. A dismissed document is
    not sent until it changes."""
    await dismiss_failure(call.ports, call.actor, failure_id, body.reason)
    return ReplayView(resolved=True)


@routes.post("/v1/failures/{failure_id}/answer", privilege="erp.sync")
async def answer(call: Call[Ports], failure_id: UUID, body: AnswerQuestion) -> ReplayView:
    """Answer whether a record is one that is known here, and import it accordingly"""
    return ReplayView(resolved=await replay_failure(call.ports, failure_id, body.answer))


@routes.get("/v1/customers", privilege="customer.read")
async def list_customers(call: Call[Ports], query: RecordQuery) -> Page[PartyView]:
    """List customers, by name"""
    return await records.list_parties(call.ports, "customer", query, query.code)


@routes.get("/v1/customers/{customer_id}", privilege="customer.read")
async def read_customer(call: Call[Ports], customer_id: UUID) -> Reply[CustomerDetailView]:
    """Read a customer, with payment terms by instalment and the code in each ERP"""
    view = await records.read_customer(call.ports, call.actor, customer_id)
    return Reply(view, version=view.version)


@routes.patch("/v1/customers/{customer_id}", privilege="customer.write", if_match="required")
async def patch_customer(
    call: Call[Ports], customer_id: UUID, body: EditCustomer
) -> Reply[CustomerDetailView]:
    """Change fields of a customer that no ERP owns"""
    customer = await edit_customer(
        call.ports,
        call.actor,
        customer_id,
        body.model_dump(exclude_unset=True),
        expected_version=call.required_version,
    )
    view = await records.show_customer(call.ports, call.actor, customer)
    return Reply(view, version=view.version)


@routes.get("/v1/conflicts", privilege="customer.read")
async def list_conflicts(call: Call[Ports], query: ConflictQuery) -> Page[ConflictView]:
    """List fields that were changed both here and in an ERP, oldest first"""
    return await exchanges.list_conflicts(
        call.ports, _reader(call), query, query.connection, resolved=query.resolved
    )


@routes.get("/v1/conflicts/{conflict_id}", privilege="customer.read")
async def read_conflict(call: Call[Ports], conflict_id: UUID) -> ConflictView:
    """Read a conflict: the value here, the value in the ERP, who changed it and when"""
    return await exchanges.read_conflict(call.ports, _reader(call), conflict_id)


@routes.post("/v1/conflicts/{conflict_id}/resolution", privilege="customer.write")
async def resolve(call: Call[Ports], conflict_id: UUID, body: ResolveConflict) -> ConflictView:
    """Resolve a conflict by keeping our value or taking the ERP's"""
    await resolve_conflict(call.ports, call.actor, conflict_id, body.choice)
    return await exchanges.read_conflict(call.ports, _reader(call), conflict_id)


@routes.get("/v1/suppliers", privilege="customer.read")
async def list_suppliers(call: Call[Ports], query: RecordQuery) -> Page[PartyView]:
    """List suppliers, by name"""
    return await records.list_parties(call.ports, "supplier", query, query.code)


@routes.get("/v1/suppliers/{supplier_id}", privilege="customer.read")
async def read_supplier(call: Call[Ports], supplier_id: UUID) -> PartyDetailView:
    """Read a supplier, with the code in each ERP"""
    return await records.read_supplier(call.ports, supplier_id)


@routes.get("/v1/agents", privilege="customer.read")
async def list_agents(call: Call[Ports], query: RecordQuery) -> Page[LookupRecordView]:
    """List the sales agents that the ERPs have, by name"""
    return await records.list_lookup_records(call.ports, "agent", query, query.code)


@routes.get("/v1/products", privilege="lookup.read")
async def list_products(call: Call[Ports], query: RecordQuery) -> Page[LookupRecordView]:
    """List the products that the ERPs have, by name"""
    return await records.list_lookup_records(call.ports, "product", query, query.code)


@routes.get("/v1/banks", privilege="customer.read")
async def list_banks(call: Call[Ports], query: RecordQuery) -> Page[LookupRecordView]:
    """List the banks that the ERPs have, by name"""
    return await records.list_lookup_records(call.ports, "bank", query, query.code)


@routes.get("/v1/payment-terms", privilege="lookup.read")
async def list_payment_terms(call: Call[Ports], query: RecordQuery) -> Page[LookupRecordView]:
    """List the payment terms that the ERPs have, by name"""
    return await records.list_lookup_records(call.ports, "payment_term", query, query.code)


@routes.get("/v1/vat-rates", privilege="lookup.read")
async def list_vat_rates(call: Call[Ports], query: RecordQuery) -> Page[LookupRecordView]:
    """List the VAT codes that the ERPs have, by name"""
    return await records.list_lookup_records(call.ports, "vat_rate", query, query.code)


@routes.get("/v1/transport-reasons", privilege="lookup.read")
async def list_transport_reasons(call: Call[Ports], query: RecordQuery) -> Page[LookupRecordView]:
    """List the reasons of transport that the ERPs have, by name"""
    return await records.list_lookup_records(call.ports, "transport_reason", query, query.code)


@routes.get("/v1/destinations", privilege="customer.read")
async def list_destinations(call: Call[Ports], query: RecordQuery) -> Page[LookupRecordView]:
    """List the customers' destinations that the ERPs have, by name"""
    return await records.list_lookup_records(call.ports, "destination", query, query.code)


@routes.get("/v1/easyfatt/{tenant_id}/{key}/orders", public=True, password=True)
async def fetch_easyfatt_orders(
    call: Call[Ports], tenant_id: UUID, key: str, query: EasyfattQuery
) -> Content:
    """Fetch orders as Easyfatt does, with the connection's user and password

    The answer is Easyfatt-Xml with at most 500 orders, by number. Easyfatt asks again from the last one."""
    user, password = _credentials(call)
    resources: Resources = call.resources
    resources.fetches.take((tenant_id, key, call.address))
    work = _ReadingFor(call, tenant_id)
    with _faults_as_refusals():
        content = await fetch_documents(work, key, "order", user, password, query.wanted())
    return Content(content, "application/xml", f"{key}.xml", inline=True)


@routes.get("/v1/lookup-tables", privilege="lookup.read")
async def list_lookup_tables(call: Call[Ports], query: PageQuery) -> Page[LookupTableView]:
    """List the code tables that come with OPTIMA, by key"""
    after = query.after(str) or ""
    found = sorted(key for key in TABLES if key > after)
    return page_of(query, found, lambda key: LookupTableView(key=key), lambda key: key)


@routes.get("/v1/lookup-tables/{table}", privilege="lookup.read")
async def read_lookup_table(call: Call[Ports], table: str, query: LookupQuery) -> Page[LookupRowView]:
    """List the codes of a table that are valid on a day, by code"""
    after = query.after(str)
    day = query.on or call.now.date()
    valid = [row for row in lookup_table(table) if row.valid_on(day)]
    found = [row for row in valid if after is None or row.code > after]
    return page_of(query, found, lambda row: _lookup_row(row, call.language), lambda row: row.code)


class _CallWork:
    """The transactions of one request, before and after its calls to an ERP."""

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


class _ReadingFor:
    """Reads a tenant's data for a caller without a token."""

    def __init__(self, call: Call[Ports], tenant_id: UUID) -> None:
        self._call = call
        self._tenant_id = tenant_id

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Ports]:
        async with self._call.database.reading(self._tenant_id, now=self._call.now) as work:
            yield self._call.resources.ports(work)


def _credentials(call: Call[Ports]) -> tuple[str, str]:
    """User and password, as Basic or, as Easyfatt also sends them, in a header of their own."""
    told = call.headers.get("X-Authorization") or ""
    scheme, _, basic = (call.headers.get("Authorization") or "").partition(" ")
    if not told and scheme.casefold() == "basic":
        told = basic
    sent = user_and_password(told)
    if sent is None:
        raise Unauthenticated("credentials_not_recognised", scheme="Basic")
    return sent


@contextmanager
def _faults_as_refusals() -> Iterator[None]:
    """What the ERP did not take or give is told to who asked."""
    try:
        yield
    except Fault as fault:
        raise WrongState(fault.code, **fault.facts) from None


def _reader(call: Call[Ports]) -> Reader:
    catalogue = load_catalogue("erp_bridge")

    def text(problem: Problem) -> str:
        facts: dict[str, object] = {"field": problem.field or "", **problem.facts}
        return catalogue.text(problem.code, call.language, facts) or ""

    return Reader(call.actor, text)


def _lookup_row(row: LookupRow, language: str) -> LookupRowView:
    return LookupRowView(
        code=row.code,
        name=row.it if language == "it" else row.en,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        rate=row.rate,
        bic=row.bic,
    )
