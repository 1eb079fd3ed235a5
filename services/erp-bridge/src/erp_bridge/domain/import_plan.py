"""What an import would do, row by row. The same plan serves the dry run and the real one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from .customer import Checks, CustomerFields, customer_of, normal_tax_number, without
from .mapping import EntityMapping


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """On which it began in its file; 1 is the header."""
    cells: Mapping[str, str]
    """By column; none where they did not fit the header."""


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    customer_id: UUID
    fields: CustomerFields


@dataclass(slots=True)
class KnownCustomers:
    """The customers that a file may speak of; kept up to date while its rows are planned."""

    by_code: dict[str, KnownCustomer] = field(default_factory=dict)
    """Those linked to this connection, by the ERP's code."""
    unlinked_by_tax_number: dict[str, KnownCustomer] = field(default_factory=dict)
    """Those that another connection brought and this one has no code for yet."""

    def matching(self, record: Mapping[str, str | None]) -> KnownCustomer | None:
        """Link first, then Partita IVA, then Codice Fiscale. Nothing fuzzier decides by itself."""
        if linked := self.by_code.get(record.get("code") or ""):
            return linked
        for number in (record.get("vat_number"), record.get("fiscal_code")):
            if number and (found := self.unlinked_by_tax_number.get(normal_tax_number(number))):
                return found
        return None

    def remember(self, customer: KnownCustomer) -> None:
        self.by_code[customer.fields.code] = customer
        for number in (customer.fields.vat_number, customer.fields.fiscal_code):
            if number:
                self.unlinked_by_tax_number.pop(number, None)


@dataclass(frozen=True, slots=True)
class PlannedCustomer:
    line: int
    action: Literal["create", "change", "unchanged"]
    customer_id: UUID
    fields: CustomerFields


@dataclass(frozen=True, slots=True)
class RefusedRow:
    line: int
    key: str
    """By which the row is known when it comes again: the ERP's code, or where it stood."""
    cells: Mapping[str, str]
    problems: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    customers: list[PlannedCustomer]
    refused: list[RefusedRow]

    def count(self, action: str) -> int:
        return sum(1 for each in self.customers if each.action == action)


def plan_import(
    rows: Iterable[Row],
    known: KnownCustomers,
    mapping: EntityMapping,
    checks: Checks,
    *,
    source: str,
    new_id: Callable[[], UUID],
) -> ImportPlan:
    """Plans every row; a bad one is refused and the others go on. `source` names where rows come from."""
    plan = ImportPlan([], [])
    for row in rows:
        try:
            planned = _plan_row(row, known, mapping, checks, new_id)
        except Violations as refusal:
            plan.refused.append(_refused(row, mapping, source, tuple(refusal.refusals)))
        except Invalid as refusal:
            plan.refused.append(_refused(row, mapping, source, (refusal,)))
        else:
            known.remember(KnownCustomer(planned.customer_id, planned.fields))
            plan.customers.append(planned)
    return plan


def _plan_row(
    row: Row,
    known: KnownCustomers,
    mapping: EntityMapping,
    checks: Checks,
    new_id: Callable[[], UUID],
) -> PlannedCustomer:
    if not row.cells:
        raise Invalid("row_does_not_fit", field="line")
    record = mapping.read(row.cells)
    match = known.matching(record)
    fields = customer_of(record, match.fields if match else None, checks)
    if match is None:
        return PlannedCustomer(row.line, "create", new_id(), fields)
    fields = without(fields, match.fields, mapping.owned_by_us())
    linked = fields.code in known.by_code
    unchanged = linked and content_hash(asdict(fields)) == content_hash(asdict(match.fields))
    return PlannedCustomer(row.line, "unchanged" if unchanged else "change", match.customer_id, fields)


def _refused(row: Row, mapping: EntityMapping, source: str, problems: tuple[Refusal, ...]) -> RefusedRow:
    code = row.cells.get(mapping.fields["code"].remote, "").strip()[:64]
    return RefusedRow(row.line, code or f"{source}:{row.line}", row.cells, problems)


def content_hash(content: Mapping[str, object]) -> str:
    """SHA-256, hexadecimal, of the content's JSON with its keys sorted."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
