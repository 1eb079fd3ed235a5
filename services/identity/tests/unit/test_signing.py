"""A valid token never names a key that a verifier could not have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from identity.domain.sessions import ACCESS_TOKEN_LIVES
from identity.domain.signing import (
    SHOWN_BEFORE,
    SIGNS_FOR,
    SigningKey,
    first_signature_at,
    keys_past_use,
    next_rotation_at,
    rotation_is_due,
    the_key_that_signs,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def key(kid: str, signs_from: datetime) -> SigningKey:
    return SigningKey(kid, "ES256", {}, b"", signs_from)


def test_the_first_key_signs_at_once_and_later_ones_when_they_have_been_seen() -> None:
    assert first_signature_at([], NOW) == NOW
    assert first_signature_at([key("a", NOW)], NOW) == NOW + SHOWN_BEFORE


def test_the_newest_key_whose_time_has_come_signs() -> None:
    old, new = key("a", NOW), key("b", NOW + timedelta(hours=1))
    assert the_key_that_signs([], NOW) is None
    assert the_key_that_signs([new, old], NOW + timedelta(minutes=59)) == old
    assert the_key_that_signs([new, old], NOW + timedelta(hours=1)) == new


def test_a_successor_is_due_in_time_to_be_seen_and_only_once() -> None:
    old = key("a", NOW)
    due = next_rotation_at([old])
    assert not rotation_is_due([old], due - timedelta(seconds=1))
    assert rotation_is_due([old], due)
    assert first_signature_at([old], due) == NOW + SIGNS_FOR
    assert not rotation_is_due([old, key("b", NOW + SIGNS_FOR)], due)
    assert rotation_is_due([], NOW)


def test_a_key_is_dropped_only_when_its_last_token_has_expired() -> None:
    """Walks through a year in steps of a minute around each change: whatever signed a token is still
    published as long as the token lives."""
    keys = [key("0", NOW)]
    signed: list[tuple[str, datetime]] = []
    at = NOW
    while at < NOW + timedelta(days=100):
        if rotation_is_due(keys, at):
            keys.append(key(str(len(signed)), first_signature_at(keys, at)))
        for past in keys_past_use(keys, at):
            keys.remove(past)
        signer = the_key_that_signs(keys, at)
        assert signer is not None
        signed.append((signer.kid, at))
        published = {each.kid for each in keys}
        for kid, issued in signed[-40:]:
            assert kid in published or at - issued > ACCESS_TOKEN_LIVES
        near = any(abs(at - each.signs_from) < timedelta(hours=1) for each in keys)
        at += timedelta(minutes=1) if near else timedelta(minutes=30)
    assert len({kid for kid, _ in signed}) == 4
    assert len(keys) <= 2
