"""The directory of a tenant in PostgreSQL, and the delegations that count in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.db import UnitOfWork
from optima_kit.ids import new_id
from optima_kit.public_holidays import italian_holidays
from optima_kit.sql import load_queries
from optima_kit.time_zones import TIME_ZONES

from ..application.ports import (
    KnownPerson,
    StoredDelegation,
)
from ..domain.calendar import WorkingTime
from ..domain.directory import Delegation, Directory, Person, Unit
from .memory import Memory

QUERIES = load_queries(__package__ or "approval.adapters")
_DECIDES = "approval.decide"


class PostgresDelegations:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._now = work.now

    async def add(self, stored: StoredDelegation) -> None:
        delegation = stored.delegation
        self._work.write(
            QUERIES.insert_delegation,
            delegation_id=delegation.id,
            from_person_id=delegation.from_person,
            to_person_id=delegation.to_person,
            starts_at=delegation.starts_at,
            ends_at=delegation.ends_at,
            processes=sorted(delegation.processes),
            up_to=delegation.up_to,
            reason=stored.reason,
            created_at=stored.created_at,
            created_by=stored.created_by,
        )
        _change_stamp(self._work)

    async def lock(self, delegation_id: UUID) -> StoredDelegation | None:
        row = await self._work.fetchrow(QUERIES.lock_delegation, delegation_id=delegation_id)
        return _stored_delegation(row) if row else None

    async def lock_in_force(self, person_id: UUID) -> list[StoredDelegation]:
        rows = await self._work.fetch(QUERIES.lock_delegations_in_force, person_id=person_id, now=self._now)
        return [_stored_delegation(row) for row in rows]

    async def erase_reasons(self, person_id: UUID) -> None:
        self._work.write(QUERIES.update_reasons_of_delegations, person_id=person_id)

    async def revoke(self, delegation_id: UUID, at: datetime) -> None:
        self._work.write(QUERIES.revoke_delegation, delegation_id=delegation_id, at=at)
        _change_stamp(self._work)

    async def page(self, person_id: UUID | None, before: UUID | None, limit: int) -> list[StoredDelegation]:
        rows = await self._work.fetch(
            QUERIES.list_delegations, person_id=person_id, before=before, limit=limit
        )
        return [_stored_delegation(row) for row in rows]


class PostgresDirectories:
    def __init__(self, work: UnitOfWork, memory: Memory) -> None:
        self._work = work
        self._tenant_id = work.tenant_id
        self._now = work.now
        self._memory = memory
        self._read_already: Directory | None = None

    async def read(self) -> Directory:
        """Return the tenant's directory. It is read again when its stamp has changed and once a day, since
        holidays and delegations begin and end."""
        if self._read_already is None:
            self._read_already = await self._newest()
        return self._read_already

    async def _newest(self) -> Directory:
        stamp = await self._work.fetchval(QUERIES.find_stamp)
        kept = self._memory.directories.get(self._tenant_id)
        if stamp is not None and kept is not None and kept[0] == stamp and kept[1].date() == self._now.date():
            return kept[2]
        directory = await self._read()
        if stamp is not None:
            self._memory.directories.put(self._tenant_id, (stamp, self._now, directory))
        return directory

    async def _read(self) -> Directory:
        fetch = self._work.fetch
        privileges = {role: privileges_of(role) for role in BUILT_IN_ROLES}
        for row in await fetch(QUERIES.list_roles):
            privileges[row["key"]] = frozenset(row["privileges"])
        tenant = await self._work.fetchrow(QUERIES.find_tenant)
        holdings = _Holdings(privileges)
        years = range(self._now.year - 1, self._now.year + 4)
        holidays = frozenset[date]().union(*map(italian_holidays, years))
        working_time, _ = await self.working_time()
        time_zone = tenant["time_zone"] if tenant else "Europe/Rome"
        calendar = working_time.calendar(time_zone, holidays)
        return Directory(
            {
                row["person_id"]: _person(row, holdings, mails_links=self._memory.mails_links)
                for row in await fetch(QUERIES.list_people)
            },
            {
                row["unit_id"]: Unit(row["unit_id"], row["key"], row["parent_id"], row["manager_id"])
                for row in await fetch(QUERIES.list_units)
            },
            tuple(_delegation(row) for row in await fetch(QUERIES.list_delegations_in_force, now=self._now)),
            frozenset(privileges),
            calendar,
        )

    async def find_person(self, person_id: UUID) -> KnownPerson | None:
        row = await self._work.fetchrow(QUERIES.find_person, person_id=person_id)
        if row is None:
            return None
        roles = frozenset(row["roles"])
        return KnownPerson(row["active"], roles, row["unit_id"], row["manager_id"], row["absent_until"])

    async def find_unit(self, unit_id: UUID) -> Unit | None:
        row = await self._work.fetchrow(QUERIES.find_unit, unit_id=unit_id)
        return Unit(row["unit_id"], row["key"], row["parent_id"], row["manager_id"]) if row else None

    async def put_tenant(self, language: str, time_zone: str) -> None:
        self._work.write(QUERIES.put_tenant, language=language, time_zone=time_zone)
        self._changed()

    async def put_person(self, person: dict[str, Any]) -> None:
        self._work.write(QUERIES.put_person, **person)
        self._changed()

    async def erase_person(self, person_id: UUID) -> None:
        self._work.write(QUERIES.put_erased, person_id=person_id)
        self._changed()

    async def put_successor(self, person_id: UUID, successor_id: UUID) -> None:
        self._work.write(QUERIES.update_successor, person_id=person_id, successor_id=successor_id)
        self._changed()

    async def put_unit(
        self, unit_id: UUID, key: str, name: str, parent_id: UUID | None, manager_id: UUID | None
    ) -> None:
        self._work.write(
            QUERIES.put_unit, unit_id=unit_id, key=key, name=name, parent_id=parent_id, manager_id=manager_id
        )
        self._changed()

    async def working_time(self) -> tuple[WorkingTime, int]:
        row = await self._work.fetchrow(QUERIES.find_calendar)
        return (_working_time(row["document"]), row["version"]) if row else (WorkingTime(), 0)

    async def put_working_time(
        self, working_time: WorkingTime, now: datetime, expected: int | None
    ) -> int | None:
        document = working_time.model_dump(mode="json", exclude_unset=True)
        version: int | None = await self._work.fetchval(
            QUERIES.put_calendar, document=document, now=now, expected=expected
        )
        self._changed()
        return version

    async def put_role(self, role_id: UUID, key: str, privileges: list[str]) -> None:
        self._work.write(QUERIES.put_role, role_id=role_id, key=key, privileges=privileges)
        self._changed()

    def _changed(self) -> None:
        self._read_already = None
        _change_stamp(self._work)


def _change_stamp(work: UnitOfWork) -> None:
    # A new id rather than a counter: the stamp of a transaction that is rolled back must never occur again.
    work.write(QUERIES.put_stamp, stamp=new_id())


def _working_time(document: dict[str, Any]) -> WorkingTime:
    """Read a stored working time. An unknown time zone is replaced by the tenant's own: earlier releases
    accepted every name that the machine knew."""
    known = document.get("time_zone") in TIME_ZONES
    return WorkingTime.model_validate(document if known else {**document, "time_zone": None})


class _Holdings(dict[tuple[str, ...], tuple[frozenset[str], bool]]):
    """A cache of sets of roles, each with whether one of them has the privilege to decide. Thousands of
    people hold the same roles."""

    def __init__(self, privileges: Mapping[str, frozenset[str]]) -> None:
        self._privileges = privileges

    def __missing__(self, roles: tuple[str, ...]) -> tuple[frozenset[str], bool]:
        decides = any(_DECIDES in self._privileges.get(role, ()) for role in roles)
        self[roles] = found = (frozenset(roles), decides)
        return found


def _person(row: asyncpg.Record, holdings: _Holdings, *, mails_links: bool) -> Person:
    # Unpack by position: looking up columns by name for ten thousand people takes longer than the rest.
    id_, name, email, external, roles, unit, manager, language, active, absent_until, successor = row
    held_roles, may_decide = holdings[tuple(roles)]
    by_link = external and mails_links
    return Person(
        id_,
        name,
        email,
        held_roles,
        unit,
        manager,
        active,
        may_decide,
        by_link,
        absent_until,
        language,
        successor,
    )


def _delegation(row: asyncpg.Record) -> Delegation:
    return Delegation(
        id=row["delegation_id"],
        from_person=row["from_person_id"],
        to_person=row["to_person_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        processes=frozenset(row["processes"]),
        up_to=row["up_to"],
    )


def _stored_delegation(row: asyncpg.Record) -> StoredDelegation:
    return StoredDelegation(
        _delegation(row), row["reason"], row["created_at"], row["created_by"], row["revoked_at"]
    )
