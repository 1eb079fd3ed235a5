"""HTTP to addresses that somebody else chose: only where the operator lets them lead.

A name is resolved once, every address that it has is judged, and exactly those are connected to, under the
name in TLS and in the Host header. So a name that leads elsewhere a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ..domain.addresses import Openness, all_allowed, host_and_port

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

RESOLVED_WITHIN: Final = 5.0
ANSWERED_WITHIN: Final = 10.0
"""Seconds, from the connection to the last byte that is read."""

_LOOKUPS: Final = ThreadPoolExecutor(64, thread_name_prefix="lookup")
"""Threads of their own, since a name server that does not answer holds one for longer than we wait: the few
that the loop has also look up our own servers. They come as they are needed."""


class NotAllowed(Exception):
    """The address leads nowhere, or where requests may not go. The two are not told apart: whoever chooses
    addresses could otherwise ask which names there are inside."""


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """IP addresses. Raises OSError where there are none."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, look_up)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class EgressGuard:
    """Opens sessions, each with one host that has been judged."""

    def __init__(
        self, openness: Openness, *, resolve: Resolve = resolve_by_system, tls: ssl.SSLContext | None = None
    ) -> None:
        self._openness = openness
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()

    async def addresses(self, url: str) -> Sequence[str]:
        """Where the URL leads. Raises Invalid for what is no address to send to, and NotAllowed."""
        host, port = host_and_port(url, self._openness)
        if not _same_host(URL(url).raw_host or "", host):
            raise NotAllowed
        try:
            async with asyncio.timeout(RESOLVED_WITHIN):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            # UnicodeError: what the system's resolver says to a name with an empty or overlong part.
            raise NotAllowed from None
        if not all_allowed(found, self._openness):
            raise NotAllowed
        return found

    @asynccontextmanager
    async def session(self, url: str) -> AsyncIterator[aiohttp.ClientSession]:
        """For requests to that URL alone. Raises as `addresses` does. It keeps no cookie, unpacks nothing,
        and takes no proxy from the environment."""
        found = await self.addresses(url)
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(URL(url).raw_host or "", found), use_dns_cache=False, ssl=self._tls, limit=1
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=ANSWERED_WITHIN),
            auto_decompress=False,
            trust_env=False,
        ) as session:
            yield session


class _Pinned(AbstractResolver):
    """Knows one host. An IP address in place of a name is connected to as it is, and was judged as it is."""

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host != self._host:
            raise OSError(None, "not the host that was resolved")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


def _same_host(read: str, judged: str) -> bool:
    """Whether the HTTP client reads the same host out of a URL as the rules did."""
    if read.lower() == judged:
        return True
    try:
        return ip_address(read) == ip_address(judged)
    except ValueError:
        return False
