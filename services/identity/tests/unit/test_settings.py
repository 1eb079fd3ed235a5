from __future__ import annotations

import pytest
from pydantic import ValidationError

from identity.settings import IdentitySettings

KEY = "k9Q2vXw7Lr4TzB8nM1cY6hJ3sD5fG0pA"
CLIENT = "Zp7Lr4TzB8nM1cY6hJ3sD5fG0pAk9Q2v"


def production(**more: str) -> IdentitySettings:
    given = {
        "database_url": "postgresql://x?sslmode=verify-full",
        "database_backbone_url": "postgresql://x?sslmode=verify-full",
        "broker_url": "amqps://x",
        "issuer": "https://id.example",
        "jwks_url": "https://id.example/.well-known/jwks.json",
        "environment": "production",
        "key_secret": KEY,
        "platform_client_secret": CLIENT,
    }
    return IdentitySettings.model_validate(given | more)


def test_strong_secrets_start_production() -> None:
    assert production().key_secret.get_secret_value() == KEY


@pytest.mark.parametrize("field", ["key_secret", "platform_client_secret"])
@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "demonstration-" + KEY, "ab" * 32])
def test_weak_and_demonstration_secrets_do_not(field: str, secret: str) -> None:
    with pytest.raises(ValidationError, match=field):
        production(**{field: secret})
    production(**{field: secret, "environment": "demonstration"})


def test_the_two_secrets_differ() -> None:
    with pytest.raises(ValidationError, match="OPTIMA_KEY_SECRET"):
        production(platform_client_secret=KEY)


def test_admins_need_a_second_factor_but_in_demonstrations() -> None:
    assert production().second_factor_roles == ("admin",)
    assert production(environment="demonstration").second_factor_roles == ()
    assert production(second_factor_roles="auditor,admin").second_factor_roles == ("auditor", "admin")
    with pytest.raises(ValidationError, match="'capo' is none of admin, backoffice"):
        production(second_factor_roles="capo")
