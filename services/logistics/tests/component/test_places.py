"""Locations within a warehouse, and lots with their expiry: what lies where, and what is taken first."""

from __future__ import annotations

from typing import Any

import pytest

from optima_contracts.logistics import DdtIssued, GoodsReceived, GoodsRelocated, StockAdjusted

from ..conftest import ARTICLE, TRANSPORT, WAREHOUSE, Depot, Order


async def post(depot: Depot, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    response, answer = await depot.client.post(path, body)
    return response.status, answer


async def done(depot: Depot, path: str, body: dict[str, Any]) -> Any:
    status, answer = await post(depot, path, body)
    assert status in (200, 201), answer
    return answer


def lot(quantity: str, lot: str, expires_on: str | None = None, location: str = "") -> dict[str, Any]:
    line = {"article": "CREMA", "quantity": quantity, "lot": lot, "location": location}
    return line | ({"expires_on": expires_on} if expires_on else {})


def sent(*lines: dict[str, Any], number: str = "88/A") -> dict[str, Any]:
    return {
        "supplier": "MI-DUOMO",
        "number": number,
        "date": "2026-11-23",
        "warehouse": "BO1",
        "lines": list(lines),
    }


@pytest.fixture
async def racked(depot: Depot) -> Depot:
    """With two locations, and an article that is tracked by lots."""
    await done(depot, "/v1/locations", {"warehouse": "BO1", "codes": ["A-01-03", "B-02-01"]})
    response, article = await depot.client.put("/v1/articles/CREMA", ARTICLE | {"tracked_by_lot": True})
    assert response.status == 200, article
    return depot


async def lying(depot: Depot) -> list[tuple[str | None, str | None, str, str | None]]:
    """Location, lot, quantity and what of it is held back, of the only goods there are."""
    _, page = await depot.client.get("/v1/stock")
    (row,) = page["items"]
    return [
        (each.get("location"), each.get("lot"), each["on_hand"], each.get("held")) for each in row["places"]
    ]


async def picks(depot: Depot, shipment: dict[str, Any]) -> list[tuple[Any, ...]]:
    _, found = await depot.client.get(f"/v1/shipments/{shipment['id']}/picks")
    return [
        (each.get("location"), each.get("lot"), each["quantity"], each["proposed"]) for each in found["picks"]
    ]


def call_off(quantity: str, **changes: Any) -> dict[str, Any]:
    whole = {"document_type": "omaggio", "warehouse": "BO1", "destination": "MI-DUOMO"} | TRANSPORT
    return whole | {"lines": [{"article": "CREMA", "quantity": quantity}]} | changes


async def move(depot: Depot, order: Order, quantity: str, **more: Any) -> tuple[int, Any]:
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": quantity} | more
    return await post(depot, "/v1/relocations", body)


async def test_who_uses_no_locations_sees_none(depot: Depot) -> None:
    order = await depot.stocked_order()
    _, page = await depot.client.get("/v1/stock")
    assert page["items"][0]["places"] == []
    shipment = await depot.picked(order, "40")
    await depot.act(shipment, "issuance")
    _, page = await depot.client.get("/v1/movements")
    assert not any("location" in each or "lot" in each for each in page["items"])


async def test_goods_are_put_to_a_location_and_moved_to_another(racked: Depot) -> None:
    order = await racked.confirm_order()
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "100", "location": "A-01-03"}
    await done(racked, "/v1/receipts", body)
    status, came = await move(racked, order, "30", to_location="B-02-01")
    assert (status, came["kind"], came["location"], came["quantity"]) == (201, "relocation", "B-02-01", "30")
    assert await lying(racked) == [("A-01-03", None, "70", None), ("B-02-01", None, "30", None)]
    (told,) = await racked.app.published(GoodsRelocated)
    assert told.data["from_location"] == "A-01-03"
    status, problem = await move(racked, order, "1", to_location="A-01-03")
    assert (status, problem["code"]) == (422, "location_not_named")
    here = {"from_location": "B-02-01", "to_location": "A-01-03"}
    status, problem = await move(racked, order, "31", **here)
    assert (status, problem["code"], problem["errors"][0]["field"]) == (409, "goods_not_there", "quantity")
    status, problem = await move(racked, order, "1", from_location="B-02-01", to_location="C-01")
    assert (status, problem["code"]) == (422, "location_unknown")
    status, problem = await move(racked, order, "1", from_location="B-02-01", to_location="B-02-01")
    assert (status, problem["code"]) == (422, "location_is_origin")
    assert (await move(racked, order, "30", from_location="B-02-01", to_location=""))[0] == 201
    assert await lying(racked) == [(None, None, "30", None), ("A-01-03", None, "70", None)]


