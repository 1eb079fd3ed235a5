"""CPU time of processes, as /proc/<pid>/stat counts it: to a hundredth of a second."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from optima_local.watch import descendants

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(processes: Mapping[str, int]) -> dict[str, float]:
    """What this process, the generator, has spent, and what each of those named has with its descendants.

    All threads and the ended children are included; of this process the children are the contenders.
    """
    spent = {name: _ticks(pid) / _TICKS_PER_SECOND for name, pid in processes.items()}
    return {**spent, "generator": time.process_time()}


def _ticks(pid: int) -> int:
    return sum(map(_ticks_of_one, (pid, *descendants(pid))))


def _ticks_of_one(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0  # ended just now: its parent counts it
    fields = stat.rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))  # utime, stime, and both of the children that were waited for
