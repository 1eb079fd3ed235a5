"""Counts of a warehouse: each difference enters the ledger once, whatever moves meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any, get_args

import pytest

from logistics.domain.counts import CountAction
from optima_contracts.logistics import StockAdjusted

from ..conftest import ARTICLE, Depot

ACTIONS: dict[CountAction, tuple[str, dict[str, Any]]] = {
    "count": ("lines", {"article": "ESP", "counted": "99"}),
    "post": ("posting", {"reason": "Conta"}),
    "cancel": ("cancellation", {}),
}


@pytest.fixture
async def counting(depot: Depot) -> Any:
    """A hundred pieces of an article, the same of a job, and an open count."""
    await depot.client.put("/v1/articles/ESP", ARTICLE | {"barcode": "8001234567897"})
    line = {"article": "ESP", "quantity": "100"}
    sent = {"supplier": "MI-DUOMO", "number": "1", "date": "2026-11-24", "warehouse": "BO1", "lines": [line]}
    await depot.client.post("/v1/supplier-receipts", sent)
    depot.order = await depot.stocked_order()
    _, depot.article = await depot.client.get("/v1/articles/ESP")
    await begin(depot)
    return depot


async def begin(depot: Depot) -> None:
    response, depot.count = await depot.client.post("/v1/counts", {"warehouse": "BO1"})
    assert response.status == 201, depot.count


async def act(depot: Depot, action: str, client: Any = None, **body: Any) -> tuple[int, Any]:
    path = f"/v1/counts/{depot.count['id']}/{action}"
    response, answer = await (client or depot.client).post(path, body)
    return response.status, answer


async def on_hand(depot: Depot) -> tuple[str, str]:
    stock = await depot.stock()
    return stock[depot.article["id"]][0], stock[str(depot.order.jobs[0])][0]


async def test_differences_are_posted_with_their_reasons_and_their_events(counting: Any) -> None:
    status, count = await act(counting, "lines", article="8001234567897", counted="98", reason="Rotti")
    assert status == 200, count
    status, count = await act(counting, "lines", job_id=str(counting.order.jobs[0]), counted="101")
    assert [line["difference"] for line in count["lines"]] == ["-2", "1"]
    assert [line.get("article_code") for line in count["lines"]] == ["ESP", None]
    status, problem = await act(counting, "posting")
    assert (status, problem["code"]) == (422, "count_reason_missing")
    status, count = await act(counting, "posting", reason="Inventario")
    assert (status, count["state"], count["actions"]) == (200, "posted", [])
    assert await on_hand(counting) == ("98", "101")
    told = [event.data for event in await counting.app.published(StockAdjusted)]
    assert [(each["kind"], each["quantity"], each["reason"]) for each in told] == [
        ("missing", "2", "Rotti"),
        ("found", "1", "Inventario"),
    ]
    assert {each["count_id"] for each in told} == {count["id"]}
    _, page = await counting.client.get(f"/v1/movements?job_id={counting.article['id']}&limit=1")
    assert page["items"][0]["count_id"] == count["id"]
    _, page = await counting.client.get("/v1/counts?state=posted&warehouse=BO1")
    assert page["items"] == [count]


async def test_what_moves_between_count_and_posting_is_no_difference(counting: Any) -> None:
    await act(counting, "lines", article="ESP", counted="99")
    body = counting.shipment_body(counting.order, lines=[{"article": "ESP", "quantity": "40"}], order_id=None)
    _, shipment = await counting.client.post("/v1/shipments", body)
    await counting.act(await counting.act(shipment, "picking"), "issuance")
    status, _ = await act(counting, "posting", reason="Conta")
    assert status == 200
    assert (await on_hand(counting))[0] == "59"


async def test_goods_that_are_gone_cannot_be_missing(counting: Any) -> None:
    await act(counting, "lines", article="ESP", counted="96")
    body = counting.shipment_body(counting.order, lines=[{"article": "ESP", "quantity": "98"}], order_id=None)
    _, shipment = await counting.client.post("/v1/shipments", body)
    await counting.act(await counting.act(shipment, "picking"), "issuance")
    status, problem = await act(counting, "posting", reason="Conta")
    assert (status, problem["code"]) == (409, "counted_goods_gone")
    assert (await on_hand(counting))[0] == "2"


async def test_a_count_posted_many_times_at_once_counts_once(counting: Any) -> None:
    await act(counting, "lines", article="ESP", counted="98")
    answers = await asyncio.gather(*(act(counting, "posting", reason="Conta") for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    assert (await on_hand(counting))[0] == "98"


async def test_a_large_difference_is_posted_by_somebody_else(counting: Any) -> None:
    status, count = await act(counting, "lines", article="ESP", counted="90")
    assert count["lines"][0]["needs_second_person"]
    assert count["actions"] == ["count", "cancel"]
    status, problem = await act(counting, "posting", reason="Conta")
    assert (status, problem["code"]) == (409, "count_needs_second_person")
    other = counting.as_role("backoffice")
    _, seen = await other.get(f"/v1/counts/{count['id']}")
    assert "post" in seen["actions"]
    status, _ = await act(counting, "posting", other, reason="Verificato")
    assert status == 200


async def test_one_count_of_a_warehouse_is_open_and_the_newest_quantity_stands(counting: Any) -> None:
    answers = await asyncio.gather(
        *(counting.client.post("/v1/counts", {"warehouse": "BO1"}) for _ in range(4))
    )
    assert {(response.status, problem["code"]) for response, problem in answers} == {
        (409, "count_open_already")
    }
    await act(counting, "lines", article="ESP", counted="3")
    _, count = await act(counting, "lines", article="ESP", counted="100")
    assert [line["counted"] for line in count["lines"]] == ["100"]
    await act(counting, "cancellation")
    assert await on_hand(counting) == ("100", "100")
    await begin(counting)


NOT_COUNTED: list[tuple[Any, ...]] = [
    ({"counted": "1"}, 422, "goods_not_named"),
    ({"article": "NESSUNO", "counted": "1"}, 422, "article_unknown"),
    ({"job_id": "00000000-0000-4000-8000-000000000000", "counted": "1"}, 404, "job_absent"),
    ({"article": "ESP", "counted": "-1"}, 422, "violations"),
    ({"article": "ESP", "counted": "1e9"}, 422, "violations"),
]


async def test_what_cannot_be_counted_is_refused(counting: Any) -> None:
    for body, status, code in NOT_COUNTED:
        found, problem = await act(counting, "lines", **body)
        assert (found, problem["code"]) == (status, code)
        status, problem = await act(counting, "posting")
        assert (status, problem["code"]) == (409, "count_empty")


@pytest.mark.sampled(4)
@pytest.mark.parametrize("state", ["open", "counted", "beyond", "posted", "cancelled"])
@pytest.mark.parametrize("reader", ["backoffice", "admin", "auditor", "purchasing", "marketing"])
async def test_a_count_takes_what_it_offers_and_nothing_else(
    depot: Depot, counting: Any, reader: str, state: str
) -> None:
    way = {
        "open": [],
        "counted": [("lines", {"article": "ESP", "counted": "99"})],
        "beyond": [("lines", {"article": "ESP", "counted": "50"})],
        "posted": [("lines", {"article": "ESP", "counted": "99"}), ("posting", {"reason": "x"})],
        "cancelled": [("cancellation", {})],
    }[state]
    client = counting.client if reader == "backoffice" else counting.as_role(reader)
    offered: list[str] | None = None
    for action in get_args(CountAction):
        for suffix, body in way:
            status, _ = await act(counting, suffix, **body)
            assert status == 200
        response, seen = await client.get(f"/v1/counts/{counting.count['id']}")
        offered = seen["actions"] if response.status == 200 else []
        suffix, body = ACTIONS[action]
        status, answer = await act(counting, suffix, client, **body)
        assert (status == 200) == (action in offered), (action, answer)
        await act(counting, "cancellation")
        await begin(counting)
