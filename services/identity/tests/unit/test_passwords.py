from __future__ import annotations

import pytest

from identity.adapters.passwords import Argon2Passwords
from identity.domain.passwords import normalised_password, password_is_hard_to_guess
from optima_kit.refusals import Invalid

COMMON = Argon2Passwords().common
ABOUT = ("Elena Rizzi", "elena.rizzi@caffeaurora.example", "", "caffe-aurora", "Caffè Aurora S.p.A.")


@pytest.mark.parametrize(
    "password", ["tre gatti sul tetto rosso", "Xk4!mmPq09zz", "ünïcödé pässwörter", "🦊 e 🐻 sotto la 🌙"]
)
def test_a_long_and_personal_sentence_is_accepted(password: str) -> None:
    password_is_hard_to_guess(normalised_password(password), about=ABOUT, common=COMMON)


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
        ("juventus1234", "password_too_common"),
        ("Juventus1234", "password_too_common"),
        ("forzanapoli1926", "password_too_common"),
        ("motherfucker", "password_too_common"),
        ("abcdefghijklmnopqrstuvwxyz", "password_too_common"),
    ],
)
def test_a_guessable_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        password_is_hard_to_guess(password, about=ABOUT, common=COMMON)
    assert (refused.value.code, refused.value.field) == (code, "password")


def test_the_same_keys_on_another_system_are_the_same_password() -> None:
    assert normalised_password("caffe\u0300 nero") == normalised_password("caff\u00e8 nero")


async def test_a_password_is_kept_as_argon2id() -> None:
    kept = await Argon2Passwords().hashed("tre gatti sul tetto rosso")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
