"""Make an order of an approved brief."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.brief import BriefApproved, BriefItem
from optima_kit.refusals import NotYet

from ..domain.deliveries import Delivery
from ..domain.job import Item
from .confirm_order import confirm_order
from .ports import Ports


async def on_brief_approved(ports: Ports, event: BriefApproved) -> None:
    """Confirm one order for the brief. A duplicate event changes nothing, and a brief that was cancelled
    before gets no order.

    The order has the prices that were approved with the brief, and waits for them. A kind that the tenant has
    not defined blocks its job, not the order.
    """
    met = await ports.orders.get_or_create_brief(event.brief_id)
    if met.order_id or met.cancellation_reason:
        return
    ids = [item.item_id for item in event.content.items]
    prices = await ports.prices.list_approved(ids) if event.valued else {}
    if event.valued and not prices:
        raise NotYet(f"the approved prices of brief {event.brief_id} are not known yet")
    items = [_item(item, prices.get(item.item_id)) for item in event.content.items]
    wanted = sorted({item.kind for item in items})
    kinds = await ports.kinds.list_named(wanted)
    if len(kinds) < len(wanted):
        kinds = await ports.kinds.lock_named(wanted)
    await confirm_order(
        ports,
        items,
        kinds,
        brief_id=event.brief_id,
        title=event.content.title,
        customer=event.content.customer,
        deadline=event.content.deadline,
    )


def _item(item: BriefItem, approved_unit_price: Decimal | None) -> Item:
    return Item(
        item_id=item.item_id,
        kind=item.kind,
        description=item.description,
        quantity=Decimal(item.quantity),
        unit=item.unit,
        deliveries=tuple(Delivery(d.destination, Decimal(d.quantity)) for d in item.deliveries),
        approved_unit_price=approved_unit_price,
    )
