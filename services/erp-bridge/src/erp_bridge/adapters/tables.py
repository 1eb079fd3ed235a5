"""Read tables from files as Italian software writes them, or people save them from a spreadsheet program.

Files are CSV in UTF-8, UTF-16 or Windows' cp1252, separated by semicolon, comma, tab or bar, with the header
in any of the first rows; or spreadsheets (XLSX, XLS, ODS). Capitals, spaces, dots and accents in column names
don't matter.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final, Literal

import python_calamine

from optima_kit.spreadsheets import csv_text, restored

from ..application.ports import Rejected
from ..domain.import_plan import RemoteRecord
from ..domain.received_order import DISAGREES, LINES

HEADER_WITHIN: Final = 20
"""How many rows are searched for the header, because reports have a title above it."""

MOST_UNPACKED: Final = 100 << 20
"""The greatest unpacked size of a spreadsheet in bytes, because a few kilobytes can unpack to gigabytes."""

MOST_CELLS: Final = 4_000_000
"""The greatest number of cells of a sheet, including empty ones between others: a single cell far from the
rest can make billions of them."""

_ACCENTS_OF_DOS: Final = re.compile(rb"[A-Za-z][\x82\x85\x8a\x8d\x95\x97]")
_OF_WINDOWS: Final = re.compile(rb"[\x80\x91-\x94\xc0-\xff]")
_KEPT_AS_TEXT: Final = re.compile(r'="([^"]*)"')
_VISIBLE: Final = python_calamine.SheetVisibleEnum.Visible
_BREAK: Final = re.compile(r"\s*[\r\n]\s*")
_SEPARATORS: Final = (";", ",", "\t", "|")
_ARCHIVE: Final = b"PK\x03\x04"
_SPREADSHEETS: Final = (_ARCHIVE, b"\xd0\xcf\x11\xe0")
_ERROR_CELL: Final = re.compile(rb"(<(?:\w+:)?c\s(?:[^<>]*?\s)?t\s*=\s*[\"'])e([\"'])")
_PLACE: Final = re.compile(rb"<(?:\w+:)?(?:c|row)\s[^<>]*?\br\s*=\s*[\"']([A-Za-z]{0,3})(\d{1,9})[\"']")
_ROW_OR_CELL: Final = re.compile(rb"<(/?)table:(table-row|table-cell|covered-table-cell)\b([^<>]*)>")
_REPEATED: Final = re.compile(rb"table:number-(?:rows|columns)-repeated\s*=\s*[\"'](\d{1,9})[\"']")
_OF_BINARY: Final = "xl/workbook.bin"
"""A file in every XLSB spreadsheet. XLSB is refused, because its cells can't be counted before reading
them."""

Rows = Iterator[tuple[int, list[str]]]
"""For each row, the line on which it begins (the first is 1) and its cells."""


class Table:
    """The rows of one file, read in portions, because several whole files would not fit into memory."""

    def __init__(self, content: bytes, wanted: Collection[str]) -> None:
        """`wanted` are the names of the expected columns. Raises Rejected if the content is not a table."""
        self._names = {_plain(name): name for name in wanted}
        kind = _Sheet if content.startswith(_SPREADSHEETS) else _Text
        self._file = kind(content, self._names)
        try:
            self._find_header()
            # Read the file to its end first, so that errors further down are found before any row is
            # imported.
            self.rows = sum(1 for _ in self._records())
        except csv.Error:
            raise Rejected("file_unreadable") from None
        wanted_here = [name for name in self.header if name in set(self._names.values())]
        if len(set(wanted_here)) < len(wanted_here):
            raise Rejected("column_twice")

    @property
    def dialect(self) -> str:
        """How the file was read, as a text for people: "cp1252, ;"."""
        return self._file.dialect

    @property
    def unknown(self) -> list[str]:
        """Columns that are not expected; a misspelt column is among them."""
        known = set(self._names.values())
        return [name for name in dict.fromkeys(self.header) if name and name not in known]

    def portions(self, size: int, *, skip: int) -> Iterator[list[RemoteRecord]]:
        """Yield the rows behind the first `skip`, `size` rows at a time."""
        records = islice(self._records(), skip, None)
        while portion := list(islice(records, size)):
            yield portion

    def _find_header(self) -> None:
        """Take the row with the most expected columns as the header, or the first row if none has any."""
        best, line, header = -1, 1, list[str]()
        for at, cells in islice(self._file.rows(), HEADER_WITHIN):
            found = sum(1 for cell in cells if _plain(cell) in self._names)
            if found > best and any(each.strip() for each in cells):
                best, line, header = found, at, cells
        while header and not header[-1].strip():
            header = header[:-1]
        self.header = [self._names.get(_plain(name), _in_one_line(name).strip()) for name in header]
        self._titles = [name.strip() for name in header]
        self._begins = line

    def _is_header(self, cells: Sequence[str]) -> bool:
        if not self._titles or cells[0].strip() != self._titles[0]:
            return False
        return [each.strip() for each in cells[: len(self._titles)]] == self._titles

    def _records(self) -> Iterator[RemoteRecord]:
        width = len(self.header)
        for line, cells in self._file.rows():
            if line <= self._begins or not any(each.strip() for each in cells):
                continue
            if self._is_header(cells):
                continue  # a printed report repeats the header on each page
            # Nameless columns at the end are ignored as long as they are empty.
            fits = len(cells) >= width and not any(cell.strip() for cell in cells[width:])
            texts = [restored(_unwrapped(_in_one_line(cell))) for cell in cells[:width]] if fits else []
            # Nameless columns between others, as merged cells leave them, are dropped: their meaning is
            # unknown.
            values = {name: each for name, each in zip(self.header, texts, strict=fits) if name}
            yield RemoteRecord(values, line=line)


class Orders:
    """The orders of a table that has one row for each order line, in any sequence."""

    def __init__(
        self,
        table: Table,
        number: str,
        whose: Collection[str],
        when: Sequence[str],
        year_of: Callable[[Mapping[str, Any]], str],
    ) -> None:
        """Rows with the same value in the column `number` and the same year are one order. `year_of` finds
        the year in the columns `when`. The columns `whose` name the customer."""
        self.header, self.unknown, self.dialect = table.header, table.unknown, table.dialect
        when = [each for each in when if each in table.header]
        rows = []
        years: dict[str, set[str]] = {}
        for records in table.portions(1000, skip=0):
            for row in records:
                key = str(row.values.get(number, "")).strip() or f"{row.line}"
                rows.append((key, year := year_of(row.values) if when else "", row))
                years.setdefault(key, set()).add(year)
        orders: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        for key, year, row in rows:
            known = years[key] - {""}
            if not year and len(known) == 1:
                (year,) = known  # another row of the order states the year
            _, order = orders.setdefault((key, year), (row.line, {**row.values, LINES: []}))
            if len(known) > 1 and "" in years[key]:
                order[DISAGREES] = when[0]  # a row without a year could belong to any of the orders
            order[LINES].append(row.values)
            for column in (*whose, *when):
                told = row.values.get(column)
                if told and column in whose and told != (order.get(column) or told):
                    order.setdefault(DISAGREES, column)
                elif told and not order.get(column):
                    order[column] = told
        self._by_number: dict[str, list[RemoteRecord]] = {}
        for (key, _), (line, order) in orders.items():
            self._by_number.setdefault(key, []).append(RemoteRecord(order, line=line))
        self.rows = len(orders)

    def portions(self, size: int, *, skip: int) -> Iterator[list[RemoteRecord]]:
        """Yield the orders behind the first `skip`, at least `size` at a time except the last. All orders
        with one number are in the same portion, so that they can be distinguished."""
        portion: list[RemoteRecord] = []
        at = 0
        for of_number in self._by_number.values():
            at += len(of_number)
            if at > skip:
                portion += of_number
            if len(portion) >= size:
                yield portion
                portion = []
        if portion:
            yield portion


class _Text:
    """A CSV file."""

    def __init__(self, content: bytes, names: Mapping[str, str]) -> None:
        self._text, encoding = _decoded(content)
        self._text = self._text.removesuffix("\x1a")  # DOS's end-of-file character
        if "\x00" in self._text:
            raise Rejected("file_unreadable")
        told = re.match(r'"?sep=(.)"?[;,\t]*\r?\n', self._text, re.IGNORECASE)
        if told:
            self._text, self._lines_before = self._text[told.end() :], 1
            self._separator = told[1]
        else:
            self._lines_before = 0
            self._separator = _separator(self._text, names)
        self._quoting: Literal[0, 3] = csv.QUOTE_NONE if self._quotes_are_text() else csv.QUOTE_MINIMAL
        self.dialect = f"{encoding}, {'tab' if self._separator == chr(9) else self._separator}"

    def _quotes_are_text(self) -> bool:
        """Tell whether quotes are part of the text instead of enclosing cells. Old programs write
        `;"Da Gino" S.r.l.;` for a name with quotes; in their files each line is a row, and all have the same
        number of cells. Any other file with a quote that is never closed is broken."""
        if '"' not in self._text:
            return False
        try:
            for _ in self._read(csv.QUOTE_MINIMAL):
                pass
        except csv.Error:
            lines = [line for line in io.StringIO(self._text) if line.strip()]
            in_pairs = all(line.count('"') % 2 == 0 for line in lines)
            return in_pairs and len({line.count(self._separator) for line in lines}) == 1
        return False

    def _read(self, quoting: Literal[0, 3]) -> Rows:
        text = io.StringIO(self._text, newline="")
        reader = csv.reader(text, delimiter=self._separator, strict=True, quoting=quoting)
        began = 1
        for cells in reader:
            yield began + self._lines_before, cells
            began = reader.line_num + 1

    def rows(self) -> Rows:
        yield from self._read(self._quoting)


class _Sheet:
    """One sheet of a spreadsheet: the first visible sheet with expected columns, or the first visible one if
    none has any."""

    def __init__(self, content: bytes, names: Mapping[str, str]) -> None:
        if content.startswith(_ARCHIVE):
            content = _unpacked(content)
        try:
            workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
            sheets = [each.name for each in workbook.sheets_metadata if each.visible == _VISIBLE]
            self._rows = workbook.get_sheet_by_name(sheets[0]).to_python(skip_empty_area=False)
            self.dialect = "spreadsheet"
            if len(sheets) > 1 and not _has_columns(self._rows, names):
                for name in sheets[1:]:
                    rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
                    if _has_columns(rows, names):
                        self._rows, self.dialect = rows, f"spreadsheet, {name}"
                        break
        except (python_calamine.CalamineError, IndexError):
            raise Rejected("file_unreadable") from None

    def rows(self) -> Rows:
        for line, cells in enumerate(self._rows, 1):
            yield line, [_as_text(cell) for cell in cells]


def _has_columns(rows: Sequence[Sequence[object]], names: Mapping[str, str]) -> bool:
    """Tell whether a row has at least two expected columns. One is not enough, because a word in a note may
    be a column's name by chance."""
    return any(
        sum(1 for cell in row if isinstance(cell, str) and _plain(cell) in names) > 1
        for row in rows[:HEADER_WITHIN]
    )


