"""The views of the exchange with ERPs. A field is absent if the reader may not see it, or if it has no
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
    """Whether records come in and go out, and whether later changes, deletions and conflicts are handled."""
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
    """The permitted values; all others are refused. Empty if any value is permitted."""
    exclusive: bool
    """Whether two connections may not have the same value."""


class ConnectorView(View):
    key: str
    name: str
    proven: Literal["live", "recorded"]
    """Whether it was tested with the real system, or only with recorded answers."""
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
    """Times of the day (UTC) at which the entity is imported."""
    compare_at: str | None
    """Time of the day (UTC) at which both sides are compared."""
    paused: bool
    """Whether the entity waits for a person because the ERP has changed its fields; a failure says which."""


class OutageView(View):
    since: datetime
    attempts: int
    retry_at: datetime
    code: str
    detail: str


class ConnectionView(View):
    key: str
    version: int
    """The version to send as `If-Match` with a change."""
    connector: str
    settings: dict[str, str]
    secrets: list[str]
    """Names of the credentials that are stored."""
    location: str
    """Where people find the ERP: an address, or a folder."""
    exchanges: dict[Entity, ExchangeView]
    outage: OutageView | None
    """Present while the ERP can't be reached."""
    mapping: dict[Entity, dict[str, FieldMappingView]]
    """The mapping in force: the connector's own with this connection's changes."""
    mapping_version: int
    calls_per_minute: int | None
    """How often the bridge may call the ERP, all its processes together."""
    capabilities: list[CapabilityView]
    last_import_at: datetime | None
    last_export_at: datetime | None
    links: dict[Entity, int]
    """How many records are linked to the ERP's, and how many documents it has."""
    waiting: int
    """Documents that the ERP does not have yet."""
    lag_seconds: float
    """Age of the oldest waiting document in seconds."""
    failures: int
    actions: list[ConnectionAction]
    """What the reader may do now."""


class MappingView(View):
    version: int
    yaml: str
    since: datetime | None = None
    """When this version came into force; absent for the mapping in force."""
    actions: list[MappingAction] | None = None
    """What the reader may do now; only for the mapping in force."""


class ProblemView(View):
    code: str
    field: str | None
    detail: str


class PreviewedRecordView(View):
    fields: dict[str, str]
    problems: list[ProblemView]
    notices: list[ProblemView]
    """Values that would be accepted but should be checked."""


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
    """The result of importing one file or one collection of the ERP."""

    entity: Entity
    name: str
    dialect: str | None
    """How a file was read: its encoding and separator."""
    unknown: list[str]
    """Columns that the mapping does not know; a misspelt column is among them."""
    refusals: list[RefusedRowView]
    """The first refused rows."""


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
    """The problem that ended the run early."""
    started_at: datetime
    finished_at: datetime | None
    actions: list[RunAction]
    """What the reader may do now."""


class RecordView(View):
    """A record of master data that another thing refers to."""

    id: UUID
    code: str
    name: str


class TotalView(View):
    """Monthly totals of both sides: `there` is the ERP's, `linked` is ours."""

    period: str | None
    """The month, such as 2026-11; an order belongs to the month of its deadline. Absent if records have no
    day."""
    there: int
    linked: int
    there_quantity: str | None
    linked_quantity: str | None
    there_amount: str | None
    """Amount in euro without VAT. Only readers with `job.economics.read` see amounts."""
    linked_amount: str | None


class ReconciliationView(View):
    """The result of comparing an ERP's records with those linked here, in numbers of records."""

    id: UUID
    connection: str
    entity: Entity
    found_at: datetime
    there: int
    """Number of records in the ERP."""
    linked: int
    """Number of records that were linked to the ERP before the comparison."""
    missing_here: int
    missing_there: int
    differing: int
    deleted: int
    """Number of records marked as deleted here because the ERP no longer has them."""
    totals: list[TotalView]
    actions: list[ReconciliationAction]
    """What the reader may do now."""


class DifferenceView(View):
    kind: DifferenceKind
    remote_id: str
    code: str | None
    """The ERP's code of the record."""
    name: str | None
    record: RecordView | None
    """Our record, if one is linked."""


class ResendView(View):
    documents: int


class CheckView(View):
    answered: str
    """The name of the system that answers."""


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
    """Failures of one entity that have the same problem."""

    connection: str
    entity: FailureEntity
    direction: Direction
    error_class: ErrorClass
    code: str
    """The code of each failure's first problem."""
    detail: str
    """The text of that problem in one of the failures."""
    failures: int
    first_failed_at: datetime
    last_failed_at: datetime
    actions: list[FailureGroupAction]
    """What the reader may do now, with all of them at once."""


class FailuresView(View):
    failures: int
    """How many failures the command concerns."""


class ReplayView(View):
    resolved: bool
    """False if the document is sent shortly, or if the record was refused again; read the failure to see."""


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
    """The code by which the ERP knows the record."""
    state: str


class InstalmentView(View):
    share: str
    """Percent of the amount."""
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
    """The version to send as `If-Match` with a change."""
    editable: list[str]
    """Fields that people may change here, because no ERP owns them."""
    actions: list[CustomerAction]
    """What the reader may do now."""


class LookupRecordView(View):
    id: UUID
    code: str
    name: str
    rate: str | None
    """A VAT code's rate in percent."""
    unit: str | None
    """A product's unit."""
    bic: str | None
    iban: str | None
    """A bank's IBAN."""
    customer: str | None
    """The ERP's code of a destination's customer; the destination's address follows."""
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
