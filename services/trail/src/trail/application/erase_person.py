"""Make what the trail holds of a person's own texts unreadable for good."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from optima_contracts.trail import PersonErased
from optima_kit.refusals import Absent

from .ports import Ports


async def erase_person(ports: Ports, person_id: UUID) -> datetime:
    """Destroys the person's key, and tells others. Returns when that was done.

    Entries, their order and their hashes stay: who acted is still known by their id. Asked for again, it
    does nothing and gives the first time. Raises Absent where no entry holds a text of that person.
    """
    erasure = await ports.person_keys.destroy(person_id, ports.now)
    if erasure is None:
        raise Absent("person_without_texts")
    if erasure.fresh:
        ports.outbox.add(PersonErased(person_id=person_id), subject=person_id, correlation=person_id)
    return erasure.erased_at
