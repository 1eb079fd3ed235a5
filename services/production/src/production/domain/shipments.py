"""What logistics tells of goods on their way. The newest word about a shipment replaces all before it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID


class ShipmentState(StrEnum):
    ISSUED = "issued"
    """Has its transport document, under which the goods leave."""
    DEPARTED = "departed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    VOIDED = "voided"


GOODS_OUT: Final = frozenset({ShipmentState.ISSUED, ShipmentState.DEPARTED, ShipmentState.DELIVERED})
"""The goods have left under a document that stands; otherwise they are back."""


@dataclass(frozen=True, slots=True)
class Shipment:
    id: UUID
    order_id: UUID
    state: ShipmentState
    sequence: int
    """Of the event that told of it, among those about this shipment."""
    quantities: dict[UUID, Decimal]
    """By job."""
    ddt_number: str | None = None