def _unpacked(content: bytes) -> bytes:
    """Return the archive with uncompressed files, so that nothing grows when it is read. No more is read of a
    file than the size that the archive states. Raises Rejected if the archive holds more than
    `MOST_UNPACKED`, or a sheet more than `MOST_CELLS`."""
    plain = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(plain, "w") as unpacked:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                raise Rejected("file_too_large", most=f"{MOST_UNPACKED >> 20} MB")
            if _OF_BINARY in packed.namelist():
                raise Rejected("file_unreadable")
            for entry in packed.infolist():
                part = packed.read(entry)
                if _cells_of(part) > MOST_CELLS or _repeated_cells_of(part) > MOST_CELLS:
                    raise Rejected("file_unreadable")
                # Keep a formula's error value ("#N/A") as text, because the reader would make it an empty
                # cell.
                unpacked.writestr(entry.filename, _ERROR_CELL.sub(rb"\1str\2", part))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise Rejected("file_unreadable") from None
    return plain.getvalue()


def _cells_of(part: bytes) -> int:
    """Count the cells of the rectangle up to the last row and column in an XLSX sheet, because reading
    creates all of them."""
    rows, columns = 0, 0
    for letters, number in _PLACE.findall(part):
        column = 0
        for letter in letters.upper():
            column = column * 26 + letter - ord("A") + 1
        rows, columns = max(rows, int(number)), max(columns, column)
    return rows * columns


