"""Backoffice writes an order that no brief asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from optima_kit.refusals import Invalid

from ..domain.job import Item
from ..domain.order import Order, deadline_is_not_past, deliveries_fit_their_item
from .confirm_order import confirm_order
from .ports import Ports


async def write_order(
    ports: Ports, items: Sequence[Item], *, title: str, customer: str | None, deadline: date
) -> Order:
    deadline_is_not_past(deadline, ports.now)
    for index, item in enumerate(items):
        deliveries_fit_their_item(index, item)
    kinds = await ports.kinds.list_named(sorted({item.kind for item in items}))
    for index, item in enumerate(items):
        if item.kind not in kinds:
            raise Invalid("kind_unknown", field=f"items[{index}].kind", kind=item.kind)
    if customer is not None and await ports.customers.find_customer(customer) is None:
        raise Invalid("customer_unknown", field="customer", customer=customer)
    return await confirm_order(
        ports, items, kinds, brief_id=None, title=title, customer=customer, deadline=deadline
    )
