"""Runs the bridge's due jobs, each time in a process of its own that may be killed.

The first line of its standard input is the database and the root of the folders as JSON. Each further one
says until when, and where wanted at which step of its own the process kills itself: it answers with the id of
the process that runs what is due by then, and when that has ended with how.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from erp_bridge.bootstrap import BridgeSettings, service
from optima_kit.clock import FixedClock
from optima_kit.db import Database
from optima_kit.postgres import open_pool
from optima_kit.testing import ServiceDatabase, settings_for
from optima_kit.work import JobRunner

STEPS = ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink"))
"""What changes files for good."""


def main() -> None:
    told = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if not child:
            if wanted["step"] is not None:
                _die_at(wanted["step"], wanted["moment"])
            asyncio.run(run_due(told, FixedClock(datetime.fromisoformat(wanted["until"]))))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _die_at(step: int, moment: str) -> None:
    """At that step on files; requests are counted by who answers them."""
    done = 0

    def counted(works: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = works(*arguments, **named)
            if done == step and moment == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return count

    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name)))


async def run_due(told: dict[str, Any], clock: FixedClock) -> None:
    stored = ServiceDatabase(**told["database"])
    bridge = service(
        settings_for(
            stored,
            BridgeSettings,
            erp_networks="127.0.0.0/8",
            drop_folder_root=Path(told["drop_folder_root"]),
        )
    )
    database = await Database.open(stored.rw_url, source=bridge.source, size=4, clock=clock)
    backbone = await open_pool(stored.backbone_url, bridge.source, 1)
    await JobRunner(bridge, database).run_due(backbone, clock)
    await backbone.close()
    await database.close()


if __name__ == "__main__":
    main()
