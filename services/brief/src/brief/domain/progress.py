"""How far what a brief asks for has come: ordered, produced, shipped, delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID


class ShipmentState(StrEnum):
    ISSUED = "issued"
    DEPARTED = "departed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    VOIDED = "voided"


GOODS_OUT: Final = frozenset({ShipmentState.ISSUED, ShipmentState.DEPARTED, ShipmentState.DELIVERED})
"""The goods have left under a document that stands; otherwise they are back."""


@dataclass(frozen=True, slots=True)
class ItemJob:
    """What production said of the job that makes an item. Quantities in the item's unit."""

    job_id: UUID
    item_id: UUID | None
    """None until its order is heard of."""
    ordered: Decimal | None
    produced: Decimal | None
    """None until all of it is made."""
    closed: bool
    """Short: no more is made or shipped."""
    closed_at: Decimal = Decimal(0)
    """What had been shipped by then."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """What logistics last said of a shipment."""

    shipment_id: UUID
    state: ShipmentState
    quantities: Mapping[UUID, Decimal]
    """By job; of a delivered one, what was accepted."""
    ddt_number: str | None
    issued_on: date | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemProgress:
    ordered: Decimal
    produced: Decimal
    shipped: Decimal
    """What was delivered is part of it."""
    delivered: Decimal
    closed: bool
    shipments: Sequence[tuple[Shipment, Decimal]]
    """Under a document that stands, each with how much of the item it holds."""


def progress_of(item_id: UUID, jobs: Sequence[ItemJob], shipments: Sequence[Shipment]) -> ItemProgress:
    own = [job for job in jobs if job.item_id == item_id]
    sent = [
        (shipment, quantity)
        for shipment in shipments
        if shipment.state in GOODS_OUT
        and (quantity := sum((shipment.quantities.get(job.job_id, Decimal(0)) for job in own), Decimal(0)))
    ]
    return ItemProgress(
        ordered=sum((job.ordered or Decimal(0) for job in own), Decimal(0)),
        produced=sum((job.produced or Decimal(0) for job in own), Decimal(0)),
        shipped=sum((quantity for _, quantity in sent), Decimal(0)),
        delivered=sum(
            (quantity for shipment, quantity in sent if shipment.state is ShipmentState.DELIVERED), Decimal(0)
        ),
        closed=any(job.closed for job in own),
        shipments=sent,
    )
