"""How our fields correspond to those of the remote system, as data.

Absent and empty fields differ: an absent field leaves our value as it is; an empty one clears it, unless the
mapping says to keep it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from optima_kit.refusals import Invalid

from .entities import LINE_FIELDS, NEEDED, Entity, fields_of

Transform = Literal["upper", "decimal_comma", "date_it"]

WRITTEN: Final[tuple[Entity, ...]] = ("order", "ddt")

Owner = Literal["erp", "optima", "both"]

Fields = dict[str, str | None]
"""Our fields of one record, by name."""

_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class FieldMapping:
    remote: str
    """The column's name or, for nested remote records, the path: "party.code", "addresses.0.city"."""
    transform: Transform | None = None
    owner: Owner = "erp"
    """Who decides about an incoming field. "optima": the ERP's value is taken only for a new record. "both":
    the side that changed the field counts, and a person decides if both sides did."""
    default: str | None = None
    """The value of an absent field."""
    empty: Literal["clear", "keep"] = "clear"
    """Whether an empty field clears our value."""
    code_map: Table[str, str | Sequence[str]] = field(default_factory=dict)
    """The ERP's codes by our code. If there are several, all are read as ours and the first is written."""

    def remote_codes(self, code: str) -> Sequence[str]:
        """Return the ERP's codes for our code."""
        found = self.code_map[code]
        return (found,) if isinstance(found, str) else found


@dataclass(frozen=True, slots=True)
class EntityMapping:
    fields: Table[str, FieldMapping]
    line_fields: frozenset[str] = frozenset()
    """The fields that belong to the lines; all others belong to the heading."""

    def read(self, record: Table[str, Any]) -> Fields:
        """Return our fields of one remote record. Absent fields are left out, empty ones are None.

        Raises Invalid, naming the remote field, for a value that its transform can't read.
        """
        known: Fields = {}
        for name, mapped in self.fields.items():
            value = record.get(mapped.remote, _ABSENT)
            if value is _ABSENT and (value := _at(record, mapped.remote)) is _ABSENT:
                if mapped.default is not None:
                    known[name] = mapped.default
                continue
            text = "" if value is None else str(value).strip()
            if text and not (mapped.transform == "date_it" and _NO_DAY.fullmatch(text)):
                known[name] = _inward(text, mapped)
            elif mapped.empty == "clear":
                known[name] = None
        return known

    def columns(self) -> list[str]:
        """Return the remote names of all fields of heading and lines."""
        return [mapped.remote for mapped in self.fields.values()]

    def heading(self, fields: Table[str, str | None]) -> dict[str, str]:
        """Return the remote heading of one of our records: every field, empty if we have no value."""
        return self._write(fields, lines=False)

    def line(self, fields: Table[str, str | None]) -> dict[str, str]:
        """Return the remote form of one of our lines."""
        return self._write(fields, lines=True)

    def _write(self, fields: Table[str, str | None], *, lines: bool) -> dict[str, str]:
        written = {}
        for name, mapped in self.fields.items():
            if (name in self.line_fields) != lines:
                continue
            value = fields.get(name)
            if value is None and name not in fields:
                value = mapped.default
            written[mapped.remote] = "" if value is None else _outward(value, mapped)
        return written

    def owned_by(self, owner: Owner) -> frozenset[str]:
        return frozenset(name for name, mapped in self.fields.items() if mapped.owner == owner)

    def owner_of(self, field: str) -> Owner:
        """Return the field's owner. A field that is not mapped is ours."""
        return self.fields[field].owner if field in self.fields else "optima"


@dataclass(frozen=True, slots=True)
class Mapping:
    entities: Table[Entity, EntityMapping]

    def of(self, entity: Entity) -> EntityMapping:
        return self.entities[entity]

    def with_changes(self, changes: Table[Entity, Table[str, FieldMapping]]) -> Mapping:
        """Return this mapping with some fields mapped differently. Raises Invalid if that isn't possible."""
        entities = dict(self.entities)
        for entity, fields in changes.items():
            if entity not in entities:
                raise Invalid("entity_not_exchanged", field=f"mapping.{entity}")
            if unknown := sorted(fields.keys() - fields_of(entity)):
                raise Invalid("mapping_unknown_field", field=f"mapping.{entity}.{unknown[0]}")
            changed = entity_mapping(entity, {**self.entities[entity].fields, **fields})
            _columns_are_distinct(entity, changed)
            _codes_can_be_read_back(entity, changed)
            entities[entity] = changed
        return Mapping(entities)


def entity_mapping(entity: Entity, fields: Table[str, FieldMapping]) -> EntityMapping:
    return EntityMapping(fields, LINE_FIELDS.get(entity, frozenset()))


