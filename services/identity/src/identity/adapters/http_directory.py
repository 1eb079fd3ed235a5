"""Endpoints of the directory: tenant, people, units, roles, service accounts."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from datetime import UTC
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from optima_contracts.privileges import ADMIN_ONLY, PRIVILEGES
from optima_kit.http import (
    Call,
    Code,
    Command,
    Flag,
    Moment,
    Page,
    PageQuery,
    Query,
    Reply,
    Routes,
    Text,
    View,
    page_of,
)
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid

from ..application.define_role import define_role
from ..application.define_unit import define_unit
from ..application.import_people import Imported, import_people
from ..application.invite_person import Invitation, invite_person
from ..application.let_person_depart import let_person_depart
from ..application.matrix import MATRIX
from ..application.ports import Ports
from ..application.register_tenant import FirstAdmin, register_tenant
from ..application.renew_invitation import renew_invitation
from ..application.reset_password import hand_over_reset
from ..application.revise_person import PersonChanges, revise_person
from ..application.revise_tenant import revise_tenant
from ..application.second_factor import take_second_factor_away
from ..application.service_accounts import close_service_account, open_service_account, renew_secret
from ..application.sessions import end_session_of_person, open_sessions
from ..application.sign_in_provider import choose_provider, give_up_provider
from ..application.sign_in_service import client_id_of
from ..application.withdraw_invitation import withdraw_invitation
from ..domain.providers import Provider
from .directory import acting
from .http_views import (
    Email,
    InvitationView,
    Language,
    LegalBody,
    OpenedServiceAccountView,
    PersonView,
    PrivilegeView,
    RegisteredTenantView,
    RoleView,
    ServiceAccountView,
    SessionView,
    Slug,
    TenantView,
    UnitView,
)
from .people_csv import read_people

routes = Routes()

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("unknown_time_zone", "No such time zone; write one like Europe/Rome")
    return name


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known_time_zone)]


# The tenant


class AdminBody(Command):
    name: Annotated[str, Text(120)]
    email: Email


class RegisterTenant(Command):
    slug: Slug
    legal: LegalBody
    language: Language = "it"
    time_zone: TimeZone = "Europe/Rome"
    admin: AdminBody


@routes.post("/v1/tenants", privilege="tenant.register", status=201, transaction=False)
async def register(call: Call[Ports], body: RegisterTenant) -> Reply[RegisteredTenantView]:
    """Register a tenant

    For the platform alone. Answers with the invitation of the tenant's first admin, shown this once; a
    slug is given once, so a repeated request is refused.
    """
    tenant_id = new_id()
    async with call.database.transaction(tenant_id, call.cause) as work:
        invitation = await register_tenant(
            call.resources.ports(work),
            slug=body.slug,
            legal=body.legal.legal(),
            language=body.language,
            time_zone=body.time_zone,
            admin=FirstAdmin(body.admin.name, body.admin.email),
        )
    view = InvitationView.of(invitation)
    return Reply(RegisteredTenantView(tenant_id=tenant_id, slug=body.slug, invitation=view))


@routes.get("/v1/tenant")
async def show_tenant(call: Call[Ports]) -> Reply[TenantView]:
    """Show one's own tenant"""
    tenant = await call.ports.tenants.find()
    if tenant is None:
        raise Absent("tenant_not_found")
    return Reply(TenantView.of(tenant), version=tenant.version)


class ReviseTenant(Command):
    legal: LegalBody
    language: Language
    time_zone: TimeZone


@routes.put("/v1/tenant", privilege="directory.write", proof=True, if_match=True)
async def change_tenant(call: Call[Ports], body: ReviseTenant) -> Reply[TenantView]:
    """Change the tenant's legal identity and preferences

    Only who holds every privilege may change the legal identity.
    """
    tenant = await revise_tenant(
        call.ports,
        call.actor,
        call.expected_version,
        legal=body.legal.legal(),
        language=body.language,
        time_zone=body.time_zone,
    )
    return Reply(TenantView.of(tenant), version=tenant.version)


# People