def _repeated_cells_of(part: bytes) -> int:
    """Count the cells of the rectangle up to the last filled row and column in an ODS sheet, where a cell and
    a row may each be repeated a million times. Reading does not create empty ones at the end."""
    height = width = most = at = repeated = 0
    filled = False
    for closes, name, attributes in _ROW_OR_CELL.findall(part):
        found = _REPEATED.search(attributes)
        times = int(found[1]) if found else 1
        if name == b"table-row":
            if closes or attributes.endswith(b"/"):
                height += repeated if closes else times
                most = height if filled else most
            at, repeated, filled = 0, times, False
        elif not closes:
            at += times
            if b"office:" in attributes or not attributes.endswith(b"/"):
                filled, width = True, max(width, at)
    return most * width


def _decoded(content: bytes) -> tuple[str, str]:
    """Return the text and its encoding. Bytes that are not UTF-8 are taken as Windows' cp1252 or, from old
    programs, as DOS's encoding."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif content[1:200:2].count(0) > len(content[:200]) // 3:
        encoding = "utf-16-le"
    elif content[:200:2].count(0) > len(content[:200]) // 3:
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError:
        if encoding != "utf-8-sig":
            raise Rejected("file_unreadable") from None
    return _decoded_by_line(content, "cp850" if _is_of_dos(content) else "cp1252")


def _decoded_by_line(content: bytes, old: str) -> tuple[str, str]:
    """Decode each line by its own encoding, because a file may be joined from several. Accented letters of
    Windows or DOS are not valid UTF-8, so a line shows which encoding it has."""
    lines, encodings = [], {old}
    try:
        for line in content.removeprefix(codecs.BOM_UTF8).split(b"\n"):
            try:
                lines.append(line.decode())
            except UnicodeDecodeError:
                lines.append(line.decode(old))
            else:
                if not line.isascii():
                    encodings.add("utf-8")
    except UnicodeDecodeError:
        raise Rejected("file_unreadable") from None
    return "\n".join(lines), " and ".join(sorted(encodings))


def _is_of_dos(content: bytes) -> bool:
    """Tell whether letters are followed by DOS's bytes for à, è, é, ì, ò or ù, and no byte is there that
    Windows uses for accented letters, typographic quotes or the euro sign."""
    return _ACCENTS_OF_DOS.search(content) is not None and _OF_WINDOWS.search(content) is None


def _separator(text: str, names: Mapping[str, str]) -> str:
    """Return the separator that finds most expected columns in the first rows; a semicolon if none finds
    any."""
    top = [line for line in islice(io.StringIO(text), HEADER_WITHIN) if line.strip()]

    def columns(separator: str) -> int:
        return max(
            (sum(1 for cell in line.split(separator) if _plain(cell) in names) for line in top), default=0
        )

    return max(_SEPARATORS, key=columns)


def _in_one_line(cell: str) -> str:
    """Join the lines of a cell, because people break long names and addresses into several."""
    return _BREAK.sub(" ", cell)


def _unwrapped(cell: str) -> str:
    """Return the text of a cell. Some programs write it as ="00184", so that spreadsheets keep its zeros."""
    found = _KEPT_AS_TEXT.fullmatch(cell)
    return found[1] if found else cell


def _plain(name: str) -> str:
    """Return a column's name reduced to lower-case letters and digits: "P. IVA" and "p_iva" are the same."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(each for each in decomposed if each.isalnum())


def _as_text(cell: object) -> str:
    """Return a spreadsheet's cell as an Italian would type it."""
    match cell:
        case bool():
            return "1" if cell else "0"
        case float() if cell.is_integer():
            return str(int(cell))
        case float():
            # Use as many digits as spreadsheets show: a formula's 3.3 may be stored as 3.3000000000000003.
            return f"{Decimal(f'{cell:.15g}'):f}".replace(".", ",")
        case datetime() | date():
            return cell.strftime("%d/%m/%Y")
        case _:
            return str(cell)


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    return csv_text([columns, *([row[column] for column in columns] for row in rows)]).encode("utf-8")
