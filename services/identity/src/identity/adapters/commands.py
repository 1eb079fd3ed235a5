"""Commands of `python -m identity` besides its process roles."""

from __future__ import annotations

import sys
from typing import Final
from uuid import UUID

from optima_kit.db import Database
from optima_kit.resealing import RESEAL
from optima_kit.service import CommandLine, Service

from ..application.access_tokens import PLATFORM_TENANT
from ..application.announce_directory import Place, announce_people, announce_tenant
from ..application.ports import Ports
from ..application.rotate_signing_keys import rotate_signing_keys


async def _rotate_keys(service: Service[Ports], _: list[str]) -> int:
    """Make a signing key now. It signs once every verifier has seen it."""
    url = service.settings.database_url.get_secret_value()
    database = await Database.open(url, source=service.source, size=1)
    try:
        async with database.transaction(PLATFORM_TENANT) as work:
            keys = await rotate_signing_keys(service.ports(work), at_once=True)
    finally:
        await database.close()
    for key in keys:
        sys.stdout.write(f"{key.kid} signs from {key.signs_from.isoformat()}\n")
    return 0


async def _announce(service: Service[Ports], slugs: list[str]) -> int:
    """Publish the whole directory of the named tenants, or of all, to other services again."""
    url = service.settings.database_url.get_secret_value()
    database = await Database.open(url, source=service.source, size=1)
    try:
        async with database.reading(PLATFORM_TENANT) as work:
            tenants = {each.slug: each.id for each in await service.ports(work).tenants.list()}
        if unknown := sorted(set(slugs) - tenants.keys()):
            sys.stderr.write(f"no tenant {unknown[0]}\n")
            return 1
        for slug in slugs or sorted(tenants):
            sys.stdout.write(f"{slug}: {await _announce_tenant(service, database, tenants[slug])} facts\n")
    finally:
        await database.close()
    return 0


async def _announce_tenant(service: Service[Ports], database: Database, tenant_id: UUID) -> int:
    async with database.transaction(tenant_id) as work:
        told = await announce_tenant(service.ports(work))
    place: Place | None = None
    while True:
        async with database.transaction(tenant_id) as work:
            count, place = await announce_people(service.ports(work), place)
        told += count
        if place is None:
            return told


COMMANDS: Final = {
    "rotate-keys": CommandLine("rotate-keys", lambda words: not words, _rotate_keys),
    "announce": CommandLine("announce [TENANT…]", lambda _: True, _announce),
    "reseal": RESEAL,
}
