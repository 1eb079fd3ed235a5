"""Add or change an organisational unit."""

from __future__ import annotations

from uuid import UUID

from optima_kit.ids import new_id

from ..domain.people import manager_is_a_colleague
from ..domain.units import Unit, unit_is_not_within_itself
from .facts import tell_of_unit
from .places import unit_named
from .ports import Ports
from .versions import made_anew, still_at


async def define_unit(
    ports: Ports,
    key: str,
    expected_version: int | None,
    *,
    name: str,
    parent: str | None,
    manager_id: UUID | None,
) -> Unit:
    """Add or change a unit. An unchanged definition has no effect; a change must name the version that its
    author has seen."""
    await ports.tenants.lock()
    known = await ports.units.find_by_key(key)
    parent_id = await unit_named(ports, parent, field="parent")
    if known is not None and (known.name, known.parent_id, known.manager_id) == (name, parent_id, manager_id):
        return known
    if manager_id is not None:
        manager_is_a_colleague(await ports.people.find(manager_id))
    if known is None:
        made_anew(expected_version)
        unit = Unit(new_id(), key, name, parent_id, manager_id)
        await ports.units.insert(unit)
    else:
        still_at(known.version, expected_version)
        if parent_id is not None:
            unit_is_not_within_itself(known.id, await ports.units.list_from(parent_id))
        unit = known.redefined(name=name, parent_id=parent_id, manager_id=manager_id)
        await ports.units.update(unit)
    tell_of_unit(ports, unit)
    return unit
