"""Goods of a phase went to a company outside, or came back from it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from ..domain.outside import CameBack
from ..domain.shipments import GOODS_OUT, Shipment
from .ports import Ports


async def on_goods_sent(ports: Ports, shipment: Shipment) -> None:
    """The newest word about a shipment counts: duplicates and late ones change nothing. What is of no phase
    (finished goods on loan, a transfer) is none of production's business."""
    for phase_id, quantity in shipment.quantities.items():
        if await ports.orders.lock_phase(phase_id) is not None:
            sent = quantity if shipment.state in GOODS_OUT else Decimal(0)
            ports.orders.upsert_sent_outside(phase_id, shipment.id, shipment.sequence, sent)


async def on_goods_back(ports: Ports, return_id: UUID, back: dict[UUID, CameBack]) -> None:
    """By phase; what is of none is left alone. A duplicate changes nothing."""
    for phase_id, quantity in back.items():
        if await ports.orders.lock_phase(phase_id) is not None:
            ports.orders.insert_back_from_outside(phase_id, return_id, quantity)
