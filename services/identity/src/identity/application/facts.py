"""Publish entries of the directory to other services, always with their whole state."""

from __future__ import annotations

from dataclasses import asdict

from optima_contracts.identity import (
    LegalIdentity,
    PersonChanged,
    RoleChanged,
    ServiceAccountChanged,
    TenantChanged,
    UnitChanged,
)

from ..domain.people import Person
from ..domain.roles import Role
from ..domain.service_accounts import ServiceAccount
from ..domain.tenants import Tenant
from ..domain.units import Unit
from .ports import Ports


def tell_of_tenant(ports: Ports, tenant: Tenant) -> None:
    fact = TenantChanged(
        tenant_id=tenant.id,
        slug=tenant.slug,
        legal=LegalIdentity(**asdict(tenant.legal)),
        language=tenant.language,
        time_zone=tenant.time_zone,
    )
    ports.outbox.add(fact, subject=tenant.id, correlation=tenant.id)


def tell_of_role(ports: Ports, role: Role) -> None:
    fact = RoleChanged(
        role_id=role.id, key=role.key, privileges=sorted(role.privileges), access_version=role.version
    )
    ports.outbox.add(fact, subject=role.id, correlation=role.id)


def tell_of_unit(ports: Ports, unit: Unit) -> None:
    fact = UnitChanged(
        unit_id=unit.id,
        key=unit.key,
        name=unit.name,
        parent_id=unit.parent_id,
        manager_id=unit.manager_id,
    )
    ports.outbox.add(fact, subject=unit.id, correlation=unit.id)


def tell_of_person(ports: Ports, person: Person) -> None:
    fact = PersonChanged(
        person_id=person.id,
        name=person.name,
        email=person.email,
        kind=person.kind,
        company=person.company,
        roles=list(person.roles),
        unit_id=person.unit_id,
        manager_id=person.manager_id,
        language=person.language,
        active=person.active,
        absent_until=person.absent_until,
        access_version=person.access_version,
    )
    ports.outbox.add(fact, subject=person.id, correlation=person.id)


def tell_of_account(ports: Ports, account: ServiceAccount, *, secret_renewed: bool = False) -> None:
    fact = ServiceAccountChanged(
        account_id=account.id,
        name=account.name,
        scopes=sorted(account.scopes),
        active=account.active,
        access_version=account.version,
        secret_renewed=secret_renewed,
    )
    ports.outbox.add(fact, subject=account.id, correlation=account.id)
