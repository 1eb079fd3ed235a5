"""The cookie of a session."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid4

import pytest

from portal.adapters.pages.sign_in import within
from portal.domain.sessions import cookie_of, read_cookie


def test_a_cookie_names_its_tenant_and_hides_its_token() -> None:
    tenant, token = uuid4(), bytes(range(32))
    assert read_cookie(cookie_of(tenant, token)) == (tenant, hashlib.sha256(token).digest())


@pytest.mark.parametrize("cookie", ["", "x", "à", "=" * 64, "QUJD", cookie_of(UUID(int=1), b"short")])
def test_what_is_no_cookie_of_ours_is_nobody(cookie: str) -> None:
    assert read_cookie(cookie) is None


@pytest.mark.parametrize(
    "address", ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "", "/a\nb"]
)
def test_nobody_is_led_away_from_the_portal(address: str) -> None:
    assert within(address) == "/"
