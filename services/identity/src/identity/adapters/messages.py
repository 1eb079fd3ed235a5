"""The events to which this service reacts. Each reaction's docstring says what a duplicate or a late event
does."""

from __future__ import annotations

from optima_contracts.trail import PersonErased
from optima_kit.reactions import Reactions, Received

from ..application.erase_person import erase_person
from ..application.ports import Ports

reactions = Reactions()


@reactions.on(PersonErased)
async def person_erased(ports: Ports, event: Received[PersonErased]) -> None:
    """Erase the person from the directory. A duplicate finds nothing left to erase. The event cannot be late,
    because nothing undoes an erasure. If it is about the last active admin, it is parked until there is
    another admin."""
    await erase_person(ports, event.data.person_id)
