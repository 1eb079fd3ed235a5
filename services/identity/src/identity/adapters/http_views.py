"""What the directory shows of itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from optima_kit.http import Command, Text, View

from ..application.access_tokens import Grant
from ..application.issue_link import IssuedLink
from ..domain.people import Person
from ..domain.roles import Role
from ..domain.service_accounts import ServiceAccount
from ..domain.sessions import Session
from ..domain.tenants import Legal, Tenant
from ..domain.units import Unit

Email = Annotated[
    str,
    Field(
        min_length=3,
        max_length=254,
        pattern=r"^[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+\.[^\s@\x00-\x1f\x7f.]+$",
    ),
]
Language = Literal["it", "en"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){1,39}$")]
"""Small letters, digits and single dashes: it stands in addresses."""


class LegalBody(Command):
    name: Annotated[str, Text(200)]
    vat_number: Annotated[str, Field(pattern=r"^\d{11}$")] | None = None
    fiscal_code: Annotated[str, Field(pattern=r"^([A-Z0-9]{16}|\d{11})$")] | None = None
    street: Annotated[str, Text(200)]
    postal_code: Annotated[str, Text(12)]
    city: Annotated[str, Text(100)]
    province: Annotated[str, Text(60)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "IT"

    def legal(self) -> Legal:
        return Legal(**self.model_dump())


class LegalView(View):
    name: str
    vat_number: str | None
    fiscal_code: str | None
    street: str
    postal_code: str
    city: str
    province: str
    country: str


class TenantView(View):
    id: UUID
    slug: str
    legal: LegalView
    language: Language
    time_zone: str
    version: int

    @classmethod
    def of(cls, tenant: Tenant) -> TenantView:
        legal = tenant.legal
        return cls(
            id=tenant.id,
            slug=tenant.slug,
            legal=LegalView(
                name=legal.name,
                vat_number=legal.vat_number,
                fiscal_code=legal.fiscal_code,
                street=legal.street,
                postal_code=legal.postal_code,
                city=legal.city,
                province=legal.province,
                country=legal.country,
            ),
            language=tenant.language,
            time_zone=tenant.time_zone,
            version=tenant.version,
        )


class PersonView(View):
    id: UUID
    name: str
    email: str
    kind: Literal["internal", "external"]
    company: str | None
    roles: list[str]
    unit_id: UUID | None
    manager_id: UUID | None
    language: Language
    joined: bool
    active: bool
    absent_until: datetime | None
    version: int

    @classmethod
    def of(cls, person: Person) -> PersonView:
        return cls(
            id=person.id,
            name=person.name,
            email=person.email,
            kind=person.kind,
            company=person.company,
            roles=list(person.roles),
            unit_id=person.unit_id,
            manager_id=person.manager_id,
            language=person.language,
            joined=person.joined_at is not None,
            active=person.active,
            absent_until=person.absent_until,
            version=person.version,
        )


class RoleView(View):
    id: UUID
    key: str
    name: str
    privileges: list[str]
    built_in: bool
    second_factor: bool
    version: int

    @classmethod
    def of(cls, role: Role) -> RoleView:
        return cls(
            id=role.id,
            key=role.key,
            name=role.name,
            privileges=sorted(role.privileges),
            built_in=role.built_in,
            second_factor=role.second_factor,
            version=role.version,
        )


class UnitView(View):
    id: UUID
    key: str
    name: str
    parent_id: UUID | None
    manager_id: UUID | None
    version: int

    @classmethod
    def of(cls, unit: Unit) -> UnitView:
        return cls(
            id=unit.id,
            key=unit.key,
            name=unit.name,
            parent_id=unit.parent_id,
            manager_id=unit.manager_id,
            version=unit.version,
        )


class PrivilegeView(View):
    key: str
    italian: str
    english: str
    roles: list[str]
    """Built-in roles that hold it."""
    admin_only: bool
    open_to_external: bool


class InvitationView(View):
    """The token is shown here and never again; whoever has it becomes this person."""

    person_id: UUID
    token: str
    expires_at: datetime

    @classmethod
    def of(cls, link: IssuedLink) -> InvitationView:
        return cls(person_id=link.person_id, token=link.token, expires_at=link.expires_at)


class RegisteredTenantView(View):
    tenant_id: UUID
    slug: str
    invitation: InvitationView


class ServiceAccountView(View):
    id: UUID
    client_id: str
    name: str
    scopes: list[str]
    active: bool
    version: int

    @classmethod
    def of(cls, client_id: str, account: ServiceAccount) -> ServiceAccountView:
        return cls(**_account_fields(client_id, account))


class OpenedServiceAccountView(ServiceAccountView):
    client_secret: str
    """Shown here and never again."""

    @classmethod
    def with_secret(cls, client_id: str, account: ServiceAccount, secret: str) -> OpenedServiceAccountView:
        return cls(**_account_fields(client_id, account), client_secret=secret)


def _account_fields(client_id: str, account: ServiceAccount) -> dict[str, Any]:
    return {
        "id": account.id,
        "client_id": client_id,
        "name": account.name,
        "scopes": sorted(account.scopes),
        "active": account.active,
        "version": account.version,
    }


class SessionView(View):
    id: UUID
    device: str
    began_at: datetime
    refreshed_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, session: Session) -> SessionView:
        return cls(
            id=session.id,
            device=session.device,
            began_at=session.began_at,
            refreshed_at=session.refreshed_at,
            ends_at=session.ends_at,
        )


class TokenView(View):
    """As RFC 6749 §5.1 has it."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str | None = None
    """Machines get none: they have their secret."""
    second_factor_needed: bool | None = None
    """True where a role grants nothing until a second factor is shown: confirmed at /v1/me/second-factor, or
    sent to /v1/me/proof. Refresh then."""
    device_token: str | None = None
    """With the next password sign-in at this device, it is known. Given where none was sent that holds."""

    @classmethod
    def of(cls, access_token: str, lives: timedelta, grant: Grant) -> TokenView:
        told: dict[str, Any] = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(lives.total_seconds()),
        }
        if grant.refresh_token is not None:
            told["refresh_token"] = grant.refresh_token
        if grant.factor_needed:
            told["second_factor_needed"] = True
        if grant.device_token is not None:
            told["device_token"] = grant.device_token
        return cls(**told)


class KeySetView(View):
    """RFC 7517."""

    keys: list[dict[str, str]]


class IssuerView(View):
    """OpenID Connect Discovery, as far as it is true of this issuer."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    id_token_signing_alg_values_supported: list[str]
