"""Where the goods of a line go."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Delivery:
    destination: str
    quantity: Decimal
