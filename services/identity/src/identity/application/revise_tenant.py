"""A tenant's legal identity or preferences change."""

from __future__ import annotations

from ..domain.tenants import Language, Legal, Tenant
from .facts import tell_of_tenant
from .ports import Ports
from .versions import still_at


async def revise_tenant(
    ports: Ports, expected_version: int | None, *, legal: Legal, language: Language, time_zone: str
) -> Tenant:
    tenant = await ports.tenants.lock()
    still_at(tenant.version, expected_version)
    revised = tenant.revised(legal=legal, language=language, time_zone=time_zone)
    await ports.tenants.update(revised)
    tell_of_tenant(ports, revised)
    return revised