class InvitePerson(Command):
    name: Annotated[str, Text(120)]
    email: Email
    kind: Literal["internal", "external"] = "internal"
    company: Annotated[str, Text(120)] | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=20)]
    unit: Code | None = None
    manager: UUID | None = None
    language: Language | None = None


@routes.post("/v1/invitations", privilege="person.invite", status=201, transaction=False)
async def invite(call: Call[Ports], body: InvitePerson) -> Reply[InvitationView]:
    """Invite a person

    The token is shown this once; an e-mail address is invited once, so a repeated request is refused
    (renew the invitation instead).
    """
    async with acting(call, "person.invite") as (ports, actor):
        link = await invite_person(
            ports,
            actor,
            Invitation(
                name=body.name,
                email=body.email,
                kind=body.kind,
                roles=body.roles,
                company=body.company,
                unit=body.unit,
                manager_id=body.manager,
                language=body.language,
            ),
        )
    return Reply(InvitationView.of(link), location=f"/v1/people/{link.person_id}")


@routes.post("/v1/people/{person_id}/invitation", privilege="person.invite", status=201, transaction=False)
async def invite_again(call: Call[Ports], person_id: UUID) -> Reply[InvitationView]:
    """Renew an invitation that was lost, has expired or was withdrawn"""
    async with acting(call, "person.invite") as (ports, actor):
        return Reply(InvitationView.of(await renew_invitation(ports, actor, person_id)))


@routes.delete("/v1/people/{person_id}/invitation", privilege="person.invite")
async def take_invitation_back(call: Call[Ports], person_id: UUID) -> None:
    """Withdraw an invitation that was not accepted yet

    Renewing it invites the person anew.
    """
    await withdraw_invitation(call.ports, call.actor, person_id)


class PeopleQuery(PageQuery):
    text: Annotated[str, Text(100)] | None = None
    """Words of a name in any order, or an e-mail address; of the last word its beginning is enough. Case and
    accents make no difference."""


@routes.get("/v1/people", privilege="directory.read")
async def list_people(call: Call[Ports], query: PeopleQuery) -> Page[PersonView]:
    """List people, by name

    With `text`, those whom it finds, by the words found: "rossi" lists Anna Rossi, Mario Rossi, Ada Rossini.
    """
    after, people = query.after(str, UUID), call.ports.people
    if query.text is None:
        listed = await people.list(after=after, limit=query.rows)
        return page_of(query, listed, PersonView.of, lambda person: (person.name, person.id))
    found = await people.list_by_text(query.text, after=after, limit=query.rows)
    return page_of(query, found, lambda each: PersonView.of(each[1]), lambda each: (each[0], each[1].id))


@routes.get("/v1/people/{person_id}", privilege="directory.read")
async def show_person(call: Call[Ports], person_id: UUID) -> Reply[PersonView]:
    """Show a person"""
    return await _person(call, person_id)


@routes.get("/v1/me")
async def show_me(call: Call[Ports]) -> Reply[PersonView]:
    """Show oneself"""
    return await _person(call, call.actor.person_id)


async def _person(call: Call[Ports], person_id: UUID) -> Reply[PersonView]:
    person = await call.ports.people.find(person_id)
    if person is None:
        raise Absent("person_not_found")
    return Reply(PersonView.of(person), version=person.version)


class RevisePerson(Command):
    """What is left out stays as it is."""

    name: Annotated[str, Text(120)] = Field(default_factory=str)
    company: Annotated[str, Text(120)] | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=20)] = Field(default_factory=list)
    unit: Code | None = None
    manager: UUID | None = None
    language: Language = Field(default_factory=lambda: "it")
    active: Flag = Field(default_factory=bool)
    absent_until: Moment | None = None

    def changes(self) -> PersonChanges:
        given: dict[str, object] = {name: getattr(self, name) for name in self.model_fields_set}
        if "manager" in given:
            given["manager_id"] = given.pop("manager")
        if self.absent_until is not None:
            given["absent_until"] = self.absent_until.astimezone(UTC)
        return PersonChanges(**given)  # type: ignore


