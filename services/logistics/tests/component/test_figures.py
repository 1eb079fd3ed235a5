"""Figures: documents, deliveries on time and in full, days on the road; how stock turns and what is idle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ..conftest import ARTICLE, Depot


async def figures(depot: Depot, what: str, query: str = "") -> list[dict[str, Any]]:
    response, found = await depot.client.get(f"/v1/figures/{what}?{query}")
    assert response.status == 200, found
    rows: list[dict[str, Any]] = found["rows"]
    return rows


@pytest.mark.parametrize("by", ["month", "carrier", "destination", "document_type"])
async def test_deliveries_are_measured_by_whatever_they_are_grouped_by(depot: Depot, by: str) -> None:
    """Deadline: January 31st. One on time and in full after two days, one in time of which some came back,
    one that was refused, one late, one void, and a loan that nobody was promised."""
    order = await depot.stocked_order()
    whole, partly, refused, late, void = [
        await depot.act(await depot.picked(order, "10"), "issuance") for _ in range(5)
    ]
    lent = await depot.act(await depot.picked(order, "10", document_type="conto-visione"), "issuance")
    await depot.act(void, "voiding", reason="Errore", reissue=False)
    for shipment in (whole, partly, refused, late, lent):
        await depot.act(shipment, "departure")
    depot.clock.advance(timedelta(days=2))
    for shipment in (whole, partly, lent):
        await depot.act(shipment, "delivery", received_by="Carla Neri")
    await depot.act(refused, "refusal", reason="Chiuso")
    back = {"document_type": "reso-da-cliente", "warehouse": "BO1", "reason": "Difettosi"}
    line = {"job_id": str(order.jobs[0]), "quantity": "1", "disposition": "stock"}
    await depot.act(partly, "returns", **back, lines=[line])
    depot.clock.advance(timedelta(days=68))
    await depot.act(late, "delivery", received_by="Carla Neri")
    rows = await figures(depot, "deliveries", f"by={by}&since=2026-11-01&until=2026-11-30")
    promised, sums = rows[0], {}
    for name in ("documents", "voided", "refused", "delivered", "promised"):
        sums[name] = sum(row[name] for row in rows)
    assert sums == {"documents": 6, "voided": 1, "refused": 1, "delivered": 4, "promised": 4}
    assert (promised["on_time_percent"], promised["on_time_in_full_percent"]) == ("50.0", "25.0")
    assert all(row["group"].keys() == {by} for row in rows)
    if by == "document_type":
        assert (rows[1]["days"], "on_time_percent" in rows[1]) == ("2.0", False)
    else:
        assert [row["days"] for row in rows] == ["19.0"]
    assert await figures(depot, "deliveries", f"by={by}&since=2026-10-01&until=2026-10-31") == []


async def test_a_period_that_can_not_be_is_refused(depot: Depot) -> None:
    for what in ("deliveries", "stock"):
        for query in ("since=2026-11-02&until=2026-11-01", "since=2020-01-01&until=2026-01-01"):
            response, problem = await depot.client.get(f"/v1/figures/{what}?{query}")
            assert (response.status, problem["errors"][0]["code"]) == (422, "figures_period")


async def test_stock_turns_and_what_is_idle_is_told_by_owner(depot: Depot) -> None:
    for code, owner in (("MOVES", None), ("LIES", None), ("THEIRS", "MI-DUOMO")):
        body = ARTICLE | ({"owner": owner} if owner else {})
        assert (await depot.client.put(f"/v1/articles/{code}", body))[0].status == 200
        sent = {
            "supplier": "RM-TERMINI",
            "number": code,
            "date": "2026-11-24",
            "warehouse": "BO1",
            "lines": [{"article": code, "quantity": "100"}],
        }
        assert (await depot.client.post("/v1/supplier-receipts", sent))[0].status == 201
    depot.clock.advance(timedelta(days=100))
    body = {
        "document_type": "campione-gratuito",
        "warehouse": "BO1",
        "destination": "MI-DUOMO",
        "lines": [{"article": "MOVES", "quantity": "50"}],
        "transport_by": "mittente",
    }
    _, shipment = await depot.client.post("/v1/shipments", body)
    await depot.act(await depot.act(shipment, "picking"), "issuance")
    today = depot.clock.now().date()
    since = today - timedelta(days=72)
    rows = await figures(depot, "stock", f"since={since}&until={today}")
    assert [
        (
            row.get("owner", {}).get("code"),
            row["articles"],
            row["on_hand"],
            row["gone"],
            row["turns"],
            row["idle_articles"],
            row["idle"],
        )
        for row in rows
    ] == [
        (None, 2, "150", "50", "1.7", 1, "100"),
        ("MI-DUOMO", 1, "100", "0", "0.0", 1, "100"),
    ]