async def test_what_is_held_back_is_moved_as_such(racked: Depot) -> None:
    order = await racked.stocked_order()
    held = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "20", "reason": "Colore"}
    await done(racked, "/v1/holds", held)
    status, problem = await move(racked, order, "21", to_location="B-02-01", held=True)
    assert (status, problem["code"]) == (409, "quantity_beyond_held")
    status, problem = await move(racked, order, "81", to_location="B-02-01")
    assert (status, problem["code"]) == (409, "goods_not_there")
    assert (await move(racked, order, "20", to_location="B-02-01", held=True))[0] == 201
    assert await lying(racked) == [(None, None, "80", None), ("B-02-01", None, "20", "20")]
    await done(racked, "/v1/hold-endings", held | {"ending": "scrapped"})
    assert await lying(racked) == []
    (told,) = await racked.app.published(StockAdjusted)
    assert (told.data["kind"], told.data["location"]) == ("damaged", "B-02-01")


async def test_what_expires_first_leaves_first_and_what_has_expired_stays(racked: Depot) -> None:
    lines = (
        lot("10", "L-OLD", "2026-11-23"),
        lot("10", "L-JAN", "2027-01-31", "B-02-01"),
        lot("10", "L-DEC", "2026-12-31", "A-01-03"),
        lot("10", "L-ANY"),
    )
    await done(racked, "/v1/supplier-receipts", sent(*lines))
    told = await racked.app.published(GoodsReceived)
    assert [each.data.get("expires_on") for each in told][1:] == ["2027-01-31", "2026-12-31", None]
    shipment = await done(racked, "/v1/shipments", call_off("15"))
    assert await picks(racked, shipment) == [
        ("A-01-03", "L-DEC", "10", True),
        ("B-02-01", "L-JAN", "5", True),
    ]
    shipment = await racked.act(shipment, "picking")
    await racked.act(shipment, "issuance")
    (issued,) = await racked.app.published(DdtIssued)
    assert [(each["lot"], each["quantity"]) for each in issued.data["lines"][0]["lots"]] == [
        ("L-DEC", "10"),
        ("L-JAN", "5"),
    ]
    assert "<cbc:LotNumberID>L-DEC</cbc:LotNumberID>" in issued.data["despatch_advice"]
    assert await lying(racked) == [
        (None, "L-OLD", "10", None),
        ("B-02-01", "L-JAN", "5", None),
        (None, "L-ANY", "10", None),
    ]
    rest = await racked.act(await done(racked, "/v1/shipments", call_off("16", **TRANSPORT)), "picking")
    response, problem = await racked.attempt(rest, "issuance")
    assert (response.status, problem["code"]) == (409, "goods_expired_or_picked")


async def test_what_is_named_stays_for_the_shipment(racked: Depot) -> None:
    lines = (lot("10", "L1", "2027-01-31", "A-01-03"), lot("10", "L2", "2027-06-30", "B-02-01"))
    await done(racked, "/v1/supplier-receipts", sent(*lines))
    first = await done(racked, "/v1/shipments", call_off("8"))
    named = {"job_id": first["lines"][0]["job_id"], "quantity": "8", "location": "B-02-01", "lot": "L2"}
    response, first = await racked.client.put(f"/v1/shipments/{first['id']}/picks", {"picks": [named]})
    assert response.status == 200, first
    assert await picks(racked, first) == [("B-02-01", "L2", "8", False)]
    second = await done(racked, "/v1/shipments", call_off("3"))
    response, problem = await racked.client.put(
        f"/v1/shipments/{second['id']}/picks", {"picks": [named | {"quantity": "3"}]}
    )
    assert (response.status, problem["code"]) == (409, "goods_not_there")
    for shipment in (second, first):
        await racked.act(await racked.act(shipment, "picking"), "issuance")
    assert await lying(racked) == [("A-01-03", "L1", "7", None), ("B-02-01", "L2", "2", None)]
    _, first = await racked.client.get(f"/v1/shipments/{first['id']}")
    await racked.act(first, "voiding", reason="Errore", reissue=False)
    assert ("B-02-01", "L2", "10", None) in await lying(racked)


