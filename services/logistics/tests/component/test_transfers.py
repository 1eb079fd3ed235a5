"""Goods that move without being delivered: between warehouses of one's own, and to those who work on them."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import DESTINATION, DOCUMENT_TYPE, WAREHOUSE, Depot

TRANSFER = {"document_type": "trasferimento-tra-depositi", "destination": "BO2"}


@pytest.fixture
async def two_warehouses(depot: Depot) -> Any:
    await depot.client.put("/v1/warehouses/BO2", WAREHOUSE | {"name": "Deposito Borgo"})
    await depot.client.put("/v1/destinations/LEGATORIA", DESTINATION)
    return depot


async def lying(depot: Depot) -> dict[str, str]:
    _, page = await depot.client.get("/v1/stock")
    return {row["warehouse"]["code"]: row["on_hand"] for row in page["items"]}


async def line_of(depot: Depot, order: Any) -> dict[str, Any]:
    _, seen = await depot.client.get(f"/v1/orders/{order.order_id}")
    return seen["lines"][0]  # type: ignore[no-any-return]


async def on_its_way(depot: Depot, order: Any, quantity: str, **changes: Any) -> dict[str, Any]:
    shipment = await depot.picked(order, quantity, **changes)
    await depot.act(shipment, "issuance")
    return await depot.act(shipment, "departure")  # type: ignore[no-any-return]


async def test_a_transfer_conserves_the_goods_and_delivers_nothing(two_warehouses: Any) -> None:
    depot = two_warehouses
    order = await depot.stocked_order()
    shipment = await on_its_way(depot, order, "10", **TRANSFER)
    assert (shipment["closes_order_line"], shipment["goods_go_to"]) == (False, "warehouse")
    assert shipment["destination"] == {"code": "BO2", "name": "Deposito Borgo", "city": "Bologna"}
    assert await lying(depot) == {"BO1": "90"}
    line = await line_of(depot, order)
    assert line["in_transit"] == [{"destination": shipment["destination"], "quantity": "10"}]
    assert line["deliveries"][0]["remaining"] == "100"
    await depot.act(shipment, "delivery", received_by="Neri")
    assert await lying(depot) == {"BO1": "90", "BO2": "10"}
    line = await line_of(depot, order)
    assert line["in_transit"] == line["with_third_parties"] == []
    assert line["deliveries"][0]["remaining"] == "100"
    for told in ("ddt_issued", "shipment_departed", "shipment_delivered"):
        (event,) = await depot.database.published(f"optima.logistics.{told}.v1")
        assert event.data["closes_order_line"] is False
    await depot.draft(order, "10", warehouse="BO2")


async def test_the_document_of_a_transfer_names_the_sender_as_its_recipient(two_warehouses: Any) -> None:
    depot = two_warehouses
    await on_its_way(depot, await depot.stocked_order(), "10", **TRANSFER)
    (event,) = await depot.database.published("optima.logistics.ddt_issued.v1")
    assert event.data["recipient"] == event.data["sender"]
    assert (event.data["departure"]["name"], event.data["delivery_address"]["name"]) == (
        "Magazzino Bologna",
        "Deposito Borgo",
    )
    assert (event.data["reason"], event.data["to_be_invoiced"]) == ("Trasferimento tra depositi", False)


async def test_what_a_transfer_lost_broke_or_had_too_much_is_written_down(two_warehouses: Any) -> None:
    depot = two_warehouses
    order = await depot.stocked_order()
    job_id = str(order.jobs[0])
    for arrived, left in (
        ({"accepted": "7", "damaged": "1"}, {"missing": "2", "damaged": "1"}),
        ({"accepted": "12"}, {"found": "2"}),
    ):
        shipment = await on_its_way(depot, order, "10", **TRANSFER)
        body = {"received_by": "Neri", "arrived": [{"job_id": job_id} | arrived]}
        response, problem = await depot.attempt(shipment, "delivery", **body)
        assert (response.status, problem["code"]) == (422, "reason_missing")
        await depot.act(shipment, "delivery", **body, reason="Contati all'arrivo")
        told = await depot.database.published("optima.logistics.stock_adjusted.v1")
        new = [event for event in told if event.data["shipment_id"] == shipment["id"]]
        assert {event.data["kind"]: event.data["quantity"] for event in new} == left
        assert {event.actorid for event in new} == {depot.sara.person_id}
    assert await lying(depot) == {"BO1": "80", "BO2": "19"}


async def test_no_more_arrives_than_can_have_been_made(two_warehouses: Any) -> None:
    depot = two_warehouses
    order = await depot.stocked_order()
    shipment = await on_its_way(depot, order, "10", **TRANSFER)
    arrived = [{"job_id": str(order.jobs[0]), "accepted": "20.001"}]
    response, problem = await depot.attempt(
        shipment, "delivery", received_by="Neri", arrived=arrived, reason="Contati"
    )
    assert (response.status, problem["code"]) == (409, "quantity_beyond_findable")
    assert problem["errors"][0]["field"] == "arrived[0].accepted"


async def test_goods_that_a_supplier_works_on_stay_ours(two_warehouses: Any) -> None:
    depot = two_warehouses
    order = await depot.stocked_order()
    ends = {"document_type": "conto-lavorazione", "destination": "LEGATORIA"}
    shipment = await on_its_way(depot, order, "30", **ends)
    await depot.act(shipment, "delivery", received_by="Verdi")
    line = await line_of(depot, order)
    assert [(each["destination"]["code"], each["quantity"]) for each in line["with_third_parties"]] == [
        ("LEGATORIA", "30")
    ]
    assert line["deliveries"][0]["remaining"] == "100"
    assert await lying(depot) == {"BO1": "70"}


async def test_what_a_recipient_does_not_take_comes_back(depot: Depot) -> None:
    order = await depot.stocked_order(quantities=("100", "50"))
    shipment = await on_its_way(depot, order, "40")
    first, second = (str(job_id) for job_id in order.jobs)
    body = {"received_by": "Neri", "arrived": [{"job_id": first, "accepted": "37"}]}
    for wrong, code in (
        ({"arrived": [{"job_id": first, "accepted": "41"}]}, "quantity_beyond_sent"),
        ({"arrived": [{"job_id": first, "accepted": "1", "damaged": "1"}]}, "damage_at_recipient"),
        ({"arrived": [{"job_id": str(order.order_id), "accepted": "1"}]}, "job_not_in_shipment"),
        ({"arrived": [{"job_id": job, "accepted": "0"} for job in (first, second)]}, "nothing_accepted"),
    ):
        response, problem = await depot.attempt(shipment, "delivery", **body | wrong, reason="x")
        assert (response.status, problem["code"]) == (422, code)
    delivered = await depot.act(shipment, "delivery", **body, reason="Tre ammaccati")
    assert [line.get("came_back") for line in delivered["lines"]] == ["3", None]
    (told,) = await depot.database.published("optima.logistics.shipment_delivered.v1")
    assert [line["quantity"] for line in told.data["lines"]] == ["37", "40"]
    (refused,) = await depot.database.published("optima.logistics.shipment_partly_refused.v1")
    assert [(line["job_id"], line["quantity"]) for line in refused.data["lines"]] == [(first, "3")]
    assert refused.data["reason"] == "Tre ammaccati"
    assert (await depot.stock())[first] == ("63", "0", "63")
    assert (await line_of(depot, order))["deliveries"][0]["remaining"] == "63"


async def test_what_the_order_says_limits_only_what_delivers_it(two_warehouses: Any) -> None:
    depot = two_warehouses
    order = await depot.stocked_order()
    await depot.cancel_brief(order.brief_id)
    await on_its_way(depot, order, "10", **TRANSFER)
    response, problem = await depot.client.post("/v1/shipments", depot.shipment_body(order, "1"))
    assert (response.status, problem["code"]) == (409, "order_cancelled")


async def test_ends_that_do_not_fit_the_type_are_refused(two_warehouses: Any) -> None:
    depot = two_warehouses
    order = await depot.stocked_order()
    for changes, field, code in (
        (TRANSFER | {"destination": "BO1"}, "destination", "destination_is_origin"),
        (TRANSFER | {"destination": "MI-DUOMO"}, "destination", "warehouse_unknown"),
        ({"destination": "BO2"}, "destination", "destination_unknown"),
        ({"document_type": "reso-da-cliente"}, "document_type", "document_type_inbound"),
    ):
        body = depot.shipment_body(order, "1", **changes)
        response, problem = await depot.client.post("/v1/shipments", body)
        assert (response.status, problem["errors"][0]["field"], problem["errors"][0]["code"]) == (
            422,
            field,
            code,
        )


async def test_a_type_is_reworded_but_not_repurposed(depot: Depot) -> None:
    path = "/v1/document-types/vendita"
    response, problem = await depot.client.put(path, DOCUMENT_TYPE | {"closes_order_line": False})
    assert (response.status, problem["code"]) == (409, "document_type_effect_fixed")
    response, kept = await depot.client.put(path, DOCUMENT_TYPE | {"text": "Cessione", "series": "V"})
    assert (response.status, kept["text"], kept["series"]) == (200, "Cessione", "V")
    response, problem = await depot.client.put(
        "/v1/document-types/nuovo", DOCUMENT_TYPE | {"direction": "internal", "return_days": 3}
    )
    assert (response.status, [error["code"] for error in problem["errors"]]) == (
        422,
        [
            "document_type_internal",
            "document_type_ownership",
            "document_type_closing",
            "document_type_return",
        ],
    )
    shipment = await depot.picked(await depot.stocked_order(), "1")
    response, problem = await depot.attempt(shipment, "issuance", series="A")
    assert (response.status, problem["code"]) == (422, "series_of_document_type")
    assert (await depot.act(shipment, "issuance"))["ddt"]["number"] == "1/V/2026"


async def test_a_type_kept_before_there_were_effects_has_the_products(depot: Depot) -> None:
    await depot.database.fetch(
        "INSERT INTO lookups (tenant_id, kind, code, content, version) VALUES "
        "($1, 'transport_reason', 'conto-lavorazione', "
        '\'{"code": "conto-lavorazione", "text": "C/lav.", "sale": false}\', 1)',
        depot.tenant_id,
    )
    _, kind = await depot.client.get("/v1/document-types/conto-lavorazione")
    assert (kind["text"], kind["closes_order_line"], kind["counterparty"]) == ("C/lav.", False, "supplier")
