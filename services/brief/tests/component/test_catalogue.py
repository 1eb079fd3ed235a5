"""What suppliers' catalogues ask stands beside quotes and prices while it holds, and no supplier sees it."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Desk
from .test_quotations import Market, known

pytestmark = pytest.mark.servers


@pytest.fixture
async def market(desk: Desk) -> Market:
    market = Market(desk)
    await market.open()
    return market


def terms(*breaks: tuple[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "breaks": [{"from_quantity": quantity, "unit_price": price} for quantity, price in breaks],
        "lead_time_days": 10,
        "valid_from": "2026-11-01",
        "valid_until": "2026-12-31",
    } | changes


async def keep(market: Market, *breaks: tuple[str, str], status: int = 201, **changes: Any) -> dict[str, Any]:
    body = {"supplier_id": str(market.gino.person_id), "kind": "espositore", **terms(*breaks)} | changes
    response, price = await market.desk.as_(market.desk.paola).post("/v1/catalogue-prices", body)
    assert response.status == status, price
    assert isinstance(price, dict)
    return price


async def suggested(market: Market, brief: dict[str, Any]) -> list[tuple[str, str, str]]:
    response, found = await market.desk.as_(market.desk.paola).get(
        f"/v1/briefs/{brief['id']}/price-suggestions"
    )
    assert response.status == 200, found
    return [(each["supplier"]["name"], each["unit_price"], each["amount"]) for each in found["catalogue"]]


async def test_the_price_of_the_quantity_is_suggested_cheapest_first_while_it_holds(market: Market) -> None:
    brief = await market.desk.submitted()
    item = brief["items"][0]
    assert (item["kind"], item["quantity"]) == ("espositore", "500")
    await keep(market, ("1", "3.00"), ("200", "2.40"), ("1000", "1.90"))
    await keep(market, ("1", "2.60"), description=item["description"])
    await keep(market, ("1", "2.20"), supplier_id=str(market.irma.person_id), description=item["description"])
    await keep(market, ("1", "0.10"), description="Un altro articolo")
    await keep(market, ("1", "0.20"), valid_until="2026-11-02")
    await keep(market, ("600", "0.30"))
    await keep(market, ("1", "0.40"), unit="kg")
    assert await suggested(market, brief) == [
        ("Irma Fontana", "2.20", "1100.00"),
        ("Gino Galli", "2.40", "1200.00"),
    ]
    status, request = await market.ask(brief, market.gino)
    assert status == 201
    offers = (await market.read(request))["catalogue"]
    assert [(each["item_id"], each["unit_price"]) for each in offers] == [
        (item["item_id"], "2.20"),
        (item["item_id"], "2.40"),
    ]


async def test_it_is_changed_and_listed_and_what_ended_is_suggested_no_more(market: Market) -> None:
    desk = market.desk
    price = await keep(market, ("1", "3.00"))
    paola = desk.as_(desk.paola)
    path = f"/v1/catalogue-prices/{price['id']}"
    ended = terms(("1", "2.90"), valid_until="2026-11-23")
    response, changed = await paola.put(path, ended, headers={"If-Match": '"1"'})
    assert (response.status, changed["version"], changed["valid"]) == (200, 2, False)
    response, _ = await paola.put(path, ended, headers={"If-Match": '"1"'})
    assert response.status == 412
    assert await suggested(market, await desk.submitted()) == []
    _, every = await paola.get("/v1/catalogue-prices")
    _, valid = await paola.get("/v1/catalogue-prices?valid=true")
    assert ([each["id"] for each in every["items"]], valid["items"]) == ([price["id"]], [])
    told = await desk.database.published("optima.economics.catalogue_price_kept.v1")
    assert [each.data["breaks"][0]["unit_price"] for each in told] == ["3.00", "2.90"]


async def test_what_a_supplier_asks_who_quotes_no_longer_is_suggested_no_more(market: Market) -> None:
    await keep(market, ("1", "3.95"))
    brief = await market.desk.submitted()
    assert await suggested(market, brief)
    for changes in ({"active": False}, {"roles": ["marketing"]}):
        await market.desk.deliver(known(market.gino).model_copy(update=changes))
        assert not await suggested(market, brief)


async def test_what_makes_no_sense_is_refused(market: Market) -> None:
    for changes, code in (
        ({"breaks": [{"from_quantity": "5", "unit_price": "1"}] * 2}, "catalogue_breaks_not_rising"),
        ({"valid_until": "2026-10-31"}, "validity_ends_before_it_begins"),
        ({"valid_until": "2099-12-31"}, "validity_too_long"),
        ({"supplier_id": str(market.desk.anna.person_id)}, "supplier_cannot_quote"),
    ):
        problem = await keep(market, ("1", "3.00"), status=422, **changes)
        assert problem["errors"][0]["code"] == code


async def test_no_supplier_and_no_requester_sees_it(market: Market) -> None:
    desk = market.desk
    price = await keep(market, ("1", "3.00"))
    for reader in (market.gino, desk.anna):
        for path in ("/v1/catalogue-prices", f"/v1/catalogue-prices/{price['id']}"):
            response, _ = await desk.as_(reader).get(path)
            assert response.status == 403