async def test_an_expired_lot_is_not_named_for_a_recipient(racked: Depot) -> None:
    await done(racked, "/v1/supplier-receipts", sent(lot("10", "L1", "2026-11-23")))
    shipment = await done(racked, "/v1/shipments", call_off("8"))
    named = {"job_id": shipment["lines"][0]["job_id"], "quantity": "8", "lot": "L1"}
    response, problem = await racked.client.put(f"/v1/shipments/{shipment['id']}/picks", {"picks": [named]})
    assert (response.status, problem["code"]) == (422, "lot_expired")


NOT_FITTING: list[tuple[Any, ...]] = [
    (lot("1", ""), "lot_missing"),
    (lot("1", "L1", "2027-02-01"), "lot_expires_otherwise"),
    (lot("1", "L1", "2027-01-31", "Z-9"), "location_unknown"),
    ({"article": "SCATOLA", "quantity": "1", "lot": "L1"}, "lot_not_expected"),
]


async def test_what_a_package_says_must_fit(racked: Depot) -> None:
    await racked.client.put("/v1/articles/SCATOLA", ARTICLE)
    await done(racked, "/v1/supplier-receipts", sent(lot("10", "L1", "2027-01-31")))
    for line, code in NOT_FITTING:
        status, problem = await post(racked, "/v1/supplier-receipts", sent(line, number="89"))
        assert (status, problem["code"]) == (422, code)


async def test_whether_an_article_is_tracked_is_said_before_it_is_in_stock(racked: Depot) -> None:
    await done(racked, "/v1/supplier-receipts", sent(lot("10", "L1")))
    response, problem = await racked.client.put("/v1/articles/CREMA", ARTICLE)
    assert (response.status, problem["code"]) == (422, "article_tracking_fixed")


async def test_each_place_is_counted_by_itself(racked: Depot) -> None:
    order = await racked.confirm_order()
    body = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "100", "location": "A-01-03"}
    await done(racked, "/v1/receipts", body)
    await move(racked, order, "40", to_location="B-02-01")
    count = await done(racked, "/v1/counts", {"warehouse": "BO1"})
    lines = f"/v1/counts/{count['id']}/lines"
    goods = {"job_id": str(order.jobs[0]), "reason": "Conta"}
    status, problem = await post(racked, lines, goods | {"counted": "59"})
    assert (status, problem["code"]) == (422, "location_not_named")
    for location, counted in (("A-01-03", "59"), ("B-02-01", "41"), ("A-01-03", "58")):
        count = await done(racked, lines, goods | {"counted": counted, "location": location})
    assert [(each["location"], each["difference"]) for each in count["lines"]] == [
        ("B-02-01", "1"),
        ("A-01-03", "-2"),
    ]
    await done(racked, f"/v1/counts/{count['id']}/posting", {})
    assert await lying(racked) == [("A-01-03", None, "58", None), ("B-02-01", None, "41", None)]


async def test_a_line_from_stock_takes_the_lots_that_expire_first_and_keeps_them(racked: Depot) -> None:
    lines = (lot("10", "L-JAN", "2027-01-31", "B-02-01"), lot("10", "L-DEC", "2026-12-31", "A-01-03"))
    await done(racked, "/v1/supplier-receipts", sent(*lines))
    _, article = await racked.client.get("/v1/articles/CREMA")
    order = await racked.confirm_from_stock(article["id"], "12")
    _, page = await racked.client.get(f"/v1/stock?order_id={order.order_id}")
    assert [(each["lot"], each["on_hand"]) for each in page["items"][0]["places"]] == [
        ("L-DEC", "10"),
        ("L-JAN", "2"),
    ]
    shipment = await racked.picked(order, "12")
    shipment = await racked.act(shipment, "issuance")
    shipment = await racked.act(shipment, "departure")
    shipment = await racked.act(shipment, "delivery", received_by="Carla")
    back = {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "Rotti"}
    line = {"job_id": str(order.jobs[0]), "quantity": "2", "disposition": "stock"}
    response, problem = await racked.attempt(shipment, "returns", **back, lines=[line])
    assert (response.status, problem["code"]) == (422, "lot_not_named")
    await racked.act(shipment, "returns", **back, lines=[line | {"lot": "L-DEC", "location": "B-02-01"}])
    _, page = await racked.client.get(f"/v1/stock?order_id={order.order_id}")
    assert [(each["lot"], each["location"]) for each in page["items"][0]["places"]] == [("L-DEC", "B-02-01")]


