"""What the HTML edge does to a form before a page sees it, and to every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient
from structlog.testing import LogCapture

from optima_kit.clock import SystemClock
from optima_kit.http import security_log
from optima_kit.http.addresses import Addresses
from optima_kit.http.html import Answer, Html, PageCall, Pages, SeeOther, StaticFiles
from optima_kit.http.problems import load_catalogue
from portal.adapters.rendering import Templates

Edge = TestClient[web.BaseRequest, None]
pages = Pages()
sent: list[dict[str, Any]] = []


@pages.post("/form", public=True)
async def take(call: PageCall) -> Answer:
    sent.append(dict(call.form))
    return SeeOther("/")


class Nobody:
    async def find(self, cookie: str, request: web.BaseRequest) -> None:
        return None


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    sent.clear()
    addresses = Addresses()
    Html(
        pages=pages,
        statics=StaticFiles("portal"),
        sessions=Nobody(),
        renderer=Templates(),
        database=None,  # type: ignore[arg-type]  # nobody is signed in, and nothing stored
        catalogue=load_catalogue("portal"),
        clock=SystemClock(),
        resources=None,
        rate_per_second=1_000,
    ).mount(addresses)
    async with TestClient(RawTestServer(addresses.answer)) as client:
        yield client


async def test_a_password_is_taken_as_it_was_typed(edge: Edge) -> None:
    typed = dict.fromkeys(("password", "proof_password", "current", "new", "email"), "  a b  ")
    response = await edge.post("/form", data=typed, allow_redirects=False)
    assert response.status == 303
    assert sent == [{**typed, "email": "a b"}]


async def test_a_form_of_another_site_is_refused_and_noted(edge: Edge, monkeypatch: Any) -> None:
    captured = LogCapture()
    logger = structlog.wrap_logger(None, processors=[captured], wrapper_class=structlog.BoundLogger)
    monkeypatch.setattr(security_log, "log", logger)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ):
        response = await edge.post("/form", data={"a": "b"}, headers=headers)
        assert response.status == 403, headers
    assert sent == []
    (line,) = captured.entries
    assert (line["code"], line["route"], line["address"]) == ("sent_by_another_site", "/form", "127.0.0.1")


@pytest.mark.parametrize(
    ("method", "address"), [("GET", "/nowhere"), ("GET", "/static/x"), ("POST", "/form")]
)
async def test_every_answer_tells_the_browser_what_it_may_not(edge: Edge, method: str, address: str) -> None:
    response = await edge.request(method, address, allow_redirects=False)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy


async def test_static_files_come_small_to_who_takes_them_so(edge: Edge) -> None:
    address, plain = StaticFiles("portal").address("portal.css"), {"Accept-Encoding": "identity"}
    whole = await edge.get(address, headers=plain)
    small = await edge.get(address, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in whole.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) * 3 < int(whole.headers["Content-Length"])
    assert await small.text() == await whole.text()
    assert {each.headers["Vary"] for each in (whole, small)} == {"Accept-Encoding"}
