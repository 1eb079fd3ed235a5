"""HTTP requests to addresses that others have chosen. Only https and the public internet are allowed, unless
the operator allows more.

A person who chooses an address chooses where the service connects to. Without these rules they could make it
connect to systems that only the service can reach, such as its databases, an administrator's pages or a
cloud's metadata. A host name is resolved once, all its addresses are checked, and connections go only to
these, with the name in TLS and in the Host header. So it does not matter if the name leads elsewhere a moment
later.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

LONGEST_ADDRESS: Final = 2000
RESOLVED_WITHIN: Final = 5.0
ANSWERED_WITHIN: Final = 10.0
"""The seconds from the connection to the last byte that is read."""

_LOOKUPS: Final = ThreadPoolExecutor(64, thread_name_prefix="lookup")
"""Separate threads for name lookups, created as needed. A name server that does not answer blocks a thread
for longer than the service waits, and the event loop's few threads also look up the service's own servers."""

_NOT_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        # IANA's special-purpose registry for IPv4: this host, private, shared (CGNAT), loopback, link-local
        # (most clouds' metadata), protocol assignments, documentation, 6to4 relays, benchmarks, multicast,
        # reserved and broadcast.
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Azure's own services, at an address that looks public.
        "168.63.129.16/32",
        # Within IPv6's public range: protocol assignments with Teredo, documentation, 6to4.
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
"""The public range of IPv6. Everything else is special: loopback, unique local, link-local, multicast, and
embedded IPv4 (mapped, NAT64)."""

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*|\[[0-9a-f:.]+\]", re.IGNORECASE)
_ADDRESS = re.compile(r"[!-~]+")


class NotAnAddress(ValueError):
    """Raised if a text is not an address to connect to, because it is malformed or not https."""


class NotHttps(NotAnAddress):
    """Raised if an address is well-formed but has another scheme than https."""


class NotAllowed(Exception):
    """Raised if an address can't be resolved or leads where requests may not go. The two are not
    distinguished: otherwise, people who choose addresses could find out which names exist in the internal
    network."""


@dataclass(frozen=True, slots=True)
class EgressExceptions:
    """What the operator allows in addition to https and public addresses. By default, nothing."""

    plain_http: bool = False
    networks: tuple[Network, ...] = ()


def is_allowed(address: str, egress_exceptions: EgressExceptions) -> bool:
    """Tell whether connections to this IP address are allowed. Return False if the text is not an IP
    address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if any(ip.version == network.version and ip in network for network in egress_exceptions.networks):
        return True
    return is_public(ip)


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address belongs to the public internet."""
    if isinstance(ip, IPv6Address) and ip not in _PUBLIC_IPV6:
        return False
    return not any(ip.version == network.version and ip in network for network in _NOT_PUBLIC)


def all_allowed(addresses: Iterable[str], egress_exceptions: EgressExceptions) -> bool:
    """Tell whether all addresses of a name are allowed. A name that mixes allowed and other addresses is
    suspicious."""
    found = list(addresses)
    return bool(found) and all(is_allowed(address, egress_exceptions) for address in found)


def host_and_port(url: str, egress_exceptions: EgressExceptions) -> tuple[str, int]:
    """Return the host and port of a URL. Raises NotAnAddress unless every parser would read the URL in the
    same way: plain ASCII, https (or http if the operator allows it), a host name or an IP address, no user,
    no fragment."""
    if len(url) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(url) or "\\" in url:
        raise NotAnAddress
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAnAddress from None
    schemes = {"https": 443, "http": 80} if egress_exceptions.plain_http else {"https": 443}
    if parts.scheme not in schemes:
        raise NotHttps
    host = (
        parts.netloc.partition(":")[0]
        if not parts.netloc.startswith("[")
        else parts.netloc.split("]")[0] + "]"
    )
    if "@" in parts.netloc or "#" in url or port == 0 or not _HOST.fullmatch(host):
        raise NotAnAddress
    return host.strip("[]").lower(), port or schemes[parts.scheme]


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of a host. Raises OSError if there are none."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, look_up)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class EgressGuard:
    """Opens HTTP sessions, each with one host whose addresses have been checked. Without a TLS context of its
    own it uses the one that aiohttp makes when it is imported, which trusts the system's certificates."""

    def __init__(
        self,
        egress_exceptions: EgressExceptions,
        *,
        resolve: Resolve = resolve_by_system,
        tls: ssl.SSLContext | Literal[True] = True,
    ) -> None:
        self._egress_exceptions = egress_exceptions
        self._resolve = resolve
        self._tls = tls

    async def addresses(self, url: str) -> Sequence[str]:
        """Return the addresses to which the URL leads. Raises NotAnAddress and NotAllowed."""
        host, port = host_and_port(url, self._egress_exceptions)
        if not _same_host(URL(url).raw_host or "", host):
            raise NotAllowed
        try:
            async with asyncio.timeout(RESOLVED_WITHIN):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            # The system's resolver raises UnicodeError for a name with an empty or overlong part.
            raise NotAllowed from None
        if not all_allowed(found, self._egress_exceptions):
            raise NotAllowed
        return found

    @asynccontextmanager
    async def session(self, url: str) -> AsyncIterator[aiohttp.ClientSession]:
        """Open a session for requests to this URL only. It keeps no cookies, does not decompress, and uses no
        proxy from the environment. Raises the same errors as `addresses`."""
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
    """A resolver that knows one host and its checked addresses. An IP address in a URL is not resolved; it
    has been checked itself."""

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
    """Tell whether the HTTP client reads the same host from a URL as the rules did."""
    if read.lower() == judged:
        return True
    try:
        return ip_address(read) == ip_address(judged)
    except ValueError:
        return False
