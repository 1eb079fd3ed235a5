"""Words that `python -m identity` understands beside its process roles."""

from __future__ import annotations

import sys
from typing import Final

from optima_kit.db import Database
from optima_kit.service import CommandLine, Service

from ..application.access_tokens import PLATFORM_TENANT
from ..application.ports import Ports
from ..application.rotate_signing_keys import rotate_signing_keys


async def _rotate_keys(service: Service[Ports], _: list[str]) -> int:
    """Makes a signing key now, to sign once every verifier has seen it."""
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


COMMANDS: Final = {"rotate-keys": CommandLine("rotate-keys", lambda words: not words, _rotate_keys)}
