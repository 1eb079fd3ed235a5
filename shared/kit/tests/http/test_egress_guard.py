"""Requests to addresses that others chose: over TLS, under the right name, to what was judged alone."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from optima_kit.egress import EgressExceptions, EgressGuard, NotAllowed, NotAnAddress, resolve_by_system
from optima_kit.testing.certificates import Authority

HERE = EgressExceptions(networks=(ip_network("127.0.0.1/32"),))


class Secure:
    """A server over TLS, with a certificate for one name, that notes by which name it was called."""

    def __init__(self, name: str) -> None:
        authority = Authority()
        self.called: list[str | None] = []
        self.asked: list[str] = []
        self.tls = authority.server_tls(name)
        self.tls.sni_callback = lambda _socket, name, _context: self.called.append(name)
        self.trusting = authority.client_tls()
        app = web.Application()
        app.router.add_get("/", self._answer)
        self.server = TestServer(app, scheme="https")

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers["Host"])
        return web.Response(text="here", headers={"Set-Cookie": "a=b"})


@pytest.fixture
async def secure() -> AsyncIterator[Secure]:
    made = Secure("hooks.test")
    await made.server.start_server(ssl=made.tls)
    yield made
    await made.server.close()


def leads(**names: Sequence[str]) -> Resolver:
    return Resolver({name.replace("_", "."): addresses for name, addresses in names.items()})


class Resolver:
    def __init__(self, names: dict[str, Sequence[str]]) -> None:
        self.names = names
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.names[host]


async def test_the_name_stands_in_tls_and_in_the_request_though_an_address_is_dialled(
    secure: Secure,
) -> None:
    resolver = leads(hooks_test=["127.0.0.1"])
    url = f"https://hooks.test:{secure.server.port}/"
    outside = EgressGuard(HERE, resolve=resolver, tls=secure.trusting)
    async with outside.session(url) as session:
        for _ in range(2):
            async with session.get(url) as response:
                assert await response.text() == "here"
                assert "Cookie" not in response.request_info.headers
    assert set(secure.called) == {"hooks.test"}
    assert set(secure.asked) == {f"hooks.test:{secure.server.port}"}
    assert resolver.asked == 1


async def test_a_certificate_for_another_name_is_refused(secure: Secure) -> None:
    url = f"https://other.test:{secure.server.port}/"
    outside = EgressGuard(HERE, resolve=leads(other_test=["127.0.0.1"]), tls=secure.trusting)
    async with outside.session(url) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(url)
    assert secure.asked == []


async def test_a_certificate_of_an_unknown_issuer_is_refused_by_default(secure: Secure) -> None:
    url = f"https://hooks.test:{secure.server.port}/"
    outside = EgressGuard(HERE, resolve=leads(hooks_test=["127.0.0.1"]))
    async with outside.session(url) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(url)
    assert secure.asked == []


async def test_a_session_reaches_no_other_host(secure: Secure) -> None:
    outside = EgressGuard(HERE, resolve=leads(hooks_test=["127.0.0.1"]), tls=secure.trusting)
    async with outside.session(f"https://hooks.test:{secure.server.port}/") as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError):
            await session.get(f"https://localhost:{secure.server.port}/")
    assert secure.asked == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:7f00:1]", "2130706433", "0x7f.1", "127.1", "localhost"],
)
async def test_the_systems_own_resolver_leads_nowhere_private(host: str) -> None:
    with pytest.raises(NotAllowed):
        await EgressGuard(EgressExceptions()).addresses(f"https://{host}/")


async def test_the_environments_proxy_is_not_taken(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    url = f"https://hooks.test:{secure.server.port}/"
    outside = EgressGuard(HERE, resolve=leads(hooks_test=["127.0.0.1"]), tls=secure.trusting)
    async with outside.session(url) as session, session.get(url) as response:
        assert response.status == 200


async def test_a_name_that_does_not_exist_and_one_that_cannot() -> None:
    outside = EgressGuard(HERE)
    with pytest.raises(NotAllowed):
        await outside.addresses("https://nobody.invalid/")
    with pytest.raises(NotAnAddress):
        await outside.addresses(f"https://{'a' * 64}.example/")
    assert await resolve_by_system("127.0.0.1", 443) == ["127.0.0.1"]


async def test_names_whose_servers_do_not_answer_hold_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up, answered = socket.getaddrinfo, threading.Event()

    def slowly(host: str, *arguments: Any, **options: Any) -> Any:
        if host == "slow.test":
            answered.wait()
            raise OSError
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    loop = asyncio.get_running_loop()
    # As many as the loop has threads at most.
    slow = [asyncio.create_task(resolve_by_system("slow.test", 443)) for _ in range(32)]
    try:
        async with asyncio.timeout(10):
            await asyncio.sleep(0)  # they are under way
            assert await resolve_by_system("127.0.0.1", 443) == ["127.0.0.1"]
            assert await loop.getaddrinfo("127.0.0.1", 443)
    finally:
        answered.set()
        assert {type(each) for each in await asyncio.gather(*slow, return_exceptions=True)} == {OSError}
