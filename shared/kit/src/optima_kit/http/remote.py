"""Who asks, where proxies stand in between."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network


def client_address(request: web.Request, proxies: Sequence[Network]) -> str:
    """The address that asks: going back from the nearest one, the first that is none of our `proxies`.

    What else `X-Forwarded-For` says was written by whoever asks, and is not believed.
    """
    address = request.remote or ""
    told = [
        part.strip() for line in request.headers.getall("X-Forwarded-For", ()) for part in line.split(",")
    ]
    while told and _is_among(address, proxies):
        address = told.pop()
    return address


def _is_among(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
