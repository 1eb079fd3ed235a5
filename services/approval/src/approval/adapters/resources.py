"""What handlers and jobs need in addition to a transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optima_kit.db import UnitOfWork

from ..application.ports import Ports
from .mail import Mailer
from .tokens import LinkTokens


@dataclass(frozen=True, slots=True)
class Resources:
    ports: Callable[[UnitOfWork], Ports]
    tokens: LinkTokens
    mailer: Mailer | None
