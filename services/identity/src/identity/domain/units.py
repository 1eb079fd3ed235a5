"""Organisational units. They form a tree, and each may have a manager."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from optima_kit.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Unit:
    id: UUID
    key: str
    name: str
    parent_id: UUID | None
    manager_id: UUID | None
    version: int = 1

    def redefined(self, *, name: str, parent_id: UUID | None, manager_id: UUID | None) -> Unit:
        return replace(self, name=name, parent_id=parent_id, manager_id=manager_id, version=self.version + 1)


def unit_is_not_within_itself(unit_id: UUID, units_above: Sequence[UUID]) -> None:
    """Raise Invalid if the unit is among `units_above`: the proposed parent, its parent, and so on."""
    if unit_id in units_above:
        raise Invalid("unit_cycle", field="parent")
