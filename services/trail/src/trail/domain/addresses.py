"""Where a webhook may lead: https, and addresses of the public internet alone.

Whoever sets a webhook up chooses where this service connects to. Without these rules they could make it
speak to what only we can reach: the databases beside it, an administrator's pages, a cloud's metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from optima_kit.refusals import Invalid

Network = IPv4Network | IPv6Network

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
"""All else is special: loopback, unique local, link-local, multicast, IPv4 in disguise (mapped, NAT64)."""

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*|\[[0-9a-f:.]+\]", re.IGNORECASE)
_ADDRESS = re.compile(r"[!-~]+")
LONGEST_ADDRESS = 2000


@dataclass(frozen=True, slots=True)
class Openness:
    """What the operator allows beside https and public addresses; nothing, unless told."""

    plain_http: bool = False
    networks: tuple[Network, ...] = ()


def is_allowed(address: str, openness: Openness) -> bool:
    """Whether a webhook may be delivered to this IP address. False for what is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if any(ip.version == network.version and ip in network for network in openness.networks):
        return True
    return is_public(ip)


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Whether the address is one of the public internet."""
    if isinstance(ip, IPv6Address) and ip not in _PUBLIC_IPV6:
        return False
    return not any(ip.version == network.version and ip in network for network in _NOT_PUBLIC)


def all_allowed(addresses: Iterable[str], openness: Openness) -> bool:
    """Whether a name's addresses are all allowed: one that mixes others in is up to something."""
    found = list(addresses)
    return bool(found) and all(is_allowed(address, openness) for address in found)


def host_and_port(url: str, openness: Openness) -> tuple[str, int]:
    """Whom the address names. Raises Invalid unless every reader of addresses would read it alike: plain
    ASCII, https (http where the operator allows it), a host name or an IP address, no user, no fragment."""
    if len(url) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(url) or "\\" in url:
        raise Invalid("webhook_address", field="url")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid("webhook_address", field="url") from None
    schemes = {"https": 443, "http": 80} if openness.plain_http else {"https": 443}
    if parts.scheme not in schemes:
        raise Invalid("webhook_not_https", field="url")
    host = (
        parts.netloc.partition(":")[0]
        if not parts.netloc.startswith("[")
        else parts.netloc.split("]")[0] + "]"
    )
    if "@" in parts.netloc or "#" in url or port == 0 or not _HOST.fullmatch(host):
        raise Invalid("webhook_address", field="url")
    return host.strip("[]").lower(), port or schemes[parts.scheme]
