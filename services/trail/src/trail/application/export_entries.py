"""Export the trail: JSON lines that can be verified offline, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Literal

from optima_kit.actor import Actor

from ..domain.chain import BEGINNING, SealedEntry
from ..domain.entry import instant
from .ports import Ports
from .read_entries import sight_of

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


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    sealed: SealedEntry
    previous_hash: str


async def export_entries(
    ports: Ports, actor: Actor, *, form: Literal["jsonl", "csv"], after: int, limit: int
) -> bytes:
    """At most `limit` entries with a number above `after`, in the order of the chain.

    Raises Forbidden for who may not read the whole trail. Entries with prices are left out for who may
    not see them; such an export has gaps, and verifies only as a partial one.
    """
    actor.require("trail.read_all")
    exported = await _collect(ports, actor, after, limit)
    return _json_lines(exported) if form == "jsonl" else _csv(exported)


async def _collect(ports: Ports, actor: Actor, after: int, limit: int) -> list[ExportedEntry]:
    sight = sight_of(actor)
    exported: list[ExportedEntry] = []
    # Begins one entry earlier, whose hash the first exported one continues.
    previous = BEGINNING.hash
    async for portion in ports.trail.chain(after=max(after - 1, 0)):
        for sealed in portion:
            if sealed.entry.number > after and sight.shows_type(sealed.entry.occurrence.type):
                exported.append(ExportedEntry(sealed, previous))
                if len(exported) == limit:
                    return exported
            previous = sealed.hash
    return exported


def _json_lines(exported: list[ExportedEntry]) -> bytes:
    lines = [
        f'{each.sealed.entry.canonical()[:-1]},"hash":"{each.sealed.hash}",'
        f'"previous_hash":"{each.previous_hash}"}}\n'
        for each in exported
    ]
    return "".join(lines).encode("ascii")


def _csv(exported: list[ExportedEntry]) -> bytes:
    """Semicolons and a byte order mark: what Italian spreadsheets open without asking."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in exported:
        entry, o = each.sealed.entry, each.sealed.entry.occurrence
        cells = (
            entry.number,
            instant(o.occurred_at),
            instant(entry.recorded_at),
            o.type,
            o.actor_id or "",
            o.on_behalf_of or "",
            o.correlation_id,
            o.subject,
            o.sequence,
            o.event_id,
            o.causation_id or "",
            o.source,
            o.data,
            each.sealed.hash,
        )
        writer.writerow([harmless(str(cell)) for cell in cells])
    return text.getvalue().encode("utf-8")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell
