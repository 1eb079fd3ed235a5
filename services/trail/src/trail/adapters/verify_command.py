"""`trail verify FILE…`: verify the hash chain and the anchors of an export, offline."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..application.verify_export import ExportVerifier, UnreadableExport, read_keys
from ..domain.chain import Reason, Verification
from .postgres_people import opened_text
from .signatures import signature_holds

INTACT, BROKEN, UNREADABLE = 0, 1, 2

REASONS: dict[Reason, str] = {
    "altered": "does not match its hash or the entry before it",
    "missing": "is missing",
    "out_of_order": "stands out of order",
    "rewritten": "or one since the anchor before it was rewritten after it had been anchored",
    "forged_anchor": "has an anchor that no known key signed",
}


def verify_command(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 if the export is intact, 1 if it is broken (standard output
    says at which entry), 2 if it can't be verified or the arguments are wrong (standard error says why)."""
    parser = argparse.ArgumentParser(prog="trail verify", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON lines, in their order")
    parser.add_argument("--partial", action="store_true", help="the export leaves entries out on purpose")
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="FILE",
        help="trust only these public keys (/.well-known/trail-anchor-keys.json, fetched at another time)",
    )
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        trusted = read_keys(options.keys.read_text(encoding="ascii")) if options.keys else None
        verifier = ExportVerifier(signature_holds, opened_text, partial=options.partial, trusted=trusted)
        verification = verifier.check(_lines(options.files))
    except (OSError, UnicodeDecodeError, UnreadableExport) as error:
        return _unreadable(str(error))
    if verification.broken is None and not verification.checked:
        return _unreadable("the export holds no entry")
    return _told(verification)


def _told(verification: Verification) -> int:
    broken, head = verification.broken, verification.head
    if broken is not None:
        sys.stdout.write(f"broken: entry {broken.number} {REASONS[broken.reason]}\n")
        return BROKEN
    sys.stdout.write(
        f"intact: {verification.checked} entries, the last is {head.number} with hash {head.hash}; "
        f"{verification.anchors} signed anchors hold\n"
    )
    return INTACT


def _unreadable(why: str) -> int:
    sys.stderr.write(f"not verifiable: {why}\n")
    return UNREADABLE


def _lines(files: Sequence[Path]) -> Iterator[str]:
    for file in files:
        with file.open(encoding="ascii") as lines:
            yield from lines