def _at(record: Table[str, Any], path: str) -> Any:
    """Return the value at a path in a nested record, or `_ABSENT` if there is none."""
    found: Any = record
    for part in path.split("."):
        if isinstance(found, Table) and part in found:
            found = found[part]
        elif isinstance(found, list | tuple) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return _ABSENT
    return found


def _columns_are_distinct(entity: Entity, mapping: EntityMapping) -> None:
    """Raise Invalid if two fields of a written entity share a column. Several fields may read one column."""
    if entity not in WRITTEN:
        return
    seen: dict[str, str] = {}
    for name, mapped in mapping.fields.items():
        if mapped.remote in seen:
            raise Invalid("mapping_column_twice", field=f"mapping.{entity}.{name}", column=mapped.remote)
        seen[mapped.remote] = name


def _codes_can_be_read_back(entity: Entity, mapping: EntityMapping) -> None:
    """Raise Invalid if two of our codes map to the same ERP code in an entity that is read."""
    if entity in WRITTEN:
        return
    for name, mapped in mapping.fields.items():
        theirs = [code for ours in mapped.code_map for code in mapped.remote_codes(ours)]
        if len(set(theirs)) < len(theirs):
            raise Invalid("mapping_code_twice", field=f"mapping.{entity}.{name}.code_map")


def missing_columns(entity: Entity, mapping: EntityMapping, header: Iterable[str]) -> list[str]:
    """Return the columns that are missing in the header and without which no record can be recognised."""
    present = set(header)
    needed = [mapping.fields[name].remote for name in sorted(NEEDED[entity])]
    return [column for column in needed if column not in present]


def _inward(text: str, mapped: FieldMapping) -> str:
    if mapped.code_map:
        for ours in mapped.code_map:
            if text in mapped.remote_codes(ours):
                return ours
    match mapped.transform:
        case "upper":
            return text.upper()
        case "decimal_comma":
            return _decimal(text)
        case "date_it":
            day = _day(text)
            if day is None:
                raise Invalid("date_unreadable", field=mapped.remote, text=text[:40])
            return day.isoformat()
        case None:
            return text


def _decimal(text: str) -> str:
    """Return an Italian number such as "1.250,50" with a decimal point: "1250.50". Points without a comma
    separate thousands if three digits follow each. A minus sign may come last, as some programs write it."""
    plain = re.sub(r"[\s€]|(?<=\d)['’](?=\d{3})|^EUR(?=[\s\d+-])|(?<=[\s\d])EUR$", "", text)
    if behind := re.fullmatch(r"(\d.*)-", plain):
        plain = f"-{behind[1]}"
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+\.\d+", plain):  # as the English write it
        return plain.replace(",", "")
    if "," in plain or re.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", plain):
        return plain.replace(".", "").replace(",", ".")
    return plain


_NO_DAY: Final = re.compile(r"[0 ]*(?:[/.-][0 :T]*){1,2}|(?:0?1[/.-]){2}0001(?:\D.*)?|0001-01-01(?:\D.*)?")
"""What databases write instead of a missing date: "00/00/0000", "  /  /", "1/1/0001 0:00:00"."""
_MONTHS: Final = ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic")
_IN_WORDS: Final = re.compile(rf"(\d{{1,2}})[ -]((?:{'|'.join(_MONTHS)})[a-z]*)\.?[ -](\d{{4}}|\d\d)")
_DATES: Final = (
    *("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"),
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d/%m/%y", "%d-%m-%y", "%d.%m.%y"),
)


def _day(text: str) -> date | None:
    """Read a date in an Italian or ISO form. Return None if it is not a date between 1900 and 2199."""
    found = _IN_WORDS.fullmatch(text.strip().casefold())
    if found:
        text = f"{found[1]}/{_MONTHS.index(found[2][:3]) + 1}/{found[3]}"
    alone = re.split(r"[ T]", text.strip(), maxsplit=1)[0]
    for form in _DATES:
        if form == "%Y%m%d" and len(alone) != 8:
            continue  # strptime would accept fewer digits, too
        try:
            day = datetime.strptime(alone, form).date()  # noqa: DTZ007 - a date alone
        except ValueError:
            continue
        return day if 1900 <= day.year < 2200 else None
    return None


def _outward(value: str, mapped: FieldMapping) -> str:
    if value in mapped.code_map:
        return mapped.remote_codes(value)[0]
    match mapped.transform:
        case "upper":
            return value.upper()
        case "decimal_comma":
            return value.replace(".", ",")
        case "date_it":
            return date.fromisoformat(value).strftime("%d/%m/%Y")
        case None:
            return value
