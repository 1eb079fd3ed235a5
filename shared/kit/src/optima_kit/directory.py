"""A copy of the tenants' directories in each service, which identity's events keep up to date, so that no
service has to ask identity for a name.

A service that shows names or checks roles includes `directory_reactions` in its own reactions, and a
`Directory` in its ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from optima_contracts.identity import PersonChanged, RoleChanged, UnitChanged
from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_contracts.trail import PersonErased

from .db import UnitOfWork
from .ports import Person
from .reactions import Reactions, Received
from .sql import Statement

_FIND_NAMES: Final = Statement.parse(
    """
    SELECT id, name FROM directory_people WHERE id = ANY (:ids)
    UNION ALL SELECT id, name FROM directory_units WHERE id = ANY (:ids)
    """,
    early=True,  # what commands show is not what identity's events write
)
_FIND_PERSON: Final = Statement.parse("""
SELECT id, name, active, roles,
       (SELECT jsonb_object_agg(key, privileges) FROM directory_roles
        WHERE key = ANY (directory_people.roles)) AS told_roles
FROM directory_people WHERE id = :id
""")
# A tenant's own role takes precedence over the built-in role with the same key.
_LIST_WHO_MAY: Final = Statement.parse("""
WITH holding AS (
    SELECT key, privilege FROM directory_roles, unnest(privileges) AS privilege
    UNION ALL
    SELECT key, privilege
    FROM unnest(:built_in_keys::text[], :built_in_privileges::text[]) AS built_in(key, privilege)
    WHERE NOT EXISTS (SELECT FROM directory_roles AS told WHERE told.key = built_in.key)
)
SELECT people.id FROM directory_people AS people
WHERE people.active AND NOT EXISTS (
    SELECT FROM unnest(:privileges::text[]) AS wanted(privilege)
    WHERE NOT EXISTS (SELECT FROM holding
                      WHERE holding.privilege = wanted.privilege AND holding.key = ANY (people.roles)))
ORDER BY people.id LIMIT :most
""")
_MOST_TOLD: Final = 50
"""The most people who are notified of one thing."""
_SAVE_PERSON: Final = Statement.parse("""
INSERT INTO directory_people (id, name, active, roles) VALUES (:id, :name, :active, :roles)
ON CONFLICT (tenant_id, id) DO UPDATE SET
    name = excluded.name, active = excluded.active, roles = excluded.roles
""")
_DELETE_PERSON: Final = Statement.parse("DELETE FROM directory_people WHERE id = :id")
_SAVE_ROLE: Final = Statement.parse("""
INSERT INTO directory_roles (id, key, privileges) VALUES (:id, :key, :privileges)
ON CONFLICT (tenant_id, id) DO UPDATE SET key = excluded.key, privileges = excluded.privileges
""")
_SAVE_UNIT: Final = Statement.parse("""
INSERT INTO directory_units (id, key, name) VALUES (:id, :key, :name)
ON CONFLICT (tenant_id, id) DO UPDATE SET key = excluded.key, name = excluded.name
""")


class Directory:
    """One tenant's people, roles and units, on one transaction. Implements `ports.Directory`."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def names(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """Return the names of people and units. Those that are not known yet are left out."""
        asked = {each for each in ids if each is not None}
        if not asked:
            return {}
        rows = await self._work.fetch(_FIND_NAMES, ids=list(asked))
        return {row["id"]: row["name"] for row in rows}

    async def find_person(self, person_id: UUID) -> Person | None:
        row = await self._work.fetchrow(_FIND_PERSON, id=person_id)
        if row is None:
            return None
        built_in = {role: privileges_of(role) for role in row["roles"] if role in BUILT_IN_ROLES}
        held = {**built_in, **(row["told_roles"] or {})}
        return Person(row["id"], row["name"], row["active"], frozenset().union(*held.values()))

    async def list_who_may(self, *privileges: str) -> list[UUID]:
        built_in = [
            (role, privilege)
            for role in sorted(BUILT_IN_ROLES)
            for privilege in privileges
            if privilege in privileges_of(role)
        ]
        rows = await self._work.fetch(
            _LIST_WHO_MAY,
            privileges=privileges,
            built_in_keys=[role for role, _ in built_in],
            built_in_privileges=[privilege for _, privilege in built_in],
            most=_MOST_TOLD,
        )
        return [row["id"] for row in rows]

    def save_person(self, told: PersonChanged) -> None:
        self._work.write(
            _SAVE_PERSON, id=told.person_id, name=told.name, active=told.active, roles=told.roles
        )

    def forget_person(self, told: PersonErased) -> None:
        """Delete an erased person, so that they have no name here either."""
        self._work.write(_DELETE_PERSON, id=told.person_id)

    def save_role(self, told: RoleChanged) -> None:
        self._work.write(_SAVE_ROLE, id=told.role_id, key=told.key, privileges=told.privileges)

    def save_unit(self, told: UnitChanged) -> None:
        self._work.write(_SAVE_UNIT, id=told.unit_id, key=told.key, name=told.name)


def directory_reactions(directory_of: Callable[[Any], Directory]) -> Reactions:
    """Return the reactions that keep the copy up to date. Each event carries the whole state, so only the
    newest one is applied. `directory_of` finds the directory among the service's ports."""
    reactions = Reactions()

    def keep(event: type[Any], save: Callable[[Directory, Any], None]) -> None:
        async def handle(ports: Any, received: Received[Any]) -> None:
            save(directory_of(ports), received.data)

        reactions.on(event, newest_only=True)(handle)

    keep(PersonChanged, Directory.save_person)
    keep(PersonErased, Directory.forget_person)
    keep(RoleChanged, Directory.save_role)
    keep(UnitChanged, Directory.save_unit)
    return reactions
