"""What every service does by itself once a person's texts were erased, whatever else its reaction does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from optima_contracts.identity import PersonChanged
from optima_contracts.trail import PersonErased

from .db import UnitOfWork
from .postgres import Connection
from .reactions import Received
from .sql import Statement

_DELETE_ANSWERS: Final = Statement.parse("DELETE FROM idempotency_keys WHERE person_id = :person_id")
_INSERT_ERASED: Final = Statement.parse("""
INSERT INTO newest_applied (subject, type, sequence) VALUES (:person_id, :type, 1) ON CONFLICT DO NOTHING
""")
_LIST_ERASED: Final = "SELECT subject FROM newest_applied WHERE type = $1 AND subject = ANY ($2::uuid[])"


def forget_erased(work: UnitOfWork, event: Received[object]) -> None:
    """Drops the answers kept for the person's own requests, which repeat what they wrote, and remembers that
    they were erased."""
    if event.type == PersonErased.type:
        work.write(_DELETE_ANSWERS, person_id=event.subject)
        work.write(_INSERT_ERASED, person_id=event.subject, type=PersonErased.type)


async def erased_among(connection: Connection, events: Iterable[Received[object]]) -> set[UUID]:
    """The people whom these events would name anew although they were erased: an event may come late, and
    identity may tell of everybody again."""
    told = {event.subject for event in events if event.type == PersonChanged.type}
    if not told:
        return set()
    return {row["subject"] for row in await connection.fetch(_LIST_ERASED, PersonErased.type, list(told))}
