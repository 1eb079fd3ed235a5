"""Change a tenant's legal identity or preferences."""

from __future__ import annotations

from optima_kit.actor import Actor

from ..domain.roles import nobody_grants_more_than_they_hold
from ..domain.tenants import Language, Legal, Tenant
from .facts import tell_of_tenant
from .matrix import MATRIX
from .ports import Ports
from .versions import still_at


async def revise_tenant(
    ports: Ports,
    actor: Actor,
    expected_version: int | None,
    *,
    legal: Legal,
    language: Language,
    time_zone: str,
) -> Tenant:
    """Change the tenant. The legal identity is printed on its documents, so only a person who holds every
    privilege may change it."""
    tenant = await ports.tenants.lock()
    still_at(tenant.version, expected_version)
    if legal != tenant.legal:
        nobody_grants_more_than_they_hold(MATRIX.known, actor.privileges, field="legal")
    revised = tenant.revised(legal=legal, language=language, time_zone=time_zone)
    await ports.tenants.update(revised)
    tell_of_tenant(ports, revised)
    return revised
