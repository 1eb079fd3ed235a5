"""Runs the bridge's due jobs, each time in a process of its own that may be killed.

The first line of its standard input is the database as JSON, each further one a time: it answers with the id
of the process that runs what is due by then, and when that has ended with how.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime
from typing import Any

from erp_bridge.bootstrap import BridgeSettings, service
from optima_kit.clock import FixedClock
from optima_kit.db import Database
from optima_kit.postgres import open_pool
from optima_kit.testing import ServiceDatabase, settings_for
from optima_kit.work import JobRunner


def main() -> None:
    told = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(run_due(told, FixedClock(datetime.fromisoformat(line.strip()))))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


async def run_due(told: dict[str, Any], clock: FixedClock) -> None:
    stored = ServiceDatabase(**told)
    bridge = service(settings_for(stored, BridgeSettings, erp_networks="127.0.0.0/8"))
    database = await Database.open(stored.rw_url, source=bridge.source, size=4, clock=clock)
    backbone = await open_pool(stored.backbone_url, bridge.source, 1)
    await JobRunner(bridge, database).run_due(backbone, clock)
    await backbone.close()
    await database.close()


if __name__ == "__main__":
    main()
