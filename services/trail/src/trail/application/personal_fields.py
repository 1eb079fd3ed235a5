"""Whose texts an event holds, as `optima_contracts.personal` says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from optima_contracts.personal import PERSONAL_FIELDS

from ..domain.personal import PersonalField


def personal_fields_of(
    event_type: str, subject: UUID, actor_id: UUID | None, data: dict[str, Any]
) -> list[PersonalField]:
    """The fields to be sealed, those that hold a text; most events have none. Raises KeyError or ValueError
    where the data does not say whose they are, though the event's type promises it."""
    if event_type not in PERSONAL_FIELDS:
        return []
    whose, fields = PERSONAL_FIELDS[event_type]
    told = [name for name in fields if isinstance(data.get(name), str)]
    if not told:
        return []
    match whose:
        case "subject":
            person_id = subject
        case "actor" if actor_id is not None:
            person_id = actor_id
        case "actor":  # the system's own words
            return []
        case _:
            person_id = UUID(data[whose])
    return [PersonalField(person_id, name) for name in told]
