"""Timers of the identity service."""

from __future__ import annotations

from optima_kit.jobs import JobKinds

from ..application.ports import Ports
from ..application.rotate_signing_keys import ROTATE_KEYS, RotateKeys, rotate_signing_keys

jobs = JobKinds()


@jobs.on(ROTATE_KEYS, RotateKeys)
async def rotate_keys(ports: Ports, _: RotateKeys) -> None:
    """Run twice, it finds the new key made and only sets the timer again."""
    await rotate_signing_keys(ports)
