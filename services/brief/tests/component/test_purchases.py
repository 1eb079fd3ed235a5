"""What was bought is counted by supplier, unit and period, and its last price stands beside new quotes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.approval import ApprovalRevoked, Approved
from optima_contracts.economics import OrderLineValue, OrderValued
from optima_contracts.logistics import DdtIssued, ShipmentDelivered
from optima_contracts.production import OrderDelivered
from optima_kit.spreadsheets import guarded

from ..conftest import Desk
from .test_progress import Order
from .test_quotations import Market

pytestmark = pytest.mark.servers

FORMULA = "=HYPERLINK(A1)"


@pytest.fixture
async def market(desk: Desk) -> Market:
    market = Market(desk)
    await market.open()
    return market


async def bought(market: Market, *prices: str, **changes: Any) -> dict[str, Any]:
    """A brief whose items Gino quoted, was awarded and which was approved."""
    desk = market.desk
    brief = await desk.submitted(**changes)
    status, request = await market.ask(brief, market.gino)
    assert status == 201, request
    await market.quote(market.gino, *prices)
    status, awarded = await market.award(request, *[market.gino] * len(prices))
    assert status == 200, awarded
    brief = await desk.read(brief["id"])
    await desk.deliver(desk.approval(Approved, brief))
    return await desk.read(brief["id"])


async def spend(desk: Desk, by: str, **period: str) -> list[tuple[Any, int, int, str]]:
    query = "".join(f"&{name}={day}" for name, day in period.items())
    response, figures = await desk.as_(desk.paola).get(f"/v1/figures/spend?by={by}{query}")
    assert response.status == 200, figures
    return [(row["group"], row["briefs"], row["items"], row["amount"]) for row in figures["rows"]]


async def test_spend_is_grouped_and_follows_what_becomes_of_the_order(market: Market) -> None:
    desk = market.desk
    first = await bought(market, "2.00", "0.05")
    by_hand = await desk.submitted(category="Eventi")
    await desk.price(by_hand, "1.00", "0.01")
    by_hand = await desk.read(by_hand["id"])
    await desk.deliver(desk.approval(Approved, by_hand))
    gino = {"supplier": {"id": str(market.gino.person_id), "name": "Gino Galli"}}
    assert await spend(desk, "supplier") == [(gino, 1, 2, "2000.00"), ({}, 1, 2, "700.00")]
    assert await spend(desk, "category") == [
        ({"category": "POP"}, 1, 2, "2000.00"),
        ({"category": "Eventi"}, 1, 2, "700.00"),
    ]
    unit = {"unit": {"id": str(desk.anna.unit_id)}}
    assert await spend(desk, "unit") == [(unit, 2, 4, "2700.00")]
    assert [row[3] for row in await spend(desk, "kind")] == ["1500.00", "1200.00"]
    assert await spend(desk, "month", since="2026-11-24", until="2026-11-24") == [
        ({"month": "2026-11"}, 2, 4, "2700.00")
    ]
    assert await spend(desk, "month", since="2026-11-25", until="2026-11-30") == []

    order = Order(desk, first)
    line = OrderLineValue(job_id=order.jobs[0], unit_price="1.90", amount="950.00")
    facts = {"order_id": desk.order_id, "brief_id": UUID(first["id"]), "total": "950.00"}
    await order.tell(order.confirmed(), OrderValued(lines=[line], **facts))
    assert (await spend(desk, "supplier"))[0][3] == "1950.00"
    await order.tell(order.closed(1))
    assert (await spend(desk, "supplier"))[0][3] == "950.00"
    sent = uuid4()
    await order.tell(order.shipment(DdtIssued, sent, "300"), order.closed(0, "300"))
    assert (await spend(desk, "supplier"))[1][3] == "570.00"
    await order.tell(order.shipment(ShipmentDelivered, sent, "280"), desk.order(OrderDelivered, first))
    assert (await spend(desk, "supplier"))[1][3] == "532.00", "twenty of them were refused at the door"
    await desk.deliver(desk.approval(ApprovalRevoked, by_hand, reason="Sospesa"))
    assert [row[0] for row in await spend(desk, "supplier")] == [gino]


async def test_savings_are_against_the_first_quote_for_each_item_and_the_budget(market: Market) -> None:
    desk = market.desk
    brief = await desk.submitted(budget="2100.00")
    status, request = await market.ask(brief, market.gino)
    assert status == 201, request
    await market.quote(market.gino, "2.50", "0.04")
    await market.quote(market.gino, "2.00", "0.05")
    await market.award(request, market.gino, market.gino)
    await desk.deliver(desk.approval(Approved, await desk.read(brief["id"])))
    by_hand = await desk.submitted(budget="650.00")
    await desk.price(by_hand, "1.00", "0.01")
    await desk.deliver(desk.approval(Approved, await desk.read(by_hand["id"])))
    _, figures = await desk.as_(desk.paola).get("/v1/figures/spend?by=supplier")
    of_gino, of_hand = figures["rows"]
    assert (of_gino["amount"], of_gino["first_quotes"], of_gino["saved_on_first_quotes"]) == (
        "2000.00",
        "2050.00",
        "50.00",
    )
    assert (of_gino["budget"], of_gino["saved_on_budget"]) == ("2100.00", "100.00")
    assert (of_hand["budget"], of_hand["saved_on_budget"]) == ("650.00", "-50.00")
    assert "first_quotes" not in of_hand
    assert "saved_on_first_quotes" not in of_hand


async def test_the_table_is_one_that_a_spreadsheet_opens_and_does_not_run(market: Market) -> None:
    desk = market.desk
    item = {"kind": "espositore", "description": FORMULA, "quantity": "500"}
    await bought(market, "2.0550", items=[item])
    response, table = await desk.as_(desk.paola).get("/v1/figures/spend.csv")
    assert response.status == 200
    assert response.content_type == "text/csv"
    header, row, rest = table.decode("utf-8-sig").split("\r\n")
    assert (header.split(";")[0], rest) == ("data", "")
    cells = row.split(";")
    assert (cells[0], cells[3], cells[6]) == ("24/11/2026", "Gino Galli", guarded(FORMULA))
    assert cells[7:] == ["500", "pz", "2,0550", "1027,50", "2,0550", "8000,00"]
    for reader in (desk.anna, desk.bruno, market.gino):
        for path in ("/v1/figures/spend", "/v1/figures/spend.csv"):
            response, _ = await desk.as_(reader).get(path)
            assert response.status == 403
    reads_own = desk.app.sign_in(privileges={"brief.read", "brief.price.read"})
    response, _ = await reads_own.get("/v1/figures/spend")
    assert response.status == 403


async def test_the_last_price_of_the_article_or_its_kind_stands_beside_the_quotes(market: Market) -> None:
    desk = market.desk
    earlier = await bought(market, "2.00", "0.05")
    desk.app.advance(timedelta(days=1))
    display = {"kind": "espositore", "description": "Espositore da terra", "quantity": "10"}
    await bought(market, "9.90", items=[display])
    brief, request = await market.asked()
    request_of_both = request
    await market.quote(market.gino, "2.10", "0.06")
    display, leaflet = (await market.read(request))["last_paid"]
    assert (display["item_id"], display["unit_price"]) == (brief["items"][0]["item_id"], "2.00")
    assert (display["number"], display["bought_on"]) == (earlier["number"], "2026-11-24")
    assert (display["quantity"], display["supplier"]["name"]) == ("500", "Gino Galli")
    assert "description" not in display
    assert leaflet["unit_price"] == "0.05"
    other = {"kind": "espositore", "description": "Espositore da parete", "quantity": "10"}
    status, request = await market.ask(await desk.submitted(items=[other]), market.gino)
    assert status == 201
    (of_kind,) = (await market.read(request))["last_paid"]
    assert (of_kind["unit_price"], of_kind["description"]) == ("9.90", "Espositore da terra")

    reads_own = desk.app.person(privileges={"brief.read", "brief.price.read"}, person_id=desk.anna.person_id)
    response, seen = await desk.as_(reads_own).get(f"/v1/quotation-requests/{request['id']}")
    assert response.status == 200
    assert "last_paid" not in seen
    assert "quotations" in seen

    order = Order(desk, earlier)
    await order.tell(order.confirmed(), order.closed(0))
    display, _ = (await market.read(request_of_both))["last_paid"]
    assert display["unit_price"] == "9.90", "nothing came of the one before"
