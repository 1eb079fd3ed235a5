"""How our fields and the columns of the remote system answer to each other, as data.

Absent and empty are two things: a column that isn't there leaves what we know as it is, a column that is
there and empty clears it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal

from optima_kit.refusals import Invalid

Transform = Literal["upper", "decimal_comma", "date_it"]
TRANSFORMS: Final = ("upper", "decimal_comma", "date_it")

Entity = Literal["customer", "order", "ddt"]
ENTITIES: Final[tuple[Entity, ...]] = ("customer", "order", "ddt")

FIELDS: Final[dict[Entity, frozenset[str]]] = {
    "customer": frozenset(
        {
            "code",
            "name",
            "vat_number",
            "fiscal_code",
            "street",
            "postal_code",
            "city",
            "province",
            "payment_method",
            "payment_terms",
        }
    ),
    "order": frozenset(
        {
            "reference",
            "number",
            "state",
            "customer",
            "deadline",
            "line",
            "kind",
            "description",
            "quantity",
            "unit",
            "unit_price",
            "amount",
            "vat_code",
        }
    ),
    "ddt": frozenset(
        {
            "reference",
            "order_reference",
            "number",
            "issue_date",
            "state",
            "reason",
            "recipient_name",
            "recipient_vat_number",
            "recipient_fiscal_code",
            "recipient_street",
            "recipient_postal_code",
            "recipient_city",
            "recipient_province",
            "destination",
            "delivery_name",
            "delivery_street",
            "delivery_postal_code",
            "delivery_city",
            "delivery_province",
            "transport_by",
            "carrier_name",
            "freight",
            "appearance",
            "packages",
            "gross_weight_kg",
            "line",
            "description",
            "quantity",
            "unit",
        }
    ),
}
"""The fields of each entity that can be mapped."""

NEEDED: Final[dict[Entity, frozenset[str]]] = {
    "customer": frozenset({"code"}),
    "order": frozenset({"reference", "number", "line"}),
    "ddt": frozenset({"reference", "number", "line"}),
}
"""Without these a record could not be recognised again."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    remote: str
    """The column's name."""
    transform: Transform | None = None
    owner: Literal["erp", "optima"] = "erp"
    """Inbound, a field that we own is not taken from the ERP once we have it."""
    default: str | None = None
    """Stands in for a column that isn't there."""
    code_map: Table[str, str] = field(default_factory=dict)
    """Our code → the ERP's."""


@dataclass(frozen=True, slots=True)
class EntityMapping:
    fields: Table[str, FieldMapping]

    def read(self, row: Table[str, str]) -> dict[str, str | None]:
        """Our fields of one remote row; absent columns are absent, empty ones None.

        Raises Invalid, naming the column, for a value that its transform can't read.
        """
        record: dict[str, str | None] = {}
        for name, mapped in self.fields.items():
            if mapped.remote in row:
                text = row[mapped.remote].strip()
                record[name] = _inward(text, mapped) if text else None
            elif mapped.default is not None:
                record[name] = mapped.default
        return record

    def columns(self) -> list[str]:
        return [mapped.remote for mapped in self.fields.values()]

    def write(self, record: Table[str, str | None]) -> dict[str, str]:
        """The remote row of one of our records: every column, empty where we have nothing."""
        row = {}
        for name, mapped in self.fields.items():
            value = record.get(name)
            if value is None and name not in record:
                value = mapped.default
            row[mapped.remote] = "" if value is None else _outward(value, mapped)
        return row

    def owned_by_us(self) -> frozenset[str]:
        return frozenset(name for name, mapped in self.fields.items() if mapped.owner == "optima")


@dataclass(frozen=True, slots=True)
class Mapping:
    entities: Table[Entity, EntityMapping]

    def of(self, entity: Entity) -> EntityMapping:
        return self.entities[entity]

    def with_changes(self, changes: Table[Entity, Table[str, FieldMapping]]) -> Mapping:
        """This mapping with some fields mapped otherwise. Raises Invalid for what can't be mapped so."""
        entities = dict(self.entities)
        for entity, fields in changes.items():
            if unknown := sorted(fields.keys() - FIELDS[entity]):
                raise Invalid("mapping_unknown_field", field=f"mapping.{entity}.{unknown[0]}")
            changed = EntityMapping({**self.entities[entity].fields, **fields})
            _columns_are_distinct(entity, changed)
            _codes_can_be_read_back(entity, changed)
            entities[entity] = changed
        return Mapping(entities)


def _columns_are_distinct(entity: Entity, mapping: EntityMapping) -> None:
    seen: dict[str, str] = {}
    for name, mapped in mapping.fields.items():
        if mapped.remote in seen:
            raise Invalid("mapping_column_twice", field=f"mapping.{entity}.{name}", column=mapped.remote)
        seen[mapped.remote] = name


def _codes_can_be_read_back(entity: Entity, mapping: EntityMapping) -> None:
    """Of an entity that comes in, no two of our codes may be one of theirs."""
    for name, mapped in mapping.fields.items():
        if entity == "customer" and len(set(mapped.code_map.values())) < len(mapped.code_map):
            raise Invalid("mapping_code_twice", field=f"mapping.{entity}.{name}.code_map")


def missing_columns(entity: Entity, mapping: EntityMapping, header: Iterable[str]) -> list[str]:
    """Columns without which no row of the file can be recognised."""
    present = set(header)
    needed = [mapping.fields[name].remote for name in sorted(NEEDED[entity])]
    return [column for column in needed if column not in present]


def _inward(text: str, mapped: FieldMapping) -> str:
    inverse = {theirs: ours for ours, theirs in mapped.code_map.items()}
    if text in inverse:
        return inverse[text]
    match mapped.transform:
        case "upper":
            return text.upper()
        case "decimal_comma":
            return text.replace(".", "").replace(",", ".")
        case "date_it":
            try:
                return datetime.strptime(text, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007 - a date alone
            except ValueError:
                raise Invalid("date_unreadable", field=mapped.remote, text=text[:40]) from None
        case None:
            return text


def _outward(value: str, mapped: FieldMapping) -> str:
    if value in mapped.code_map:
        return mapped.code_map[value]
    match mapped.transform:
        case "upper":
            return value.upper()
        case "decimal_comma":
            return value.replace(".", ",")
        case "date_it":
            return date.fromisoformat(value).strftime("%d/%m/%Y")
        case None:
            return value
