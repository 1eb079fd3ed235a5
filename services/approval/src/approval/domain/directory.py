"""The people of a tenant as approvals need them: roles, units, managers, absences, delegations."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, TypeVar
from uuid import UUID

from .calendar import Calendar
from .values import value

K = TypeVar("K")
V = TypeVar("V")

DELEGATION_CHAIN = 3
"""How many delegations may follow one another: A to B to C to D, no further."""


@value
class Person:
    id: UUID
    name: str
    email: str
    roles: frozenset[str] = frozenset()
    unit: UUID | None = None
    manager: UUID | None = None
    active: bool = True
    may_decide: bool = True
    """Whether one of their roles holds the privilege to decide approvals."""
    by_link: bool = False
    """Whether they may decide under an e-mail's link alone: external people, where letters are sent."""
    absent_until: datetime | None = None
    language: Literal["it", "en"] = "it"
    successor: UUID | None = None
    """Who took over when they left."""

    def is_absent(self, now: datetime) -> bool:
        return self.absent_until is not None and now < self.absent_until


@dataclass(frozen=True, slots=True)
class Unit:
    id: UUID
    key: str
    parent: UUID | None = None
    manager: UUID | None = None


@dataclass(frozen=True, slots=True)
class Delegation:
    """From `starts_at` up to, not including, `ends_at`; for some processes, or up to an amount, if said."""

    id: UUID
    from_person: UUID
    to_person: UUID
    starts_at: datetime
    ends_at: datetime
    processes: frozenset[str] = frozenset()
    """Keys; none means every process."""
    up_to: Decimal | None = None
    """Euro; a subject of unknown amount is then not covered."""

    def covers(self, process: str, amount: Decimal | None, now: datetime) -> bool:
        return (
            self.starts_at <= now < self.ends_at
            and (not self.processes or process in self.processes)
            and (self.up_to is None or (amount is not None and amount <= self.up_to))
        )


