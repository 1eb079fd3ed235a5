"""Endpoints of the directory: tenant, people, units, roles, service accounts."""

from __future__ import annotations

import re
from contextlib import suppress
from uuid import UUID

from optima_kit.http import Call, Created, Page, PageQuery, Reply, Routes
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid

from ..application.choose_language import choose_language
from ..application.define_role import define_role
from ..application.define_unit import define_unit
from ..application.import_people import ImportedPerson, import_people
from ..application.invite_person import invite_person
from ..application.let_person_depart import let_person_depart
from ..application.ports import Ports
from ..application.read import directory, people
from ..application.read.views import (
    ImportView,
    LinkView,
    OpenedServiceAccountView,
    OwnDetailsView,
    PersonDetailsView,
    PersonSummaryView,
    PrivilegesView,
    ProviderView,
    RegisteredTenantView,
    RoleView,
    ServiceAccountView,
    SessionView,
    TenantView,
    UnitView,
)
from ..application.register_tenant import register_tenant
from ..application.renew_invitation import renew_invitation
from ..application.reset_password import hand_over_reset
from ..application.revise_person import revise_person
from ..application.revise_tenant import revise_tenant
from ..application.second_factor import take_second_factor_away
from ..application.service_accounts import close_service_account, open_service_account, renew_secret
from ..application.sessions import end_session_of_person, end_sessions_of_person
from ..application.sign_in_provider import choose_provider, give_up_provider
from ..application.withdraw_invitation import withdraw_invitation
from .directory import acting
from .people_csv import read_people
from .requests import (
    ChooseProvider,
    DefineRole,
    DefineUnit,
    Depart,
    ImportQuery,
    InvitePerson,
    OpenServiceAccount,
    PeopleQuery,
    RegisterTenant,
    ReviseOneself,
    RevisePerson,
    ReviseTenant,
)

routes = Routes()

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


# The tenant


@routes.post("/v1/tenants", privilege="tenant.register", status=201, transaction=False)
async def register(call: Call[Ports], body: RegisterTenant) -> RegisteredTenantView:
    """Register a tenant

    Only the platform may do this. The answer contains the invitation of the tenant's first admin, which is
    shown only once. A slug is assigned once, so a repeated request is refused.
    """
    tenant_id = new_id()
    async with call.database.transaction(tenant_id, call.cause) as work:
        link = await register_tenant(
            call.resources.ports(work),
            slug=body.slug,
            legal=body.legal.legal(),
            language=body.language,
            time_zone=body.time_zone,
            admin=body.admin.first_admin(),
        )
    return RegisteredTenantView(id=tenant_id, slug=body.slug, invitation=people.show_link(link))


@routes.get("/v1/tenant")
async def read_tenant(call: Call[Ports]) -> Reply[TenantView]:
    """Read the caller's tenant"""
    view = await directory.read_tenant(call.ports, call.actor)
    return Reply(view, version=view.version)


@routes.put("/v1/tenant", privilege="directory.write", proof=True, if_match="required")
async def change_tenant(call: Call[Ports], body: ReviseTenant) -> Reply[TenantView]:
    """Change the tenant's legal identity, language and time zone

    Only a person who holds every privilege may change the legal identity.
    """
    tenant = await revise_tenant(
        call.ports,
        call.actor,
        call.expected_version,
        legal=body.legal.legal(),
        language=body.language,
        time_zone=body.time_zone,
    )
    return Reply(directory.show_tenant(call.actor, tenant), version=tenant.version)


# People


@routes.post(
    "/v1/invitations",
    privilege="person.invite",
    status=201,
    transaction=False,
    acts_on={"/v1/people": "invite"},
)
async def invite(call: Call[Ports], body: InvitePerson) -> Created[LinkView]:
    """Invite a person

    The token is shown only in this answer. An e-mail address is invited once, so a repeated request is
    refused (renew the invitation instead).
    """
    async with acting(call, "person.invite") as (ports, actor):
        link = await invite_person(ports, actor, body.invitation())
    return Created(people.show_link(link), f"/v1/people/{link.person.id}")


@routes.post("/v1/people/{person_id}/invitation", privilege="person.invite", status=201, transaction=False)
async def invite_again(call: Call[Ports], person_id: UUID) -> LinkView:
    """Renew an invitation that was lost, has expired or was withdrawn"""
    async with acting(call, "person.invite") as (ports, actor):
        return people.show_link(await renew_invitation(ports, actor, person_id))


@routes.delete("/v1/people/{person_id}/invitation", privilege="person.invite")
async def take_invitation_back(call: Call[Ports], person_id: UUID) -> None:
    """Withdraw an invitation that was not accepted yet

    Renewing the invitation invites the person again.
    """
    await withdraw_invitation(call.ports, call.actor, person_id)


