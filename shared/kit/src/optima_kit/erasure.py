"""What every service does by itself about people's own words, and once they were erased, whatever else its
reaction does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from optima_contracts.identity import PersonChanged
from optima_contracts.personal import PERSONAL_FIELDS
from optima_contracts.trail import PersonErased

from .db import UnitOfWork
from .postgres import Connection
from .reactions import Received
from .sql import Statement
from .words import INSERT_WORDS, words_of

_DELETE_ANSWERS: Final = Statement.parse("""
DELETE FROM idempotency_keys
WHERE person_id = :person_id OR position(convert_to(:person_id::uuid::text, 'UTF8') IN body) > 0
""")
_ERASE_FROM_EVENTS: Final = Statement.parse("SELECT optima_erase_from_events(:person_id::uuid::text, :rules)")
_ERASE_WORDS: Final = Statement.parse("SELECT optima_erase_words(:person_id)")
_INSERT_ERASED: Final = Statement.parse("""
INSERT INTO newest_applied (subject, type, sequence) VALUES (:person_id, :type, 1) ON CONFLICT DO NOTHING
""")
_LIST_ERASED: Final = "SELECT subject FROM newest_applied WHERE type = $1 AND subject = ANY ($2::uuid[])"
_RULES: Final = {
    type_: {"whose": whose, "fields": list(fields)} for type_, (whose, fields) in PERSONAL_FIELDS.items()
}


def note_words(work: UnitOfWork, event: Received[object]) -> None:
    """Remembers whose words a received event carries."""
    for person_id, digest in words_of(event.type, event.subject, event.actor_id, event.data):
        work.write(INSERT_WORDS, person_id=person_id, digest=digest)


def forget_erased(work: UnitOfWork, event: Received[object]) -> None:
    """Drops the kept answers to the person's own requests, which repeat what they wrote, and all others that
    name them; empties their texts in kept events and their words in every table; and remembers that they
    were erased."""
    if event.type == PersonErased.type:
        work.write(_DELETE_ANSWERS, person_id=event.subject)
        work.write(_ERASE_FROM_EVENTS, person_id=event.subject, rules=_RULES)
        work.write(_ERASE_WORDS, person_id=event.subject)
        work.write(_INSERT_ERASED, person_id=event.subject, type=PersonErased.type)


async def erased_among(connection: Connection, events: Iterable[Received[object]]) -> set[UUID]:
    """The people whom these events would name anew although they were erased: an event may come late, and
    identity may tell of everybody again."""
    told = {event.subject for event in events if event.type == PersonChanged.type}
    if not told:
        return set()
    return {row["subject"] for row in await connection.fetch(_LIST_ERASED, PersonErased.type, list(told))}
