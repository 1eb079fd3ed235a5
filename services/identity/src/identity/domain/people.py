"""People of a tenant. They join by invitation, and external ones see production tasks alone."""

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
"""What is read in place of an erased person's name."""


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    email: str
    kind: Kind
    company: str | None
    """The company that an external person works for; none for internal people."""
    roles: tuple[str, ...]
    """Keys, sorted."""
    unit_id: UUID | None
    manager_id: UUID | None
    language: Language
    joined_at: datetime | None = None
    """When the invitation was accepted."""
    suspended: bool = False
    absent_until: datetime | None = None
    version: int = 1
    access_version: int = 1
    """Grows with each change of roles, or of being active: what an access token says of them."""

    @property
    def active(self) -> bool:
        """May sign in and be given work."""
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
        """What is written to them comes in this language."""
        return self._next(language=language)

    def suspended_now(self) -> Person:
        return self._next(suspended=True)

    def erased(self) -> Person:
        """Nobody by name: their id alone is left. An address of its own keeps each apart from the others."""
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
    """The form under which an address is stored and looked for: neither case nor how accents are put together
    tells people apart."""
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
    """Approvals climb from a person to their manager: one of the house who has not left. Whoever is invited
    together with their manager may name them before either has accepted."""
    if manager is None or manager.suspended or manager.kind != "internal":
        raise Invalid("manager_not_available", field=field)


def nobody_is_their_own_superior(person_id: UUID, managers_above: Sequence[UUID]) -> None:
    """`managers_above`: the proposed manager, their manager, and so on."""
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
    """An internal person's place is taken by another internal one, an external one's by a colleague of their
    own company or by somebody of the house: work never goes to another outside company unseen."""
    if successor is None or successor.id == person.id or not successor.active:
        raise Invalid("successor_not_available", field="successor")
    if successor.kind == "external" and successor.company != person.company:
        raise Invalid("successor_not_available", field="successor")
    return successor


def last_active_admin(person: Person, other_active_admins: int) -> bool:
    return person.active and ADMIN in person.roles and other_active_admins == 0


def tenant_keeps_an_active_admin(before: Person, after: Person, other_active_admins: int) -> None:
    """Without an admin nobody could put anything right again."""
    remains = after.active and ADMIN in after.roles
    if last_active_admin(before, other_active_admins) and not remains:
        raise WrongState("last_admin", field="roles" if after.active else "active")
