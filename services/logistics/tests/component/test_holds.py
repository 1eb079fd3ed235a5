"""Goods that are held back for their quality: they lie there, and nothing takes them."""

from __future__ import annotations

from typing import Any, TypeVar

from optima_contracts.envelope import EventData
from optima_contracts.logistics import GoodsHeld, HoldEnded, StockAdjusted

from ..conftest import Depot, Order

E = TypeVar("E", bound=EventData)


def goods(order: Order, quantity: str, **more: str) -> dict[str, str]:
    return {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": quantity, "reason": "Colore"} | more


async def post(depot: Depot, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    response, answer = await depot.client.post(path, body)
    return response.status, answer


async def row(depot: Depot) -> tuple[str, str | None, str, list[str]]:
    """What lies there, is held back and is free, and what the reader may do."""
    _, page = await depot.client.get("/v1/stock")
    (found,) = page["items"]
    return found["on_hand"], found.get("held"), found["free"], found["actions"]


async def told_of(depot: Depot, kind: type[E]) -> list[E]:
    return [kind.model_validate(event.data) for event in await depot.app.published(kind)]


async def test_what_is_held_on_arrival_is_not_shipped_until_it_is_released(depot: Depot) -> None:
    order = await depot.confirm_order()
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "100", "hold_reason": "Da vedere"}
    assert (await post(depot, "/v1/receipts", body))[0] == 201
    assert await row(depot) == ("100", "100", "0", ["adjust", "end_hold"])
    _, whole = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert "ship" not in whole["lines"][0]["actions"]
    status, problem = await post(depot, "/v1/shipments", depot.shipment_body(order, "1"))
    assert (status, problem["code"]) == (409, "goods_not_free")
    ending = goods(order, "60", ending="released")
    assert (await post(depot, "/v1/hold-endings", ending))[0] == 201
    assert await row(depot) == ("100", "40", "60", ["adjust", "hold", "end_hold"])
    await depot.draft(order, "60")
    (held,) = await told_of(depot, GoodsHeld)
    (ended,) = await told_of(depot, HoldEnded)
    assert (held.quantity, held.held, held.reason) == ("100", "100", "Da vedere")
    assert (ended.quantity, ended.held, ended.ending) == ("60", "40", "released")


async def test_what_is_scrapped_leaves_the_stock(depot: Depot) -> None:
    order = await depot.stocked_order()
    assert (await post(depot, "/v1/holds", goods(order, "30")))[0] == 201
    assert (await post(depot, "/v1/hold-endings", goods(order, "30", ending="scrapped")))[0] == 201
    assert await row(depot) == ("70", None, "70", ["adjust", "hold"])
    (told,) = await told_of(depot, StockAdjusted)
    assert (told.kind, told.quantity, told.reason) == ("damaged", "30", "Colore")
    _, page = await depot.client.get(f"/v1/holds?job_id={order.jobs[0]}")
    assert [(each["kind"], each["quantity"]) for each in page["items"]] == [
        ("scrapped", "-30"),
        ("held", "30"),
    ]
    assert page["items"][0]["recorded_by"]["id"] == str(depot.sara.person_id)


TOO_MUCH: list[tuple[Any, ...]] = [
    ("/v1/holds", "61", {}, "goods_not_free"),
    ("/v1/hold-endings", "21", {"ending": "released"}, "quantity_beyond_held"),
    ("/v1/hold-endings", "21", {"ending": "scrapped"}, "quantity_beyond_held"),
]


async def test_no_more_is_held_than_is_free_or_ended_than_is_held(depot: Depot) -> None:
    order = await depot.stocked_order()
    await post(depot, "/v1/holds", goods(order, "20"))
    await depot.draft(order, "20")
    for path, quantity, more, code in TOO_MUCH:
        status, problem = await post(depot, path, goods(order, quantity, **more))
        assert (status, problem["code"]) == (409, code)


async def test_goods_that_went_missing_beneath_a_hold_stop_the_document_and_can_be_mended(
    depot: Depot,
) -> None:
    order = await depot.stocked_order()
    shipment = await depot.picked(order, "60")
    await post(depot, "/v1/holds", goods(order, "40"))
    await post(depot, "/v1/adjustments", goods(order, "30", difference="missing"))
    response, problem = await depot.attempt(shipment, "issuance")
    assert (response.status, problem["code"]) == (409, "goods_held_back")
    await post(depot, "/v1/hold-endings", goods(order, "30", ending="released"))
    assert (await depot.act(shipment, "issuance"))["state"] == "issued"
    assert await row(depot) == ("10", "10", "0", ["adjust", "end_hold"])


async def test_articles_are_held_on_arrival_and_not_set_aside_for_orders(depot: Depot) -> None:
    article = {"description": "Espositore da banco", "unit": "pz"}
    _, kept = await depot.client.put("/v1/articles/ESP-BANCO", article)
    body = {
        "supplier": "MI-DUOMO",
        "number": "7",
        "date": "2026-11-23",
        "warehouse": "BO1",
        "lines": [{"article": "ESP-BANCO", "quantity": "50"}],
        "hold_reason": "Da contare",
    }
    assert (await post(depot, "/v1/supplier-receipts", body))[0] == 201
    order = await depot.confirm_from_stock(kept["id"], "10")
    assert await row(depot) == ("50", "50", "0", ["adjust", "end_hold"])
    _, whole = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert whole["lines"][0]["allocatable"] == []
    ending = {
        "warehouse": "BO1",
        "job_id": kept["id"],
        "quantity": "50",
        "ending": "released",
        "reason": "Ok",
    }
    assert (await post(depot, "/v1/hold-endings", ending))[0] == 201
    _, whole = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert [each["quantity"] for each in whole["lines"][0]["allocatable"]] == ["10"]


async def test_goods_that_come_back_are_held_unless_they_are_scrap(depot: Depot) -> None:
    order = await depot.stocked_order(quantities=("100", "50"))
    shipment = await depot.act(await depot.picked(order, "20"), "issuance")
    await depot.act(shipment, "departure")
    await depot.act(shipment, "delivery", received_by="Neri")
    lines = [
        {"job_id": str(job_id), "quantity": "20", "disposition": disposition}
        for job_id, disposition in zip(order.jobs, ("stock", "scrap"), strict=True)
    ]
    back = {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "Colore", "lines": lines}
    await depot.act(shipment, "returns", **back, hold_reason="Da vedere")
    _, page = await depot.client.get("/v1/stock")
    found = {each["job_id"]: (each["on_hand"], each.get("held")) for each in page["items"]}
    assert [found[str(job_id)] for job_id in order.jobs] == [("100", "20"), ("30", None)]
    (held,) = await told_of(depot, GoodsHeld)
    assert (held.order_id, held.quantity, held.reason) == (order.order_id, "20", "Da vedere")
