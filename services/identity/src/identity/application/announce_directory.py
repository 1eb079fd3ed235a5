"""Publish the whole directory again, for services that were added later and for copies that lack somebody.

Each event carries the whole state and is the newest of its subject. A service that knows the state already
changes nothing, so repetitions do no harm."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from .facts import tell_of_account, tell_of_person, tell_of_role, tell_of_tenant, tell_of_unit
from .ports import Ports

_PEOPLE_AT_ONCE: Final = 500
_ALL: Final = 100_000

Place = tuple[str, UUID]
"""The last published person, by name and id. People are published in the order of their names."""


async def announce_tenant(ports: Ports) -> int:
    """Publish the tenant, its roles, units and service accounts. Return the number of events."""
    # The lock keeps the directory from changing between reading and publishing.
    tell_of_tenant(ports, await ports.tenants.lock())
    roles = await ports.roles.list(after=None, limit=_ALL)
    units = await ports.units.list(after=None, limit=_ALL)
    accounts = await ports.accounts.list(after=None, limit=_ALL)
    for role in roles:
        tell_of_role(ports, role)
    for unit in units:
        tell_of_unit(ports, unit)
    for account in accounts:
        tell_of_account(ports, account)
    return 1 + len(roles) + len(units) + len(accounts)


async def announce_people(ports: Ports, after: Place | None) -> tuple[int, Place | None]:
    """Publish the next people. Return how many they are, and where to continue if there may be more."""
    await ports.tenants.lock()
    people = await ports.people.list(after=after, limit=_PEOPLE_AT_ONCE)
    for person in people:
        tell_of_person(ports, person)
    if len(people) < _PEOPLE_AT_ONCE:
        return len(people), None
    return len(people), (people[-1].name, people[-1].id)
