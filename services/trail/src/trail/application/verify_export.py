"""Verify an export with nothing but the file: no server, no database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..domain.chain import Broken, Head, Verification
from ..domain.entry import canonical_json


class UnreadableExport(Exception):
    """A line is not an exported entry. The message names the line."""


def verify_export(lines: Iterable[str], *, partial: bool = False) -> Verification:
    """Checks JSON lines as `export_entries` writes them.

    A whole export begins at entry 1 and has no gap. With `partial`, entries may be missing, and each one
    is held against the previous hash that it carries: that shows alteration, but not omission.
    Raises UnreadableExport at the first line that is not an entry.
    """
    verification = Verification()
    for position, line in enumerate(lines, 1):
        if not line.strip():
            continue
        number, canonical, own_hash, previous_hash = _parse(line, position)
        if partial and number > verification.head.number + 1:
            verification.head = Head(number - 1, previous_hash)
        if previous_hash != verification.head.hash and number == verification.head.number + 1:
            verification.broken = Broken(number, "altered")
        if not verification.check(number, canonical, own_hash):
            break
    return verification


def _parse(line: str, position: int) -> tuple[int, str, str, str]:
    try:
        entry: dict[str, Any] = json.loads(line)
        own_hash, previous_hash, number = entry.pop("hash"), entry.pop("previous_hash"), entry["number"]
        if type(number) is not int or not isinstance(own_hash, str) or not isinstance(previous_hash, str):
            raise TypeError
        return number, canonical_json(entry), own_hash, previous_hash
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableExport(f"line {position} is not an exported entry") from None
