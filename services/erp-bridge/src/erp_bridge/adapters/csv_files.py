"""Tables in files: CSV, separated by semicolons, UTF-8, with a header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from ..application.ports import Rejected
from ..domain.import_plan import RemoteRecord

MOST_BYTES: Final = 50 << 20

_RUN_BY_SPREADSHEETS: Final = re.compile(r"[=+\-@\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?[\d.,]+")


class Table:
    """The rows of one file, read in portions: the whole of it would not fit beside others'."""

    def __init__(self, content: bytes) -> None:
        """Raises Rejected for what is no table."""
        if len(content) > MOST_BYTES:
            raise Rejected("file_too_large", most=f"{MOST_BYTES >> 20} MB")
        try:
            self._text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Rejected("file_unreadable") from None
        if "\x00" in self._text:
            raise Rejected("file_unreadable")
        try:
            # What is wrong further down is to be known before the first row is taken in.
            self.header, records = self._read()
            self.rows = sum(1 for _ in records)
        except csv.Error:
            raise Rejected("file_unreadable") from None
        if len(set(self.header)) < len(self.header):
            raise Rejected("column_twice")

    def portions(self, size: int, *, skip: int) -> Iterator[list[RemoteRecord]]:
        """The rows behind the first `skip`, so many at a time."""
        records = islice(self._read()[1], skip, None)
        while portion := list(islice(records, size)):
            yield portion

    def _read(self) -> tuple[list[str], Iterator[RemoteRecord]]:
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=";", strict=True)
        header = [name.strip() for name in next(reader, [])]

        def records() -> Iterator[RemoteRecord]:
            began = reader.line_num + 1
            for cells in reader:
                if cells:
                    fits = len(cells) == len(header)
                    values = dict(zip(header, map(_restored, cells), strict=True)) if fits else {}
                    yield RemoteRecord(values, line=began)
                began = reader.line_num + 1

        return header, records()


def csv_bytes(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_guarded(row[column]) for column in columns])
    return text.getvalue().encode("utf-8")


def _guarded(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula, should a person open the file, begins with an
    apostrophe. All others stay as they are, numbers below zero too."""
    return f"'{cell}" if _is_run(cell) else cell


def _restored(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _is_run(cell[1:]) else cell


def _is_run(cell: str) -> bool:
    return bool(_RUN_BY_SPREADSHEETS.match(cell)) and not _NUMBER.fullmatch(cell)
