"""What a reader gets to see of the exchange with ERPs. What they may not see is absent, and so is what has no
value."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.conflict import Choice
from ...domain.connection import Ability
from ...domain.entities import Entity
from ...domain.failure import Direction, ErrorClass, FailureEntity
from ...domain.reconciliation import DifferenceKind
from ...domain.run import RunKind
from .access import (
    ConflictAction,
    ConnectionAction,
    CustomerAction,
    FailureAction,
    FailureGroupAction,
    MappingAction,
    ReconciliationAction,
    RunAction,
)


class CapabilityView(View):
    """What a connector can do with one entity."""

    entity: Entity
    abilities: list[Ability]
    """What comes in and goes out, and whether later changes, deletions and conflicts are seen to."""
    reads: bool
    may_be_compared: bool
    may_be_compared_daily: bool
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
    choices: list[str]
    """What it may be, where that is known; anything else is refused."""
    exclusive: bool
    """Whether no two connections may have the same."""


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
    code_map: dict[str, str | list[str]]


class ExchangeView(View):
    enabled: bool
    every_minutes: int | None
    at: list[str] | None
    """Hours of the day, UTC."""
    compare_at: str | None
    """Hour of the day, UTC, at which both sides are compared."""
    paused: bool
    """Whether the entity waits for a person, since the ERP has changed its fields: a failure says which."""


class OutageView(View):
    since: datetime
    attempts: int
    retry_at: datetime
    code: str
    detail: str


class ConnectionView(View):
    key: str
    version: int
    """To be sent back as `If-Match` with a change."""
    connector: str
    settings: dict[str, str]
    secrets: list[str]
    """Names of the credentials that are stored."""
    location: str
    """Where the ERP is found: an address, or a folder."""
    exchanges: dict[Entity, ExchangeView]
    outage: OutageView | None
    """While the ERP can't be reached."""
    mapping: dict[Entity, dict[str, FieldMappingView]]
    """As it is in force: the connector's own with this connection's changes."""
    mapping_version: int
    calls_per_minute: int | None
    """How often each process of the bridge may call the ERP."""
    capabilities: list[CapabilityView]
    last_import_at: datetime | None
    last_export_at: datetime | None
    links: dict[Entity, int]
    """How many records are linked to the ERP's, and how many documents it has."""
    waiting: int
    """Documents that the ERP does not have yet."""
    lag_seconds: float
    """Age of the oldest of those."""
    failures: int
    actions: list[ConnectionAction]
    """What the reader may do now."""


class MappingView(View):
    version: int
    yaml: str
    since: datetime | None = None
    """Of a version: when it came into force."""
    actions: list[MappingAction] | None = None
    """What the reader may do now; of the mapping in force."""


class ProblemView(View):
    code: str
    field: str | None
    detail: str


class PreviewedRecordView(View):
    fields: dict[str, str | None]
    problems: list[ProblemView]
    notices: list[ProblemView]
    """What would be accepted, and should be checked."""


class MappingPreviewView(View):
    records: list[PreviewedRecordView]


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
    """What came of one file, or of one collection of the ERP's."""

    entity: Entity
    name: str
    dialect: str | None
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
    kind: RunKind
    state: Literal["running", "done", "failed"]
    counts: CountsView
    problem: ProblemView | None
    """What ended it before its time."""
    started_at: datetime
    finished_at: datetime | None
    actions: list[RunAction]
    """What the reader may do now."""


class RecordView(View):
    """A record of master data, where another thing names it."""

    id: UUID
    code: str
    name: str


class TotalView(View):
    """What both sides come to in a month. `there` is the ERP's, `linked` ours."""

    period: str | None
    """As 2026-11, of an order the month of its deadline; absent where records have no day."""
    there: int
    linked: int
    there_quantity: str | None
    linked_quantity: str | None
    there_amount: str | None
    """Without VAT, in euro; amounts are for readers with `job.economics.read`."""
    linked_amount: str | None


class ReconciliationView(View):
    """What a comparison of an ERP's records with those linked here found; in numbers of records."""

    id: UUID
    connection: str
    entity: Entity
    found_at: datetime
    there: int
    """That the ERP has."""
    linked: int
    """That were linked to it before the comparison."""
    missing_here: int
    missing_there: int
    differing: int
    deleted: int
    """Marked as deleted here, since they are missing there."""
    totals: list[TotalView]
    actions: list[ReconciliationAction]
    """What the reader may do now."""


class DifferenceView(View):
    kind: DifferenceKind
    remote_id: str
    code: str | None
    """As people in the ERP know the record."""
    name: str | None
    record: RecordView | None
    """Ours, where one is linked."""


class ResendView(View):
    documents: int


class CheckView(View):
    answered: str
    """Who answers there."""


class FailureView(View):
    id: UUID
    connection: str
    entity: FailureEntity
    direction: Direction
    record: str
    error_class: ErrorClass
    problems: list[ProblemView]
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    retry_at: datetime | None
    payload: dict[str, Any] | None
    """The record as it came from the ERP."""
    dismissed_by: PersonView | None
    dismissed_at: datetime | None
    dismissal_reason: str | None
    actions: list[FailureAction]
    """What the reader may do now."""


class FailureGroupView(View):
    """Failures in which the same thing is wrong of the same entity."""

    connection: str
    entity: FailureEntity
    direction: Direction
    error_class: ErrorClass
    code: str
    """Of what is wrong first."""
    detail: str
    """Of one of them."""
    failures: int
    first_failed_at: datetime
    last_failed_at: datetime
    actions: list[FailureGroupAction]
    """What the reader may do now, with all of them at once."""


class FailuresView(View):
    failures: int
    """How many."""


class ReplayView(View):
    resolved: bool
    """False: it goes out shortly, or it was refused again; read the failure to see."""


class ConflictView(View):
    id: UUID
    connection: str
    entity: Entity
    record: RecordView
    field: str
    ours: str | None
    ours_by: PersonView
    ours_at: datetime
    theirs: str | None
    found_at: datetime
    choice: Choice | None
    resolved_by: PersonView | None
    resolved_at: datetime | None
    actions: list[ConflictAction]
    """What the reader may do now."""


class LinkView(View):
    connection: str
    code: str
    """By which that ERP knows the record."""
    state: str


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


class PartyView(View):
    id: UUID
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


class PartyDetailView(PartyView):
    links: list[LinkView]


class CustomerDetailView(PartyDetailView):
    version: int
    """To be sent back as `If-Match` with a change."""
    editable: list[str]
    """Fields that no ERP owns."""
    actions: list[CustomerAction]
    """What the reader may do now."""


class LookupRecordView(View):
    id: UUID
    code: str
    name: str
    rate: str | None
    """Percent, of a VAT code."""
    unit: str | None
    """Of a product."""
    bic: str | None
    iban: str | None
    """Of a bank."""
    customer: str | None
    """Of a destination, as the ERP calls them; its address is beside it."""
    street: str | None
    postal_code: str | None
    city: str | None
    province: str | None
    country: str | None
    active: bool


class LookupTableView(View):
    key: str


class LookupRowView(View):
    code: str
    name: str
    valid_from: date | None
    valid_to: date | None
    rate: str | None
    bic: str | None
