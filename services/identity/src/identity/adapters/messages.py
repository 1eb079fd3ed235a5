"""The events that this service answers; what a duplicate or a late one does stands with each reaction."""

from __future__ import annotations

from optima_contracts.trail import PersonErased
from optima_kit.reactions import Reactions, Received

from ..application.erase_person import erase_person
from ..application.ports import Ports

reactions = Reactions()


@reactions.on(PersonErased)
async def person_erased(ports: Ports, event: Received[PersonErased]) -> None:
    """A duplicate finds nothing left to erase. None is late: nothing undoes an erasure. That of the last
    active admin is parked until there is another."""
    await erase_person(ports, event.data.person_id)
