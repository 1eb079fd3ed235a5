"""Exports the trail as JSON lines that can be verified offline, or as CSV for a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal

from optima_kit.actor import Actor
from optima_kit.spreadsheets import csv_text

from ..domain.anchors import Anchor, AnchorKey, as_jwk
from ..domain.chain import BEGINNING, SealedEntry
from ..domain.competence import ReadScope
from ..domain.entry import canonical_json, instant
from ..domain.personal import OpenText, readable
from .own_anchor_keys import own_anchor_keys
from .ports import Ports
from .read.access import read_scope_of

COLUMNS = (
    "number",
    "occurred_at",
    "recorded_at",
    "type",
    "actor_id",
    "on_behalf_of",
    "correlation_id",
    "subject",
    "sequence",
    "event_id",
    "causation_id",
    "source",
    "data",
    "hash",
)

Texts = Mapping[str, OpenText | None]


@dataclass(frozen=True, slots=True)
class _Exported:
    sealed: SealedEntry
    previous_hash: str
    texts: Texts


async def export_entries(
    reading: Callable[[], AbstractAsyncContextManager[Ports]],
    actor: Actor,
    *,
    form: Literal["jsonl", "csv"],
    after: int,
    limit: int,
) -> AsyncIterator[bytes]:
    """Return the entries numbered `after` + 1 to `after` + `limit`, in the order of the chain, in portions.

    Each portion is read in a transaction of its own, so that a slow reader holds nothing up; this is safe, as
    entries do not change. Raises Forbidden if the actor may not read the whole trail. Entries with prices are
    left out if the actor may not see them. Such an export has gaps and can be verified only as a partial one.
    Of the anchors' keys, the export contains only those that the service made.
    """
    actor.require("trail.read_all")
    async with reading() as ports:
        last = min(after + limit, (await ports.trail.head()).number)
        previous = (await ports.trail.hashes_at([after])).get(after, BEGINNING.hash)
        anchors = await ports.anchors.between(after, last)
        keys = await own_anchor_keys(ports)
    head = _header(actor, after + 1, last, anchors, keys) if form == "jsonl" else _titles()
    return _written(reading, read_scope_of(actor), form, after, last, previous, head)


async def _written(
    reading: Callable[[], AbstractAsyncContextManager[Ports]],
    scope: ReadScope,
    form: Literal["jsonl", "csv"],
    after: int,
    last: int,
    previous: str,
    head: bytes,
) -> AsyncIterator[bytes]:
    yield head
    write = _json_lines if form == "jsonl" else _csv
    while after < last:
        async with reading() as ports:
            entries = await ports.trail.portion(after=after, through=last)
            texts = await ports.trail.texts(entries)
        if not entries:
            return
        exported = []
        for sealed in entries:
            if scope.shows_type(sealed.entry.occurrence.type):
                exported.append(_Exported(sealed, previous, texts.get(sealed.entry.occurrence.event_id, {})))
            previous = sealed.hash
        after = entries[-1].entry.number
        yield write(exported)


def _header(
    actor: Actor, first: int, last: int, anchors: Sequence[Anchor], keys: Sequence[AnchorKey]
) -> bytes:
    """Build the first line: the range of entries in the file, and the anchors and keys to verify it with."""
    used = {anchor.kid for anchor in anchors}
    header = {
        "tenant_id": str(actor.tenant_id),
        "first": first,
        "last": last,
        "anchors": [
            {
                "day": anchor.day.isoformat(),
                "number": anchor.number,
                "hash": anchor.hash,
                "signed_at": instant(anchor.signed_at),
                "kid": anchor.kid,
                "signature": anchor.signature,
            }
            for anchor in anchors
        ],
        "keys": [as_jwk(key) for key in keys if key.kid in used],
    }
    return f"{canonical_json(header)}\n".encode("ascii")


def _json_lines(exported: Sequence[_Exported]) -> bytes:
    return "".join(map(_json_line, exported)).encode("ascii")


def _json_line(each: _Exported) -> str:
    """Write an entry as it was hashed, with its hashes and its personal texts and the keys that open them."""
    personal = {
        field: {"text": text.text, "key": text.key.hex()} for field, text in each.texts.items() if text
    }
    beside = f',"personal":{canonical_json(personal)}' if personal else ""
    return (
        f'{each.sealed.entry.canonical()[:-1]},"hash":"{each.sealed.hash}",'
        f'"previous_hash":"{each.previous_hash}"{beside}}}\n'
    )


def _titles() -> bytes:
    """Return the column titles, with semicolons and a byte order mark, which Italian spreadsheet programs
    open without asking."""
    return ("\ufeff" + ";".join(COLUMNS) + "\r\n").encode("utf-8")


def _csv(exported: Sequence[_Exported]) -> bytes:
    return csv_text(map(_cells, exported)).encode("utf-8")


def _cells(exported: _Exported) -> Sequence[object]:
    entry, o = exported.sealed.entry, exported.sealed.entry.occurrence
    return (
        entry.number,
        instant(o.occurred_at),
        instant(entry.recorded_at),
        o.type,
        o.actor_id,
        o.on_behalf_of,
        o.correlation_id,
        o.subject,
        o.sequence,
        o.event_id,
        o.causation_id,
        o.source,
        readable(o.data, exported.texts),
        exported.sealed.hash,
    )
