"""Which addresses a connection to an ERP may lead to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from erp_bridge.adapters.egress import EgressGuard
from erp_bridge.application.ports import Unreachable
from optima_kit.refusals import Invalid

GUARD = EgressGuard([ip_network("10.20.0.0/16")])


@pytest.mark.parametrize(
    ("address", "encrypted", "permitted"),
    [
        ("8.8.8.8", True, True),
        ("8.8.8.8", False, False),
        ("10.20.0.1", False, True),
        ("::ffff:10.20.0.1", False, True),
        ("10.21.0.1", True, False),
        ("127.0.0.1", True, False),
        ("169.254.169.254", True, False),
        ("168.63.129.16", True, False),  # Azure's own services, at an address that looks public
        ("64:ff9b::a15:1", True, False),  # 10.21.0.1 through NAT64
        ("2002:a15:1::", True, False),  # the same by 6to4
        ("ff02::1", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("::127.0.0.1", True, False),  # an old disguise of it
        ("fe80::1%eth0", True, False),
        ("fd00::1", True, False),
        ("100.64.0.1", True, False),
        ("0.0.0.0", True, False),  # noqa: S104 - is not permitted
    ],
)
def test_only_the_internet_over_https_and_the_operators_networks(
    address: str, encrypted: bool, permitted: bool
) -> None:
    assert GUARD.permits(address, encrypted=encrypted) is permitted


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "127.0.0.01",
        "10.21.257",
        "1.2.3.4.5",
    ],
)
async def test_an_address_in_disguise_is_none(host: str) -> None:
    """Whether a tenant sets it now, or one stands in the settings from before."""
    for scheme in ("http", "https"):
        url = f"{scheme}://{host}:8443"
        with pytest.raises(Invalid, match="url_malformed"):
            GUARD.check(url)
        with pytest.raises(Unreachable, match="address_not_permitted"):
            GUARD.connector(url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "①②⑦.⓪.⓪.①", "127。0。0。1"],
)
async def test_however_loopback_is_written_nothing_connects_to_it(host: str) -> None:
    url = f"https://{host}:8443"
    with pytest.raises((Invalid, Unreachable)):
        GUARD.connector(GUARD.check(url))


@pytest.mark.parametrize("host", ["erp.example.it", "erp-1.it", "x1.2b.example", "8.8.8.8"])
async def test_a_name_with_numbers_in_it_is_a_name(host: str) -> None:
    url = GUARD.check(f"https://{host}")
    await GUARD.connector(url).close()
