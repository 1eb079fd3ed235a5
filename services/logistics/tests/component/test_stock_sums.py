"""What lies in a place is kept beside the ledger by the database itself, and a deviation is found."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from logistics.adapters.metrics import STOCK_DEVIATIONS, measure_ledger

from ..conftest import Depot


async def deviations(depot: Depot) -> float:
    connection = await asyncpg.connect(depot.database.backbone_url)
    try:
        await measure_ledger(connection)
    finally:
        await connection.close()
    return float(STOCK_DEVIATIONS._value.get())


async def stored(depot: Depot) -> list[tuple[str, str]]:
    rows = await depot.database.fetch("SELECT on_hand, held FROM stock ORDER BY on_hand DESC")
    return [(f"{row['on_hand'].normalize():f}", f"{row['held'].normalize():f}") for row in rows]


async def test_a_sum_that_is_not_that_of_its_entries_is_found(depot: Depot) -> None:
    order = await depot.stocked_order(quantities=("100", "40"))
    held = {"warehouse": "BO1", "job_id": str(order.jobs[1]), "quantity": "5", "reason": "Colore"}
    assert (await depot.client.post("/v1/holds", held))[0].status == 201
    await depot.act(await depot.picked(order, "10"), "issuance")
    assert await stored(depot) == [("90", "0"), ("30", "5")]
    assert await deviations(depot) == 0
    await depot.database.fetch("UPDATE stock SET on_hand = 89 WHERE held = 0")
    assert await deviations(depot) == 1
    await depot.database.fetch("UPDATE stock SET held = 6 WHERE held <> 0")
    assert await deviations(depot) == 2
    await depot.database.fetch("DELETE FROM stock")
    assert await deviations(depot) == 3, "two places, and what is held in one of them"
    await depot.database.fetch("UPDATE stock_totals SET quantity = 1 WHERE kind = 'issue'")
    assert await deviations(depot) == 5, "and two totals"


async def test_a_place_where_nothing_lies_has_no_row(depot: Depot) -> None:
    order = await depot.stocked_order()
    shipment = await depot.act(await depot.picked(order, "100"), "issuance")
    assert await stored(depot) == []
    await depot.act(shipment, "voiding", reason="Errore", reissue=False)
    assert await stored(depot) == [("100", "0")]
    assert await deviations(depot) == 0


async def test_the_service_may_only_read_what_lies_where(depot: Depot) -> None:
    await depot.stocked_order()
    service = await asyncpg.connect(depot.database.rw_url)
    try:
        await service.execute("SELECT set_config('optima.tenant', $1, false)", str(depot.tenant_id))
        for statement in (
            "UPDATE stock SET on_hand = 1",
            "DELETE FROM stock",
            "UPDATE stock_totals SET quantity = 1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
    finally:
        await service.close()


async def test_of_what_is_over_no_line_is_read_any_more(depot: Depot) -> None:
    """Its lines are left out where goods are added up, and what is left of an order is as before."""
    order = await depot.stocked_order()

    async def live() -> list[bool]:
        rows = await depot.database.fetch(
            "SELECT live FROM shipment_lines JOIN shipments USING (shipment_id) ORDER BY shipment_id"
        )
        return [row["live"] for row in rows]

    given_up = await depot.draft(order, "10")
    voided = await depot.act(await depot.picked(order, "10"), "issuance")
    delivered = await depot.act(await depot.act(await depot.picked(order, "10"), "issuance"), "departure")
    assert await live() == [True, True, True]
    await depot.act(given_up, "cancellation", reason="Rinviata")
    await depot.act(voided, "voiding", reason="Errore", reissue=False)
    await depot.act(delivered, "delivery", received_by="Neri")
    assert await live() == [False, False, True], "an order's line counts what was delivered for it"
    _, line = await depot.client.get(f"/v1/orders/{order.order_id}")
    assert [each["remaining"] for each in line["lines"][0]["deliveries"]] == ["90"]


async def test_thirty_different_commands_at_once_conserve_the_goods(depot: Depot) -> None:
    """Whichever of them win: nothing is lost or made, no stock is below zero, and numbers have no gap."""
    order = await depot.stocked_order()
    await depot.client.post("/v1/locations", {"warehouse": "BO1", "codes": ["A-01"]})
    goods = {"warehouse": "BO1", "job_id": str(order.jobs[0])}
    picked = [await depot.picked(order, "10") for _ in range(5)]
    issued = [await depot.act(await depot.picked(order, "5"), "issuance") for _ in range(5)]
    commands = [
        *(depot.attempt(shipment, "issuance") for shipment in picked),
        *(depot.attempt(shipment, "voiding", reason="Errore", reissue=False) for shipment in issued),
        *(depot.client.post("/v1/shipments", depot.shipment_body(order, "20")) for _ in range(5)),
        *(
            depot.client.post("/v1/relocations", goods | {"quantity": "30", "to_location": "A-01"})
            for _ in range(4)
        ),
        *(depot.client.post("/v1/holds", goods | {"quantity": "15", "reason": "Colore"}) for _ in range(4)),
        *(
            depot.client.post(
                "/v1/adjustments", goods | {"quantity": "7", "reason": "Conta", "difference": what}
            )
            for what in ("missing", "damaged", "found", "found")
        ),
        *(depot.client.post("/v1/receipts", goods | {"quantity": "1"}) for _ in range(3)),
    ]
    assert len(commands) == 30
    answers = await asyncio.gather(*commands)
    assert {response.status for response, _ in answers} <= {200, 201, 409, 422}
    assert sum(response.status < 300 for response, _ in answers) >= 10
    assert await deviations(depot) == 0
    (row,) = await depot.database.fetch(
        "SELECT min(quantity) AS least, sum(quantity) AS lies FROM ("
        "SELECT sum(quantity) AS quantity FROM movements GROUP BY warehouse, job_id, location, lot) AS places"
    )
    (out,) = await depot.database.fetch(
        "SELECT coalesce(sum(quantity - came_back - returned), 0) AS quantity"
        " FROM shipment_lines JOIN shipments USING (shipment_id) WHERE state = 'issued'"
    )
    (came,) = await depot.database.fetch(
        "SELECT sum(quantity) AS quantity FROM movements"
        " WHERE kind IN ('receipt', 'found', 'missing', 'damaged')"
    )
    assert row["least"] >= 0
    assert row["lies"] + out["quantity"] == came["quantity"]
    numbers = await depot.database.fetch("SELECT progressive FROM ddts ORDER BY progressive")
    assert [each["progressive"] for each in numbers] == list(range(1, len(numbers) + 1))
