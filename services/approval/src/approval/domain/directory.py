"""The tenant's people as approvals need them: with roles, units, managers, absences and delegations."""

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
"""The most delegations that may follow one another: A to B to C to D, and no further."""


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
    """Whether they may decide only through a link in an e-mail. These are external people, if e-mails are
    sent."""
    absent_until: datetime | None = None
    language: Literal["it", "en"] = "it"
    successor: UUID | None = None
    """The person who took over when they left."""

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
    """A delegation, in force from `starts_at` until just before `ends_at`. It may be limited to some
    processes and to an amount."""

    id: UUID
    from_person: UUID
    to_person: UUID
    starts_at: datetime
    ends_at: datetime
    processes: frozenset[str] = frozenset()
    """The keys of the processes that it covers, or none for every process."""
    up_to: Decimal | None = None
    """The largest amount that it covers, in euro, or None for every amount. With a limit, a subject of
    unknown amount is not covered."""

    def covers(self, process: str, amount: Decimal | None, now: datetime) -> bool:
        return (
            self.starts_at <= now < self.ends_at
            and (not self.processes or process in self.processes)
            and (self.up_to is None or (amount is not None and amount <= self.up_to))
        )


@dataclass(frozen=True)
class Directory:
    """A snapshot of the directory, which the engine reads and never changes."""

    people: Mapping[UUID, Person]
    units: Mapping[UUID, Unit] = field(default_factory=dict)
    delegations: tuple[Delegation, ...] = ()
    roles: frozenset[str] = frozenset()
    """The keys of all roles that the tenant has."""
    calendar: Calendar = field(default_factory=Calendar)

    @cached_property
    def remembered(self) -> dict[Hashable, Any]:
        """A cache of results that follow from this snapshot and stay valid as long as it does."""
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
        """Return the person's name, or an empty text if the person is unknown."""
        person = self.people.get(person_id)
        return person.name if person is not None else ""

    def named(self, name: str) -> Person | None:
        """Find a person by e-mail address or id."""
        found = self._by_email.get(name.lower())
        if found is None:
            try:
                found = UUID(name)
            except ValueError:
                return None
        return self.people.get(found)

    def in_place_of(self, person_id: UUID) -> UUID:
        """Return who acts in the person's place: the person, or their successor once the person has left and
        if there is a successor. If that one has left too, their successor is meant, and so on."""
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
        """Return everybody in whose place the person acts, or acted until they left: themselves, everybody
        whose successor they are, and the people from whom those had taken over."""
        return _downwards(person_id, self._by_successor)

    def unit_named(self, key: str) -> Unit | None:
        return self._units_by_key.get(key)

    def holders(self, role: str) -> tuple[UUID, ...]:
        """Return everybody with the role, active or not, in a stable order."""
        return self._by_role.get(role, ())

    def members(self, unit: UUID) -> tuple[UUID, ...]:
        return self._by_unit.get(unit, ())

    def members_below(self, unit: UUID) -> list[UUID]:
        """List the members of the unit and of every unit below it."""
        return [person for one in _downwards(unit, self._units_below) for person in self.members(one)]

    def manager_of(self, person_id: UUID) -> UUID | None:
        """Return the person's own manager or, if they have none, the manager of their unit or of the nearest
        unit above it whose manager is somebody else than the person."""
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
        """Yield the chain of managers above the person, nearest first. It ends where it would form a
        cycle."""
        seen, current = {person_id}, self.manager_of(person_id)
        while current is not None and current not in seen:
            yield current
            seen.add(current)
            current = self.manager_of(current)

    def given_by(self, person_id: UUID) -> tuple[Delegation, ...]:
        """Return the delegations that the person gave. Some may have just ended."""
        return self._delegations_from.get(person_id, ())

    def delegates(
        self, person_id: UUID, process: str, amount: Decimal | None, now: datetime
    ) -> dict[UUID, datetime]:
        """Return everybody who may act for the person now, and since when."""
        return self._reach(self._delegations_from, person_id, process, amount, now, forward=True)

    def delegators(
        self, person_id: UUID, process: str, amount: Decimal | None, now: datetime
    ) -> dict[UUID, datetime]:
        """Return everybody for whom the person may act now, and since when."""
        return self._reach(self._delegations_to, person_id, process, amount, now, forward=False)

    def passes_on(self, person_id: UUID) -> bool:
        """Tell whether the person's delegates may also act for those who delegated to the person. They may
        not if the person has left, is suspended or may no longer decide: nobody passes on what they may not
        do themselves."""
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
        """Return the people to whom chains of delegations lead, and since when, by the shortest chain. A
        chain is in force since its latest delegation began."""
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
        """List for whom the person may act now, in which process and up to which amount; None stands for
        every process or every amount. The limit of a chain of delegations is the narrowest of its
        delegations. If several chains lead to the same person, the widest limit counts."""
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
    """Return the top and everything below it, at any depth, each once."""
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
