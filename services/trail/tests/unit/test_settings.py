"""In production the trail starts with a strong secret of its own, or not at all."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from trail.settings import TrailSettings

KEY = "k9Q2vXw7Lr4TzB8nM1cY6hJ3sD5fG0pA"


def settings(secret: str, environment: str = "production") -> TrailSettings:
    return TrailSettings.model_validate(
        {
            "database_url": "postgresql://x",
            "database_backbone_url": "postgresql://x",
            "broker_url": "amqp://x",
            "issuer": "https://id.example",
            "jwks_url": "https://id.example/.well-known/jwks.json",
            "environment": environment,
            "key_secret": secret,
        }
    )


def test_a_strong_secret_starts_production() -> None:
    assert settings(KEY).key_secret.get_secret_value() == KEY


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "demonstration-" + KEY, "ab" * 32])
def test_weak_and_demonstration_secrets_do_not(secret: str) -> None:
    with pytest.raises(ValidationError, match="key_secret"):
        settings(secret)
    settings(secret, environment="demonstration")
