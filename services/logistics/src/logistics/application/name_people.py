"""Record which people outside the company work at a destination and see the documents of what is sent
there."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import DestinationPersonNamed
from optima_kit.refusals import Absent, Invalid, WrongState

from ..domain.lookups import MOST_PEOPLE, Destination
from .ports import Ports


async def name_person(ports: Ports, destination: str, person_id: UUID) -> None:
    """Add a person to a destination. Does nothing if they are there already. Raises Absent for an unknown
    destination, Invalid for a person who may not see DDTs of their own, WrongState for too many people."""
    named = await _people_of(ports, destination)
    if person_id in named:
        return
    person = await ports.directory.find_person(person_id)
    if person is None or not person.active or "phase.work" not in person.privileges:
        raise Invalid("person_sees_no_ddts", field="person_id")
    if len(named) >= MOST_PEOPLE:
        raise WrongState("destination_people_too_many", most=MOST_PEOPLE)
    ports.lookups.insert_person(destination, person_id)
    _tell(ports, destination, person_id, works_there=True)


async def forget_person(ports: Ports, destination: str, person_id: UUID) -> None:
    """Remove a person from a destination: from now on they see none of its documents. Does nothing if they
    are not there."""
    if person_id in await _people_of(ports, destination):
        ports.lookups.delete_person(destination, person_id)
        _tell(ports, destination, person_id, works_there=False)


async def _people_of(ports: Ports, destination: str) -> list[UUID]:
    if await ports.lookups.find(Destination, destination) is None:
        raise Absent("lookup_absent")
    return await ports.lookups.list_people(destination)


def _tell(ports: Ports, destination: str, person_id: UUID, *, works_there: bool) -> None:
    told = DestinationPersonNamed(destination=destination, person_id=person_id, works_there=works_there)
    ports.outbox.add(told, subject=person_id, correlation=person_id)
