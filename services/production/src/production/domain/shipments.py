"""What logistics tells of goods on their way. The newest word about a shipment replaces all before it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class ShipmentState(StrEnum):
    ISSUED = "issued"
    """Has its transport document; the goods are still here."""
    DEPARTED = "departed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    VOIDED = "voided"


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
