"""Where somebody who is not signed in yet belongs."""

from __future__ import annotations

from uuid import UUID

from .access_tokens import PLATFORM_TENANT
from .ports import Directory


async def tenant_of_slug(directory: Directory, slug: str) -> UUID:
    """An unknown slug leads to the platform's tenant, where there are no people."""
    async with directory.reading(PLATFORM_TENANT) as ports:
        tenant = await ports.tenants.find_by_slug(slug.strip().lower())
    return tenant.id if tenant else PLATFORM_TENANT
