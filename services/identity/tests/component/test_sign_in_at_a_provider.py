"""Sign-in at a real OpenID Connect provider: npm's oidc-provider, in a process of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient
from yarl import URL

from optima_kit.db import Database
from optima_kit.http.addresses import Addresses
from optima_kit.http.html import Html, StaticFiles
from optima_kit.http.problems import load_catalogue
from optima_kit.sealing import Sealer
from optima_local.npm import NpmMissing, npm_packages
from portal.adapters.carried import CarriedValues
from portal.adapters.client import Services
from portal.adapters.live import LiveStreams
from portal.adapters.mail import UnsubscribeCodes
from portal.adapters.pages import pages as portal_pages
from portal.adapters.rendering import Templates
from portal.adapters.resources import Resources
from portal.adapters.sessions import BrowserSessions

from ..conftest import Identity, Serve

PASSWORD = "tre gatti sul tetto rosso"
PORTAL = "https://portale.example"
REDIRECT_URI = f"{PORTAL}/sign-in/return"
SECRET = "a secret: with/odd+signs"


def installed() -> Path:
    """The library's entry. Where there is no npm: skips, and fails in CI."""
    try:
        folder = npm_packages("oidc-provider")
    except NpmMissing as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
    return folder / "node_modules" / "oidc-provider" / "lib" / "index.js"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """One for all: each test's people come with browsers of their own."""
    entry = installed()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("provider.mjs")
    process = subprocess.Popen(
        ["node", str(script), str(port), REDIRECT_URI],
        env={**os.environ, "OIDC_PROVIDER": str(entry)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if line == "listening\n":
            break
    else:
        pytest.fail(f"oidc-provider did not start:\n{told}")
    Thread(target=process.stdout.read, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture
async def trusting(serve: Serve, issuer: str) -> Any:
    """The service, of whose tenants' providers the operator allows this one and one that is down."""
    return await serve(oidc_issuers=f"{issuer}, http://127.0.0.1:9/", oidc_networks="127.0.0.0/8")


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

    mixed = back | {"state": other["state"]}
    crossed, problem = await exchange(identity, other, mixed)
    assert (crossed.status, problem["code"]) == (401, "provider_refused"), "PKCE binds code and attempt"
    back = await Browser("elena").visit(first["authorization_url"])
    right, _ = await exchange(identity, first, back)
    assert right.status == 200
    replayed, problem = await exchange(identity, first, back)
    assert (replayed.status, problem["code"]) == (401, "attempt_not_valid")
    forged, problem = await exchange(identity, first, back | {"state": first["state"][:-1] + "A"})
    assert (forged.status, problem["code"]) == (401, "attempt_not_valid")
    late = await begin(identity)
    back = await Browser("elena").visit(late["authorization_url"])
    identity.clock.advance(timedelta(minutes=10))
    expired, problem = await exchange(identity, late, back)
    assert (expired.status, problem["code"]) == (401, "attempt_not_valid")


async def test_only_the_browser_that_began_comes_back(trusting: Any, issuer: str) -> None:
    """Else somebody could lead another's browser into a session of their own."""
    identity = trusting
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    await choose(admin, issuer)
    mine, theirs = await begin(identity), await begin(identity)
    back = await Browser("elena").visit(mine["authorization_url"])
    response, problem = await exchange(identity, theirs, back)
    assert (response.status, problem["code"]) == (401, "attempt_not_valid")
    response, problem = await exchange(identity, mine, back)
    assert (response.status, problem["code"]) == (401, "attempt_not_valid"), "one return, whoever made it"
    grant = {"grant": "authorization_code", "state": mine["state"], "code": back["code"]}
    response, problem = await identity.anybody.post("/v1/tokens", grant)
    assert (response.status, problem["errors"][0]["field"]) == (422, "browser_secret")


async def test_an_answer_of_another_provider_is_refused(trusting: Any, issuer: str) -> None:
    identity = trusting
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    await choose(admin, issuer)
    for named in ("http://127.0.0.1:9/", None):
        begun = await begin(identity)
        back = await Browser("elena").visit(begun["authorization_url"])
        assert back["iss"] == issuer, "this provider always says who it is"
        response, problem = await exchange(identity, begun, back | {"iss": named})
        assert (response.status, problem["code"]) == (401, "provider_refused"), named


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


@pytest.fixture
async def pages(trusting: Any, database_for: Any) -> AsyncIterator[TestClient[web.BaseRequest, None]]:
    """The portal's, before this identity."""
    sealer = Sealer("a-secret-of-these-tests-0123456789abcdef", "portal")
    services = Services({"identity": str(trusting.app.http.make_url(""))}, 10)
    database = await Database.open(
        (await database_for("portal")).rw_url, source="/optima/portal", size=2, clock=trusting.clock
    )
    codes = UnsubscribeCodes(sealer)
    resources = Resources(services, CarriedValues(sealer), LiveStreams(), codes, PORTAL, None)
    resources.sessions = BrowserSessions(database, sealer, services, trusting.verifier, trusting.clock)
    addresses = Addresses()
    Html(
        pages=portal_pages,
        statics=StaticFiles("portal"),
        sessions=resources.sessions,
        renderer=Templates(),
        database=database,
        catalogue=load_catalogue("portal"),
        clock=trusting.clock,
        resources=resources,
        rate_per_second=1_000,
    ).mount(addresses)
    async with TestClient(RawTestServer(addresses.answer), cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield client
    await services.close()
    await database.close()


@dataclass
class Tab:
    """A browser at the portal: keeps its cookies, although they want https."""

    pages: TestClient[web.BaseRequest, None]
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, address: str, **form: str) -> tuple[aiohttp.ClientResponse, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers["Accept-Language"] = "it"
        response = await self.pages.request(
            method, address, data=form or None, headers=headers, allow_redirects=False
        )
        self.cookies |= {name: cookie.value for name, cookie in response.cookies.items()}
        return response, await response.text()

    async def leave(self, tenant: str = "aurora") -> str:
        """Presses the button, and is led to the returned address."""
        response, text = await self.ask("POST", "/sign-in/provider", tenant=tenant, next="/me")
        assert response.status == 303, text
        assert response.headers["Location"] == "/sign-in/provider", "no form leads to another site"
        _, text = await self.ask("GET", "/sign-in/provider")
        leads = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', text)
        assert leads is not None, text
        assert f'href="{leads[1]}"' in text, "for browsers that are not led by themselves"
        return leads[1].replace("&amp;", "&")

    async def come_back(self, back: dict[str, str]) -> tuple[aiohttp.ClientResponse, str]:
        return await self.ask("GET", f"/sign-in/return?{urlencode(back)}")


async def test_people_sign_in_at_their_provider_from_the_portal(
    trusting: Any, issuer: str, pages: TestClient[web.BaseRequest, None]
) -> None:
    admin = await trusting.register()
    await trusting.invite(admin, "elena@aurora.example", "marketing")
    tab = Tab(pages)
    response, text = await tab.ask("POST", "/sign-in/provider", tenant="aurora", next="")
    assert response.status == 404
    assert "Usa la password" in text
    await choose(admin, issuer)
    back = await Browser("elena").visit(await tab.leave())
    response, text = await tab.come_back(back)
    assert (response.status, response.headers["Location"]) == (303, "/me"), text
    assert tab.cookies["__Host-sign-in"] == ""
    response, text = await tab.ask("GET", "/me")
    assert (response.status, "Elena" in text) == (200, True)


async def test_the_portal_takes_nobody_back_who_did_not_leave_in_this_browser(
    trusting: Any, issuer: str, pages: TestClient[web.BaseRequest, None]
) -> None:
    admin = await trusting.register()
    await trusting.invite(admin, "elena@aurora.example", "marketing")
    await choose(admin, issuer)
    attacker, victim, other = Tab(pages), Tab(pages), Tab(pages)
    back = await Browser("elena").visit(await attacker.leave())
    await other.leave()
    for tab, status in ((victim, 400), (other, 401)):
        response, text = await tab.come_back(back)
        assert (response.status, "Accedi" in text) == (status, True)
        assert "__Host-session" not in tab.cookies
    response, text = await attacker.come_back({"error": "access_denied", "state": back["state"]})
    assert (response.status, "non ha confermato" in text) == (400, True)


async def test_signing_in_anew_ends_the_browsers_session_of_before(
    trusting: Any, pages: TestClient[web.BaseRequest, None]
) -> None:
    await trusting.register()
    tab = Tab(pages)
    form = {"tenant": "aurora", "email": "paola@aurora.example", "password": PASSWORD, "next": ""}
    await tab.ask("POST", "/sign-in", **form)
    before = dict(tab.cookies)
    await tab.ask("POST", "/sign-in", **form)
    response, _ = await tab.ask("GET", "/me")
    assert response.status == 200
    ended = await trusting.database.published("optima.identity.session_ended.v1")
    assert len(ended) == 1
    tab.cookies = before
    response, _ = await tab.ask("GET", "/me")
    assert (response.status, response.headers["Location"].partition("?")[0]) == (303, "/sign-in")


async def test_an_admin_chooses_the_provider_on_a_page(
    trusting: Any, issuer: str, pages: TestClient[web.BaseRequest, None]
) -> None:
    await trusting.register()
    tab = Tab(pages)
    form = {"tenant": "aurora", "email": "paola@aurora.example", "password": PASSWORD, "next": "/settings"}
    response, _ = await tab.ask("POST", "/sign-in", **form)
    assert response.status == 303
    _, text = await tab.ask("GET", "/settings")
    assert 'href="/sign-in-provider"' in text
    _, text = await tab.ask("GET", "/sign-in-provider")
    assert REDIRECT_URI in text
    given = {"issuer": "https://nowhere.example", "client_id": "optima", "client_secret": SECRET}
    response, text = await tab.ask("POST", "/sign-in-provider", **given)
    assert response.status == 422
    assert 'value="https://nowhere.example"' in text
    assert SECRET not in text
    response, _ = await tab.ask("POST", "/sign-in-provider", **given | {"issuer": issuer})
    assert response.status == 303
    _, text = await tab.ask("GET", "/sign-in-provider")
    assert f'value="{issuer}"' in text
    back = await Browser("paola").visit(await Tab(pages).leave())
    assert back["code"]
    response, _ = await tab.ask("POST", "/sign-in-provider/removal")
    assert response.status == 303
    _, text = await tab.ask("GET", "/sign-in-provider")
    assert issuer not in text


async def choose(admin: Any, issuer: str, **more: Any) -> None:
    body = {"issuer": issuer, "client_id": "optima", "client_secret": SECRET} | more
    response, problem = await admin.put("/v1/sign-in-provider", body)
    assert response.status == 200, problem


async def begin(identity: Identity) -> Any:
    body = {"tenant": "aurora", "redirect_uri": REDIRECT_URI}
    response, begun = await identity.anybody.post("/v1/sign-ins", body)
    assert response.status == 201, begun
    return begun


async def exchange(identity: Identity, begun: Any, back: Any) -> Any:
    grant = {"grant": "authorization_code", **back, "browser_secret": begun["browser_secret"]}
    return await identity.anybody.post("/v1/tokens", grant)


async def sign_in(identity: Identity, login: str) -> Any:
    begun = await begin(identity)
    back = await Browser(login).visit(begun["authorization_url"])
    return await exchange(identity, begun, back)
