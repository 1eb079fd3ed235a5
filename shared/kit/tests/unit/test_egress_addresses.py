"""What others chose leads to https and the public internet, and elsewhere where the operator says so."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from optima_kit.egress import EgressExceptions, NotAnAddress, all_allowed, host_and_port, is_allowed

SHUT = EgressExceptions()


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "no address",
    ],
)
def test_special_addresses_are_refused(address: str) -> None:
    assert not is_allowed(address, SHUT)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, SHUT)


def test_a_name_with_one_private_address_among_others_is_refused() -> None:
    assert all_allowed(["8.8.8.8", "2606:4700::1111"], SHUT)
    assert not all_allowed(["8.8.8.8", "10.0.0.1"], SHUT)
    assert not all_allowed([], SHUT)


def test_a_network_that_the_operator_names_is_allowed_and_no_other() -> None:
    egress_exceptions = EgressExceptions(networks=(ip_network("127.0.0.0/8"), ip_network("fd00:1::/32")))
    assert is_allowed("127.0.0.1", egress_exceptions)
    assert is_allowed("fd00:1::5", egress_exceptions)
    assert not is_allowed("10.0.0.1", egress_exceptions)
    assert not is_allowed("::ffff:127.0.0.1", egress_exceptions)
    assert not is_allowed("fd00:2::5", egress_exceptions)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://example.com/events?a=b", ("example.com", 443)),
        ("https://Example.com:8443", ("example.com", 8443)),
        ("https://[2606:4700::1111]/", ("2606:4700::1111", 443)),
        ("https://8.8.8.8/", ("8.8.8.8", 443)),
        ("https://xn--caff-8oa.example/", ("xn--caff-8oa.example", 443)),
    ],
)
def test_plain_addresses_are_read(url: str, read: tuple[str, int]) -> None:
    assert host_and_port(url, SHUT) == read


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "https:example.com",
        "https://",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@10.0.0.1/",
        "https://example.com\\@10.0.0.1/",
        "https://example.com#@10.0.0.1/",
        "https://exam ple.com/",
        "https://example.com/\n",
        "https://①②⑦.⓪.⓪.①/",
        "https://caffè.example/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://-example.com/",
        "https://example..com/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://" + "a" * 2000,
    ],
)
def test_what_two_readers_might_read_differently_is_refused(url: str) -> None:
    with pytest.raises(NotAnAddress):
        host_and_port(url, SHUT)


def test_http_needs_the_operators_word() -> None:
    assert host_and_port("http://example.com/x", EgressExceptions(plain_http=True)) == ("example.com", 80)
