"""Who asks, where proxies stand in between."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network


def client_address(request: web.BaseRequest, proxies: Sequence[Network]) -> str:
    """The address that asks: going back from the nearest one, the first that is none of our `proxies`.

    What else `X-Forwarded-For` says was written by whoever asks, and is not believed.
    """
    asks = _address(request.remote or "")
    told = [
        part.strip() for line in request.headers.getall("X-Forwarded-For", ()) for part in line.split(",")
    ]
    while told and asks is not None and any(asks in network for network in proxies):
        before = _address(told.pop())
        if before is None:
            break
        asks = before
    return str(asks or request.remote)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """What some proxies tell with a port, `203.0.113.1:4711` or `[2001:db8::1]:4711`, is one caller still."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text)
    except ValueError:
        return None
