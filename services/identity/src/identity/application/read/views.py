"""Views of the directory. A field without a value is absent."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from optima_kit.fields import PersonView, View

from ...domain.people import Kind
from ...domain.tenants import Language
from .access import (
    AccountAction,
    OwnAction,
    PersonAction,
    ProviderAction,
    RoleAction,
    SessionAction,
    TenantAction,
    UnitAction,
)


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
    actions: list[TenantAction]


class NamedUnitView(View):
    id: UUID
    name: str


class PersonSummaryView(View):
    id: UUID
    name: str
    email: str
    kind: Kind
    company: str | None
    """The company that an external person works for; absent for internal people."""
    roles: list[str]
    """Keys of the person's roles."""
    unit: NamedUnitView | None
    manager: PersonView | None
    language: Language
    joined: bool
    """Whether the person has accepted their invitation."""
    active: bool
    """Whether the person may sign in, which is so if they have joined and are not suspended."""
    absent_until: datetime | None
    version: int


class PersonDetailsView(PersonSummaryView):
    actions: list[PersonAction]
    """What the reader may do with this person now."""


class OwnDetailsView(PersonSummaryView):
    second_factor: Literal["unconfirmed", "confirmed"] | None
    """Absent if no second factor was set up. It is asked for once it is confirmed."""
    actions: list[OwnAction]


class RoleView(View):
    id: UUID
    key: str
    name: str
    privileges: list[str]
    built_in: bool
    second_factor: bool
    """Whether the role grants nothing in a session in which no second factor was shown."""
    version: int
    actions: list[RoleAction]


class UnitView(View):
    id: UUID
    key: str
    name: str
    parent: NamedUnitView | None
    manager: PersonView | None
    version: int
    actions: list[UnitAction]


class PrivilegeView(View):
    key: str
    italian: str
    english: str
    roles: list[str]
    """Built-in roles that hold the privilege."""
    admin_only: bool
    open_to_external: bool


class PrivilegesView(View):
    privileges: list[PrivilegeView]


class ProviderView(View):
    """The OpenID Connect issuer at which the tenant's people may sign in instead of with a password."""

    issuer: str
    client_id: str
    has_secret: bool
    version: int
    actions: list[ProviderAction]


class ServiceAccountView(View):
    id: UUID
    client_id: str
    name: str
    scopes: list[str]
    active: bool
    version: int
    actions: list[AccountAction]


class OpenedServiceAccountView(ServiceAccountView):
    client_secret: str
    """The secret, which is shown only in this answer."""


class SessionView(View):
    id: UUID
    device: str
    """The browser's description of itself."""
    began_at: datetime
    refreshed_at: datetime
    ends_at: datetime
    actions: list[SessionAction]


class LinkView(View):
    """An invitation, or a link to choose a new password. The token is shown only in this answer. A person who
    has it can act as this person."""

    person: PersonView
    token: str
    expires_at: datetime


class JoinedView(View):
    """The person who has accepted an invitation."""

    tenant_id: UUID
    tenant: str
    """The tenant's slug, with which the person signs in from now on, besides e-mail address and password."""
    person: PersonView
    email: str


class RegisteredTenantView(View):
    id: UUID
    slug: str
    invitation: LinkView
    """The invitation of the tenant's first admin."""


class ImportedView(View):
    """The outcome of one row of the table."""

    row: int
    person: PersonView
    outcome: Literal["invited", "changed", "unchanged"]
    invitation: LinkView | None = None
    """The invitation of a new person; absent in a dry run."""


class ImportView(View):
    dry_run: bool
    invited: int
    changed: int
    unchanged: int
    rows: list[ImportedView]
