"""Verifies an export offline, from nothing but the file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from ..domain.anchors import Anchor, AnchorKey, SignatureHolds, from_jwk, is_forged
from ..domain.chain import ChainBreak, Head, Verification
from ..domain.entry import canonical_json

OpensTo = Callable[[bytes, str, str], str | None]
"""A function of a key, the name of a field and its ciphertext. It returns the decrypted text, or None if the
key does not fit."""


class UnreadableExport(Exception):
    """Raised if a line does not belong to an export. The message names the line."""


def read_keys(text: str) -> dict[str, AnchorKey]:
    """Read published public keys and return them by key id. Raises UnreadableExport if the text holds
    none."""
    try:
        return _keys(json.loads(text)["keys"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableExport("the file of keys holds no published keys") from None


class ExportVerifier:
    """Verifies JSON lines as `export_entries` writes them, one file after the other.

    A whole export begins at entry 1 and has no gap. With `partial`, entries may be missing, and each entry is
    checked against the previous hash that it carries. This reveals changed entries, but not missing ones.
    `trusted` are public keys that are known from another source. Without them, the keys in the export are
    trusted, and a forgery of the whole file is not detected.
    """

    def __init__(
        self,
        signature_holds: SignatureHolds,
        opens_to: OpensTo,
        *,
        partial: bool = False,
        trusted: Mapping[str, AnchorKey] | None = None,
    ) -> None:
        self.verification = Verification()
        self._signature_holds = signature_holds
        self._opens_to = opens_to
        self._partial = partial
        self._trusted = trusted
        self._anchors: dict[int, dict[date, Anchor]] = {}
        """The anchors by entry and day. If nothing was recorded in between, the anchors of several days name
        the same entry."""
        self._through = 0

    def check(self, lines: Iterable[str]) -> Verification:
        """Verify the lines up to the first entry that does not hold. Raises UnreadableExport at the first
        line that is neither an entry nor a header."""
        for position, line in enumerate(lines, 1):
            if not line.strip():
                continue
            read = _parse(line, position)
            if not (self._take_header(read) if isinstance(read, _Header) else self._take_entry(read)):
                return self.verification
        self._hold_against_end()
        return self.verification

    def _take_header(self, header: _Header) -> bool:
        self._through = header.last
        for anchor in header.anchors:
            keys = header.keys if self._trusted is None else self._trusted
            if is_forged(anchor, keys, self._signature_holds):
                self.verification.broken = ChainBreak(anchor.number, "forged_anchor")
                return False
            self._anchors.setdefault(anchor.number, {})[anchor.day] = anchor
        return True

    def _take_entry(self, line: _EntryLine) -> bool:
        verification, number = self.verification, line.number
        if self._partial and number > verification.head.number + 1:
            verification.head = Head(number - 1, line.previous_hash)
            self._hold_against_anchor()
        if line.previous_hash != verification.head.hash and number == verification.head.number + 1:
            verification.broken = ChainBreak(number, "altered")
        if not verification.check(number, line.canonical, line.hash):
            return False
        self._hold_against_anchor()
        if verification.broken is None and line.personal is not None and not self._texts_hold(line):
            verification.broken = ChainBreak(number, "altered")
        return verification.broken is None

    def _hold_against_anchor(self) -> None:
        head = self.verification.head
        for anchor in self._anchors.pop(head.number, {}).values():
            if anchor.hash == head.hash:
                self.verification.anchors += 1
            elif self.verification.broken is None:
                self.verification.broken = ChainBreak(head.number, "rewritten")

    def _hold_against_end(self) -> None:
        """Note a break if the file ends before the last entry that its header or anchors name."""
        head = self.verification.head.number
        if not self._partial and head < max(self._through, *self._anchors, 0):
            self.verification.broken = ChainBreak(head + 1, "missing")

    def _texts_hold(self, line: _EntryLine) -> bool:
        """Tell whether the personal texts are those that were sealed in the entry."""
        assert line.personal is not None
        for field, shown in line.personal.items():
            sealed = line.data.get(field)
            if not isinstance(sealed, dict):
                return False
            if self._opens_to(shown.key, field, str(sealed.get("sealed"))) != shown.text:
                return False
        return True


class _DisclosedText(NamedTuple):
    text: str
    key: bytes


class _EntryLine(NamedTuple):
    number: int
    canonical: str
    hash: str
    previous_hash: str
    data: dict[str, Any]
    personal: dict[str, _DisclosedText] | None


class _Header(NamedTuple):
    last: int
    anchors: list[Anchor]
    keys: dict[str, AnchorKey]


_AS_WRITTEN = re.compile(
    r'(?P<body>{.*,"number":(?P<number>\d{1,18}),"occurred_at":"[^"]*","on_behalf_of":[^{}]*)'
    r',"hash":"(?P<hash>[0-9a-f]{64})","previous_hash":"(?P<previous>[0-9a-f]{64})"}\n?',
    re.ASCII,
)
"""A line exactly as `export_entries` writes it, without personal texts. Its body is the text that was hashed.
No member after `data` can contain a brace."""


def _parse(line: str, position: int) -> _EntryLine | _Header:
    as_written = _AS_WRITTEN.fullmatch(line)
    if as_written is not None:
        body, number, own_hash, previous_hash = as_written.groups()
        return _EntryLine(int(number), f"{body}}}", own_hash, previous_hash, {}, None)
    try:
        read: dict[str, Any] = json.loads(line)
        return _header(read) if "anchors" in read else _entry(read)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableExport(f"line {position} is not of an export of the trail") from None


def _entry(read: dict[str, Any]) -> _EntryLine:
    own_hash, previous_hash, number = read.pop("hash"), read.pop("previous_hash"), read["number"]
    personal = read.pop("personal", None)
    if type(number) is not int or not isinstance(own_hash, str) or not isinstance(previous_hash, str):
        raise TypeError
    shown = None
    if personal is not None:
        shown = {
            field: _DisclosedText(each["text"], bytes.fromhex(each["key"]))
            for field, each in personal.items()
        }
    return _EntryLine(number, canonical_json(read), own_hash, previous_hash, read["data"], shown)


def _header(read: dict[str, Any]) -> _Header:
    tenant_id = UUID(read["tenant_id"])
    anchors = [
        Anchor(
            tenant_id,
            date.fromisoformat(each["day"]),
            int(each["number"]),
            each["hash"],
            datetime.fromisoformat(each["signed_at"]),
            each["kid"],
            each["signature"],
        )
        for each in read["anchors"]
    ]
    return _Header(int(read["last"]), anchors, _keys(read["keys"]))


def _keys(published: list[dict[str, str]]) -> dict[str, AnchorKey]:
    return {each["kid"]: from_jwk(each) for each in published}
