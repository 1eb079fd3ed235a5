"""How our fields and those of the remote system answer to each other, as data.

Absent and empty are two things: a field that isn't there leaves what we know as it is, one that is there and
empty clears it, unless the mapping says to keep.
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
TRANSFORMS: Final = ("upper", "decimal_comma", "date_it")

WRITTEN: Final[tuple[Entity, ...]] = ("order", "ddt")

Owner = Literal["erp", "optima", "both"]

Fields = dict[str, str | None]
"""Our fields of one record, by name."""

_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class FieldMapping:
    remote: str
    """The column's name or, where remote records are nested, the path: "party.code", "addresses.0.city"."""
    transform: Transform | None = None
    owner: Owner = "erp"
    """Inbound, a field that we own is not taken from the ERP once we have it; of one that is both's, the side
    that changed it counts, and a person where both did."""
    default: str | None = None
    """Stands in for a field that isn't there."""
    empty: Literal["clear", "keep"] = "clear"
    """Whether one that is there and empty clears what we know."""
    code_map: Table[str, str | Sequence[str]] = field(default_factory=dict)
    """Our code → the ERP's; of several, each is read as ours, and the first is written."""

    def remote_codes(self, code: str) -> Sequence[str]:
        """What the ERP has for our code."""
        found = self.code_map[code]
        return (found,) if isinstance(found, str) else found


@dataclass(frozen=True, slots=True)
class EntityMapping:
    fields: Table[str, FieldMapping]
    line_fields: frozenset[str] = frozenset()
    """Which of the fields belong to the lines."""

    def read(self, record: Table[str, Any]) -> Fields:
        """Our fields of one remote record; absent ones are absent, empty ones None.

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
        """Remote names of all fields, the heading's and the lines'."""
        return [mapped.remote for mapped in self.fields.values()]

    def heading(self, fields: Table[str, str | None]) -> dict[str, str]:
        """The remote heading of one of our records: every field, empty where we have nothing."""
        return self._write(fields, lines=False)

    def line(self, fields: Table[str, str | None]) -> dict[str, str]:
        """The remote form of one of our lines."""
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
        """A field that the ERP does not tell of is ours."""
        return self.fields[field].owner if field in self.fields else "optima"


@dataclass(frozen=True, slots=True)
class Mapping:
    entities: Table[Entity, EntityMapping]

    def of(self, entity: Entity) -> EntityMapping:
        return self.entities[entity]

    def with_changes(self, changes: Table[Entity, Table[str, FieldMapping]]) -> Mapping:
        """This mapping with some fields mapped otherwise. Raises Invalid for what can't be mapped so."""
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
    """What stands at a path, where no column has the whole of it for its name."""
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
    """What is written to a column is one field's; several may read one."""
    if entity not in WRITTEN:
        return
    seen: dict[str, str] = {}
    for name, mapped in mapping.fields.items():
        if mapped.remote in seen:
            raise Invalid("mapping_column_twice", field=f"mapping.{entity}.{name}", column=mapped.remote)
        seen[mapped.remote] = name


def _codes_can_be_read_back(entity: Entity, mapping: EntityMapping) -> None:
    """Of an entity that comes in, no two of our codes may be one of theirs."""
    if entity in WRITTEN:
        return
    for name, mapped in mapping.fields.items():
        theirs = [code for ours in mapped.code_map for code in mapped.remote_codes(ours)]
        if len(set(theirs)) < len(theirs):
            raise Invalid("mapping_code_twice", field=f"mapping.{entity}.{name}.code_map")


def missing_columns(entity: Entity, mapping: EntityMapping, header: Iterable[str]) -> list[str]:
    """Columns without which no record of the source can be recognised."""
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
    """With a point, as "1.250,50" means it. Points alone separate thousands where three digits follow. A
    minus may stand behind, as some programs write it."""
    plain = re.sub(r"[\s€]|(?<=\d)['’](?=\d{3})|^EUR(?=[\s\d+-])|(?<=[\s\d])EUR$", "", text)
    if behind := re.fullmatch(r"(\d.*)-", plain):
        plain = f"-{behind[1]}"
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+\.\d+", plain):  # as the English write it
        return plain.replace(",", "")
    if "," in plain or re.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", plain):
        return plain.replace(".", "").replace(",", ".")
    return plain


_NO_DAY: Final = re.compile(r"[0 ]*(?:[/.-][0 :T]*){1,2}|(?:0?1[/.-]){2}0001(?:\D.*)?|0001-01-01(?:\D.*)?")
"""What databases give for no date: "00/00/0000", "  /  /", "1/1/0001 0:00:00"."""
_MONTHS: Final = ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic")
_IN_WORDS: Final = re.compile(rf"(\d{{1,2}})[ -]((?:{'|'.join(_MONTHS)})[a-z]*)\.?[ -](\d{{4}}|\d\d)")
_DATES: Final = (
    *("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"),
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d/%m/%y", "%d-%m-%y", "%d.%m.%y"),
)


def _day(text: str) -> date | None:
    """A date as Italians write it, or as machines do."""
    found = _IN_WORDS.fullmatch(text.strip().casefold())
    if found:
        text = f"{found[1]}/{_MONTHS.index(found[2][:3]) + 1}/{found[3]}"
    alone = re.split(r"[ T]", text.strip(), maxsplit=1)[0]
    for form in _DATES:
        if form == "%Y%m%d" and len(alone) != 8:
            continue  # it would take fewer digits, too
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
