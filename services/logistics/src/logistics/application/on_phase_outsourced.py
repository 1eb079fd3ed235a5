"""React when production gives a phase to a company outside: its goods may be sent there."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import PhaseOutsourced
from optima_kit.refusals import NotYet

from ..domain.orders import OrderLine
from .ports import Ports


async def on_phase_outsourced(ports: Ports, told: PhaseOutsourced) -> None:
    """Store what may be sent. Only the newest event counts; a late one never gets here. Waits until the order
    is known. If the phase has no company any more, the line stays for the documents that name it, and nothing
    more of it is sent."""
    if await ports.orders.lock_order(told.order_id, []) is None:
        raise NotYet(f"order {told.order_id} is not known yet")
    line = OrderLine(
        told.phase_id,
        told.description,
        Decimal(told.quantity),
        told.unit,
        {},
        closed=not told.open,
        code=told.phase,
        finisher=told.finisher,
    )
    ports.orders.upsert_line_in_process(told.order_id, line)
