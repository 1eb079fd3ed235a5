"""Lists: whole, in order, filtered; and answered from their indexes however much is stored."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from logistics.adapters.postgres import QUERIES

from ..conftest import Depot

ID = UUID(int=5)


async def all_pages(depot: Depot, path: str, limit: int = 2) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        mark = "&" if "?" in path else "?"
        response, page = await depot.client.get(f"{path}{mark}limit={limit}{cursor}")
        assert response.status == 200, page
        items += page["items"]
        if not page.get("next_cursor"):
            return items
        assert len(page["items"]) == limit
        cursor = f"&cursor={page['next_cursor']}"


async def test_shipments_are_listed_newest_first_and_by_filter(depot: Depot) -> None:
    depot.clock.advance(timedelta(days=-7))
    first, second = await depot.stocked_order(), await depot.stocked_order()
    depot.clock.advance(timedelta(days=7))
    drafted = [await depot.draft(order, "1") for order in (first, second, first, second, first)]
    issued = await depot.act(await depot.act(drafted[0], "picking"), "issuance", issue_date="2026-11-20")
    ids = [shipment["id"] for shipment in drafted]

    async def listed(query: str) -> list[str]:
        return [shipment["id"] for shipment in await all_pages(depot, f"/v1/shipments?{query}")]

    assert await listed("") == ids[::-1]
    assert await listed(f"order_id={second.order_id}") == [ids[3], ids[1]]
    assert await listed(f"brief_id={first.brief_id}") == [ids[4], ids[2], ids[0]]
    assert await listed("state=issued") == [ids[0]]
    assert await listed("state=issued&warehouse=BO1&destination=MI-DUOMO") == [ids[0]]
    assert await listed("destination=RM-TERMINI") == []
    assert await listed("warehouse=MI1") == []
    assert await listed(f"number={issued['ddt']['number']}") == [ids[0]]
    assert await listed("issued_from=2026-11-20&issued_to=2026-11-20") == [ids[0]]
    assert await listed("issued_from=2026-11-21") == []
    assert await listed("issued_to=2026-11-19") == []
    for text in (issued["ddt"]["number"], "Duomo", "caffè aurora mil", "MI-DUOMO"):
        assert ids[0] in await listed(f"text={quote(text)}"), text
    assert await listed(f"text={issued['ddt']['number']}") == [ids[0]]
    number = drafted[1]["order_number"]
    assert set(await listed(f"text={number}")) >= {ids[3], ids[1]}
    assert await listed("text=Nessuno") == []
    assert await listed("late=true") == []
    depot.clock.advance(timedelta(days=3650))
    assert len(await listed("late=true")) == len(ids)
    _, figures = await depot.client.get("/v1/figures/shipments")
    counted = {each["state"]: (each["shipments"], each["late"]) for each in figures["states"]}
    assert counted == {"draft": (4, 4), "picked": (0, 0), "issued": (1, 1), "in_transit": (0, 0)}
    depot.clock.advance(timedelta(days=-3650))
    _, page = await depot.client.get("/v1/shipments?state=issued")
    assert page["items"] == [issued]


async def test_stock_is_the_sum_of_its_movements_whatever_happened(depot: Depot) -> None:
    """A few dozen random steps over HTTP; then every figure is added up anew from the ledger."""
    chance = random.Random(20261124)
    await depot.client.put("/v1/warehouses/MI1", (await depot.client.get("/v1/warehouses/BO1"))[1]["address"])
    orders = [await depot.confirm_order(quantities=("50", "80")) for _ in range(3)]
    jobs = [job for order in orders for job in order.jobs]
    shipments: list[dict[str, Any]] = []
    for _ in range(90):
        place = chance.choice(["BO1", "MI1"])
        quantity = str(chance.randint(1, 30))
        match chance.choice(["receive", "receive", "adjust", "draft", "draft", "step", "step", "step"]):
            case "receive":
                body = {"warehouse": place, "job_id": str(chance.choice(jobs)), "quantity": quantity}
                await depot.client.post("/v1/receipts", body)
            case "adjust":
                body = {"warehouse": place, "job_id": str(chance.choice(jobs)), "quantity": quantity}
                body |= {"direction": chance.choice(["more", "less"]), "reason": "Conta"}
                await depot.client.post("/v1/adjustments", body)
            case "draft":
                body = depot.shipment_body(chance.choice(orders), quantity, warehouse=place)
                response, shipment = await depot.client.post("/v1/shipments", body)
                if response.status == 201:
                    shipments.append(shipment)
            case _ if shipments:
                shipment = chance.choice(shipments)
                for step in chance.sample(["picking", "issuance", "departure", "refusal", "voiding"], 3):
                    body = {"reason": "x"} if step in ("refusal", "voiding") else {}
                    body |= {"reissue": False} if step == "voiding" else {}
                    await depot.attempt(shipment, step, **body)

    sums: dict[tuple[str, str], Decimal] = {}
    for movement in await all_pages(depot, "/v1/movements", 50):
        place = (movement["warehouse"]["code"], movement["job_id"])
        sums[place] = sums.get(place, Decimal(0)) + Decimal(movement["quantity"])
    assert len(sums) > 6
    assert min(sums.values()) >= 0
    listed = await all_pages(depot, "/v1/stock", 3)
    shown = {(row["warehouse"]["code"], row["job_id"]): Decimal(row["on_hand"]) for row in listed}
    assert shown == {place: quantity for place, quantity in sums.items() if quantity}
    assert [(row["job_id"], row["warehouse"]["code"]) for row in listed] == sorted(
        ((row["job_id"], row["warehouse"]["code"]) for row in listed), reverse=True
    )
    held: dict[tuple[str, str], Decimal] = {}
    for shipment in await all_pages(depot, "/v1/shipments", 50):
        if shipment["state"] in ("draft", "picked"):
            for line in shipment["lines"]:
                place = (shipment["warehouse"]["code"], line["job_id"])
                held[place] = held.get(place, Decimal(0)) + Decimal(line["quantity"])
    assert {
        (row["warehouse"]["code"], row["job_id"]): Decimal(row["reserved"])
        for row in listed
        if row["reserved"] != "0"
    } == held
    only = await all_pages(depot, f"/v1/stock?warehouse=MI1&order_id={orders[0].order_id}")
    assert {row["order_id"] for row in only} <= {str(orders[0].order_id)}


HOT: list[tuple[str, list[Any], str]] = [
    ("list_shipments", [None] * 10 + [50], "shipments_pkey"),
    ("list_shipments", ["delivered"] + [None] * 9 + [50], "shipments_in_state|shipments_pkey"),
    ("list_shipments", ["draft"] + [None] * 9 + [50], "shipments_in_state|shipments_under_way"),
    ("list_shipments", [None, ID] + [None] * 8 + [50], "shipments_of_order"),
    ("list_shipments", [None, None, ID] + [None] * 7 + [50], "shipments_of_brief"),
    ("list_shipments", [None] * 4 + ["D7"] + [None] * 5 + [50], "shipments_for_destination"),
    (
        "list_shipments",
        [None] * 5 + [date(2026, 3, 1)] * 2 + [None] * 3 + [50],
        "ddts_by_date",
    ),
    ("list_shipments", [None] * 7 + ["7/2026", None, None, 50], "ddts_by_number"),
    ("list_shipments", [None] * 8 + [date(2026, 3, 1), None, 50], "shipments_under_way"),
    ("search_shipments", ["O-7"] + [None] * 10 + [50], "orders_of_number"),
    ("search_shipments", ["7/2026"] + [None] * 10 + [50], "ddts_by_number"),
    ("count_under_way", [date(2026, 3, 1)], "shipments_under_way|shipments_in_state"),
    ("list_proofs", [ID, None, 50], "delivery_proofs_of_shipment"),
    ("list_expected_back", [None, None, None, 50], "shipments_expected_back"),
    ("list_with_third_parties", [None] * 5 + [50], "shipments_with_third_parties"),
    ("list_with_third_parties", ["D7"] + [None] * 4 + [50], "shipments_with_third_parties"),
    ("list_delivery_figures", ["month", date(2026, 3, 1), date(2026, 3, 1), 50], "ddts_by_date"),
    ("find_shipment", [ID], "shipments_pkey"),
    ("list_movements", [None] * 4 + [50], "movements_pkey"),
    ("list_movements", [None, ID, None, None, 50], "movements_of_place"),
    ("list_stock", [None] * 6 + [50], "stock_pkey"),
    ("list_stock", [None, ID, None, None, None, None, 50], "stock_pkey"),
    ("list_stock", [None, None, ID, None, None, None, 50], "order_lines_of_order"),
    ("list_free_stock", [date(2026, 11, 24), [ID]], "shipment_lines_live"),
    ("list_articles", [None, None, 50], "articles_tenant_id_code_key"),
    ("find_article_by_barcode", ["7"], "articles_by_barcode"),
    ("list_articles_named", [["A7"], [ID]], "articles_tenant_id_code_key"),
    ("list_receipts", [None, None, None, 50], "supplier_receipts_pkey"),
    ("list_counts", [None, None, None, 50], "counts_pkey"),
    ("lock_orders_of_jobs", [[ID]], "order_lines_pkey"),
    ("lock_account", [""], "orders_kept_for"),
    ("sum_goods", [[ID]], "stock_pkey"),
    ("sum_goods", [[ID]], "stock_totals_pkey"),
    ("sum_goods", [[ID]], "shipment_lines_live"),
    ("list_lookups_named", [["carrier"], ["A"]], "lookups_pkey"),
    ("list_order_lines", [ID], "order_lines_of_order"),
    ("list_order_lines_named", [ID, [ID]], "order_lines_pkey|order_lines_of_order"),
    ("lock_orders_of_brief", [ID], "orders_of_brief"),
    ("list_lookups", ["carrier", None, None, 50], "lookups_pkey"),
    ("list_locations", [None, None, None, 50], "locations_pkey"),
    ("list_locations_named", ["BO1", ["A-7"]], "locations_pkey"),
    ("list_holds", [None, None, None, 50], "holds_pkey"),
    ("list_shipments_of_consignment", [ID, ID], "shipments_of_consignment"),
    ("list_own_shipments", [ID, None, 50], "phases_of_assignee"),
    ("find_own_shipment", [ID, ID], "shipments_pkey"),
]


async def test_hot_queries_keep_their_index(depot: Depot) -> None:
    fill = Path(__file__).with_name("crowd.sql").read_text(encoding="utf-8").split(";\n")
    for tenant_id in (depot.tenant_id, uuid4()):
        for statement in fill:
            arguments = [tenant_id] if "$1" in statement else []
            await depot.database.fetch(statement, *arguments)
    for name, arguments, indexes in HOT:
        async with depot.app.database.transaction(depot.tenant_id) as work:
            statement = getattr(QUERIES, name)
            explain = replace(statement, sql=f"EXPLAIN (COSTS OFF) {statement.sql}")
            rows = await work.fetch(explain, **dict(zip(statement.parameters, arguments, strict=True)))
        plan = "\n".join(row[0] for row in rows)
        assert any(index in plan for index in indexes.split("|")), f"{name} {arguments}\n{plan}"
        assert "Seq Scan" not in plan, f"{name} {arguments}\n{plan}"
        if name in ("list_stock", "list_free_stock", "sum_goods"):
            assert "movements" not in plan, "adds the ledger up"
