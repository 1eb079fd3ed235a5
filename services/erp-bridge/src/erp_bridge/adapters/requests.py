"""The bodies and queries that clients send."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from optima_kit.fields import Query
from optima_kit.http import Code, Command, Day, Flag, Moment, PageQuery, Text

from ..application.ports import DocumentRange
from ..domain.conflict import Choice
from ..domain.entities import Entity
from ..domain.failure import Direction, ErrorClass, FailureEntity, FailureFilter
from ..domain.import_plan import Answer
from ..domain.reconciliation import DifferenceKind
from .mapped_field import MappedField

Hour = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["06:30"])]
Yaml = Annotated[str, Field(max_length=100_000)]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


def _none_if_empty(value: Any) -> Any:
    return value or None


class ExchangeBody(Command):
    """Whether and when an entity is exchanged."""

    enabled: Flag = True
    every_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    """Minutes between two looks for changes in the ERP; every half minute if not given."""
    at: Annotated[list[Hour], Field(max_length=24)] = Field(default_factory=list)
    """Look at these times of the day (UTC) instead."""
    compare_at: Hour | None = None
    """Compare both sides each day at this time (UTC); if not given, only when somebody asks for it."""


class ConfigureConnection(Command):
    connector: Code
    settings: Annotated[dict[Code, Annotated[str, Text(500)]], Field(max_length=20)]
    """Credentials are stored sealed and shown to nobody. Credentials that are not given are kept, unless
    another setting changes."""
    exchanges: dict[Entity, ExchangeBody] = Field(default_factory=dict)
    mapping: dict[Entity, Annotated[dict[Code, MappedField], Field(max_length=100)]] | None = None
    """The fields that this connection maps differently from its connector. {} is the connector's own mapping;
    if not given, the present mapping stays."""
    calls_per_minute: Annotated[int, Field(ge=1, le=6000)] | None = None
    """How often the bridge may call the ERP; unlimited if not given."""


class StartImport(Command):
    dry_run: Flag = False
    entity: Entity | None = None
    """Import only this entity; if not given, every entity that the connector reads."""
    from_the_beginning: Flag = False
    """Import all records of the ERP, not only changed ones."""


class ChangeMapping(Command):
    yaml: Yaml
    """The whole mapping, or only the fields that differ from the connector's own mapping."""


class PreviewMapping(Command):
    entity: Entity
    records: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=20)]
    """Records of the ERP: fields by remote name."""
    yaml: Yaml | None = None
    """The mapping to try instead of the connection's."""


class Reconcile(Command):
    entity: Entity
    delete_missing: Flag = False
    """Mark records that the ERP no longer has as deleted."""


class Resend(Command):
    entity: Literal["order", "ddt"]
    since: Moment
    """Send documents that changed since this moment."""


class AnswerQuestion(Command):
    answer: Answer
    """Whether the record is the same as the known one, or another."""


class DismissFailure(Command):
    reason: Annotated[str, Text(500)]


class ReplayFailures(Command):
    """Select a connection's failures that are not dismissed and match all other conditions given."""

    connection: Code
    entity: FailureEntity | None = None
    direction: Direction | None = None
    error_class: ErrorClass | None = None
    code: Code | None = None
    """The code of the failures' first problem."""

    def wanted(self) -> FailureFilter:
        return FailureFilter(self.connection, self.entity, self.direction, self.error_class, self.code)


class DismissFailures(ReplayFailures):
    reason: Annotated[str, Text(500)]


class EditCustomer(Command):
    """Change only the given fields; null clears a field. A field that an ERP owns is refused."""

    name: Annotated[str, Text(200)] | None = None
    street: Annotated[str, Text(200)] | None = None
    postal_code: Annotated[str, Text(20)] | None = None
    city: Annotated[str, Text(100)] | None = None
    province: Annotated[str, Text(2)] | None = None
    payment_method: Annotated[str, Text(4)] | None = None
    payment_terms: Annotated[str, Text(200)] | None = None


class ResolveConflict(Command):
    choice: Choice


class ConnectionQuery(PageQuery):
    connection: Code | None = None
    """List only those of this connection."""


class FailureQuery(ConnectionQuery):
    entity: FailureEntity | None = None
    direction: Direction | None = None
    error_class: ErrorClass | None = None
    code: Code | None = None
    """The code of the failures' first problem."""
    dismissed: bool = False
    """List dismissed failures instead of open ones."""

    def wanted(self) -> FailureFilter:
        return FailureFilter(**self.model_dump(exclude={"limit", "cursor"}))


class DifferenceQuery(PageQuery):
    kind: DifferenceKind | None = None


class ConflictQuery(ConnectionQuery):
    resolved: bool = False
    """List resolved conflicts instead of open ones."""


class RecordQuery(PageQuery):
    code: Annotated[str, Text(64)] | None = None
    """Only the record with this code of ours."""


class EasyfattQuery(Query):
    """The query that Easyfatt sends. A bound that it does not use is empty or absent."""

    appver: Annotated[str, Field(max_length=10)] | None = None
    firstdate: Annotated[Day | None, BeforeValidator(_none_if_empty)] = None
    lastdate: Annotated[Day | None, BeforeValidator(_none_if_empty)] = None
    firstnum: Annotated[Number | None, BeforeValidator(_none_if_empty)] = None
    lastnum: Annotated[Number | None, BeforeValidator(_none_if_empty)] = None

    def wanted(self) -> DocumentRange:
        return DocumentRange(self.firstnum, self.lastnum, self.firstdate, self.lastdate)


class LookupQuery(PageQuery):
    on: Day | None = None
    """List codes that are valid on this day; today if not given."""