@routes.patch("/v1/people/{person_id}", privilege="directory.write", if_match=True)
async def change_person(call: Call[Ports], person_id: UUID, body: RevisePerson) -> Reply[PersonView]:
    """Change a person's roles, place or presence

    `active: false` ends their sessions; what they may no longer do ends here at once, and everywhere within
    ten minutes.
    """
    person = await revise_person(call.ports, call.actor, person_id, call.expected_version, body.changes())
    return Reply(PersonView.of(person), version=person.version)


class ImportQuery(Query):
    dry_run: bool = False
    """Say what would happen, and do nothing."""


class ImportedView(View):
    row: int
    person_id: UUID
    outcome: Literal["invited", "changed", "unchanged"]
    invitation: InvitationView | None = None
    """Of somebody new; left out of a dry run."""


class ImportView(View):
    dry_run: bool
    invited: int
    changed: int
    unchanged: int
    rows: list[ImportedView]


class _DryRun(Exception):
    """Undoes what was done to find out what would happen."""


@routes.post(
    "/v1/people/imports",
    privilege="directory.write",
    transaction=False,
    consumes=("text/csv",),
    max_bytes=1 << 20,
)
async def import_table(call: Call[Ports], query: ImportQuery, body: bytes) -> ImportView:
    """Import people from a CSV table

    Columns email, name, kind, company, roles (separated by spaces), unit, manager (an e-mail address),
    language; at most 1,000 rows. Invites the new, changes the known, and leaves those alone whom the table
    does not name. All rows or none: any fault is told with its row, and nothing is written. The same table
    again changes nothing.
    """
    rows = read_people(body)
    imported: list[Imported] = []
    with suppress(_DryRun):
        async with acting(call, "directory.write") as (ports, actor):
            actor.require("person.invite")
            imported = await import_people(ports, actor, rows)
            if query.dry_run:
                raise _DryRun
    outcomes = Counter(each.outcome for each in imported)
    return ImportView(
        dry_run=query.dry_run,
        invited=outcomes["invited"],
        changed=outcomes["changed"],
        unchanged=outcomes["unchanged"],
        rows=[_imported(each, with_link=not query.dry_run) for each in imported],
    )


def _imported(each: Imported, *, with_link: bool) -> ImportedView:
    if each.link is None or not with_link:
        return ImportedView(row=each.row, person_id=each.person_id, outcome=each.outcome)
    invitation = InvitationView.of(each.link)
    return ImportedView(row=each.row, person_id=each.person_id, outcome=each.outcome, invitation=invitation)


class Depart(Command):
    successor: UUID


@routes.post("/v1/people/{person_id}/departure", privilege="directory.write")
async def depart(call: Call[Ports], person_id: UUID, body: Depart) -> Reply[PersonView]:
    """Let a person depart and hand over to a successor

    Their sessions end; their reports, units and open items everywhere pass to the successor.
    """
    person = await let_person_depart(call.ports, call.actor, person_id, body.successor)
    return Reply(PersonView.of(person), version=person.version)


@routes.post(
    "/v1/people/{person_id}/password-reset",
    privilege="directory.write",
    proof=True,
    status=201,
    transaction=False,
)
async def reset_password(call: Call[Ports], person_id: UUID) -> Reply[InvitationView]:
    """Get a link for a person to choose a new password, to be handed over in person

    The token is shown this once.
    """
    async with acting(call, "directory.write") as (ports, actor):
        return Reply(InvitationView.of(await hand_over_reset(ports, actor, person_id)))


@routes.delete("/v1/people/{person_id}/second-factor", privilege="directory.write", proof=True)
async def take_factor_away(call: Call[Ports], person_id: UUID) -> None:
    """Take away the second factor of a person who lost it"""
    await take_second_factor_away(call.ports, call.actor, person_id)


@routes.get("/v1/people/{person_id}/sessions", privilege="directory.write")
async def list_sessions_of(call: Call[Ports], person_id: UUID) -> Page[SessionView]:
    """List a person's open sessions, newest first"""
    await _person(call, person_id)
    sessions = await open_sessions(call.ports, person_id)
    return Page[SessionView](items=[SessionView.of(session) for session in sessions])


