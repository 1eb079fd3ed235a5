"""What handlers and jobs need beside the transaction at hand: made once a process by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optima_kit.db import Transaction

from ..application.ports import Ports, Receivers
from .printer import Printer


@dataclass(frozen=True, slots=True)
class Resources:
    ports: Callable[[Transaction], Ports]
    """For those that make their own transactions."""
    receivers: Receivers
    printer: Printer
