"""People to whom phases may be given."""

from __future__ import annotations

from typing import Protocol, TypeVar

from optima_kit.refusals import Invalid


class Person(Protocol):
    """A person whom the directory knows."""

    @property
    def name(self) -> str: ...

    @property
    def active(self) -> bool: ...

    @property
    def privileges(self) -> frozenset[str]: ...


P = TypeVar("P", bound=Person)


def assignee_may_work_phases(person: P | None) -> P:
    """Return the person. Raises Invalid if they are unknown, inactive or lack the privilege."""
    if person is None:
        raise Invalid("assignee_unknown", field="assignee_id")
    if not person.active:
        raise Invalid("assignee_not_active", field="assignee_id", name=person.name)
    if not may_work(person):
        raise Invalid("assignee_may_not_work", field="assignee_id", name=person.name)
    return person


def may_work(person: Person) -> bool:
    return person.active and "phase.work" in person.privileges