@dataclass(frozen=True)
class Directory:
    """A view of the directory at one moment; the engine asks it and never changes it."""

    people: Mapping[UUID, Person]
    units: Mapping[UUID, Unit] = field(default_factory=dict)
    delegations: tuple[Delegation, ...] = ()
    roles: frozenset[str] = frozenset()
    """Keys of every role that the tenant has."""
    calendar: Calendar = field(default_factory=Calendar)

    @cached_property
    def remembered(self) -> dict[Hashable, Any]:
        """What was found out from this view and holds as long as the view does."""
        return {}

    @cached_property
    def _by_role(self) -> dict[str, tuple[UUID, ...]]:
        return _grouped((role, person.id) for person in self.people.values() for role in person.roles)

    @cached_property
    def _by_unit(self) -> dict[UUID, tuple[UUID, ...]]:
        return _grouped((p.unit, p.id) for p in self.people.values() if p.unit is not None)

    @cached_property
    def _by_email(self) -> dict[str, UUID]:
        return {person.email.lower(): person.id for person in self.people.values() if person.email}

    @cached_property
    def _by_successor(self) -> dict[UUID, tuple[UUID, ...]]:
        return _grouped((p.successor, p.id) for p in self.people.values() if p.successor is not None)

    @cached_property
    def _units_below(self) -> dict[UUID, tuple[UUID, ...]]:
        return _grouped((unit.parent, unit.id) for unit in self.units.values() if unit.parent is not None)

    @cached_property
    def _units_by_key(self) -> dict[str, Unit]:
        return {unit.key: unit for unit in self.units.values()}

    @cached_property
    def _delegations_from(self) -> dict[UUID, tuple[Delegation, ...]]:
        return _grouped((d.from_person, d) for d in self.delegations)

    @cached_property
    def _delegations_to(self) -> dict[UUID, tuple[Delegation, ...]]:
        return _grouped((d.to_person, d) for d in self.delegations)

    def person(self, person_id: UUID | None) -> Person | None:
        return self.people.get(person_id) if person_id is not None else None

    def name_of(self, person_id: UUID) -> str:
        """Empty for somebody unknown."""
        person = self.people.get(person_id)
        return person.name if person is not None else ""

    def named(self, name: str) -> Person | None:
        """A person by e-mail address or id."""
        found = self._by_email.get(name.lower())
        if found is None:
            try:
                found = UUID(name)
            except ValueError:
                return None
        return self.people.get(found)

    def in_place_of(self, person_id: UUID) -> UUID:
        """Who stands where the person stood: they themselves; once they have left, who took over, if anybody
        did."""
        person = self.people.get(person_id)
        if person is None or person.active:
            return person_id
        current, seen = person_id, {person_id}
        while (person := self.people.get(current)) is not None and not person.active:
            if person.successor is None or person.successor in seen:
                break
            current = person.successor
            seen.add(current)
        return current

    def places_of(self, person_id: UUID) -> list[UUID]:
        """Whose place the person has, or had until they left: their own, that of everybody who left it to
        them, and what those had taken over before."""
        return _downwards(person_id, self._by_successor)

    def unit_named(self, key: str) -> Unit | None:
        return self._units_by_key.get(key)

    def holders(self, role: str) -> tuple[UUID, ...]:
        """Everybody with the role, active or not, in a stable order."""
        return self._by_role.get(role, ())

    def members(self, unit: UUID) -> tuple[UUID, ...]:
        return self._by_unit.get(unit, ())

    def members_below(self, unit: UUID) -> list[UUID]:
        """Of the unit and of every unit below it."""
        return [person for one in _downwards(unit, self._units_below) for person in self.members(one)]

    def manager_of(self, person_id: UUID) -> UUID | None:
        """Their own manager, else the manager of their unit or of the nearest unit above that has another."""
        person = self.people.get(person_id)
        if person is None:
            return None
        if person.manager is not None:
            return person.manager if person.manager != person_id else None
        unit, seen = person.unit, set[UUID]()
        while unit is not None and unit not in seen:
            seen.add(unit)
            known = self.units.get(unit)
            if known is None:
                return None
            if known.manager is not None and known.manager != person_id:
                return known.manager
            unit = known.parent
        return None

    def managers_above(self, person_id: UUID) -> Iterator[UUID]:
        """The chain of managers, nearest first; ends where it would come round again."""
        seen, current = {person_id}, self.manager_of(person_id)
        while current is not None and current not in seen:
            yield current
            seen.add(current)
            current = self.manager_of(current)

    def given_by(self, person_id: UUID) -> tuple[Delegation, ...]:
        """Delegations of theirs, those that have just ended perhaps among them."""
        return self._delegations_from.get(person_id, ())

    def delegates(
        self, person_id: UUID, process: str, amount: Decimal | None, now: datetime
    ) -> dict[UUID, datetime]:
        """Everybody who may act for the person now, each with since when."""
        return self._reach(self._delegations_from, person_id, process, amount, now, forward=True)

    def delegators(
        self, person_id: UUID, process: str, amount: Decimal | None, now: datetime
    ) -> dict[UUID, datetime]:
        """Everybody for whom the person may act now, each with since when."""
        return self._reach(self._delegations_to, person_id, process, amount, now, forward=False)

    def passes_on(self, person_id: UUID) -> bool:
        """Whether what was delegated to the person reaches whom they delegated to: nobody passes on what they
        may not do themselves, be it that they left, are suspended or may no longer decide."""
        person = self.people.get(person_id)
        return person is not None and person.active and (person.may_decide or person.by_link)

    def _reach(
        self,
        edges: Mapping[UUID, tuple[Delegation, ...]],
        start: UUID,
        process: str,
        amount: Decimal | None,
        now: datetime,
        *,
        forward: bool,
    ) -> dict[UUID, datetime]:
        """Whom chains of delegations lead to, by the shortest; a chain began when its youngest link did."""
        reached: dict[UUID, datetime] = {}
        if start not in edges:
            return reached
        frontier = [(start, datetime.min.replace(tzinfo=UTC))]
        for _ in range(DELEGATION_CHAIN):
            following = []
            for person, since in frontier:
                for delegation in edges.get(person, ()):
                    other = delegation.to_person if forward else delegation.from_person
                    if other != start and other not in reached and delegation.covers(process, amount, now):
                        reached[other] = max(since, delegation.starts_at)
                        if self.passes_on(other):
                            following.append((other, reached[other]))
            frontier = following
        return reached

    def grants_to(self, person_id: UUID, now: datetime) -> list[tuple[UUID, str | None, Decimal | None]]:
        """For whom the person may act now: each with a process (None: any) and an amount (None: any) up to
        which, the narrowest along a chain of delegations and the widest of all chains."""
        grants: dict[tuple[UUID, str | None], Decimal | None] = {}
        frontier: dict[tuple[UUID, str | None], Decimal | None] = {(person_id, None): None}
        for _ in range(DELEGATION_CHAIN):
            following: dict[tuple[UUID, str | None], Decimal | None] = {}
            for (taker, process), up_to in frontier.items():
                for given in self._delegations_to.get(taker, ()):
                    if given.from_person == person_id or not given.starts_at <= now < given.ends_at:
                        continue
                    limit = up_to if _is_wider(given.up_to, up_to) else given.up_to
                    for key in _narrowed(process, given.processes):
                        grant = (given.from_person, key)
                        if grant not in grants or _is_wider(limit, grants[grant]):
                            grants[grant] = limit
                            if self.passes_on(given.from_person):
                                following[grant] = limit
            frontier = following
        return sorted(((*grant, limit) for grant, limit in grants.items()), key=str)


def _is_wider(limit: Decimal | None, than: Decimal | None) -> bool:
    return than is not None and (limit is None or limit > than)


def _downwards(top: UUID, below: Mapping[UUID, tuple[UUID, ...]]) -> list[UUID]:
    """The top and all that is below it, at any depth, each once."""
    found, seen = [top], {top}
    for each in found:
        inner = [one for one in below.get(each, ()) if one not in seen]
        found += inner
        seen.update(inner)
    return found


def _narrowed(process: str | None, processes: frozenset[str]) -> list[str | None]:
    if not processes:
        return [process]
    if process is None:
        return [*sorted(processes)]
    return [process] if process in processes else []


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = {}
    for key, each in pairs:
        groups.setdefault(key, []).append(each)
    return {key: tuple(of_key) for key, of_key in groups.items()}
