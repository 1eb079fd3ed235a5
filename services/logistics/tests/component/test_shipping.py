"""Goods from the warehouse to the recipient, with real requests."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from optima_contracts.logistics import DestinationKept
from optima_contracts.production import JobClosed
from optima_kit.refusals import NotYet

from ..conftest import Depot


async def test_two_partial_shipments_leave_with_two_documents_and_arrive(depot: Depot) -> None:
    order = await depot.confirm_order(deliveries={"MI-DUOMO": "60", "RM-TERMINI": "40"})
    job_id = str(order.jobs[0])
    await depot.receive(order.jobs[0])
    first = await depot.draft(order, "60")
    second = await depot.draft(order, "40", destination="RM-TERMINI")
    assert (await depot.stock())[job_id] == ("100", "100", "0")

    for number, shipment in enumerate((first, second), 1):
        await depot.act(shipment, "picking")
        issued = await depot.act(shipment, "issuance")
        assert issued["ddt"]["number"] == f"{number}/2026"
        assert (await depot.act(shipment, "departure"))["state"] == "in_transit"
        depot.clock.advance(timedelta(hours=3))
        delivered = await depot.act(shipment, "delivery", received_by="Carla Neri")
        assert (delivered["state"], delivered["received_by"]) == ("delivered", "Carla Neri")

    assert await depot.stock() == {}
    events = await depot.database.published()
    of_first = [event for event in events if str(event.subject) == first["id"]]
    assert [event.type.split(".")[2] for event in of_first] == [
        "shipment_drafted",
        "shipment_picked",
        "ddt_issued",
        "shipment_departed",
        "shipment_delivered",
    ]
    assert [event.sequence for event in of_first] == [1, 2, 3, 4, 5]
    of_goods = [event for event in events if event.type != DestinationKept.type]
    assert {event.correlationid for event in of_goods} == {order.brief_id}
    assert of_first[2].data["sender"]["vat_number"] == "01234560371"
    assert of_first[2].data["carrier"]["name"] == "Autotrasporti Appennino S.r.l."
    assert of_first[2].data["gross_weight_kg"] == "184.5"
    _, read = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert [delivery["remaining"] for delivery in read["lines"][0]["deliveries"]] == ["0", "0"]


async def test_a_refused_shipment_comes_back_and_may_go_again(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "30")
    await depot.act(shipment, "issuance")
    assert (await depot.stock())[str(order.jobs[0])] == ("70", "0", "70")
    await depot.act(shipment, "departure")
    refused = await depot.act(shipment, "refusal", reason="Imballo rotto")
    assert (refused["state"], refused["ended_because"]) == ("refused", "Imballo rotto")
    assert (await depot.stock())[str(order.jobs[0])] == ("100", "0", "100")
    _, page = await depot.client.get(f"/v1/movements?shipment_id={shipment['id']}")
    assert [(m["kind"], m["quantity"], m.get("reason")) for m in page["items"]] == [
        ("return", "30", "Imballo rotto"),
        ("issue", "-30", None),
    ]
    assert (await depot.app.types())[-1] == "shipment_refused"
    await depot.draft(order, "100")


async def test_a_cancelled_shipment_frees_its_goods(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "100")
    response, problem = await depot.client.post("/v1/shipments", depot.shipment_body(order, "1"))
    assert (response.status, problem["code"]) == (409, "quantity_beyond_remaining")
    cancelled = await depot.act(shipment, "cancellation", reason="Rinviata")
    assert cancelled["state"] == "cancelled"
    assert (await depot.stock())[str(order.jobs[0])] == ("100", "0", "100")
    await depot.draft(order, "100")
    response, problem = await depot.attempt(shipment, "issuance")
    assert (response.status, problem["code"]) == (409, "shipment_not_picked")


async def test_how_a_shipment_travels_may_change_until_it_is_issued(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.draft(
        order, "10", packages=None, gross_weight_kg=None, appearance=None, freight=None, notes="Piano terra"
    )
    assert shipment["advisable"] == ["freight", "appearance", "packages", "gross_weight_kg"]
    path = f"/v1/shipments/{shipment['id']}/transport"
    response, problem = await depot.client.put(path, {"transport_by": "mittente"})
    assert (response.status, problem["code"]) == (428, "if_match_missing")
    await depot.act(shipment, "picking")
    response, problem = await depot.client.put(path, {}, headers={"If-Match": '"1"'})
    assert (response.status, problem["code"]) == (412, "stale_version")
    response, problem = await depot.client.put(path, {"carrier": "NESSUNO"}, headers={"If-Match": '"2"'})
    assert (response.status, problem["errors"][0]["code"]) == (422, "carrier_unknown")
    change = {"transport_by": "mittente", "packages": 3}
    response, arranged = await depot.client.put(path, change, headers={"If-Match": '"2"'})
    assert (response.status, response.headers["ETag"]) == (200, '"3"')
    assert arranged["packages"] == 3
    assert "notes" not in arranged
    await depot.act(shipment, "issuance")
    response, problem = await depot.client.put(path, change, headers={"If-Match": '"4"'})
    assert (response.status, problem["code"]) == (409, "shipment_not_open")


async def test_what_a_shipment_carries_may_change_until_it_is_issued(depot: Depot) -> None:
    order = await depot.stocked_order(
        quantities=("100", "50"), deliveries={"MI-DUOMO": "30", "RM-TERMINI": "20"}
    )
    first, second = (str(job_id) for job_id in order.jobs)
    shipment = await depot.picked(order, "30")
    path = f"/v1/shipments/{shipment['id']}/content"
    content = {
        "document_type": "omaggio",
        "warehouse": "BO1",
        "destination": "RM-TERMINI",
        "lines": [{"job_id": second, "quantity": "20"}],
    }
    response, problem = await depot.client.put(path, content, headers={"If-Match": '"1"'})
    assert (response.status, problem["code"]) == (412, "stale_version")
    more = content | {"lines": [{"job_id": second, "quantity": "21"}]}
    response, problem = await depot.client.put(path, more, headers={"If-Match": '"2"'})
    assert (response.status, problem["code"]) == (409, "quantity_beyond_remaining")
    response, revised = await depot.client.put(path, content, headers={"If-Match": '"2"'})
    assert (response.status, response.headers["ETag"], revised["state"]) == (200, '"3"', "draft")
    assert (revised["destination"]["code"], revised["document_type"]["code"]) == ("RM-TERMINI", "omaggio")
    assert [(line["job_id"], line["quantity"]) for line in revised["lines"]] == [(second, "20")]
    stock = await depot.stock()
    assert (stock[first], stock[second]) == (("100", "0", "100"), ("50", "20", "30"))
    (told,) = await depot.database.published("optima.logistics.shipment_revised.v1")
    assert (told.data["destination"], told.data["document_type"]) == ("RM-TERMINI", "omaggio")
    assert (await depot.client.get(f"/v1/shipments/{shipment['id']}"))[1] == revised
    await depot.act(shipment, "picking")
    await depot.act(shipment, "issuance")
    response, problem = await depot.client.put(path, content, headers={"If-Match": '"5"'})
    assert (response.status, problem["code"]) == (409, "shipment_not_open")


async def test_an_order_for_nowhere_in_particular_goes_anywhere(depot: Depot) -> None:
    order = await depot.stocked_order(deliveries={}, with_brief=False)
    first = await depot.draft(order, "70", destination="RM-TERMINI")
    assert "brief_id" not in first
    response, problem = await depot.client.post("/v1/shipments", depot.shipment_body(order, "31"))
    assert (response.status, problem["code"]) == (409, "quantity_beyond_remaining")
    events = await depot.database.published("optima.logistics.shipment_drafted.v1")
    assert events[0].correlationid == order.order_id
    assert events[0].data["brief_id"] is None


async def test_stock_is_set_right_but_never_below_zero(depot: Depot) -> None:
    order = await depot.stocked_order()
    job_id = str(order.jobs[0])
    body = {"warehouse": "BO1", "job_id": job_id, "quantity": "100.001", "reason": "Rottura"}
    response, problem = await depot.client.post("/v1/adjustments", body | {"difference": "damaged"})
    assert (response.status, problem["code"]) == (409, "stock_not_enough")
    assert problem["errors"][0]["field"] == "quantity"
    shipment = await depot.picked(order, "100")
    response, moved = await depot.client.post(
        "/v1/adjustments", body | {"difference": "damaged", "quantity": "1"}
    )
    assert (response.status, moved["quantity"]) == (201, "-1")
    assert (await depot.stock())[job_id] == ("99", "100", "-1")
    response, problem = await depot.attempt(shipment, "issuance")
    assert (response.status, problem["code"]) == (409, "stock_not_enough")
    await depot.client.post("/v1/adjustments", body | {"difference": "found", "quantity": "1"})
    assert (await depot.act(shipment, "issuance"))["ddt"]["number"] == "1/2026"


async def test_goods_enter_up_to_what_was_produced(depot: Depot) -> None:
    order = await depot.confirm_order(completed=False)
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "60"}
    response, problem = await depot.client.post("/v1/receipts", body)
    assert (response.status, problem["code"]) == (409, "job_not_completed")
    await depot.complete_job(order, order.jobs[0], "98")
    await depot.receive(order.jobs[0], "60")
    response, problem = await depot.client.post("/v1/receipts", body)
    assert (response.status, problem["code"]) == (409, "quantity_beyond_produced")
    assert "38" in problem["detail"]
    await depot.receive(order.jobs[0], "38")
    received = await depot.database.published("optima.logistics.goods_received.v1")
    assert [event.data["quantity"] for event in received] == ["60", "38"]
    assert {event.correlationid for event in received} == {order.brief_id}
    response, problem = await depot.client.post("/v1/receipts", body | {"warehouse": "MI9"})
    assert (response.status, problem["code"], problem["errors"][0]["field"]) == (
        422,
        "warehouse_unknown",
        "warehouse",
    )


async def test_goods_enter_while_the_rest_is_being_made(depot: Depot) -> None:
    order = await depot.confirm_order(completed=False)
    job = order.jobs[0]
    body = {"warehouse": "BO1", "job_id": str(job), "quantity": "41"}
    with pytest.raises(NotYet):
        await depot.finish_part(replace(order, order_id=uuid4()), job, "40")
    await depot.finish_part(order, job, "40")
    await depot.finish_part(order, job, "25")  # late: it says less than is known
    (line, *_) = (await depot.client.get(f"/v1/orders/{order.order_id}"))[1]["lines"]
    assert (line["finished"], line["receivable"], line["actions"]) == ("40", "40", ["receive"])
    response, problem = await depot.client.post("/v1/receipts", body)
    assert (response.status, problem["code"]) == (409, "quantity_beyond_produced")
    await depot.receive(job, "40")
    await depot.act(await depot.picked(order, "30"), "issuance")
    await depot.complete_job(order, job, "98")
    await depot.finish_part(order, job, "60")  # late: the job is completed
    (line, *_) = (await depot.client.get(f"/v1/orders/{order.order_id}"))[1]["lines"]
    assert (line["produced"], line["receivable"]) == ("98", "58")
    assert "finished" not in line


async def test_a_refusal_writes_quantities_as_its_reader_does(depot: Depot) -> None:
    order = await depot.confirm_order(quantities=("37.5",))
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "40"}
    for language, most in (("it", "37,5"), ("en", "37.5")):
        response, problem = await depot.client.post(
            "/v1/receipts", body, headers={"Accept-Language": language}
        )
        assert (response.status, problem["code"]) == (409, "quantity_beyond_produced")
        assert most in problem["detail"], problem


async def test_of_simultaneous_drafts_none_takes_what_another_holds(depot: Depot) -> None:
    order = await depot.stocked_order()
    body = depot.shipment_body(order, "30")
    answers = await asyncio.gather(*(depot.client.post("/v1/shipments", body) for _ in range(8)))
    assert sorted(response.status for response, _ in answers) == [201] * 3 + [409] * 5
    assert (await depot.stock())[str(order.jobs[0])] == ("100", "90", "10")


async def test_of_simultaneous_receipts_none_exceeds_what_was_produced(depot: Depot) -> None:
    order = await depot.confirm_order()
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "30"}
    answers = await asyncio.gather(*(depot.client.post("/v1/receipts", body) for _ in range(8)))
    assert sorted(response.status for response, _ in answers) == [201] * 3 + [409] * 5


async def test_nothing_more_of_a_closed_line_is_shipped(depot: Depot) -> None:
    order = await depot.stocked_order()
    picked = await depot.picked(order, "30")
    closed = JobClosed(
        job_id=order.jobs[0],
        order_id=order.order_id,
        brief_id=order.brief_id,
        reason="Basta",
        shipped="0",
        unit="pz",
    )
    with pytest.raises(NotYet):
        await depot.deliver(closed.model_copy(update={"order_id": uuid4()}), subject=order.jobs[0])
    await depot.deliver(closed, subject=order.jobs[0])
    response, problem = await depot.client.post("/v1/shipments", depot.shipment_body(order, "10"))
    assert (response.status, problem["code"]) == (409, "line_closed")
    response, problem = await depot.attempt(picked, "issuance")
    assert (response.status, problem["code"]) == (409, "line_closed")
    await depot.act(picked, "cancellation", reason="Riga chiusa")
