"""What handlers and jobs need beside the transaction at hand: made once a process by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optima_kit.db import UnitOfWork
from optima_kit.typesetting import Typesetter

from ..application.ports import Ports, Receivers


@dataclass(frozen=True, slots=True)
class Resources:
    ports: Callable[[UnitOfWork], Ports]
    """For those that make their own transactions."""
    receivers: Receivers
    printouts: Typesetter
