"""The people to whom phases may be given, as the directory tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from optima_kit.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    active: bool
    roles: frozenset[str]
    own_roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Privileges of those of the roles that the tenant's directory told of, by key."""


def assignee_is_known_and_active(person: Person | None) -> Person:
    if person is None:
        raise Invalid("assignee_unknown", field="assignee_id")
    if not person.active:
        raise Invalid("assignee_not_active", field="assignee_id", name=person.name)
    return person


def assignee_may_work_phases(person: Person, privileges: frozenset[str]) -> None:
    if "phase.work" not in privileges:
        raise Invalid("assignee_may_not_work", field="assignee_id", name=person.name)
