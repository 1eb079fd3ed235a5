"""Goods from the warehouse to the recipient, with real requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


async def test_two_partial_shipments_leave_with_two_documents_and_arrive(depot: Any) -> None:
    order = await depot.confirm_order(deliveries={"MI-DUOMO": "60", "RM-TERMINI": "40"})
    job_id = str(order.jobs[0])
    await depot.receive(order.jobs[0])
    first = await depot.draft(order, "60")
    second = await depot.draft(order, "40", destination="RM-TERMINI")
    assert (await depot.stock())[job_id] == ("100", "100", "0")

    for number, shipment in enumerate((first, second), 1):
        await depot.act(shipment, "picking")
        issued = await depot.act(shipment, "issue")
        assert issued["ddt"]["number"] == f"{number}/2026"
        assert (await depot.act(shipment, "departure"))["state"] == "in_transit"
        depot.clock.advance(timedelta(hours=3))
        delivered = await depot.act(shipment, "delivery", received_by="Carla Neri")
        assert (delivered["state"], delivered["received_by"]) == ("delivered", "Carla Neri")

    assert await depot.stock() == {}
    events = await depot.database.published()
    of_first = [event for event in events if str(event.subject) == first["shipment_id"]]
    assert [event.type.split(".")[2] for event in of_first] == [
        "shipment_drafted",
        "shipment_picked",
        "ddt_issued",
        "shipment_departed",
        "shipment_delivered",
    ]
    assert [event.sequence for event in of_first] == [1, 2, 3, 4, 5]
    assert {event.correlationid for event in events} == {order.brief_id}
    assert of_first[2].data["sender"]["vat_number"] == "01234560371"
    assert of_first[2].data["carrier"]["name"] == "Autotrasporti Appennino S.r.l."
    assert of_first[2].data["gross_weight_kg"] == "184.5"
    _, read = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert [delivery["remaining"] for delivery in read["lines"][0]["deliveries"]] == ["0", "0"]
