"""Events of the directory. An event named `…_changed` carries the whole state, so the newest one is
enough."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData, Fact


class LegalIdentity(Fact):
    """A company's identity under Italian law: what a DDT must print about its sender and its recipient."""

    name: str
    vat_number: str | None = None
    """Partita IVA, eleven digits without the country prefix."""
    fiscal_code: str | None = None
    office_code: str | None = None
    """Codice Univoco of the office in the IPA, if the company is a public body."""
    street: str
    postal_code: str
    city: str
    province: str
    country: str = "IT"


class TenantChanged(EventData):
    """A tenant was registered or its details changed. Subject: the tenant."""

    type: ClassVar[str] = "optima.identity.tenant_changed.v1"
    tenant_id: UUID
    slug: str
    legal: LegalIdentity
    language: Literal["it", "en"] = "it"
    time_zone: str = "Europe/Rome"


class UnitChanged(EventData):
    """An organisational unit was added or changed; the event holds its present state. Subject: the unit."""

    type: ClassVar[str] = "optima.identity.unit_changed.v1"
    unit_id: UUID
    key: str
    name: str
    parent_id: UUID | None = None
    manager_id: UUID | None = None


class RoleChanged(EventData):
    """A role was added or changed; the event holds its present state. Subject: the role."""

    type: ClassVar[str] = "optima.identity.role_changed.v1"
    role_id: UUID
    key: str
    privileges: list[str]
    access_version: int | None = None
    """Number that grows with each change of the role's privileges. An access token that was made from a lower
    number is outdated."""


class PersonChanged(EventData):
    """A person was added or changed; the event holds their present state. Subject: the person."""

    type: ClassVar[str] = "optima.identity.person_changed.v1"
    person_id: UUID
    name: str
    email: str
    kind: Literal["internal", "external"]
    company: str | None = None
    """The company of a dealer, agent or supplier; absent for internal people."""
    roles: list[str]
    unit_id: UUID | None = None
    manager_id: UUID | None = None
    language: Literal["it", "en"] = "it"
    active: bool
    absent_until: datetime | None = None
    access_version: int | None = None
    """Number that grows whenever the person's roles or `active` change. An access token that was made from a
    lower number is outdated."""


class SignedIn(EventData):
    """A session began. Subject: the person, as in the next two events."""

    type: ClassVar[str] = "optima.identity.signed_in.v1"
    person_id: UUID
    session_id: UUID


class SignInRefused(EventData):
    """Somebody failed to sign in as this person. The event does not contain what they typed."""

    type: ClassVar[str] = "optima.identity.sign_in_refused.v1"
    person_id: UUID
    reason: Literal["wrong_password", "locked", "inactive", "wrong_code"]


class SessionEnded(EventData):
    """A session ended, because its person signed out or for security."""

    type: ClassVar[str] = "optima.identity.session_ended.v1"
    person_id: UUID
    session_id: UUID
    reason: Literal["signed_out", "refresh_token_reused", "password_changed", "suspended"]


class ServiceAccountChanged(EventData):
    """A machine client was added or changed; the event holds its present state. Subject: the account."""

    type: ClassVar[str] = "optima.identity.service_account_changed.v1"
    account_id: UUID
    name: str
    scopes: list[str]
    active: bool
    secret_renewed: bool = False
    access_version: int | None = None
    """Number that grows with each change. An access token that was made from a lower number is outdated."""


class PasswordChanged(EventData):
    """A person has a new password, and all their open sessions were ended. Subject: the person, as in the
    next two events."""

    type: ClassVar[str] = "optima.identity.password_changed.v1"
    person_id: UUID
    by: Literal["invitation", "reset", "self"]


class SecondFactorChanged(EventData):
    """A person switched their second factor for signing in on or off, or it was switched off for them."""

    type: ClassVar[str] = "optima.identity.second_factor_changed.v1"
    person_id: UUID
    active: bool


class PersonDeparted(EventData):
    """A person left the company. All that waited for them now waits for the successor."""

    type: ClassVar[str] = "optima.identity.person_departed.v1"
    person_id: UUID
    successor_id: UUID
    successor_name: str | None = None


class SignInProviderChanged(EventData):
    """A tenant chose an OpenID Connect issuer to sign its people in, or removed it, so that people sign in
    with us alone. Subject: the tenant."""

    type: ClassVar[str] = "optima.identity.sign_in_provider_changed.v1"
    tenant_id: UUID
    issuer: str | None
    client_id: str | None