async def test_lots_arrive_in_another_warehouse_as_such(racked: Depot) -> None:
    await racked.client.put("/v1/warehouses/MI1", WAREHOUSE)
    await done(
        racked, "/v1/supplier-receipts", sent(lot("10", "L1", "2027-01-31", "A-01-03"), lot("5", "L2"))
    )
    body = call_off("15", document_type="trasferimento-tra-depositi", destination="MI1")
    shipment = await done(racked, "/v1/shipments", body)
    for action in ("picking", "issuance", "departure"):
        shipment = await racked.act(shipment, action)
    arrived = [{"job_id": shipment["lines"][0]["job_id"], "accepted": "7", "damaged": "2"}]
    await racked.act(shipment, "delivery", received_by="Luca", arrived=arrived, reason="Caduti")
    assert await lying(racked) == [(None, "L1", "7", None)]


GTIN = "8001234567897"
PACKAGE = f"]C1010{GTIN}1727013110L1"
"""Goods, expiry and lot, as a scanner sends them."""


async def test_a_scanned_package_is_received_counted_and_picked(racked: Depot) -> None:
    article = ARTICLE | {"tracked_by_lot": True, "barcode": GTIN}
    response, article = await racked.client.put("/v1/articles/CREMA", article)
    assert response.status == 200, article
    lines = (
        {"article": f"]C1020{GTIN}1727013110L1\x1d3724", "location": "A-01-03"},
        lot("5", "L0", "2026-12-31"),
    )
    await done(racked, "/v1/supplier-receipts", sent(*lines))
    assert await lying(racked) == [(None, "L0", "5", None), ("A-01-03", "L1", "24", None)]
    count = await done(racked, "/v1/counts", {"warehouse": "BO1"})
    counted = {"article": PACKAGE, "counted": "24"}
    count = await done(racked, f"/v1/counts/{count['id']}/lines", counted)
    assert [(each["lot"], each["difference"]) for each in count["lines"]] == [("L1", "0")]
    shipment = await done(racked, "/v1/shipments", call_off("8"))
    pick = {"article": PACKAGE, "location": "A-01-03", "quantity": "8"}
    response, _ = await racked.client.put(f"/v1/shipments/{shipment['id']}/picks", {"picks": [pick]})
    assert response.status == 200
    assert await picks(racked, shipment) == [("A-01-03", "L1", "8", False)]


NO_SCANS: list[tuple[Any, ...]] = [
    ("]C100080123450000000012", "scan_names_no_goods", "lines[0].article"),
    ("]C10108001234567890", "scan_check_digit", "lines[0].article"),
    ("]C10108001234567897", "article_unknown", "lines[0].article"),
    ("CREMA", "quantity_not_given", "lines[0].quantity"),
]


async def test_what_is_scanned_must_name_goods_and_how_many(racked: Depot) -> None:
    for scan, code, field in NO_SCANS:
        line = {"article": scan, "lot": "L1"} | ({"quantity": "1"} if scan != "CREMA" else {})
        status, problem = await post(racked, "/v1/supplier-receipts", sent(line))
        assert (status, problem["code"], problem["errors"][0]["field"]) == (422, code, field)


