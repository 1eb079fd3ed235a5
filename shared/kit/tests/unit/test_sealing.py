"""What is kept sealed."""

from __future__ import annotations

import pytest

from optima_kit.hardening import CIPHERS
from optima_kit.sealing import SealBroken, Sealer, derived_keys


def test_what_is_sealed_opens_whole_and_under_its_name_only():
    sealer = Sealer("secret", "signing keys")
    sealed = sealer.sealed(b"private", "kid")
    assert sealer.opened(sealed, "kid") == b"private"
    assert b"private" not in sealed
    assert sealer.sealed(b"private", "kid") != sealed
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for bad, about in ((flipped, "kid"), (sealed[:5], "kid"), (b"", "kid"), (sealed, "other")):
        with pytest.raises(SealBroken):
            sealer.opened(bad, about)
    with pytest.raises(SealBroken):
        Sealer("secret", "second factors").opened(sealed, "kid")


def test_a_former_secret_opens_what_it_sealed_and_seals_nothing_more():
    former, both, new = (Sealer(secret, "signing keys") for secret in ("old", "new,old", "new"))
    assert both.opened(former.sealed(b"private", "kid"), "kid") == b"private"
    assert new.opened(both.sealed(b"private", "kid"), "kid") == b"private"
    for stranger in (new, Sealer("new,other", "signing keys")):
        with pytest.raises(SealBroken):
            stranger.opened(former.sealed(b"private", "kid"), "kid")


@pytest.mark.parametrize("former", ["", *(f"{cipher}:" for cipher in CIPHERS)])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_cipher_is_changed_with_the_secret(former, cipher):
    """What was sealed before opens as it was sealed, and what is sealed from then on is sealed otherwise."""
    before, both = Sealer(f"{former}old", "keys"), Sealer(f"{cipher}:new,{former}old", "keys")
    sealed = before.sealed(b"private", "kid")
    assert both.opened(sealed, "kid") == b"private"
    again = both.sealed(both.opened(sealed, "kid"), "kid")
    assert Sealer(f"{cipher}:new", "keys").opened(again, "kid") == b"private"
    for stranger in (before, Sealer("chacha20-poly1305:new" if cipher == "aes-256-gcm" else "new", "keys")):
        with pytest.raises(SealBroken):
            stranger.opened(again, "kid")


def test_a_secret_without_a_cipher_s_name_is_what_it_always_was():
    """Also where a colon stands in it."""
    assert derived_keys("old", "keys") == derived_keys("aes-256-gcm:old", "keys")
    assert derived_keys("aes:old", "keys") != derived_keys("old", "keys")
    known = "e009644d1cb3e668a9064d77376a8f390ec7aea2e8fda43056f183fd0fba8aa8"
    assert derived_keys("old", "keys")[0].hex() == known
    assert len({key for cipher in CIPHERS for key in derived_keys(f"{cipher}:old", "keys")}) == len(CIPHERS)
