"""Find and check the roles, the unit and the manager that a command names for a person."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from optima_kit.refusals import Invalid

from ..domain.people import (
    Kind,
    external_people_hold_only_roles_open_to_them,
    manager_is_a_colleague,
    nobody_is_their_own_superior,
)
from ..domain.roles import Role
from .matrix import MATRIX
from .ports import Ports


async def roles_named(ports: Ports, keys: Sequence[str], kind: Kind) -> Sequence[Role]:
    found = {role.key: role for role in await ports.roles.list_by_keys(keys)}
    for index, key in enumerate(keys):
        if key not in found:
            raise Invalid("role_unknown", field=f"roles[{index}]", role=key)
    roles = [found[key] for key in sorted(set(keys))]
    external_people_hold_only_roles_open_to_them(kind, roles, MATRIX)
    return roles


async def unit_named(ports: Ports, key: str | None, *, field: str = "unit") -> UUID | None:
    if key is None:
        return None
    unit = await ports.units.find_by_key(key)
    if unit is None:
        raise Invalid("unit_unknown", field=field, unit=key)
    return unit.id


async def manager_named(ports: Ports, manager_id: UUID | None, *, of: UUID | None = None) -> UUID | None:
    """Return the manager's id if they may be a manager. `of` is the person who gets this manager, if they
    exist already."""
    if manager_id is None:
        return None
    manager_is_a_colleague(await ports.people.find(manager_id))
    if of is not None:
        nobody_is_their_own_superior(of, await ports.people.list_managers_from(manager_id))
    return manager_id
