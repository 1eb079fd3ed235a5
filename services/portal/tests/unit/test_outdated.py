"""A service that refuses an outdated access token is asked again with a new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from portal.adapters.client import AsPerson, Refused, Services


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    """One service, which takes the token "new" alone."""

    async def answer(request: web.Request) -> web.Response:
        if request.headers["Authorization"] == "Bearer new":
            return web.json_response(
                {"method": request.method, "key": request.headers.get("Idempotency-Key")}
            )
        return web.json_response({"code": "token_outdated"}, status=401)

    app = web.Application()
    app.router.add_route("*", "/v1/things", answer)
    async with TestServer(app) as server:
        services = Services({"brief": str(server.make_url(""))}, patience=5)
        yield services
        await services.close()


async def test_the_parts_of_a_page_are_asked_for_again_after_one_renewal(services: Services) -> None:
    renewals = []

    async def renewed() -> str:
        renewals.append("new")
        await asyncio.sleep(0)
        return "new"

    person = AsPerson(services, {"Authorization": "Bearer old"}, renewed)
    asked = [person.get("brief", "/v1/things") for _ in range(5)]
    sent = person.send("brief", "POST", "/v1/things", key="once")
    *read, written = await asyncio.gather(*asked, sent)
    assert [each["method"] for each in read] == ["GET"] * 5
    assert written == {"method": "POST", "key": "once"}
    assert renewals == ["new"]


async def test_who_gets_no_new_token_is_refused(services: Services) -> None:
    async def renewed() -> None:
        return None

    person = AsPerson(services, {"Authorization": "Bearer old"}, renewed)
    with pytest.raises(Refused) as refused:
        await person.get("brief", "/v1/things")
    assert refused.value.status == 401
