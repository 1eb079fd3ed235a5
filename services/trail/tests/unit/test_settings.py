"""In production the trail starts with a strong secret of its own, or not at all."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from optima_kit.egress import EgressExceptions
from trail.settings import TrailSettings

KEY = "k9Q2vXw7Lr4TzB8nM1cY6hJ3sD5fG0pA"


def settings(secret: str = KEY, environment: str = "production", **more: object) -> TrailSettings:
    return TrailSettings.model_validate(
        {
            "database_url": "postgresql://x?sslmode=verify-full",
            "database_backbone_url": "postgresql://x?sslmode=verify-full",
            "broker_url": "amqps://x",
            "issuer": "https://id.example",
            "jwks_url": "https://id.example/.well-known/jwks.json",
            "environment": environment,
            "key_secret": secret,
        }
        | more
    )


def test_a_strong_secret_starts_production() -> None:
    assert settings(KEY).key_secret.get_secret_value() == KEY


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "demonstration-" + KEY, "ab" * 32])
def test_weak_and_demonstration_secrets_do_not(secret: str) -> None:
    with pytest.raises(ValidationError, match="key_secret"):
        settings(secret)
    settings(secret, environment="demonstration")


def test_webhooks_lead_to_https_and_public_addresses_unless_told_otherwise() -> None:
    assert settings().egress_exceptions == EgressExceptions()
    with pytest.raises(ValidationError, match="https"):
        settings(webhook_plain_http=True)
    opened = settings(environment="demonstration", webhook_plain_http=True).egress_exceptions
    assert opened.plain_http


def test_networks_that_webhooks_may_lead_to_are_read_or_refused() -> None:
    networks = settings(webhook_networks="10.20.0.0/16, fd00:1::/32").egress_exceptions.networks
    assert networks == (ip_network("10.20.0.0/16"), ip_network("fd00:1::/32"))
    for wrong in ("10.20.0.1/16", "hooks.example.com", "10.0.0.0/8;127.0.0.1"):
        with pytest.raises(ValidationError, match="webhook_networks"):
            settings(webhook_networks=wrong)
