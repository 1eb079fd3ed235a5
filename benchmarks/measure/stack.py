"""The running stack under measurement, and samples of it."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optima_local.demonstration.show import Stage
from optima_local.layout import ROOT, STACK


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside its budget, if it has one."""

    name: str
    value: float
    unit: str
    budget: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(slots=True)
class Samples:
    """Durations in seconds."""

    values: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Seconds within which that share of the samples lies; 0 without samples."""
        if len(self.values) < 2:
            return self.values[0] if self.values else 0.0
        return statistics.quantiles(self.values, n=1000, method="inclusive")[min(998, int(share * 1000) - 1)]


def at_most(name: str, seconds: float, budget_ms: float, note: str = "") -> Figure:
    """A duration with an upper budget, in milliseconds."""
    return Figure(name, seconds * 1000, "ms", f"≤ {budget_ms:g} ms", seconds * 1000 <= budget_ms, note)


def print_figures(figures: Iterable[Figure]) -> None:
    """A line each, beside its budget."""
    for figure in figures:
        verdict = "" if figure.met is None else "  met" if figure.met else "  MISSED"
        note = figure.note and f"  {figure.note}"
        print(f"{figure.name:62} {figure.value:12,.2f} {figure.unit:4} {figure.budget}{verdict}{note}")


def addresses() -> dict[str, Any]:
    """The stack's addresses file."""
    path = Path(os.environ.get("OPTIMA_ADDRESSES", STACK.addresses))
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def status() -> dict[str, Any]:
    """The supervisor's status file."""
    found: dict[str, Any] = json.loads(STACK.status.read_text(encoding="utf-8"))
    return found


def stage() -> Stage:
    """Where the demonstration's people work."""
    return Stage.of(STACK, addresses(), ROOT)
