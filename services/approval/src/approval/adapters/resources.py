"""What handlers and jobs need beside a transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optima_kit.db import Transaction

from ..application.ports import Ports
from .mail import Mailer
from .tokens import LinkTokens


@dataclass(frozen=True, slots=True)
class Resources:
    ports: Callable[[Transaction], Ports]
    tokens: LinkTokens
    mailer: Mailer | None
