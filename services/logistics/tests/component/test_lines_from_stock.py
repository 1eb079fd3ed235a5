"""Lines of orders that are taken from stock: what is set aside for them, shipped, and given back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.production import JobClosed, OrderCancelled

from ..conftest import Depot

ALLOCATED = "optima.logistics.goods_allocated.v1"
RELEASED = "optima.logistics.goods_released.v1"
DISPLAY: dict[str, Any] = {"description": "Espositore da banco", "unit": "pz"}
SECOND_WAREHOUSE = {
    "name": "Magazzino Imola",
    "street": "Via Selice 1",
    "postal_code": "40026",
    "city": "Imola",
    "province": "BO",
}


@pytest.fixture
async def shelf(depot: Depot) -> Any:
    """120 displays lie in BO1 and 30 in BO2."""
    response, depot.article = await depot.client.put("/v1/articles/ESP-BANCO", DISPLAY)
    assert response.status == 200
    assert (await depot.client.put("/v1/warehouses/BO2", SECOND_WAREHOUSE))[0].status == 200
    await depot.supply("BO1", "120")
    await depot.supply("BO2", "30")
    return depot


async def line_of(depot: Depot, order_id: UUID) -> dict[str, Any]:
    _, order = await depot.client.get(f"/v1/orders/{order_id}")
    (line,) = order["lines"]
    return line


async def on_shelves(depot: Depot) -> dict[tuple[str, str], str]:
    """What lies where, by article or order number and by warehouse."""
    _, page = await depot.client.get("/v1/stock")
    return {
        (row.get("article_code", row.get("order_number")), row["warehouse"]["code"]): row["on_hand"]
        for row in page["items"]
    }


async def test_what_lies_free_is_set_aside_when_the_order_is_confirmed(shelf: Any) -> None:
    order = await shelf.confirm_from_stock(shelf.article["id"], "130")
    order_id, (job_id,) = order.order_id, order.jobs
    assert await on_shelves(shelf) == {
        ("O-2026-0007", "BO1"): "120",
        ("O-2026-0007", "BO2"): "10",
        ("ESP-BANCO", "BO2"): "20",
    }
    told = await shelf.database.published(ALLOCATED)
    assert [(event.data["quantity"], event.data["allocated"]) for event in told] == [
        ("120", "120"),
        ("10", "130"),
    ]
    assert {event.correlationid for event in told} == {order_id}
    line = await line_of(shelf, order_id)
    assert (line["received"], line["receivable"], line["actions"]) == ("130", "0", ["ship"])
    shipment = {
        "order_id": str(order_id),
        "document_type": "vendita",
        "warehouse": "BO1",
        "destination": "MI-DUOMO",
        "lines": [{"job_id": str(job_id), "quantity": "120"}],
        "transport_by": "mittente",
        "appearance": "scatole",
        "packages": 2,
    }
    response, draft = await shelf.client.post("/v1/shipments", shipment)
    assert response.status == 201, draft
    await shelf.act(draft, "picking")
    issued = await shelf.act(draft, "issuance")
    assert issued["lines"][0]["description"] == "Espositore da banco"
    assert ("O-2026-0007", "BO1") not in await on_shelves(shelf)


async def test_the_rest_is_set_aside_once_it_has_come_and_no_more_than_that(shelf: Any) -> None:
    order = await shelf.confirm_from_stock(shelf.article["id"], "200")
    order_id, (job_id,) = order.order_id, order.jobs
    line = await line_of(shelf, order_id)
    assert (line["received"], line["allocatable"]) == ("150", [])
    body = {"warehouse": "BO1", "job_id": str(job_id), "quantity": "50"}
    response, problem = await shelf.client.post("/v1/allocations", body)
    assert (response.status, problem["code"]) == (409, "goods_not_free")
    await shelf.supply("BO1", "80")
    line = await line_of(shelf, order_id)
    assert [(each["warehouse"]["code"], each["quantity"]) for each in line["allocatable"]] == [("BO1", "50")]
    assert "allocate" in line["actions"]
    response, problem = await shelf.client.post("/v1/allocations", body | {"quantity": "51"})
    assert (response.status, problem["code"]) == (409, "quantity_beyond_ordered")
    response, movement = await shelf.client.post("/v1/allocations", body)
    assert (response.status, movement["kind"], movement["quantity"]) == (201, "allocation", "50")
    assert await on_shelves(shelf) == {
        ("O-2026-0007", "BO1"): "170",
        ("O-2026-0007", "BO2"): "30",
        ("ESP-BANCO", "BO1"): "30",
    }
    response, problem = await shelf.client.post("/v1/receipts", body)
    assert (response.status, problem["code"]) == (409, "line_from_stock")


async def test_a_made_line_is_not_taken_from_stock(shelf: Any) -> None:
    order = await shelf.stocked_order()
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "1"}
    for path in ("/v1/allocations", "/v1/releases"):
        response, problem = await shelf.client.post(path, body)
        assert (response.status, problem["code"]) == (409, "line_not_from_stock")
        response, problem = await shelf.client.post(path, body | {"job_id": str(uuid4())})
        assert (response.status, problem["code"]) == (404, "job_absent")


async def test_a_cancelled_order_gives_its_goods_back(shelf: Any) -> None:
    order = await shelf.confirm_from_stock(shelf.article["id"], "130")
    order_id, (job_id,) = order.order_id, order.jobs
    body = {"warehouse": "BO1", "job_id": str(job_id), "quantity": "1"}
    response, problem = await shelf.client.post("/v1/releases", body)
    assert (response.status, problem["code"]) == (409, "line_open")
    cancelled = OrderCancelled(order_id=order_id, brief_id=None, reason="Evento annullato")
    for _ in range(2):
        await shelf.deliver(cancelled, subject=order_id)
    assert await on_shelves(shelf) == {("ESP-BANCO", "BO1"): "120", ("ESP-BANCO", "BO2"): "30"}
    assert [event.data["allocated"] for event in await shelf.database.published(RELEASED)] == ["10", "0"]


async def test_a_closed_line_gives_back_what_no_draft_holds_and_the_rest_later(shelf: Any) -> None:
    order = await shelf.confirm_from_stock(shelf.article["id"], "100")
    order_id, (job_id,) = order.order_id, order.jobs
    shipment = {
        "order_id": str(order_id),
        "document_type": "vendita",
        "warehouse": "BO1",
        "destination": "MI-DUOMO",
        "lines": [{"job_id": str(job_id), "quantity": "40"}],
    }
    _, draft = await shelf.client.post("/v1/shipments", shipment)
    closed = JobClosed(
        job_id=job_id, order_id=order_id, brief_id=None, reason="Bastano", shipped="0", unit="pz"
    )
    await shelf.deliver(closed, subject=job_id)
    assert (await on_shelves(shelf))["ESP-BANCO", "BO1"] == "80"
    await shelf.act(draft, "cancellation", reason="Riga chiusa")
    line = await line_of(shelf, order_id)
    assert [each["quantity"] for each in line["releasable"]] == ["40"]
    assert line["actions"] == ["release"]
    body = {"warehouse": "BO1", "job_id": str(job_id), "quantity": "40"}
    response, _ = await shelf.client.post("/v1/releases", body)
    assert response.status == 201
    assert await on_shelves(shelf) == {("ESP-BANCO", "BO1"): "120", ("ESP-BANCO", "BO2"): "30"}


async def test_what_a_count_found_of_a_closed_line_is_its_articles_too(shelf: Any) -> None:
    order = await shelf.confirm_from_stock(shelf.article["id"], "100")
    found = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "3"}
    body = found | {"difference": "found", "reason": "Conta"}
    response, problem = await shelf.client.post("/v1/adjustments", body)
    assert response.status == 201, problem
    closed = JobClosed(
        job_id=order.jobs[0],
        order_id=order.order_id,
        brief_id=None,
        reason="Basta",
        shipped="0",
        unit="pz",
    )
    await shelf.deliver(closed, subject=order.jobs[0])
    assert await on_shelves(shelf) == {("ESP-BANCO", "BO1"): "123", ("ESP-BANCO", "BO2"): "30"}
    (told,) = await shelf.database.published(RELEASED)
    assert (told.data["quantity"], told.data["allocated"]) == ("103", "0")
    assert (await line_of(shelf, order.order_id))["received"] == "0"