@routes.get("/v1/people", privilege="directory.read")
async def list_people(call: Call[Ports], query: PeopleQuery) -> Page[PersonSummaryView]:
    """List people, by name

    With `text`, only people who have words that begin with the words of the text are listed, sorted by the
    first such word: "rossi" lists Anna Rossi, Mario Rossi, Ada Rossini.
    """
    return await people.list_people(call.ports, query, query.text)


@routes.get("/v1/people/{person_id}", privilege="directory.read")
async def read_person(call: Call[Ports], person_id: UUID) -> Reply[PersonDetailsView]:
    """Read a person"""
    view = await people.read_person(call.ports, call.actor, person_id)
    return Reply(view, version=view.version)


@routes.get("/v1/me")
async def read_oneself(call: Call[Ports]) -> Reply[OwnDetailsView]:
    """Read the caller's own entry in the directory"""
    view = await people.read_oneself(call.ports, call.actor)
    return Reply(view, version=view.version)


@routes.patch("/v1/me", transaction=False)
async def revise_oneself(call: Call[Ports], body: ReviseOneself) -> Reply[OwnDetailsView]:
    """Choose the language in which the system addresses the caller

    Pages, mails and notices use it from now on.
    """
    async with acting(call, None, changes_directory=True) as (ports, me):
        await choose_language(ports, me, body.language)
        view = await people.read_oneself(ports, me)
    return Reply(view, version=view.version)


@routes.patch("/v1/people/{person_id}", privilege="directory.write", if_match="required")
async def change_person(call: Call[Ports], person_id: UUID, body: RevisePerson) -> Reply[PersonDetailsView]:
    """Change a person's roles, place or presence

    `active: false` ends the person's sessions. Privileges that they lose stop working in this service at
    once, and in all others within seconds.
    """
    person = await revise_person(call.ports, call.actor, person_id, call.expected_version, body.changes())
    return Reply(await people.show_person(call.ports, call.actor, person), version=person.version)


class _DryRun(Exception):
    """Raised to roll back a dry run."""


@routes.post(
    "/v1/people/imports",
    privilege="directory.write",
    transaction=False,
    consumes=("text/csv",),
    max_bytes=1 << 20,
)
async def import_table(call: Call[Ports], query: ImportQuery, body: bytes) -> ImportView:
    """Import people from a CSV table

    The columns are email, name, kind, company, roles (separated by spaces), unit, manager (an e-mail address)
    and language; there may be at most 1,000 rows. New people are invited, known people are changed, and
    people whom the table does not name stay as they are. Either all rows are imported or none: the answer
    lists every fault with its row, and nothing is written. Importing the same table again changes nothing.
    """
    rows = read_people(body)
    imported: list[ImportedPerson] = []
    with suppress(_DryRun):
        async with acting(call, "directory.write") as (ports, actor):
            imported = await import_people(ports, actor, rows)
            if query.dry_run:
                raise _DryRun
    return people.show_import(imported, dry_run=query.dry_run)


@routes.post("/v1/people/{person_id}/departure", privilege="directory.write")
async def depart(call: Call[Ports], person_id: UUID, body: Depart) -> Reply[PersonDetailsView]:
    """Let a person depart and hand over to a successor

    The person's sessions end. Their reports, units and open items in all services pass to the successor.
    """
    person = await let_person_depart(call.ports, call.actor, person_id, body.successor)
    return Reply(await people.show_person(call.ports, call.actor, person), version=person.version)


@routes.post(
    "/v1/people/{person_id}/password-reset",
    privilege="directory.write",
    proof=True,
    status=201,
    transaction=False,
)
async def reset_password(call: Call[Ports], person_id: UUID) -> LinkView:
    """Get a link for a person to choose a new password, to be handed over in person

    The token is shown only in this answer.
    """
    async with acting(call, "directory.write") as (ports, actor):
        return people.show_link(await hand_over_reset(ports, actor, person_id))


@routes.delete("/v1/people/{person_id}/second-factor", privilege="directory.write", proof=True)
async def take_factor_away(call: Call[Ports], person_id: UUID) -> None:
    """Remove the second factor of a person who lost it"""
    await take_second_factor_away(call.ports, call.actor, person_id)


@routes.get("/v1/people/{person_id}/sessions", privilege="directory.write")
async def list_sessions_of(call: Call[Ports], person_id: UUID, query: PageQuery) -> Page[SessionView]:
    """List a person's open sessions, newest first"""
    return await people.list_sessions_of(call.ports, call.actor, person_id, query)


@routes.delete("/v1/people/{person_id}/sessions", privilege="directory.write", proof=True)
async def end_sessions_of(call: Call[Ports], person_id: UUID) -> None:
    """End all of a person's sessions

    They may sign in again; to prevent that, set `active: false`."""
    await end_sessions_of_person(call.ports, call.actor, person_id)


@routes.delete("/v1/people/{person_id}/sessions/{session_id}", privilege="directory.write", proof=True)
async def end_session_of(call: Call[Ports], person_id: UUID, session_id: UUID) -> None:
    """End one of a person's sessions"""
    await end_session_of_person(call.ports, call.actor, person_id, session_id)


