"""What is kept sealed."""

from __future__ import annotations

import pytest

from optima_kit.sealing import SealBroken, Sealer


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
