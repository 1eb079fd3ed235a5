"""Finds the address of a client behind proxies."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network


def client_address(request: web.BaseRequest, proxies: Sequence[Network]) -> str:
    """Return the client's address: going back from the nearest address, the first that is not one of our
    `proxies`.

    Addresses before that in `X-Forwarded-For` were written by the client and are not trusted.
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
    """Read an address. Some proxies add a port, as in `203.0.113.1:4711` or `[2001:db8::1]:4711`, which is
    dropped, so that one caller is counted as one."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text)
    except ValueError:
        return None