# Units


@routes.put("/v1/units/{key}", privilege="directory.write", if_match="optional")
async def put_unit(call: Call[Ports], key: str, body: DefineUnit) -> Reply[UnitView]:
    """Set up or change a unit

    A new unit needs no If-Match; a change needs it.
    """
    unit = await define_unit(
        call.ports,
        _code(key),
        call.expected_version,
        name=body.name,
        parent=body.parent,
        manager_id=body.manager,
    )
    return Reply(await directory.show_unit(call.ports, call.actor, unit), version=unit.version)


@routes.get("/v1/units", privilege="directory.read")
async def list_units(call: Call[Ports], query: PageQuery) -> Page[UnitView]:
    """List units, by key"""
    return await directory.list_units(call.ports, call.actor, query)


@routes.get("/v1/units/{key}", privilege="directory.read")
async def read_unit(call: Call[Ports], key: str) -> Reply[UnitView]:
    """Read a unit"""
    view = await directory.read_unit(call.ports, call.actor, key)
    return Reply(view, version=view.version)


# Roles


@routes.put("/v1/roles/{key}", privilege="directory.write", proof=True, if_match="optional")
async def put_role(call: Call[Ports], key: str, body: DefineRole) -> Reply[RoleView]:
    """Define a role of the tenant's own, or change one

    A new role needs no If-Match; a change needs it. Nobody can add a privilege to a role that they do not
    hold, and no role except admin can hold job.economics.write or phase.assign.
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
    return Reply(directory.show_role(call.actor, role), version=role.version)


@routes.get("/v1/roles", privilege="directory.read")
async def list_roles(call: Call[Ports], query: PageQuery) -> Page[RoleView]:
    """List roles, by key"""
    return await directory.list_roles(call.ports, call.actor, query)


@routes.get("/v1/roles/{key}", privilege="directory.read")
async def read_role(call: Call[Ports], key: str) -> Reply[RoleView]:
    """Read a role"""
    view = await directory.read_role(call.ports, call.actor, key)
    return Reply(view, version=view.version)


@routes.get("/v1/privileges", privilege="directory.read")
async def list_privileges(_: Call[Ports]) -> PrivilegesView:
    """List every privilege, with the built-in roles that hold it"""
    return directory.list_privileges()


# The sign-in provider


@routes.put("/v1/sign-in-provider", privilege="directory.write", proof=True, if_match="optional")
async def put_provider(call: Call[Ports], body: ChooseProvider) -> Reply[ProviderView]:
    """Choose the OpenID Connect issuer at which people may sign in instead of with a password

    Only a person who holds every privilege may do this. A first choice needs no If-Match; a change needs it.
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
    return Reply(directory.show_provider(call.actor, provider), version=provider.version)


@routes.get("/v1/sign-in-provider", privilege="directory.write")
async def read_provider(call: Call[Ports]) -> Reply[ProviderView]:
    """Read the tenant's sign-in provider"""
    view = await directory.read_provider(call.ports, call.actor)
    return Reply(view, version=view.version)


@routes.delete("/v1/sign-in-provider", privilege="directory.write", proof=True)
async def remove_provider(call: Call[Ports]) -> None:
    """Remove the sign-in provider: people sign in with their passwords again"""
    await give_up_provider(call.ports, call.actor)


# Service accounts


@routes.post("/v1/service-accounts", privilege="directory.write", proof=True, status=201, transaction=False)
async def open_account(call: Call[Ports], body: OpenServiceAccount) -> OpenedServiceAccountView:
    """Open a service account

    The secret is shown only in this answer. A name is assigned once, so a repeated request is refused (renew
    the secret instead).
    """
    async with acting(call, "directory.write") as (ports, actor):
        opened = await open_service_account(ports, actor, name=body.name, scopes=body.scopes)
    return directory.show_opened_account(actor, opened)


@routes.post(
    "/v1/service-accounts/{account_id}/secret",
    privilege="directory.write",
    proof=True,
    status=201,
    transaction=False,
)
async def renew_account_secret(call: Call[Ports], account_id: UUID) -> OpenedServiceAccountView:
    """Give a service account a new secret; the old one stops working"""
    async with acting(call, "directory.write") as (ports, actor):
        renewed = await renew_secret(ports, actor, account_id)
    return directory.show_opened_account(actor, renewed)


@routes.get("/v1/service-accounts", privilege="directory.write")
async def list_accounts(call: Call[Ports], query: PageQuery) -> Page[ServiceAccountView]:
    """List service accounts, by name"""
    return await directory.list_accounts(call.ports, call.actor, query)


@routes.delete("/v1/service-accounts/{account_id}", privilege="directory.write")
async def close_account(call: Call[Ports], account_id: UUID) -> None:
    """Close a service account for good"""
    await close_service_account(call.ports, call.actor, account_id)


def _code(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Invalid("key_not_valid", field="key")
    return key
