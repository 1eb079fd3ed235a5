"""Which addresses a connection to an ERP may lead to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from erp_bridge.adapters.egress import EgressGuard

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
    ],
)
def test_only_the_internet_over_https_and_the_operators_networks(
    address: str, encrypted: bool, permitted: bool
) -> None:
    assert GUARD.permits(address, encrypted=encrypted) is permitted
