"""Production changes what was ordered: what is due where follows."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.production import OrderChanged, OrderDelivery, OrderLine
from optima_kit.refusals import NotYet

from ..conftest import Depot, Order


def changed(order: Order, quantity: str, **deliveries: str) -> OrderChanged:
    line = OrderLine(
        job_id=order.jobs[0],
        item_id=None,
        kind="espositore",
        description="Espositore",
        quantity=quantity,
        unit="pz",
        deliveries=[
            OrderDelivery(destination=code.replace("_", "-"), quantity=part)
            for code, part in deliveries.items()
        ],
    )
    return OrderChanged(
        order_id=order.order_id,
        number="O-2026-0001",
        brief_id=order.brief_id,
        deadline=date(2027, 3, 31),
        lines=[line],
        reason="Meno negozi",
        changed_jobs=[order.jobs[0]],
    )


async def due(depot: Depot, order: Order) -> dict[str, Any]:
    _, seen = await depot.client.get(f"/v1/orders/{order.order_id}")
    return {each["destination"]["code"]: each["remaining"] for each in seen["lines"][0]["deliveries"]}


async def test_what_is_due_follows(depot: Depot) -> None:
    order = await depot.stocked_order()
    kept = await depot.draft(order, "40")
    await depot.deliver(
        changed(order, "90", MI_DUOMO="60", RM_TERMINI="30"), subject=order.order_id, sequence=3
    )
    assert await due(depot, order) == {"MI-DUOMO": "20", "RM-TERMINI": "30"}
    await depot.deliver(changed(order, "10", MI_DUOMO="10"), subject=order.order_id, sequence=2)  # late
    assert await due(depot, order) == {"MI-DUOMO": "20", "RM-TERMINI": "30"}
    _, seen = await depot.client.get(f"/v1/shipments/{kept['id']}")
    assert seen["state"] == "draft"


@pytest.mark.parametrize("deliveries", [{"MI_DUOMO": "30"}, {"RM_TERMINI": "30"}])
async def test_open_deliveries_of_what_is_not_due_any_more_are_cancelled(
    depot: Depot, deliveries: dict[str, str]
) -> None:
    order = await depot.stocked_order()
    draft = await depot.draft(order, "40")
    await depot.deliver(changed(order, "30", **deliveries), subject=order.order_id, sequence=2)
    _, seen = await depot.client.get(f"/v1/shipments/{draft['id']}")
    assert (seen["state"], seen["ended_because"]) == ("cancelled", "Ordine O-2026-0001 modificato")


async def test_documents_that_were_issued_stay(depot: Depot) -> None:
    order = await depot.stocked_order()
    issued = await depot.act(await depot.picked(order, "40"), "issuance")
    await depot.deliver(changed(order, "30", RM_TERMINI="30"), subject=order.order_id, sequence=2)
    _, seen = await depot.client.get(f"/v1/shipments/{issued['id']}")
    assert seen["state"] == "issued"


async def test_an_unknown_order_is_awaited(depot: Depot) -> None:
    with pytest.raises(NotYet):
        await depot.deliver(changed(Order(uuid4(), None, [uuid4()]), "30"), subject=uuid4())
