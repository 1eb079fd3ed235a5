"""Tables that people open in spreadsheets: as those of Italy read them, and without a cell that is run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

_RUN: Final = re.compile(r"[=+\-@\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?[\d.,]+")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Semicolons between cells, each guarded; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded("" if cell is None else str(cell)) for cell in row])
    return text.getvalue()


def guarded(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula begins with an apostrophe. All others stay as they
    are, numbers below zero too."""
    return f"'{cell}" if _is_run(cell) else cell


def restored(cell: str) -> str:
    """What was guarded."""
    return cell[1:] if cell.startswith("'") and _is_run(cell[1:]) else cell


def _is_run(cell: str) -> bool:
    return bool(_RUN.match(cell)) and not _NUMBER.fullmatch(cell)
