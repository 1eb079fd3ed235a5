"""Cancels an approval whose subject is gone or is replaced by a newer revision."""

from __future__ import annotations

from ..domain import engine
from .ports import Ports, StoredApproval
from .read.access import running_process
from .recording import record_change


async def cancel_approval(ports: Ports, stored: StoredApproval, reason: str) -> None:
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.cancel(stored.approval, process, reason, None, ports.now, directory)
    await record_change(ports, process, stored, result)