@routes.delete("/v1/people/{person_id}/sessions/{session_id}", privilege="directory.write")
async def end_session_of(call: Call[Ports], person_id: UUID, session_id: UUID) -> None:
    """End one of a person's sessions"""
    await end_session_of_person(call.ports, call.actor, person_id, session_id)


# Units


class DefineUnit(Command):
    name: Annotated[str, Text(120)]
    parent: Code | None = None
    manager: UUID | None = None


@routes.put("/v1/units/{key}", privilege="directory.write")
async def put_unit(call: Call[Ports], key: str, body: DefineUnit) -> Reply[UnitView]:
    """Set up or change a unit

    A new unit needs no If-Match, a change does.
    """
    unit = await define_unit(
        call.ports,
        _code(key),
        call.expected_version,
        name=body.name,
        parent=body.parent,
        manager_id=body.manager,
    )
    return Reply(UnitView.of(unit), version=unit.version)


@routes.get("/v1/units", privilege="directory.read")
async def list_units(call: Call[Ports], query: PageQuery) -> Page[UnitView]:
    """List units, by key"""
    units = await call.ports.units.list(after=query.after(str), limit=query.rows)
    return page_of(query, units, UnitView.of, lambda unit: unit.key)


@routes.get("/v1/units/{key}", privilege="directory.read")
async def show_unit(call: Call[Ports], key: str) -> Reply[UnitView]:
    """Show a unit"""
    unit = await call.ports.units.find_by_key(key)
    if unit is None:
        raise Absent("unit_not_found")
    return Reply(UnitView.of(unit), version=unit.version)


# Roles


class DefineRole(Command):
    name: Annotated[str, Text(120)]
    privileges: Annotated[list[Annotated[str, Text(64)]], Field(max_length=200)]
    second_factor: Flag = False
    """Whether it grants nothing in a session in which no second factor was shown."""


@routes.put("/v1/roles/{key}", privilege="directory.write", proof=True)
async def put_role(call: Call[Ports], key: str, body: DefineRole) -> Reply[RoleView]:
    """Define a role of the tenant's own, or change one

    A new role needs no If-Match, a change does. Nobody can put into a role what they don't hold, and no
    role but admin can hold job.economics.write or phase.assign.
    """
    role = await define_role(
        call.ports,
        call.actor,
        _code(key),
        call.expected_version,
        name=body.name,
        privileges=body.privileges,
        second_factor=body.second_factor,
    )
    return Reply(RoleView.of(role), version=role.version)


@routes.get("/v1/roles", privilege="directory.read")
async def list_roles(call: Call[Ports], query: PageQuery) -> Page[RoleView]:
    """List roles, by key"""
    roles = await call.ports.roles.list(after=query.after(str), limit=query.rows)
    return page_of(query, roles, RoleView.of, lambda role: role.key)


@routes.get("/v1/roles/{key}", privilege="directory.read")
async def show_role(call: Call[Ports], key: str) -> Reply[RoleView]:
    """Show a role"""
    roles = await call.ports.roles.list_by_keys([key])
    if not roles:
        raise Absent("role_not_found")
    return Reply(RoleView.of(roles[0]), version=roles[0].version)


class Matrix(View):
    privileges: list[PrivilegeView]


@routes.get("/v1/privileges", privilege="directory.read")
async def list_privileges(_: Call[Ports]) -> Matrix:
    """List every privilege, with the built-in roles that hold it"""
    return Matrix(
        privileges=[
            PrivilegeView(
                key=privilege.key,
                italian=privilege.italian,
                english=privilege.english,
                roles=sorted(privilege.roles),
                admin_only=privilege.key in ADMIN_ONLY,
                open_to_external=privilege.key in MATRIX.open_to_external,
            )
            for privilege in PRIVILEGES
        ]
    )


# The sign-in provider


