"""What every service does automatically, apart from its own reaction, to remember people's own words and to
erase them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from optima_contracts.personal import PERSONAL_FIELDS, personal_texts
from optima_contracts.trail import PersonErased

from .db import UnitOfWork
from .postgres import Connection
from .reactions import Received
from .sql import Statement
from .words import INSERT_WORDS, words_of

_PLACEHOLDER: Final = "cancellato su richiesta"
"""The text that replaces an erased person's words, here and in the database's functions."""

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


def note_words(work: UnitOfWork, event: Received[Any]) -> None:
    """Store whose words a received event carries."""
    for person_id, digest in words_of(event.type, event.subject, event.actor_id, event.data):
        work.write(INSERT_WORDS, person_id=person_id, digest=digest)


def forget_erased(work: UnitOfWork, event: Received[object]) -> None:
    """Erase a person if the event says so. Delete the stored answers to the person's own requests, which
    repeat what they wrote, and all other stored answers that name them. Remove their texts from stored events
    and their words from every table. Remember that the person was erased."""
    if event.type == PersonErased.type:
        work.write(_DELETE_ANSWERS, person_id=event.subject)
        work.write(_ERASE_FROM_EVENTS, person_id=event.subject, rules=_RULES)
        work.write(_ERASE_WORDS, person_id=event.subject)
        work.write(_INSERT_ERASED, person_id=event.subject, type=PersonErased.type)


async def erased_among(connection: Connection, events: Iterable[Received[Any]]) -> set[UUID]:
    """Return the erased people whose texts these events would bring back: an event may arrive late, and the
    identity service may publish all people again."""
    told = {person_id for event in events if (person_id := person_told_of(event)) is not None}
    if not told:
        return set()
    return {row["subject"] for row in await connection.fetch(_LIST_ERASED, PersonErased.type, list(told))}


def person_told_of(event: Received[Any]) -> UUID | None:
    """Return the person whose texts the event's data holds. Return None if it holds no such texts, or if the
    data was not parsed into a model."""
    if isinstance(event.data, dict):
        return None
    texts = personal_texts(event.type, event.subject, event.actor_id, event.data)
    return next((each.person_id for each in texts if each.text), None)


def without_words(event: Received[Any]) -> Received[Any]:
    """Return the event with its personal texts replaced by a placeholder."""
    _, fields = PERSONAL_FIELDS[event.type]
    emptied = {name: _PLACEHOLDER for name in fields if getattr(event.data, name)}
    return replace(event, data=event.data.model_copy(update=emptied))