async def test_packages_that_were_labelled_are_named_in_the_document(racked: Depot) -> None:
    await racked.client.put("/v1/gs1-prefix", {"prefix": "8012345"})
    await done(racked, "/v1/supplier-receipts", sent(lot("10", "L1")))
    shipment = await done(racked, "/v1/shipments", call_off("8", packages=2))
    _, labelled = await racked.client.post(f"/v1/shipments/{shipment['id']}/labels")
    await racked.act(await racked.act(shipment, "picking"), "issuance")
    (issued,) = await racked.app.published(DdtIssued)
    for package in labelled["packages"]:
        assert f"<cbc:ID>{package['sscc']}</cbc:ID>" in issued.data["despatch_advice"]


async def removed(depot: Depot, code: str) -> int:
    response, _ = await depot.client.delete(f"/v1/locations/BO1/{code}")
    return response.status


async def test_a_location_is_removed_once_nothing_lies_there_or_may_come_back(racked: Depot) -> None:
    order = await racked.confirm_order()
    put = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "40", "location": "A-01-03"}
    await done(racked, "/v1/receipts", put)
    response, problem = await racked.client.delete("/v1/locations/BO1/A-01-03")
    assert (response.status, problem["code"]) == (409, "location_in_use")
    issued = await racked.act(await racked.picked(order, "40"), "issuance")
    assert await removed(racked, "A-01-03") == 409, "a voided document brings them back there"
    gone = await racked.act(issued, "departure")
    assert await removed(racked, "A-01-03") == 409, "and so does who refuses them"
    await racked.act(gone, "delivery", received_by="Neri")
    assert await removed(racked, "A-01-03") == 204
    assert await removed(racked, "A-01-03") == 404
    status, problem = await post(racked, "/v1/receipts", put)
    assert (status, problem["code"]) == (422, "location_unknown")


async def test_a_location_that_is_being_counted_stays(racked: Depot) -> None:
    await racked.confirm_order()
    count = await done(racked, "/v1/counts", {"warehouse": "BO1"})
    counted = {"article": "CREMA", "counted": "3", "lot": "L-1", "location": "B-02-01"}
    await done(racked, f"/v1/counts/{count['id']}/lines", counted)
    assert await removed(racked, "B-02-01") == 409
    await racked.client.post(f"/v1/counts/{count['id']}/cancellation", {})
    assert await removed(racked, "B-02-01") == 204


async def test_what_comes_is_put_where_the_warehouse_says_unless_somebody_says_otherwise(
    racked: Depot,
) -> None:
    response, said = await racked.client.put("/v1/put-away/BO1", {"location": "B-02-01"})
    assert (response.status, said["locations"][0]["put_away"]) == (200, True)
    line = {"article": "CREMA", "quantity": "1"}
    await done(
        racked,
        "/v1/supplier-receipts",
        sent(
            line | {"lot": "L-1"},
            line | {"lot": "L-2", "location": "A-01-03"},
            line | {"lot": "L-3", "location": ""},
        ),
    )
    assert [each[:2] for each in await lying(racked)] == [
        (None, "L-3"),
        ("A-01-03", "L-2"),
        ("B-02-01", "L-1"),
    ]
    await racked.client.put("/v1/put-away/BO1", {"location": ""})
    order = await racked.confirm_order()
    put = {"warehouse": "BO1", "job_id": str(order.jobs[0]), "quantity": "40"}
    assert "location" not in await done(racked, "/v1/receipts", put)
    await racked.client.put("/v1/put-away/BO1", {"location": "B-02-01"})
    assert (await done(racked, "/v1/receipts", put))["location"] == "B-02-01"
    response, problem = await racked.client.put("/v1/put-away/BO1", {"location": "C-01"})
    assert (response.status, problem["code"]) == (422, "location_unknown")


async def test_returns_and_arrivals_are_put_there_too(racked: Depot) -> None:
    await racked.client.put("/v1/warehouses/MI1", WAREHOUSE)
    await done(racked, "/v1/locations", {"warehouse": "MI1", "codes": ["BANCHINA"]})
    await racked.client.put("/v1/put-away/MI1", {"location": "BANCHINA"})
    order = await racked.stocked_order()
    move = {"document_type": "trasferimento-tra-depositi", "destination": "MI1"}
    there = await racked.picked(order, "10", **move)
    for step in ("issuance", "departure"):
        there = await racked.act(there, step)
    await racked.act(there, "delivery", received_by="Neri")
    sold = await racked.picked(order, "20")
    for step in ("issuance", "departure"):
        sold = await racked.act(sold, step)
    sold = await racked.act(sold, "delivery", received_by="Neri")
    back = [{"job_id": str(order.jobs[0]), "quantity": "5", "disposition": "stock"}]
    about = {"document_type": "reso-da-cliente", "warehouse": "MI1", "reason": "Difettosi"}
    await racked.act(sold, "returns", lines=back, **about)
    _, page = await racked.client.get("/v1/stock?warehouse=MI1")
    (row,) = page["items"]
    assert [(each["location"], each["on_hand"]) for each in row["places"]] == [("BANCHINA", "15")]


