"""What handlers and jobs need in addition to a transaction. `bootstrap` creates it once in each process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optima_kit.db import UnitOfWork
from optima_kit.typesetting import Typesetter

from ..application.ports import Ports, Receivers


@dataclass(frozen=True, slots=True)
class Resources:
    ports: Callable[[UnitOfWork], Ports]
    """Builds the ports for handlers and jobs that open their own transactions."""
    receivers: Receivers
    printouts: Typesetter
