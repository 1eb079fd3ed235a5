"""The inbox: handles received events in one transaction, so that each event takes effect exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from optima_contracts.identity import PersonChanged
from optima_contracts.trail import PersonErased

from .access_changes import note_access_change
from .clock import Clock
from .db import Transaction, UnitOfWork
from .erasure import erased_among, forget_erased, note_words, person_told_of, without_words
from .postgres import Connection
from .reactions import Reaction, Reactions, Received
from .tracing import step

P = TypeVar("P")

RECORD: Final = """
INSERT INTO inbox (event_id) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id
"""
_ADVANCE = """
INSERT INTO newest_applied AS known (subject, type, sequence)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS arrived(subject, type, sequence)
ON CONFLICT (subject, type) DO UPDATE SET sequence = excluded.sequence
WHERE known.sequence < excluded.sequence
RETURNING subject, type
"""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A message, and the reaction to it."""

    reaction: Reaction
    received: Received[Any]


@dataclass(slots=True)
class HandledBatch:
    """What one transaction did. The metrics get it once the transaction has committed."""

    fresh: list[Item] = field(default_factory=list)
    """The messages that the inbox had not seen before."""
    seconds: list[tuple[str, float]] = field(default_factory=list)
    """The event type of each reaction, and the seconds that the reaction took."""


class Failed(Exception):
    """Raised if handling messages failed. `item` is the message whose reaction raised `cause`, or None if no
    reaction did."""

    def __init__(self, item: Item | None, cause: BaseException) -> None:
        super().__init__(repr(cause))
        self.item = item
        self.cause = cause


class Inbox(Generic[P]):
    """Runs one service's reactions with the service's own ports."""

    def __init__(self, reactions: Reactions, ports: Callable[[UnitOfWork], P], clock: Clock) -> None:
        self._reactions = reactions
        self._ports = ports
        self._clock = clock

    def read(self, body: bytes) -> Item:
        """Parse a message and find the reaction to it. Raises Unreadable."""
        return Item(*self._reactions.read(body))

    async def handle(self, transaction: Transaction, items: Sequence[Item]) -> HandledBatch:
        """Let the service react, in the order given, to the messages that it has not seen before. Raises
        Failed."""
        done = HandledBatch()
        connection = transaction.connection
        # All consumers insert ids in the same order, so that two of them with the same duplicates can't
        # deadlock.
        ids = sorted({item.received.id for item in items}, key=attrgetter("int"))
        new = {row[0] for row in await connection.fetch(RECORD, ids)}
        for item in items:
            if item.received.id in new:
                new.remove(item.received.id)
                done.fresh.append(item)
        newest = await _without_outdated(connection, done.fresh)
        erased = await erased_among(connection, (item.received for item in newest))
        for item in newest:
            event = item.received
            if erased and person_told_of(event) in erased:
                event = without_words(event)
            await transaction.enter(event.tenant_id)
            began = time.perf_counter()
            try:
                with step(f"react to {event.type}", "reaction", event.traceparent) as reacting:
                    reacting.concerns(event.tenant_id, event.correlation_id)
                    work = transaction.unit(event.cause(self._clock.now()))
                    note_access_change(work, event)
                    forget_erased(work, event)
                    if event.type == PersonErased.type:
                        erased.add(event.subject)
                    note_words(work, event)
                    if item.reaction.model is not PersonChanged or event.subject not in erased:
                        await item.reaction.handle(self._ports(work), event)
            except Exception as error:
                raise Failed(item, error) from error
            done.seconds.append((event.type, time.perf_counter() - began))
        return done


async def _without_outdated(connection: Connection, items: list[Item]) -> list[Item]:
    """Drop outdated events: those of `newest_only` types that are older than an event that was already
    applied."""
    newest: dict[tuple[UUID, str], Item] = {}
    for item in items:
        if item.reaction.newest_only:
            key = (item.received.subject, item.received.type)
            if key not in newest or newest[key].received.sequence < item.received.sequence:
                newest[key] = item
    if not newest:
        return items
    keys = sorted(newest)
    rows = await connection.fetch(
        _ADVANCE,
        [subject for subject, _ in keys],
        [type_ for _, type_ in keys],
        [newest[key].received.sequence for key in keys],
    )
    advanced = {id(newest[row["subject"], row["type"]]) for row in rows}
    return [item for item in items if not item.reaction.newest_only or id(item) in advanced]


def in_order(items: Sequence[Item]) -> list[Item]:
    """Return the messages in the order in which to handle them: by tenant, and each subject's events by
    sequence."""
    return sorted(in_sequence(items), key=lambda item: item.received.tenant_id.int)


def in_sequence(items: Sequence[Item]) -> list[Item]:
    """Sort the events of each source and subject by sequence. They take the same places as before among the
    other events."""
    places: dict[tuple[str, UUID], list[int]] = {}
    for index, item in enumerate(items):
        places.setdefault((item.received.source, item.received.subject), []).append(index)
    ordered = list(items)
    for indexes in places.values():
        if len(indexes) > 1:
            theirs = sorted((items[index] for index in indexes), key=lambda item: item.received.sequence)
            for index, item in zip(indexes, theirs, strict=True):
                ordered[index] = item
    return ordered
