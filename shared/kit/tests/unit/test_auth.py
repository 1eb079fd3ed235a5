"""The issuer's keys."""

from __future__ import annotations

from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from optima_kit.auth import JwksKeys, KeysUnavailable
from optima_kit.refusals import Unauthenticated
from optima_kit.testing import People


async def test_tokens_of_the_release_before_are_taken_where_the_operator_says_so() -> None:
    people = People()
    somebody = people.person("marketing", tenant_id=uuid4())
    token = people.token(somebody, type_="JWT")
    assert (await people.verifier("at+jwt", "JWT").actor(token)).person_id == somebody.person_id
    with pytest.raises(Unauthenticated, match="token_type"):
        await people.verifier().actor(token)


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
