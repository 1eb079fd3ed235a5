"""Orders and transport documents as they leave for the ERP: a heading and its lines, all text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from .import_plan import content_hash
from .mapping import EntityMapping

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class LineValue:
    """What a line costs, VAT excluded; decimal text, euro."""

    unit_price: str
    amount: str
    vat_code: str


@dataclass(frozen=True, slots=True)
class Document:
    entity: Literal["order", "ddt"]
    internal_id: UUID
    """The order or the shipment."""
    number: str
    correlation_id: UUID
    heading: Row
    lines: Mapping[str, Row]
    """By job; in the order in which they were given."""
    changed_at: datetime

    def with_values(self, values: Mapping[str, LineValue], at: datetime) -> Document:
        """The order with its prices; lines that have none stay as they are."""
        lines = {job: self._valued(line, values.get(job)) for job, line in self.lines.items()}
        return replace(self, lines=lines, changed_at=at)

    @staticmethod
    def _valued(line: Row, value: LineValue | None) -> Row:
        if value is None:
            return line
        return {**line, "unit_price": value.unit_price, "amount": value.amount, "vat_code": value.vat_code}

    def in_state(self, state: str, at: datetime) -> Document:
        return replace(self, heading={**self.heading, "state": state}, changed_at=at)

    def rows(self, mapping: EntityMapping) -> list[dict[str, str]]:
        """One remote row a line, each with the heading, as flat files want it."""
        return [
            mapping.write({**self.heading, **line, "line": str(position)})
            for position, line in enumerate(self.lines.values(), 1)
        ]


def rows_hash(rows: list[dict[str, str]]) -> str:
    """Tells whether the ERP has these very rows already: a new price or a new mapping changes it."""
    return content_hash({str(position): row for position, row in enumerate(rows)})
