"""People of a tenant. They join by invitation. External people see only production tasks."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from optima_kit.refusals import Invalid, WrongState

from .roles import ADMIN, Matrix, Role
from .tenants import Language

Kind = Literal["internal", "external"]

ERASED = "cancellato su richiesta"
"""The text that replaces an erased person's name."""


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    email: str
    kind: Kind
    company: str | None
    """The company that an external person works for; None for internal people."""
    roles: tuple[str, ...]
    """Keys of the person's roles, sorted."""
    unit_id: UUID | None
    manager_id: UUID | None
    language: Language
    joined_at: datetime | None = None
    """When the invitation was accepted."""
    suspended: bool = False
    absent_until: datetime | None = None
    version: int = 1
    access_version: int = 1
    """Number that grows whenever the roles or `active` change, on which access tokens depend."""

    @property
    def active(self) -> bool:
        """Whether the person may sign in and be given work."""
        return self.joined_at is not None and not self.suspended

    def changed(
        self,
        *,
        name: str,
        company: str | None,
        roles: tuple[str, ...],
        unit_id: UUID | None,
        manager_id: UUID | None,
        language: Language,
        suspended: bool,
        absent_until: datetime | None,
    ) -> Person:
        return self._next(
            name=name,
            company=company,
            roles=roles,
            unit_id=unit_id,
            manager_id=manager_id,
            language=language,
            suspended=suspended,
            absent_until=absent_until,
        )

    def reading(self, language: Language) -> Person:
        """Return the person with another language, in which the system writes to them."""
        return self._next(language=language)

    def suspended_now(self) -> Person:
        return self._next(suspended=True)

    def erased(self) -> Person:
        """Return the person without personal data; only their id is left. The replacement e-mail address
        contains the id, because addresses must differ."""
        return self._next(
            name=ERASED,
            email=f"{self.id}@erased.invalid",
            company=None if self.company is None else ERASED,
            roles=(),
            unit_id=None,
            manager_id=None,
            suspended=True,
            absent_until=None,
        )

    def invited_again(self) -> Person:
        return self._next(suspended=False)

    def reporting_to(self, manager_id: UUID | None) -> Person:
        return self._next(manager_id=manager_id)

    def joined(self, now: datetime) -> Person:
        return self._next(joined_at=now)

    def _next(self, **changes: Any) -> Person:
        after = replace(self, **changes, version=self.version + 1)
        if (after.roles, after.active) == (self.roles, self.active):
            return after
        return replace(after, access_version=self.access_version + 1)


def normalised_email(text: str) -> str:
    """Return the form under which an e-mail address is stored and searched. Addresses that differ only in
    case or in the encoding of accents are the same."""
    return unicodedata.normalize("NFC", text.strip().casefold())


def email_belongs_to_one_person(email: str, known: Person | None) -> None:
    if known is not None:
        code = "email_already_invited" if known.joined_at is None else "email_already_member"
        raise WrongState(code, field="email", email=email)


def external_people_belong_to_a_company(kind: Kind, company: str | None) -> None:
    if kind == "external" and company is None:
        raise Invalid("company_required", field="company")
    if kind == "internal" and company is not None:
        raise Invalid("company_of_internal_person", field="company")


def external_people_hold_only_roles_open_to_them(kind: Kind, roles: Sequence[Role], matrix: Matrix) -> None:
    if kind == "internal":
        return
    for role in roles:
        if not role.open_to_external(matrix):
            raise Invalid("role_for_internal_people", field="roles", role=role.key)


def manager_is_a_colleague(manager: Person | None, *, field: str = "manager") -> None:
    """Raise Invalid unless the manager is an internal person who has not left, because approvals go from a
    person to their manager. The manager need not have accepted their invitation yet, so that both can be
    invited together."""
    if manager is None or manager.suspended or manager.kind != "internal":
        raise Invalid("manager_not_available", field=field)


def nobody_is_their_own_superior(person_id: UUID, managers_above: Sequence[UUID]) -> None:
    """Raise Invalid if the person is among `managers_above`: the proposed manager, their manager, and so
    on."""
    if person_id in managers_above:
        raise Invalid("manager_cycle", field="manager")


def only_pending_invitations_are_withdrawn(person: Person) -> None:
    if person.joined_at is not None:
        raise WrongState("invitation_accepted")
    if person.suspended:
        raise WrongState("invitation_withdrawn")


def only_people_who_joined_are_activated(person: Person) -> None:
    if person.joined_at is None:
        raise WrongState("invitation_not_accepted", field="active")


def only_people_who_joined_depart(person: Person) -> None:
    if person.joined_at is None:
        raise WrongState("invitation_not_accepted")
    if person.suspended:
        raise WrongState("person_not_active")


def successor_takes_over(person: Person, successor: Person | None) -> Person:
    """Return the successor if they may take over. Only an internal person may succeed an internal person. An
    external person may be succeeded by somebody of their own company or by an internal person, so that work
    does not pass to another external company unnoticed."""
    if successor is None or successor.id == person.id or not successor.active:
        raise Invalid("successor_not_available", field="successor")
    if successor.kind == "external" and successor.company != person.company:
        raise Invalid("successor_not_available", field="successor")
    return successor


def last_active_admin(person: Person, other_active_admins: int) -> bool:
    return person.active and ADMIN in person.roles and other_active_admins == 0


def tenant_keeps_an_active_admin(before: Person, after: Person, other_active_admins: int) -> None:
    """Raise WrongState if a change would leave the tenant without an active admin, because then nobody could
    repair anything."""
    remains = after.active and ADMIN in after.roles
    if last_active_admin(before, other_active_admins) and not remains:
        raise WrongState("last_admin", field="roles" if after.active else "active")
