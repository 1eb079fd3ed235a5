"""Easyfatt fetches orders from an address, with the user and the password of its connection."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from optima_contracts.production import OrderConfirmed

from ..conftest import Bridge

SETTINGS = {"folder": "acme", "user": "danea", "password": "una frase lunga"}
ORDER = OrderConfirmed(
    order_id=UUID(int=7),
    number="O-2026-0007",
    brief_id=None,
    customer=None,
    deadline=date(2027, 2, 15),
    lines=[],
)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


GOOD = basic("danea", "una frase lunga")


@pytest.fixture
async def danea(bridge: Bridge) -> Any:
    """An order that waits for Easyfatt."""
    view = await bridge.connect(connector="easyfatt", settings=SETTINGS)
    assert (view["secrets"], "una frase lunga" in str(view)) == (["password"], False)
    await bridge.tell(ORDER, subject=ORDER.order_id, correlation=ORDER.order_id)
    await bridge.work()
    return bridge


async def fetch(bridge: Bridge, headers: dict[str, str], query: str = "", **where: str) -> tuple[Any, Any]:
    place = {"tenant": str(bridge.tenant_id), "key": "gestionale", **where}
    path = f"/v1/easyfatt/{place['tenant']}/{place['key']}/orders{query}"
    return await bridge.app.as_(None).get(path, headers=headers)


async def test_easyfatt_fetches_the_orders(danea: Any) -> None:
    query = "?appver=2&firstdate=&lastdate=&firstnum=202600001&lastnum="
    response, content = await fetch(danea, GOOD, query)
    assert (response.status, response.headers["Content-Type"]) == (200, "application/xml")
    assert b"<Number>202600007</Number>" in content


async def test_its_own_header_does_as_well(danea: Any) -> None:
    header = {"X-Authorization": GOOD["Authorization"].removeprefix("Basic ")}
    response, content = await fetch(danea, header, "?firstnum=202600008")
    assert (response.status, b"<Document>" in content) == (200, False)


@pytest.mark.parametrize(
    ("headers", "where"),
    [
        ({}, {}),
        (basic("danea", "un'altra frase"), {}),
        (basic("admin", "una frase lunga"), {}),
        ({"Authorization": "Basic ???"}, {}),
        ({"Authorization": "Bearer " + GOOD["Authorization"]}, {}),
        (GOOD, {"key": "altra"}),
        (GOOD, {"tenant": str(UUID(int=2))}),
    ],
)
async def test_whatever_is_wrong_the_answer_is_one(
    danea: Any, headers: dict[str, str], where: dict[str, str]
) -> None:
    response, problem = await fetch(danea, headers, **where)
    assert (response.status, problem["code"]) == (401, "credentials_not_recognised")
    assert response.headers["WWW-Authenticate"] == "Basic"


async def test_a_connection_without_a_password_lets_nobody_in(bridge: Bridge) -> None:
    await bridge.connect(connector="easyfatt", settings={"folder": "acme"})
    response, _ = await fetch(bridge, basic("", ""))
    assert response.status == 401


async def test_nobody_guesses_fast(danea: Any) -> None:
    answers = [(await fetch(danea, basic("danea", f"tentativo {n}")))[0].status for n in range(6)]
    assert answers[0] == 401
    assert answers[-1] == 429
