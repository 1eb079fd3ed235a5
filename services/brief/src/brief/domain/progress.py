"""The progress of a brief's items: how much is ordered, produced, shipped and delivered."""

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
"""States in which a valid document says that the goods have left. In all other states the goods are in the
warehouse again."""


@dataclass(frozen=True, slots=True)
class ItemJob:
    """What production reported about a job that makes an item. Quantities are in the item's unit."""

    job_id: UUID
    item_id: UUID | None
    """None until the event of the job's order is handled."""
    ordered: Decimal | None
    produced: Decimal | None
    """None until the job is completed."""
    closed: bool
    """Whether the job was closed short, so that no more is made or shipped."""
    closed_at: Decimal = Decimal(0)
    """The quantity that had been shipped when the job was closed."""
    unit_price: Decimal | None = None
    """The order's price. None until the order is valued."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """What logistics last reported about a shipment."""

    shipment_id: UUID
    state: ShipmentState
    quantities: Mapping[UUID, Decimal]
    """Quantities by job; for a delivered shipment, the quantities that were accepted."""
    ddt_number: str | None
    issued_on: date | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemProgress:
    ordered: Decimal
    produced: Decimal
    shipped: Decimal
    """The shipped quantity, including what was delivered."""
    delivered: Decimal
    closed: bool
    shipments: Sequence[tuple[Shipment, Decimal]]
    """Shipments under valid documents, each with the quantity of the item that it holds."""


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
