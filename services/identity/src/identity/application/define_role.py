"""A tenant defines a role of its own, or changes its privileges."""

from __future__ import annotations

from collections.abc import Sequence

from optima_contracts.privileges import BUILT_IN_ROLES
from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.roles import (
    Role,
    built_in_roles_are_the_products_own,
    names_of_roles_are_in_letters_that_people_write,
    nobody_grants_more_than_they_hold,
    own_roles_hold_only_grantable_privileges,
    role_of_external_people_stays_open_to_them,
)
from .facts import tell_of_role
from .matrix import MATRIX
from .ports import Ports
from .versions import made_anew, still_at


async def define_role(
    ports: Ports,
    actor: Actor,
    key: str,
    expected_version: int | None,
    *,
    name: str,
    privileges: Sequence[str],
    second_factor: bool,
) -> Role:
    """Define or change a role. People who hold it have the new privileges from their next access token on. An
    unchanged definition has no effect; a change must name the version that its author has seen."""
    await ports.tenants.lock()
    known = next(iter(await ports.roles.list_by_keys([key])), None)
    built_in_roles_are_the_products_own(known, key, name, BUILT_IN_ROLES)
    own_roles_hold_only_grantable_privileges(privileges, MATRIX)
    wanted = name, frozenset(privileges), second_factor
    if known is not None and (known.name, known.privileges, known.second_factor) == wanted:
        return known
    names_of_roles_are_in_letters_that_people_write(known, name)
    touched = frozenset(privileges) | (known.privileges if known else frozenset())
    nobody_grants_more_than_they_hold(touched, actor.privileges, field="privileges")
    if known is None:
        made_anew(expected_version)
        role = Role(new_id(), key, name, frozenset(privileges), built_in=False, second_factor=second_factor)
        await ports.roles.insert(role)
    else:
        still_at(known.version, expected_version)
        role = known.redefined(name=name, privileges=frozenset(privileges), second_factor=second_factor)
        held_by_external = await ports.people.role_is_held_by_external(key)
        role_of_external_people_stays_open_to_them(role, held_by_external, MATRIX)
        await ports.roles.update(role)
    tell_of_role(ports, role)
    return role
