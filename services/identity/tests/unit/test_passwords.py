from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from identity.domain.passwords import Attempts, normalised_password, password_is_hard_to_guess
from optima_kit.refusals import Invalid

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ABOUT = ("Elena Rizzi", "elena.rizzi@caffeaurora.example", "", "caffe-aurora", "Caffè Aurora S.p.A.")


@pytest.mark.parametrize(
    "password", ["tre gatti sul tetto rosso", "Xk4!mmPq09zz", "ünïcödé pässwörter", "🦊 e 🐻 sotto la 🌙"]
)
def test_a_long_and_personal_sentence_is_accepted(password: str) -> None:
    password_is_hard_to_guess(normalised_password(password), about=ABOUT)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("gatti rossi", "password_too_short"),
        ("x7" * 65, "password_too_long"),
        ("aaaaaaaaaaaa", "password_too_easy"),
        ("abababababab", "password_too_easy"),
        ("Password123456", "password_too_easy"),
        ("qwertyqwertyqwerty", "password_too_easy"),
        ("ElenaRizzi2026", "password_too_easy"),
        ("caffeaurora-123", "password_too_easy"),
        ("            ", "password_too_easy"),
    ],
)
def test_a_guessable_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        password_is_hard_to_guess(password, about=ABOUT)
    assert (refused.value.code, refused.value.field) == (code, "password")


def test_the_same_keys_on_another_system_are_the_same_password() -> None:
    assert normalised_password("caffe\u0300 nero") == normalised_password("caff\u00e8 nero")


def test_wrong_passwords_close_an_account_for_longer_each_time() -> None:
    attempts = Attempts()
    locks = []
    for _ in range(40):
        attempts = attempts.after_failure(NOW)
        locks.append(attempts.locked_until - NOW if attempts.locked_until else None)
    minutes = [lock and lock / timedelta(minutes=1) for lock in locks]
    assert minutes[:9] == [None, None, None, None, 1, 2, 4, 8, 15]
    assert set(minutes[9:]) == {15}


def test_a_lock_ends_at_its_moment() -> None:
    attempts = Attempts(5, NOW + timedelta(minutes=1))
    assert attempts.locked(NOW + timedelta(seconds=59))
    assert not attempts.locked(NOW + timedelta(minutes=1))
