"""Writes tables for Italian spreadsheet programs, in which no cell is run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

_RUN: Final = re.compile(r"[=+\-@\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?[\d.,]+")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Write rows as CSV with semicolons. Each cell is guarded, and None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded("" if cell is None else str(cell)) for cell in row])
    return text.getvalue()


def guarded(cell: str) -> str:
    """Put an apostrophe before a cell that a spreadsheet program would run as a formula. All other cells,
    including negative numbers, stay as they are."""
    return f"'{cell}" if _is_run(cell) else cell


def restored(cell: str) -> str:
    """Return a guarded cell as it was before."""
    return cell[1:] if cell.startswith("'") and _is_run(cell[1:]) else cell


def _is_run(cell: str) -> bool:
    return bool(_RUN.match(cell)) and not _NUMBER.fullmatch(cell)
