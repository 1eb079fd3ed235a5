"""Reads a table of people as spreadsheets save it: UTF-8, with commas or semicolons, and a header row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from optima_kit.http import Code, Command, Text
from optima_kit.refusals import Invalid, Malformed, Refusal, Violations

from ..application.import_people import Row
from ..domain.tenants import Language
from .requests import Email

COLUMNS = ("email", "name", "kind", "company", "roles", "unit", "manager", "language")
_REQUIRED = ("email", "name", "roles")
MOST_ROWS = 1000

_Kind = Literal["internal", "external"]
_Empty = BeforeValidator(lambda value: value.strip() or None if isinstance(value, str) else value)


class _Cells(Command):
    email: Annotated[Email, BeforeValidator(lambda value: value.strip())]
    name: Annotated[str, Text(120)]
    kind: Annotated[_Kind, BeforeValidator(lambda value: value.strip() or "internal")] = "internal"
    company: Annotated[Annotated[str, Text(120)] | None, _Empty] = None
    roles: Annotated[
        list[Code],
        BeforeValidator(lambda value: value.replace(";", " ").replace(",", " ").split()),
        Field(min_length=1, max_length=20),
    ]
    unit: Annotated[Code | None, _Empty] = None
    manager: Annotated[Email | None, _Empty] = None
    language: Annotated[Language | None, _Empty] = None


def read_people(raw: bytes) -> list[Row]:
    """Read the rows of the table. Raises Malformed if it is not such a table, and Violations with each cell
    that does not fit its column. Roles in a cell are separated by spaces."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed("file_not_utf8", position=error.start) from None
    rows: list[Row] = []
    faults: list[Refusal] = []
    for number, cells in _lines(text):
        if len(rows) + len(faults) >= MOST_ROWS:
            raise Invalid("table_too_long", most=MOST_ROWS)
        try:
            rows.append(Row(number=number, **_Cells.model_validate(cells).model_dump()))
        except ValidationError as error:
            faults.extend(_faults(number, error))
    if faults:
        raise Violations(faults)
    if not rows:
        raise Malformed("table_empty")
    return rows


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _header_is_right(names)
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise Malformed("row_incomplete", row=number, expected=len(names), found=len(cells))
            yield number, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise Malformed("file_not_csv", reason=str(error)) from None


def _header_is_right(names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            raise Malformed("column_unknown", column=name[:50], known=", ".join(COLUMNS))
    for name in _REQUIRED:
        if name not in names:
            raise Malformed("column_missing", column=name)


def _faults(number: int, error: ValidationError) -> list[Refusal]:
    found: list[Refusal] = []
    for fault in error.errors(include_url=False, include_input=False):
        facts = {name: value for name, value in fault.get("ctx", {}).items() if name != "error"}
        column = fault["loc"][0] if fault["loc"] else ""
        found.append(Invalid(fault["type"], field=f"rows[{number}].{column}", **facts))
    return found