async def test_what_has_expired_is_not_offered_to_an_orders_line(racked: Depot) -> None:
    await done(racked, "/v1/supplier-receipts", sent(lot("10", "L-OLD", "2026-11-23")))
    _, article = await racked.client.get("/v1/articles/CREMA")
    order = await racked.confirm_from_stock(article["id"], "10")
    _, seen = await racked.client.get(f"/v1/orders/{order.order_id}")
    assert seen["lines"][-1]["allocatable"] == []
    assert "allocate" not in seen["lines"][-1]["actions"]
    await done(racked, "/v1/supplier-receipts", sent(lot("4", "L-NEW", "2026-11-24"), number="89/A"))
    _, seen = await racked.client.get(f"/v1/orders/{order.order_id}")
    assert [each["quantity"] for each in seen["lines"][-1]["allocatable"]] == ["4"]
    assert "allocate" in seen["lines"][-1]["actions"]


async def test_an_orders_line_gets_nothing_that_is_held_back_reserved_or_expired(racked: Depot) -> None:
    """Of what lies there, each takes away: of several at once none is forgotten."""
    _, plain = await racked.client.put("/v1/articles/SCATOLA", ARTICLE)
    _, cream = await racked.client.get("/v1/articles/CREMA")
    lots = (lot("10", "L-OLD", "2026-11-23"), lot("10", "L-NEW", "2027-01-31"))
    await done(racked, "/v1/supplier-receipts", sent(*lots, {"article": "SCATOLA", "quantity": "10"}))
    for article, more in ((plain, {}), (cream, {"lot": "L-NEW"})):
        held = {"warehouse": "BO1", "job_id": article["id"], "quantity": "4", "reason": "Colore"}
        await done(racked, "/v1/holds", held | more)
    await done(racked, "/v1/shipments", call_off("3", lines=[{"article": "SCATOLA", "quantity": "3"}]))
    for article, free in ((plain, "3"), (cream, "6")):
        order = await racked.confirm_from_stock(article["id"], "20")
        _, page = await racked.client.get(f"/v1/stock?order_id={order.order_id}")
        assert [each["on_hand"] for each in page["items"]] == [free]
        # Nor is any of the rest offered to the line.
        _, seen = await racked.client.get(f"/v1/orders/{order.order_id}")
        assert (seen["lines"][-1]["ordered"], seen["lines"][-1]["allocatable"]) == ("20", [])


async def test_what_is_picked_by_name_is_not_offered_to_an_orders_line(racked: Depot) -> None:
    lines = (lot("10", "L-OLD", "2026-11-23"), lot("10", "L-NEW", "2027-01-31"))
    await done(racked, "/v1/supplier-receipts", sent(*lines))
    shipment = await done(racked, "/v1/shipments", call_off("4"))
    named = {"job_id": shipment["lines"][0]["job_id"], "quantity": "4", "lot": "L-NEW"}
    response, _ = await racked.client.put(f"/v1/shipments/{shipment['id']}/picks", {"picks": [named]})
    assert response.status == 200
    _, article = await racked.client.get("/v1/articles/CREMA")
    order = await racked.confirm_from_stock(article["id"], "10")
    _, page = await racked.client.get(f"/v1/stock?order_id={order.order_id}")
    assert [each["on_hand"] for each in page["items"]] == ["6"]
    _, seen = await racked.client.get(f"/v1/orders/{order.order_id}")
    assert seen["lines"][-1]["allocatable"] == []
    await racked.act(await racked.act(shipment, "picking"), "issuance")
