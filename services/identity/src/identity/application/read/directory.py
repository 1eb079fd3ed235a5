"""Read the tenant, its units and roles, its sign-in provider and service accounts, with what the reader may
do with each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from optima_contracts.privileges import ADMIN_ONLY, PRIVILEGES
from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.providers import Provider
from ...domain.roles import Role
from ...domain.service_accounts import ServiceAccount
from ...domain.tenants import Tenant
from ...domain.units import Unit
from ..matrix import MATRIX
from ..ports import Ports
from ..service_accounts import NewServiceAccount
from ..sign_in_service import client_id_of
from .access import (
    actions_on_account,
    actions_on_provider,
    actions_on_role,
    actions_on_tenant,
    actions_on_unit,
)
from .people import Names
from .views import (
    LegalView,
    NamedUnitView,
    OpenedServiceAccountView,
    PrivilegesView,
    PrivilegeView,
    ProviderView,
    RoleView,
    ServiceAccountView,
    TenantView,
    UnitView,
)


async def read_tenant(ports: Ports, actor: Actor) -> TenantView:
    tenant = await ports.tenants.find()
    if tenant is None:
        raise Absent("tenant_absent")
    return show_tenant(actor, tenant)


def show_tenant(actor: Actor, tenant: Tenant) -> TenantView:
    return TenantView(
        id=tenant.id,
        slug=tenant.slug,
        legal=LegalView(**asdict(tenant.legal)),
        language=tenant.language,
        time_zone=tenant.time_zone,
        version=tenant.version,
        actions=actions_on_tenant(actor),
    )


async def list_units(ports: Ports, actor: Actor, query: PageQuery) -> Page[UnitView]:
    """List units sorted by key."""
    units = await ports.units.list(after=query.after(str), limit=query.rows)
    names = await _names(ports, units)
    return page_of(query, units, lambda unit: _unit(actor, unit, names), lambda unit: unit.key)


async def read_unit(ports: Ports, actor: Actor, key: str) -> UnitView:
    unit = await ports.units.find_by_key(key)
    if unit is None:
        raise Absent("unit_absent")
    return await show_unit(ports, actor, unit)


async def show_unit(ports: Ports, actor: Actor, unit: Unit) -> UnitView:
    return _unit(actor, unit, await _names(ports, [unit]))


async def list_roles(ports: Ports, actor: Actor, query: PageQuery) -> Page[RoleView]:
    """List roles sorted by key."""
    roles = await ports.roles.list(after=query.after(str), limit=query.rows)
    return page_of(query, roles, lambda role: show_role(actor, role), lambda role: role.key)


async def read_role(ports: Ports, actor: Actor, key: str) -> RoleView:
    roles = await ports.roles.list_by_keys([key])
    if not roles:
        raise Absent("role_absent")
    return show_role(actor, roles[0])


def show_role(actor: Actor, role: Role) -> RoleView:
    return RoleView(
        id=role.id,
        key=role.key,
        name=role.name,
        privileges=sorted(role.privileges),
        built_in=role.built_in,
        second_factor=role.second_factor,
        version=role.version,
        actions=actions_on_role(actor, role),
    )


def list_privileges() -> PrivilegesView:
    return PrivilegesView(
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


async def read_provider(ports: Ports, actor: Actor) -> ProviderView:
    provider = await ports.providers.find()
    if provider is None:
        raise Absent("provider_not_set_up")
    return show_provider(actor, provider)


def show_provider(actor: Actor, provider: Provider) -> ProviderView:
    return ProviderView(
        issuer=provider.issuer,
        client_id=provider.client_id,
        has_secret=provider.sealed_secret is not None,
        version=provider.version,
        actions=actions_on_provider(actor),
    )


async def list_accounts(ports: Ports, actor: Actor, query: PageQuery) -> Page[ServiceAccountView]:
    """List service accounts sorted by name."""
    found = await ports.accounts.list(after=query.after(str), limit=query.rows)
    return page_of(query, found, lambda account: _account(actor, account), lambda account: account.name)


def show_opened_account(actor: Actor, opened: NewServiceAccount) -> OpenedServiceAccountView:
    shown = _account(actor, opened.account)
    return OpenedServiceAccountView(**shown.model_dump(), client_secret=opened.secret)


def _account(actor: Actor, account: ServiceAccount) -> ServiceAccountView:
    return ServiceAccountView(
        id=account.id,
        client_id=client_id_of(actor.tenant_id, account),
        name=account.name,
        scopes=sorted(account.scopes),
        active=account.active,
        version=account.version,
        actions=actions_on_account(actor, account),
    )


async def _names(ports: Ports, units: Iterable[Unit]) -> Names:
    return await ports.names.find(each for unit in units for each in (unit.parent_id, unit.manager_id))


def _unit(actor: Actor, unit: Unit, names: Names) -> UnitView:
    parent_id, manager_id = unit.parent_id, unit.manager_id
    return UnitView(
        id=unit.id,
        key=unit.key,
        name=unit.name,
        parent=NamedUnitView(id=parent_id, name=names[parent_id]) if parent_id else None,
        manager=PersonView(id=manager_id, name=names[manager_id]) if manager_id else None,
        version=unit.version,
        actions=actions_on_unit(actor),
    )