class ChooseProvider(Command):
    issuer: Annotated[str, Field(max_length=300, pattern=r"^https?://[^\s?#\x00-\x1f]+$")]
    client_id: Annotated[str, Text(200)]
    client_secret: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """None for a public client, which PKCE alone protects."""


class ProviderView(View):
    issuer: str
    client_id: str
    has_secret: bool
    version: int

    @classmethod
    def of(cls, provider: Provider) -> ProviderView:
        return cls(
            issuer=provider.issuer,
            client_id=provider.client_id,
            has_secret=provider.sealed_secret is not None,
            version=provider.version,
        )


@routes.put("/v1/sign-in-provider", privilege="directory.write", proof=True)
async def put_provider(call: Call[Ports], body: ChooseProvider) -> Reply[ProviderView]:
    """Choose the OpenID Connect issuer at which people sign in, beside their passwords

    Only who holds every privilege may. A first choice needs no If-Match, a change does.
    """
    provider = await choose_provider(
        call.ports,
        call.actor,
        call.expected_version,
        issuer=body.issuer,
        client_id=body.client_id,
        secret=body.client_secret,
        allowed=call.resources.allowed_issuers,
    )
    return Reply(ProviderView.of(provider), version=provider.version)


@routes.get("/v1/sign-in-provider", privilege="directory.write")
async def show_provider(call: Call[Ports]) -> Reply[ProviderView]:
    """Show the tenant's sign-in provider"""
    provider = await call.ports.providers.find()
    if provider is None:
        raise Absent("provider_not_set_up")
    return Reply(ProviderView.of(provider), version=provider.version)


@routes.delete("/v1/sign-in-provider", privilege="directory.write", proof=True)
async def remove_provider(call: Call[Ports]) -> None:
    """Give the sign-in provider up"""
    await give_up_provider(call.ports, call.actor)


# Service accounts


class OpenServiceAccount(Command):
    name: Annotated[str, Text(120)]
    scopes: Annotated[list[Annotated[str, Text(64)]], Field(min_length=1, max_length=200)]


@routes.post("/v1/service-accounts", privilege="directory.write", proof=True, status=201, transaction=False)
async def open_account(call: Call[Ports], body: OpenServiceAccount) -> Reply[OpenedServiceAccountView]:
    """Open a service account

    The secret is shown this once; a name is given once, so a repeated request is refused (renew the
    secret instead).
    """
    async with acting(call, "directory.write") as (ports, actor):
        opened = await open_service_account(ports, actor, name=body.name, scopes=body.scopes)
    client_id = client_id_of(call.actor.tenant_id, opened.account)
    return Reply(OpenedServiceAccountView.with_secret(client_id, opened.account, opened.secret))


@routes.post(
    "/v1/service-accounts/{account_id}/secret",
    privilege="directory.write",
    proof=True,
    status=201,
    transaction=False,
)
async def renew_account_secret(call: Call[Ports], account_id: UUID) -> Reply[OpenedServiceAccountView]:
    """Give a service account a new secret; the old one stops working"""
    async with acting(call, "directory.write") as (ports, actor):
        renewed = await renew_secret(ports, actor, account_id)
    client_id = client_id_of(call.actor.tenant_id, renewed.account)
    return Reply(OpenedServiceAccountView.with_secret(client_id, renewed.account, renewed.secret))


@routes.get("/v1/service-accounts", privilege="directory.write")
async def list_accounts(call: Call[Ports], query: PageQuery) -> Page[ServiceAccountView]:
    """List service accounts, by name"""
    accounts = await call.ports.accounts.list(after=query.after(str), limit=query.rows)
    return page_of(
        query,
        accounts,
        lambda each: ServiceAccountView.of(client_id_of(call.actor.tenant_id, each), each),
        lambda each: each.name,
    )


@routes.delete("/v1/service-accounts/{account_id}", privilege="directory.write")
async def close_account(call: Call[Ports], account_id: UUID) -> None:
    """Close a service account for good"""
    await close_service_account(call.ports, call.actor, account_id)


def _code(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Invalid("bad_key", field="key")
    return key
