"""The claims of access tokens. Other services know about a caller only what the token says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from optima_contracts.privileges import PLATFORM

from ..domain.people import Person
from ..domain.roles import Role, privileges_of
from ..domain.service_accounts import ServiceAccount

PLATFORM_TENANT = UUID(int=0)
"""The tenant id under which the platform itself acts. It has no directory and no data."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The claims of an access token, and what is handed out with it."""

    claims: Mapping[str, object]
    refresh_token: str | None = None
    device_token: str | None = None
    factor_needed: bool = False
    """Whether some of the person's roles grant nothing until a second factor is shown in the session."""


def claims_of_person(
    tenant_id: UUID, person: Person, roles: Iterable[Role], session_id: UUID
) -> dict[str, object]:
    held = {role.key: role for role in roles}
    claims: dict[str, object] = {
        "sub": str(person.id),
        "tenant": str(tenant_id),
        "name": person.name,
        "kind": person.kind,
        "roles": sorted(held),
        "scope": " ".join(sorted(privileges_of(held.values()))),
        "sid": str(session_id),
        "versions": {
            "holder": person.access_version,
            "roles": {key: role.version for key, role in sorted(held.items())},
        },
    }
    if person.unit_id is not None:
        claims["unit"] = str(person.unit_id)
    if person.manager_id is not None:
        claims["manager"] = str(person.manager_id)
    return claims


def claims_of_account(tenant_id: UUID, account: ServiceAccount) -> dict[str, object]:
    machine = _machine(account.id, tenant_id, account.name, account.scopes)
    return machine | {"versions": {"holder": account.version}}


def claims_of_platform() -> dict[str, object]:
    return _machine(PLATFORM_TENANT, PLATFORM_TENANT, "platform", PLATFORM)


def _machine(subject: UUID, tenant_id: UUID, name: str, scopes: Iterable[str]) -> dict[str, object]:
    return {
        "sub": str(subject),
        "tenant": str(tenant_id),
        "name": name,
        "kind": "service",
        "roles": [],
        "scope": " ".join(sorted(scopes)),
    }
