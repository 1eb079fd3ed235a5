"""Restrict the addresses of ERPs: an address that a tenant sets must not reach systems beside our own.

The rule for public addresses is the kit's. The rest does not belong in `optima_kit.egress`: an ERP in an
operator's network may be called without TLS, and a connection is kept open for the whole exchange."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from optima_kit.egress import Network, is_public
from optima_kit.refusals import Invalid

from ..application.ports import Unreachable

_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")


class EgressGuard:
    """Permits addresses of the public Internet, over HTTPS only, and addresses in the networks that the
    operator has listed, for ERPs on the customer's own premises."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def check(self, url: str, *, field: str = "settings.url") -> str:
        """Return the address in its normal form: scheme, host and port. Raises Invalid with `field`."""
        try:
            parsed = URL(url)
            complete = parsed.scheme in ("http", "https") and bool(parsed.host and parsed.port)
        except ValueError:
            raise Invalid("url_malformed", field=field) from None
        if (
            not complete
            or _is_disguised(parsed.host or "")
            or parsed.user
            or parsed.query_string
            or parsed.fragment
            or len(parsed.path) > 1
        ):
            raise Invalid("url_malformed", field=field)
        return str(parsed.origin())

    def connector(self, url: str) -> aiohttp.TCPConnector:
        """Return a connector that connects only to this URL, at exactly the addresses that were checked.
        Raises Unreachable for an address that is not permitted."""
        parsed = URL(url)
        resolver = _Judged(self, encrypted=parsed.scheme == "https")
        host = parsed.host or ""
        if _is_disguised(host):
            raise Unreachable("address_not_permitted")
        if _is_address(host):
            resolver.judge([host])
        return aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)

    def permits(self, address: str, *, encrypted: bool) -> bool:
        parsed = ip_address(address.partition("%")[0])
        judged = getattr(parsed, "ipv4_mapped", None) or parsed
        if any(judged in network for network in self._networks if network.version == judged.version):
            return True
        return encrypted and is_public(judged)


class _Judged(AbstractResolver):
    def __init__(self, guard: EgressGuard, *, encrypted: bool) -> None:
        self._guard = guard
        self._encrypted = encrypted

    def judge(self, addresses: Sequence[str]) -> None:
        """Raise Unreachable if any address is not permitted: there is no good reason to mix both kinds."""
        if not all(self._guard.permits(each, encrypted=self._encrypted) for each in addresses):
            raise Unreachable("address_not_permitted")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            found = await aiohttp.ThreadedResolver().resolve(host, port, family)
        except OSError:
            # Unknown names raise the same error, so that nobody can find out which names exist inside.
            raise Unreachable("address_not_permitted") from None
        self.judge([each["host"] for each in found])
        return found

    async def close(self) -> None:
        """Do nothing, because nothing is kept open."""


def _is_disguised(host: str) -> bool:
    """Tell whether a host is an IP address in a disguised form. Operating systems read 127.1, 2130706433,
    0x7f000001 and 0177.0.0.1 as 127.0.0.1, while a check of the form takes them for names. The last part of a
    real name is never a number."""
    last = host.rstrip(".").rpartition(".")[2].casefold()
    return _NUMBER.fullmatch(last) is not None and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
