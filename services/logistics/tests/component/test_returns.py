"""Goods that were delivered and come back, from customers and from those who worked on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from optima_contracts.logistics import GoodsHeld, GoodsReturned

from ..conftest import DESTINATION, Depot

FROM_CUSTOMER = {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "Colore sbagliato"}


async def delivered(depot: Depot, order: Any, quantity: str, **changes: Any) -> dict[str, Any]:
    shipment = await depot.picked(order, quantity, **changes)
    await depot.act(shipment, "issuance")
    await depot.act(shipment, "departure")
    return await depot.act(shipment, "delivery", received_by="Neri")  # type: ignore[no-any-return]


def line(job_id: str, quantity: str, disposition: str = "stock") -> dict[str, str]:
    return {"job_id": job_id, "quantity": quantity, "disposition": disposition}


async def test_a_customers_return_enters_the_stock_and_scrap_is_written_off(depot: Depot) -> None:
    order = await depot.stocked_order(quantities=("100", "50"))
    first, second = (str(job_id) for job_id in order.jobs)
    shipment = await delivered(depot, order, "40")
    depot.clock.advance(timedelta(days=3))
    lines = [line(first, "5"), line(second, "3", "scrap")]
    after = await depot.act(
        shipment, "returns", **FROM_CUSTOMER, number="7/2026", date="2026-11-26", lines=lines
    )
    assert [each.get("returned") for each in after["lines"]] == ["5", "3"]
    stock = await depot.stock()
    assert (stock[first][0], stock[second][0]) == ("65", "10")
    (told,) = await depot.database.published("optima.logistics.goods_returned.v1")
    assert (told.data["ddt_number"], told.data["number"], told.data["date"]) == (
        "1/2026",
        "7/2026",
        "2026-11-26",
    )
    assert (told.actorid, told.correlationid) == (depot.sara.person_id, order.brief_id)
    (scrap,) = await depot.database.published("optima.logistics.stock_adjusted.v1")
    assert (scrap.data["kind"], scrap.data["quantity"]) == ("damaged", "3")
    _, page = await depot.client.get(f"/v1/shipments/{shipment['id']}/returns")
    (seen,) = page["items"]
    assert (seen["id"], seen["document_type"]["name"]) == (told.data["return_id"], "Reso da cliente")
    assert [each["disposition"] for each in seen["lines"]] == ["stock", "scrap"]
    _, read = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert read["lines"][0]["deliveries"][0]["remaining"] == "60", "what was delivered stays so"


async def test_goods_come_back_from_whoever_worked_on_them(depot: Depot) -> None:
    await depot.client.put("/v1/destinations/LEGATORIA", DESTINATION)
    order = await depot.stocked_order()
    job_id = str(order.jobs[0])
    sent = {"document_type": "conto-lavorazione", "destination": "LEGATORIA"}
    shipment = await delivered(depot, order, "30", **sent)
    body = {"document_type": "reso-da-conto-lavorazione", "warehouse": "BO1", "reason": "Piegati"}
    await depot.act(shipment, "returns", **body, lines=[line(job_id, "20")])
    _, read = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert [each["quantity"] for each in read["lines"][0]["with_third_parties"]] == ["10"]
    response, problem = await depot.attempt(shipment, "returns", **body, lines=[line(job_id, "11")])
    assert (response.status, problem["code"]) == (409, "quantity_beyond_delivered")
    after = await depot.act(shipment, "returns", **body, lines=[line(job_id, "10")])
    assert "take_back" not in after["actions"]
    response, problem = await depot.attempt(shipment, "returns", **body, lines=[line(job_id, "1")])
    assert (response.status, problem["code"]) == (409, "nothing_to_take_back")
    assert (await depot.stock())[job_id][0] == "100"


async def test_a_return_that_can_not_be_is_refused(depot: Depot) -> None:
    order = await depot.stocked_order()
    job_id = str(order.jobs[0])
    shipment = await delivered(depot, order, "10")
    whole = FROM_CUSTOMER | {"lines": [line(job_id, "1")]}
    for wrong, field, code in (
        ({"document_type": "vendita"}, "document_type", "document_type_not_for_return"),
        ({"document_type": "reso-da-riparazione"}, "document_type", "document_type_not_for_return"),
        ({"warehouse": "NESSUNO"}, "warehouse", "warehouse_unknown"),
        ({"date": "2026-11-25"}, "date", "return_in_the_future"),
        ({"date": "2026-11-23"}, "date", "return_before_departure"),
        ({"lines": [line(str(order.order_id), "1")]}, "lines[0].job_id", "job_not_in_shipment"),
        ({"lines": [line(job_id, "1"), line(job_id, "1")]}, "lines[1].job_id", "job_named_twice"),
    ):
        response, problem = await depot.attempt(shipment, "returns", **(whole | wrong))
        assert (response.status, problem["errors"][0]["field"], problem["errors"][0]["code"]) == (
            422,
            field,
            code,
        )
    assert await depot.database.published("optima.logistics.goods_returned.v1") == []


async def test_what_is_expected_back_is_listed_until_all_of_it_is(depot: Depot) -> None:
    """By the day that the document type says, from the issue on, until nothing is awaited any more."""
    order = await depot.stocked_order()

    async def listed(query: str = "") -> list[tuple[str, str]]:
        _, page = await depot.client.get(f"/v1/expected-returns{query}")
        return [(each["id"], each["return_by"]) for each in page["items"]]

    sold = await depot.act(await depot.picked(order, "10"), "issuance")
    assert "return_by" not in sold
    short = await depot.picked(order, "10", document_type="tentata-vendita")
    lent = await depot.picked(order, "10", document_type="conto-visione")
    assert await listed() == []
    lent = await depot.act(lent, "issuance")
    short = await depot.act(short, "issuance")
    assert await listed() == [(short["id"], "2026-11-25"), (lent["id"], "2027-11-24")]
    assert await listed("?until=2026-11-25") == [(short["id"], "2026-11-25")]
    assert await listed("?until=2026-11-24") == []
    _, page = await depot.client.get("/v1/expected-returns?limit=1")
    assert await listed(f"?limit=1&cursor={page['next_cursor']}") == [(lent["id"], "2027-11-24")]

    await depot.act(short, "voiding", reason="Errore", reissue=False)
    assert await listed() == [(lent["id"], "2027-11-24")]
    lent = await depot.act(await depot.act(lent, "departure"), "delivery", received_by="Carla Neri")
    back = {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "Visto"}
    for quantity, left in (("4", [(lent["id"], "2027-11-24")]), ("6", [])):
        line = {"job_id": str(order.jobs[0]), "quantity": quantity, "disposition": "stock"}
        await depot.act(lent, "returns", **back, lines=[line])
        assert await listed() == left


async def test_what_is_with_third_parties_is_listed_until_it_is_back(depot: Depot) -> None:
    """By who has it and why, over all documents; from the issue, and without what was sold."""
    order = await depot.stocked_order()
    job_id = str(order.jobs[0])

    async def listed(query: str = "") -> list[tuple[str, str, str, str, list[str]]]:
        _, page = await depot.client.get(f"/v1/goods-with-third-parties{query}")
        return [
            (
                each["destination"]["code"],
                each["document_type"]["code"],
                each["quantity"],
                each["in_transit"],
                [document["quantity"] for document in each["documents"]],
            )
            for each in page["items"]
        ]

    await delivered(depot, order, "10")
    first = await depot.act(await depot.picked(order, "20", document_type="conto-lavorazione"), "issuance")
    second = await depot.act(await depot.picked(order, "5", document_type="conto-lavorazione"), "issuance")
    await depot.act(await depot.picked(order, "3", document_type="conto-visione"), "issuance")
    worked = ("MI-DUOMO", "conto-lavorazione", "25", "25", ["20", "5"])
    shown = ("MI-DUOMO", "conto-visione", "3", "3", ["3"])
    assert await listed() == [worked, shown]
    assert await listed("?document_type=conto-visione") == [shown]
    assert await listed("?destination=RM-TERMINI") == []
    _, page = await depot.client.get("/v1/goods-with-third-parties?limit=1")
    assert await listed(f"?limit=1&cursor={page['next_cursor']}") == [shown]

    first = await depot.act(await depot.act(first, "departure"), "delivery", received_by="Carla Neri")
    await depot.act(second, "voiding", reason="Errore", reissue=False)
    assert await listed("?document_type=conto-lavorazione") == [
        ("MI-DUOMO", "conto-lavorazione", "20", "0", ["20"])
    ]
    back = {"document_type": "reso-da-conto-lavorazione", "warehouse": "BO1", "reason": "Finite"}
    for quantity, left in (("12", ["8"]), ("8", [])):
        await depot.act(first, "returns", **back, lines=[line(job_id, quantity)])
        assert [each[4] for each in await listed("?document_type=conto-lavorazione")] == (
            [left] if left else []
        )


async def test_no_day_until_which_goods_are_awaited_is_too_far(depot: Depot) -> None:
    for day, status in (("2199-12-31", 200), ("1900-01-01", 200), ("0001-01-01", 422), ("9999-12-31", 422)):
        response, _ = await depot.client.get(f"/v1/expected-returns?until={day}")
        assert response.status == status


async def test_what_is_to_be_worked_on_anew_lies_in_the_warehouse_and_is_held_back(depot: Depot) -> None:
    shipment = await delivered(depot, await depot.stocked_order(), "100")
    (job_id,) = [each["job_id"] for each in shipment["lines"]]
    await depot.act(shipment, "returns", **FROM_CUSTOMER, lines=[line(job_id, "30", "rework")])
    _, page = await depot.client.get("/v1/stock")
    assert [(each["on_hand"], each["held"], each["free"]) for each in page["items"]] == [("30", "30", "0")]
    (held,) = await depot.app.published(GoodsHeld)
    (returned,) = await depot.app.published(GoodsReturned)
    assert (held.data["reason"], returned.data["lines"][0]["disposition"]) == (
        FROM_CUSTOMER["reason"],
        "stock",
    )
    _, page = await depot.client.get(f"/v1/shipments/{shipment['id']}/returns")
    assert page["items"][0]["lines"][0]["disposition"] == "rework"
