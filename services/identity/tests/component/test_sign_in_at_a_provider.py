"""Sign-in at a real OpenID Connect provider: npm's oidc-provider, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from optima_local.npm import NpmMissing, npm_package

VERSION = "9.13.3"
REDIRECT_URI = "https://portale.example/callback"
SECRET = "a secret: with/odd+signs"


async def installed() -> Path:
    """The library's entry. Where there is no npm: skips, and fails in CI."""
    try:
        package = await asyncio.to_thread(npm_package, "oidc-provider", VERSION)
    except NpmMissing as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
    return package / "lib" / "index.js"


@pytest.fixture
async def issuer() -> AsyncIterator[str]:
    entry = await installed()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("provider.mjs")
    process = await asyncio.create_subprocess_exec(
        *("node", str(script), str(port), REDIRECT_URI),
        env={**os.environ, "OIDC_PROVIDER": str(entry)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    told = b""
    while not told.endswith(b"listening\n"):
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        told += line
        assert line, f"oidc-provider did not start:\n{told.decode(errors='replace')}"
    draining = asyncio.create_task(process.stdout.read())
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    await process.wait()
    await draining


@pytest.fixture
async def trusting(serve: Any, issuer: str) -> Any:
    """The service, of whose tenants' providers the operator allows this one and one that is down."""
    return await serve(oidc_issuers=f"{issuer}, http://127.0.0.1:9/")


@dataclass
class Browser:
    """Signs in at the provider's own pages."""

    login: str

    async def visit(self, address: str) -> dict[str, str]:
        """What the provider sends back to the redirect address."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            form = {}
            for _ in range(12):
                method = "POST" if form else "GET"
                async with client.request(
                    method, address, data=form or None, allow_redirects=False
                ) as response:
                    text = await response.text()
                    form = {}
                    if "Location" in response.headers:
                        address = str(response.url.join(_url(response.headers["Location"])))
                        if address.startswith(REDIRECT_URI):
                            return {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
                        continue
                    assert response.status == 200, text
                    prompt = re.search(r'name="prompt" value="(\w+)"', text)
                    action = re.search(r'action="([^"]+)"', text)
                    assert prompt is not None, text
                    assert action is not None
                    address = str(response.url.join(_url(action[1])))
                    form = {"prompt": prompt[1], "login": self.login, "password": "any"}
        raise AssertionError("the provider never sent the browser back")


def _url(text: str) -> URL:
    return URL(text, encoded=True)


async def test_people_of_the_tenant_sign_in_at_its_provider(trusting: Any, issuer: str) -> None:
    identity = trusting
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    await choose(admin, issuer)

    response, body = await sign_in(identity, "elena")
    assert response.status == 200, body
    actor = await identity.verifier.actor(body["access_token"])
    assert (actor.person_id, actor.roles) == (elena, {"marketing"})
    refreshed, _ = await identity.anybody.post(
        "/v1/tokens", {"grant": "refresh_token", "refresh_token": body["refresh_token"]}
    )
    assert refreshed.status == 200
    again, _ = await sign_in(identity, "elena")
    assert again.status == 200
    rows = await identity.database.fetch("SELECT subject, person_id FROM provider_subjects")
    assert [tuple(row) for row in rows] == [("elena", elena)]
    secrets = await identity.database.fetch("SELECT sign_in_providers::text AS t FROM sign_in_providers")
    assert SECRET.encode().hex() not in secrets[0]["t"]


async def test_who_was_invited_joins_by_being_introduced(trusting: Any, issuer: str) -> None:
    admin = await trusting.register()
    await choose(admin, issuer, client_id="public", client_secret=None)
    body = {"email": "ugo@aurora.example", "name": "Ugo", "roles": ["marketing"]}
    _, invited = await admin.post("/v1/invitations", body)
    await admin.delete(f"/v1/people/{invited['person']['id']}/invitation")
    response, problem = await sign_in(trusting, "ugo")
    assert (response.status, problem["code"]) == (401, "person_not_recognised"), "it was withdrawn"
    await admin.post(f"/v1/people/{invited['person']['id']}/invitation")
    response, body = await sign_in(trusting, "ugo")
    assert response.status == 200, body
    _, page = await admin.get("/v1/people?text=ugo")
    assert page["items"][0]["active"] is True


async def test_the_provider_names_only_people_of_ours(trusting: Any, issuer: str) -> None:
    identity = trusting
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    await choose(admin, issuer)
    for stranger in ("nobody", "unverified-elena"):
        response, problem = await sign_in(identity, stranger)
        assert (response.status, problem["code"]) == (401, "person_not_recognised"), stranger
    assert (await sign_in(identity, "elena"))[0].status == 200
    response, problem = await sign_in(identity, "alias-elena")
    assert (response.status, problem["code"]) == (401, "person_not_recognised"), "another's address by now"
    await admin.patch(f"/v1/people/{elena}", {"active": False}, headers={"If-Match": '"2"'})
    response, problem = await sign_in(identity, "elena")
    assert (response.status, problem["code"]) == (401, "person_not_recognised")
    assert len(await identity.database.fetch("SELECT 1 FROM provider_subjects")) == 1


async def test_a_return_counts_once_and_only_with_its_own_code(trusting: Any, issuer: str) -> None:
    identity = trusting
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    await choose(admin, issuer)
    first, other = await begin(identity), await begin(identity)
    back = await Browser("elena").visit(first["authorization_url"])
    assert back["state"] == first["state"]

    crossed, problem = await exchange(identity, other["state"], back["code"])
    assert (crossed.status, problem["code"]) == (401, "provider_refused"), "PKCE binds code and attempt"
    back = await Browser("elena").visit(first["authorization_url"])
    right, _ = await exchange(identity, first["state"], back["code"])
    assert right.status == 200
    replayed, problem = await exchange(identity, first["state"], back["code"])
    assert (replayed.status, problem["code"]) == (401, "attempt_not_valid")
    forged, problem = await exchange(identity, first["state"][:-1] + "A", back["code"])
    assert (forged.status, problem["code"]) == (401, "attempt_not_valid")
    late = await begin(identity)
    back = await Browser("elena").visit(late["authorization_url"])
    identity.clock.advance(timedelta(minutes=10))
    expired, problem = await exchange(identity, late["state"], back["code"])
    assert (expired.status, problem["code"]) == (401, "attempt_not_valid")


async def test_a_wrong_secret_or_a_dead_provider_lets_nobody_in(trusting: Any, issuer: str) -> None:
    identity = trusting
    admin = await identity.register()
    await choose(admin, issuer, client_secret="another")
    response, problem = await sign_in(identity, "paola")
    assert (response.status, problem["code"]) == (401, "provider_refused")
    dead = {"issuer": "http://127.0.0.1:9/x", "client_id": "optima"}
    changed, _ = await admin.put("/v1/sign-in-provider", dead, headers={"If-Match": '"1"'})
    assert changed.status == 200
    response, problem = await identity.anybody.post(
        "/v1/sign-ins", {"tenant": "aurora", "redirect_uri": REDIRECT_URI}
    )
    assert (response.status, problem["code"]) == (503, "provider_unavailable")


async def choose(admin: Any, issuer: str, **more: Any) -> None:
    body = {"issuer": issuer, "client_id": "optima", "client_secret": SECRET} | more
    response, problem = await admin.put("/v1/sign-in-provider", body)
    assert response.status == 200, problem


async def begin(identity: Any) -> Any:
    body = {"tenant": "aurora", "redirect_uri": REDIRECT_URI}
    response, begun = await identity.anybody.post("/v1/sign-ins", body)
    assert response.status == 201, begun
    return begun


async def exchange(identity: Any, state: str, code: str) -> Any:
    grant = {"grant": "authorization_code", "state": state, "code": code}
    return await identity.anybody.post("/v1/tokens", grant)


async def sign_in(identity: Any, login: str) -> Any:
    begun = await begin(identity)
    back = await Browser(login).visit(begun["authorization_url"])
    return await exchange(identity, begun["state"], back["code"])
