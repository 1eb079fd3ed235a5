"""Find out which of a person's roles grant anything in a session."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.people import Person
from ..domain.roles import Role, role_is_in_force
from .ports import Ports


async def roles_in_force(ports: Ports, person: Person, *, factor_shown: bool) -> Sequence[Role]:
    roles = await ports.roles.list_by_keys(person.roles)
    if factor_shown:
        return roles
    factor = await ports.second_factors.find(person.id)
    has_factor = factor is not None and factor.confirmed
    return [role for role in roles if role_is_in_force(role, has_factor=has_factor)]
