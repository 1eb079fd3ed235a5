"""What logistics reports about goods on their way. The newest event about a shipment replaces all earlier
ones."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID


class ShipmentState(StrEnum):
    ISSUED = "issued"
    """It has its transport document, under which the goods leave."""
    DEPARTED = "departed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    VOIDED = "voided"


GOODS_OUT: Final = frozenset({ShipmentState.ISSUED, ShipmentState.DEPARTED, ShipmentState.DELIVERED})
"""The states in which goods have left under a valid document. In the others they are back."""


@dataclass(frozen=True, slots=True)
class Shipment:
    id: UUID
    order_id: UUID
    state: ShipmentState
    sequence: int
    """The sequence of the event that reported it, among the events about this shipment."""
    quantities: dict[UUID, Decimal]
    """By job."""
    ddt_number: str | None = None
