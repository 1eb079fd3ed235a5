"""`trail verify FILE…`: hold an export against itself, offline."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..application.verify_export import UnreadableExport, verify_export

REASONS = {
    "altered": "does not match its hash or the entry before it",
    "missing": "is missing",
    "out_of_order": "stands out of order",
}


def verify_command(arguments: Sequence[str]) -> int:
    """0: intact; 1: broken or not an export, and standard output says at which entry."""
    parser = argparse.ArgumentParser(prog="trail verify", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON lines, in their order")
    parser.add_argument("--partial", action="store_true", help="the export leaves entries out on purpose")
    options = parser.parse_args(arguments)
    try:
        verification = verify_export(_lines(options.files), partial=options.partial)
    except (OSError, UnicodeDecodeError, UnreadableExport) as error:
        sys.stdout.write(f"not verifiable: {error}\n")
        return 1
    if verification.broken is not None:
        broken = verification.broken
        sys.stdout.write(f"broken: entry {broken.number} {REASONS[broken.reason]}\n")
        return 1
    if not verification.checked:
        sys.stdout.write("not verifiable: the export holds no entry\n")
        return 1
    head = verification.head
    sys.stdout.write(
        f"intact: {verification.checked} entries, the last is {head.number} with hash {head.hash}\n"
    )
    return 0


def _lines(files: Sequence[Path]) -> Iterator[str]:
    for file in files:
        with file.open(encoding="ascii") as lines:
            yield from lines
