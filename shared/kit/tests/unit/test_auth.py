"""The issuer's keys."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from optima_kit.auth import JwksKeys, KeysUnavailable


async def test_keys_are_taken_from_the_configured_address_alone() -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path == "/jwks":
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.json_response({"keys": []})

    app = web.Application()
    app.router.add_get("/{path}", answer)
    async with TestServer(app) as server:
        with pytest.raises(KeysUnavailable):
            await JwksKeys(str(server.make_url("/jwks"))).keys()
    assert asked == ["/jwks"]
