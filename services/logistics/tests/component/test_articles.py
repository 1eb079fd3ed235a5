"""Articles: kept under a code, received from whoever sends them, and shipped without an order."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.logistics import DdtIssued, GoodsReceived, ShipmentDrafted

from ..conftest import DESTINATION, TRANSPORT, WAREHOUSE, Depot

DISPLAY: dict[str, Any] = {
    "description": "Espositore da banco",
    "unit": "pz",
    "conversions": [{"unit": "conf", "holds": "12"}],
    "barcode": "8001234567897",
    "weight_kg": "0.45",
    "customer_code": "AUR-77",
}


async def keep(depot: Depot, code: str = "ESP-BANCO", **changes: Any) -> dict[str, Any]:
    response, article = await depot.client.put(f"/v1/articles/{code}", DISPLAY | changes)
    assert response.status == 200, article
    return article  # type: ignore[no-any-return]


def receipt(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    named = lines or ({"article": "ESP-BANCO", "quantity": "10", "unit": "conf"},)
    whole = {"supplier": "MI-DUOMO", "number": "88/A", "date": "2026-11-23", "warehouse": "BO1"}
    return whole | {"lines": list(named)} | changes


def call_off(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    named = lines or ({"article": "ESP-BANCO", "quantity": "30"},)
    whole = {"document_type": "omaggio", "warehouse": "BO1", "destination": "MI-DUOMO"} | TRANSPORT
    return whole | {"lines": list(named)} | changes


@pytest.fixture
async def stocked(depot: Depot) -> Any:
    """120 displays, in ten boxes of twelve."""
    article = await keep(depot)
    response, received = await depot.client.post("/v1/supplier-receipts", receipt())
    assert response.status == 201, received
    depot.article = article
    return depot


async def test_an_article_is_found_by_its_code_its_barcode_and_its_words(depot: Depot) -> None:
    display = await keep(depot)
    poster = await keep(
        depot, "LOC-A3", description="Locandina A3", barcode="LOC0042", customer_code="AUR-78"
    )
    for text, found in (
        ("ESP-BANCO", [display]),
        ("8001234567897", [display]),
        ("AUR-78", [poster]),
        ("LOC0042", [poster]),
        ("ocandina", [poster]),
        ("nessuno", []),
    ):
        _, page = await depot.client.get("/v1/articles", params={"text": text})
        assert page["items"] == found, text
    _, page = await depot.client.get("/v1/articles")
    assert page["items"] == [display, poster]
    _, page = await depot.client.get("/v1/articles?limit=1")
    _, page = await depot.client.get(f"/v1/articles?limit=1&cursor={page['next_cursor']}")
    assert page["items"] == [poster]


NO_ARTICLES: list[tuple[Any, ...]] = [
    ({"barcode": "8001234567890"}, "barcode"),
    ({"barcode": "con spazio"}, "barcode"),
    ({"barcode": "12345670"}, "barcode"),
    ({"conversions": [{"unit": "pz", "holds": "2"}]}, "conversions"),
    ({"conversions": [{"unit": "PZ", "holds": "2"}]}, "conversions"),
    ({"conversions": [{"unit": "c", "holds": "2"}, {"unit": "C", "holds": "3"}]}, "conversions"),
    ({"conversions": [{"unit": "c", "holds": "2"}] * 2}, "conversions"),
    ({"conversions": [{"unit": "c", "holds": "0"}]}, "conversions[0].holds"),
    ({"owner": "NESSUNO"}, "owner"),
    ({"unit": ""}, "unit"),
    ({"weight_kg": "-1"}, "weight_kg"),
]


async def test_what_an_article_cannot_be_is_named(depot: Depot) -> None:
    await keep(depot, "ALTRO", barcode="12345670")
    for changes, field in NO_ARTICLES:
        response, problem = await depot.client.put("/v1/articles/ESP-BANCO", DISPLAY | changes)
        assert response.status == 422, problem
        assert [error["field"] for error in problem["errors"]] == [field]


async def test_a_kept_article_keeps_its_unit_and_owner(depot: Depot) -> None:
    article = await keep(depot)
    again = await keep(depot, description="Espositore da banco, nuovo", conversions=[])
    assert again["id"] == article["id"]
    assert again["version"] == 2
    for changes, code in (
        ({"unit": "kg"}, "article_unit_fixed"),
        ({"owner": "MI-DUOMO"}, "article_owner_fixed"),
    ):
        response, problem = await depot.client.put("/v1/articles/ESP-BANCO", DISPLAY | changes)
        assert (response.status, problem["errors"][0]["code"]) == (422, code)
    response, problem = await depot.client.put("/v1/articles/ESP-BANCO", DISPLAY, headers={"If-Match": '"1"'})
    assert (response.status, problem["code"]) == (412, "stale_version")


async def test_one_barcode_goes_to_one_of_many_articles_kept_at_once(depot: Depot) -> None:
    answers = await asyncio.gather(*(depot.client.put(f"/v1/articles/A{n}", DISPLAY) for n in range(8)))
    assert sorted(response.status for response, _ in answers) == [200] + [422] * 7


async def test_what_a_supplier_sends_is_in_stock_in_the_articles_own_unit(stocked: Any) -> None:
    _, page = await stocked.client.get("/v1/stock?articles=true")
    (row,) = page["items"]
    assert (row["article_code"], row["job_id"], row["on_hand"]) == ("ESP-BANCO", stocked.article["id"], "120")
    assert "order_id" not in row
    _, page = await stocked.client.get("/v1/stock?articles=false")
    assert page["items"] == []
    _, page = await stocked.client.get(f"/v1/movements?job_id={stocked.article['id']}")
    (movement,) = page["items"]
    _, page = await stocked.client.get("/v1/supplier-receipts?number=88/a")
    (received,) = page["items"]
    assert (movement["kind"], movement["receipt_id"]) == ("purchase", received["id"])
    assert received["recorded_by"]["id"] == str(stocked.sara.person_id)
    assert received["lines"][0]["quantity"] == "120"
    (event,) = await stocked.app.published(GoodsReceived)
    assert event.data["order_id"] is None
    assert (event.data["document_number"], event.data["document_date"]) == ("88/A", "2026-11-23")


NO_RECEIPTS: list[tuple[Any, ...]] = [
    (receipt(number="88/a"), 409, "number"),
    (receipt(number="89", date="2026-11-25"), 422, "date"),
    (receipt(number="89", date="1999-01-04"), 422, "date"),
    (receipt(number="89", date="0001-01-01"), 422, "date"),
    (receipt(number="89", supplier="NESSUNO"), 422, "supplier"),
    (receipt(number="89", warehouse="NESSUNO"), 422, "warehouse"),
    (receipt({"article": "NESSUNO", "quantity": "1"}, number="89"), 422, "lines[0].article"),
    (receipt({"article": "ESP-BANCO", "quantity": "1", "unit": "t"}, number="89"), 422, "lines[0].unit"),
    (receipt({"article": "ESP-BANCO", "quantity": "0"}, number="89"), 422, "lines[0].quantity"),
]


async def test_a_receipt_that_cannot_be_names_its_field_and_changes_nothing(stocked: Any) -> None:
    for body, status, field in NO_RECEIPTS:
        response, problem = await stocked.client.post("/v1/supplier-receipts", body)
        assert response.status == status, problem
        assert field in [error["field"] for error in problem.get("errors", [])] or problem["field"] == field
        assert (await stocked.stock())[stocked.article["id"]][0] == "120"


async def test_one_document_received_many_times_at_once_counts_once(depot: Depot) -> None:
    article = await keep(depot)
    answers = await asyncio.gather(*(depot.client.post("/v1/supplier-receipts", receipt()) for _ in range(6)))
    assert sorted(response.status for response, _ in answers) == [201] + [409] * 5
    assert (await depot.stock())[article["id"]][0] == "120"


async def test_articles_are_shipped_without_an_order_to_the_end(stocked: Any) -> None:
    response, shipment = await stocked.client.post("/v1/shipments", call_off())
    assert response.status == 201, shipment
    assert "order_id" not in shipment
    assert shipment["lines"][0]["article_code"] == "ESP-BANCO"
    assert shipment["closes_order_line"] is False
    assert (await stocked.stock())[stocked.article["id"]] == ("120", "30", "90")
    for step, body in (
        ("picking", {}),
        ("issuance", {}),
        ("departure", {}),
        ("delivery", {"received_by": "Carla Neri"}),
    ):
        shipment = await stocked.act(shipment, step, **body)
    assert shipment["ddt"]["number"] == "1/2026"
    assert (await stocked.stock())[stocked.article["id"]] == ("90", "0", "90")
    (drafted,) = await stocked.app.published(ShipmentDrafted)
    (issued,) = await stocked.app.published(DdtIssued)
    assert drafted.data["from_stock"]
    assert issued.data["order_number"] is None
    assert issued.data["lines"][0]["code"] == "ESP-BANCO"
    response, electronic = await stocked.client.get(f"/v1/shipments/{shipment['id']}/despatch-advice.xml")
    told = issued.data["despatch_advice"]
    assert told.encode() == electronic if response.status == 200 else told is None
    response, _ = await stocked.client.get(f"/v1/shipments/{shipment['id']}/ddt.pdf")
    assert response.status == 200
    back = {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "Avanzati"}
    line = {"job_id": stocked.article["id"], "quantity": "5", "disposition": "stock"}
    await stocked.act(shipment, "returns", **back, lines=[line])
    assert (await stocked.stock())[stocked.article["id"]][0] == "95"


async def test_a_shipment_from_stock_is_revised_moved_and_replaced(stocked: Any) -> None:
    await stocked.client.put("/v1/warehouses/MI1", WAREHOUSE)
    _, shipment = await stocked.client.post("/v1/shipments", call_off())
    content = {name: shipment[name]["code"] for name in ("document_type", "warehouse", "destination")}
    lines = [{"article": "ESP-BANCO", "quantity": "2", "unit": "conf"}]
    response, shipment = await stocked.client.put(
        f"/v1/shipments/{shipment['id']}/content", content | {"lines": lines}, headers={"If-Match": '"1"'}
    )
    assert response.status == 200, shipment
    assert shipment["lines"][0]["quantity"] == "24"
    voided = await stocked.act(await stocked.act(shipment, "picking"), "issuance")
    voided = await stocked.act(voided, "voiding", reason="Errore", reissue=False)
    response, again = await stocked.client.post("/v1/shipments", call_off(replaces_id=voided["id"]))
    assert response.status == 201, again
    response, problem = await stocked.client.post("/v1/shipments", call_off(replaces_id=voided["id"]))
    assert (response.status, problem["code"]) == (409, "shipment_not_replaceable")
    body = call_off(document_type="trasferimento-tra-depositi", destination="MI1")
    _, moved = await stocked.client.post("/v1/shipments", body)
    for step in ("picking", "issuance", "departure"):
        moved = await stocked.act(moved, step)
    await stocked.act(moved, "delivery", received_by="Carla")
    _, page = await stocked.client.get("/v1/stock?warehouse=MI1")
    assert [row["on_hand"] for row in page["items"]] == ["30"]


NO_CALL_OFFS: list[tuple[Any, ...]] = [
    (call_off({"article": "ESP-BANCO", "quantity": "121"}), 409, "goods_not_free"),
    (call_off({"article": "NESSUNO", "quantity": "1"}), 422, "article_unknown"),
    (call_off({"job_id": str(uuid4()), "quantity": "1"}), 404, "job_absent"),
    (call_off({"quantity": "1"}), 422, "line_names_one"),
    (call_off({"article": "ESP-BANCO", "job_id": str(uuid4()), "quantity": "1"}), 422, "line_names_one"),
    (call_off(*[{"article": "ESP-BANCO", "quantity": "1"}] * 2), 422, "job_named_twice"),
    (
        call_off({"article": "ESP-BANCO", "quantity": "1"}, {"article": "DI-ALTRI", "quantity": "1"}),
        422,
        "owners_differ",
    ),
    (call_off(document_type="reso-da-cliente"), 422, "document_type_inbound"),
    (call_off(order_id=str(uuid4())), 404, "order_absent"),
]


async def test_what_cannot_be_called_off_is_refused(stocked: Any) -> None:
    await keep(stocked, "DI-ALTRI", owner="MI-DUOMO", barcode="DA1")
    for body, status, code in NO_CALL_OFFS:
        response, problem = await stocked.client.post("/v1/shipments", body)
        found = problem["errors"][0]["code"] if problem.get("errors") else problem["code"]
        assert (response.status, found) == (status, code), problem
        assert (await stocked.stock())[stocked.article["id"]][1] == "0"


async def test_an_orders_shipment_takes_no_articles_and_an_account_is_no_order(stocked: Any) -> None:
    order = await stocked.stocked_order()
    body = stocked.shipment_body(order, "1", lines=[{"article": "ESP-BANCO", "quantity": "1"}])
    response, problem = await stocked.client.post("/v1/shipments", body)
    assert (response.status, problem["code"]) == (422, "article_in_order")
    (account,) = await stocked.database.fetch("SELECT order_id FROM orders WHERE kept_for IS NOT NULL")
    response, _ = await stocked.client.get(f"/v1/orders/{account['order_id']}")
    assert response.status == 404
    goods = {"warehouse": "BO1", "job_id": stocked.article["id"], "quantity": "1"}
    response, problem = await stocked.client.post("/v1/receipts", goods)
    assert (response.status, problem["code"]) == (404, "job_absent")


async def test_an_articles_stock_is_set_right_within_a_tenth_of_what_came(stocked: Any) -> None:
    body = {"warehouse": "BO1", "job_id": stocked.article["id"], "reason": "Conta"}
    found = body | {"difference": "found"}
    response, problem = await stocked.client.post("/v1/adjustments", found | {"quantity": "13"})
    assert (response.status, problem["code"]) == (409, "quantity_beyond_findable")
    response, _ = await stocked.client.post("/v1/adjustments", found | {"quantity": "12"})
    assert response.status == 201
    missing = body | {"difference": "missing", "quantity": "2"}
    response, _ = await stocked.client.post("/v1/adjustments", missing)
    assert response.status == 201
    assert (await stocked.stock())[stocked.article["id"]][0] == "130"


async def test_thirty_call_offs_at_once_take_no_more_than_there_is(stocked: Any) -> None:
    body = call_off({"article": "ESP-BANCO", "quantity": "7"})
    answers = await asyncio.gather(*(stocked.client.post("/v1/shipments", body) for _ in range(30)))
    made = [response.status for response, _ in answers].count(201)
    assert made == 17
    on_hand, reserved, _ = (await stocked.stock())[stocked.article["id"]]
    assert (Decimal(on_hand), Decimal(reserved)) == (120, 119)


async def test_an_owners_goods_are_kept_and_shipped_apart(stocked: Any) -> None:
    article = await keep(stocked, "DI-ALTRI", owner="MI-DUOMO", barcode="DA1")
    assert article["owner"]["name"] == DESTINATION["address"]["name"]
    body = receipt({"article": "DI-ALTRI", "quantity": "5"}, number="90")
    response, _ = await stocked.client.post("/v1/supplier-receipts", body)
    assert response.status == 201
    body = call_off({"article": "DI-ALTRI", "quantity": "5"})
    response, shipment = await stocked.client.post("/v1/shipments", body)
    assert response.status == 201, shipment
    content = {name: shipment[name]["code"] for name in ("document_type", "warehouse", "destination")}
    response, problem = await stocked.client.put(
        f"/v1/shipments/{shipment['id']}/content",
        content | {"lines": [{"article": "ESP-BANCO", "quantity": "1"}]},
        headers={"If-Match": '"1"'},
    )
    assert (response.status, problem["code"]) == (422, "owner_of_shipment_fixed")
