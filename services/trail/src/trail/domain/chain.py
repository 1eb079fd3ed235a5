"""The hash chain: every entry's hash covers the entry and the hash before it.

So a person who changes, removes, adds or moves an entry has to rewrite every later one, and the chain then
differs from the head that was noted elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from .entry import Entry, Occurrence


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a tenant's trail."""

    number: int
    hash: str


Reason = Literal["altered", "missing", "out_of_order", "rewritten", "forged_anchor"]

BEGINNING = Head(0, "0" * 64)
"""The head of an empty chain, with which every tenant begins."""


@dataclass(frozen=True, slots=True)
class SealedEntry:
    entry: Entry
    hash: str


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first entry at which the chain does not hold, and why.

    With `missing`, `altered` and `out_of_order` the chain itself does not hold. With `rewritten` it holds,
    but the entry, or an entry since the previous anchor, is not the one that was anchored. With
    `forged_anchor` no known key signed the anchor of that entry.
    """

    number: int
    reason: Reason


def hash_of(previous_hash: str, canonical: str) -> str:
    """Return the hexadecimal SHA-256 of the previous hash followed by the entry's canonical JSON."""
    return hashlib.sha256(f"{previous_hash}{canonical}".encode("ascii")).hexdigest()


def extend(
    head: Head, occurrences: Iterable[Occurrence], *, tenant_id: UUID, recorded_at: datetime
) -> list[SealedEntry]:
    """Give the occurrences the next numbers in their order, and return them with their hashes."""
    sealed = []
    previous = head.hash
    for number, occurrence in enumerate(occurrences, head.number + 1):
        entry = Entry(tenant_id, number, recorded_at, occurrence)
        own = hash_of(previous, entry.canonical())
        sealed.append(SealedEntry(entry, own))
        previous = own
    return sealed


class Verification:
    """Verifies a chain entry by entry, up to the first break."""

    def __init__(self, start: Head = BEGINNING) -> None:
        self.head = start
        self.checked = 0
        self.anchors = 0
        """How many anchors were compared with the chain and hold."""
        self.broken: ChainBreak | None = None

    def check(self, number: int, canonical: str, claimed_hash: str) -> bool:
        """Verify the next entry. Return False if it does not follow from the one before it, or if an earlier
        entry did not."""
        if self.broken is not None:
            return False
        expected = self.head.number + 1
        if number > expected:
            self.broken = ChainBreak(expected, "missing")
        elif number < expected:
            self.broken = ChainBreak(number, "out_of_order")
        elif hash_of(self.head.hash, canonical) != claimed_hash:
            self.broken = ChainBreak(number, "altered")
        else:
            self.head = Head(number, claimed_hash)
            self.checked += 1
            return True
        return False

    def ends_at(self, recorded: Head) -> bool:
        """Tell whether the chain ends at the head that was noted separately, and note a break if it does
        not."""
        if self.broken is None and self.head != recorded:
            if self.head.number < recorded.number:
                self.broken = ChainBreak(self.head.number + 1, "missing")
            else:
                self.broken = ChainBreak(max(recorded.number, 1), "altered")
        return self.broken is None
