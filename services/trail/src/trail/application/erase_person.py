"""Makes a person's own texts in the trail unreadable for good."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from optima_contracts.trail import PersonErased
from optima_kit.refusals import Absent

from .ports import Ports


async def erase_person(ports: Ports, person_id: UUID) -> datetime:
    """Destroy the person's key, publish this, and return the time at which it was done.

    Entries, their order and their hashes stay, and the person who acted is still known by their id. A second
    call does nothing and returns the time of the first. Raises Absent if no entry holds a text of that
    person.
    """
    erasure = await ports.person_keys.destroy(person_id, ports.now)
    if erasure is None:
        raise Absent("person_without_texts")
    if erasure.fresh:
        ports.outbox.add(PersonErased(person_id=person_id), subject=person_id, correlation=person_id)
    return erasure.erased_at
