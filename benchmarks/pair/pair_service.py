"""A service that lies beside the benchmark instead of being installed."""

from __future__ import annotations

from typing import TypeVar

from optima_kit.service import Service

P = TypeVar("P")


class PairService(Service[P]):
    @property
    def version(self) -> str:
        return "benchmark"
