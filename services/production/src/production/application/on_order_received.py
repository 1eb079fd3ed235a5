"""An order was born in an ERP: it is made here as one that backoffice has written."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.erp import OrderReceived

from ..domain.job import Item
from .confirm_order import confirm_order
from .ports import Ports


async def on_order_received(ports: Ports, event: OrderReceived) -> None:
    """A duplicate changes nothing. A kind that the tenant has not defined blocks its job, not the order."""
    if await ports.orders.lock_order(event.order_id) is not None:
        return
    items = [
        Item(
            item_id=None,
            kind=line.kind,
            description=line.description,
            quantity=Decimal(line.quantity),
            unit=line.unit,
            deliveries=(),
        )
        for line in event.lines
    ]
    wanted = sorted({item.kind for item in items})
    kinds = await ports.kinds.list_named(wanted)
    if len(kinds) < len(wanted):
        kinds = await ports.kinds.lock_named(wanted)
    await confirm_order(
        ports,
        items,
        kinds,
        brief_id=None,
        title=event.title,
        customer=event.customer,
        deadline=event.deadline,
        order_id=event.order_id,
    )
