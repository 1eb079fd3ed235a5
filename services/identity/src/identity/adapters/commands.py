"""Words that `python -m identity` understands beside its process roles."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

from optima_kit.db import Database, Transaction
from optima_kit.settings import Settings

from ..application.access_tokens import PLATFORM_TENANT
from ..application.ports import Ports
from ..application.rotate_signing_keys import rotate_signing_keys

Command = Callable[[Settings, list[str]], Awaitable[int]]


def rotate_keys_command(ports: Callable[[Transaction], Ports]) -> Command:
    async def rotate_keys(settings: Settings, _: list[str]) -> int:
        """`rotate-keys`: makes a signing key now, to sign once every verifier has seen it."""
        database = await Database.open(
            settings.database_url.get_secret_value(), source="/optima/identity", size=1
        )
        try:
            async with database.transaction(PLATFORM_TENANT) as work:
                keys = await rotate_signing_keys(ports(work), at_once=True)
        finally:
            await database.close()
        for key in keys:
            sys.stdout.write(f"{key.kid} signs from {key.signs_from.isoformat()}\n")
        return 0

    return rotate_keys
