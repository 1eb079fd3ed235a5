"""Find the tenant of a person who is not signed in yet."""

from __future__ import annotations

from uuid import UUID

from .access_tokens import PLATFORM_TENANT
from .ports import Directory


async def tenant_of_slug(directory: Directory, slug: str) -> UUID:
    """Return the tenant's id, or for an unknown slug the id of the platform's tenant, which has no people."""
    async with directory.reading(PLATFORM_TENANT) as ports:
        tenant = await ports.tenants.find_by_slug(slug.strip().lower())
    return tenant.id if tenant else PLATFORM_TENANT
