"""Facts of the directory. Those named `…_changed` carry the whole state: the newest one is enough."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from .envelope import EventData, Fact


class LegalIdentity(Fact):
    """Who a company is before Italian law: what a DDT must print of sender and recipient."""

    name: str
    vat_number: str | None = None
    """Partita IVA, eleven digits without the country prefix."""
    fiscal_code: str | None = None
    office_code: str | None = None
    """Of a public body: its office's Codice Univoco in the IPA."""
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
    """An organisational unit as it now stands. Subject: the unit."""

    type: ClassVar[str] = "optima.identity.unit_changed.v1"
    unit_id: UUID
    key: str
    name: str
    parent_id: UUID | None = None
    manager_id: UUID | None = None


class RoleChanged(EventData):
    """A role as it now stands. Subject: the role."""

    type: ClassVar[str] = "optima.identity.role_changed.v1"
    role_id: UUID
    key: str
    privileges: list[str]
    access_version: int | None = None
    """Grows with each change of what the role grants: an access token that was made from a lower one is
    outdated."""


class PersonChanged(EventData):
    """A person as they now stand. Subject: the person."""

    type: ClassVar[str] = "optima.identity.person_changed.v1"
    person_id: UUID
    name: str
    email: str
    kind: Literal["internal", "external"]
    company: str | None = None
    """The dealer's, agent's or supplier's company; none for internal people."""
    roles: list[str]
    unit_id: UUID | None = None
    manager_id: UUID | None = None
    language: Literal["it", "en"] = "it"
    active: bool
    absent_until: datetime | None = None
    access_version: int | None = None
    """Grows with each change of roles, or of being active: an access token that was made from a lower one is
    outdated."""


class SignedIn(EventData):
    """A session began. Subject, here and below: the person."""

    type: ClassVar[str] = "optima.identity.signed_in.v1"
    person_id: UUID
    session_id: UUID


class SignInRefused(EventData):
    """Somebody tried to sign in as this person. What they typed is not told."""

    type: ClassVar[str] = "optima.identity.sign_in_refused.v1"
    person_id: UUID
    reason: Literal["wrong_password", "locked", "inactive", "wrong_code"]


class SessionEnded(EventData):
    """A session ended, by its person or for safety's sake."""

    type: ClassVar[str] = "optima.identity.session_ended.v1"
    person_id: UUID
    session_id: UUID
    reason: Literal["signed_out", "refresh_token_reused", "password_changed", "suspended"]


class ServiceAccountChanged(EventData):
    """A machine client as it now stands. Subject: the account."""

    type: ClassVar[str] = "optima.identity.service_account_changed.v1"
    account_id: UUID
    name: str
    scopes: list[str]
    active: bool
    secret_renewed: bool = False
    access_version: int | None = None
    """Grows with each change: an access token that was made from a lower one is outdated."""


class PasswordChanged(EventData):
    """A person has a new password; every session that was open before has ended. Subject, here and below:
    the person."""

    type: ClassVar[str] = "optima.identity.password_changed.v1"
    person_id: UUID
    by: Literal["invitation", "reset", "self"]


class SecondFactorChanged(EventData):
    """A person began to need a second factor to sign in, or no longer does."""

    type: ClassVar[str] = "optima.identity.second_factor_changed.v1"
    person_id: UUID
    active: bool


class PersonDeparted(EventData):
    """A person left. Whatever waits for them now waits for the successor."""

    type: ClassVar[str] = "optima.identity.person_departed.v1"
    person_id: UUID
    successor_id: UUID
    successor_name: str | None = None


class SignInProviderChanged(EventData):
    """Whom a tenant trusts to say who its people are: an OpenID Connect issuer, or nobody but ourselves any
    more. Subject: the tenant."""

    type: ClassVar[str] = "optima.identity.sign_in_provider_changed.v1"
    tenant_id: UUID
    issuer: str | None
    client_id: str | None
