"""What the trail reads from the environment beside the kit's settings."""

from __future__ import annotations

from ipaddress import ip_network

from pydantic import SecretStr, ValidationInfo, field_validator

from optima_kit.settings import Settings

from .domain.addresses import Network, Openness

_SHORTEST = 32
_FEWEST_CHARACTERS = 10


class TrailSettings(Settings):
    key_secret: SecretStr
    """Encrypts what the trail must be able to read back (people's keys, the keys that sign anchors, webhooks'
    secrets) and attests the keys that sign anchors. The same in every replica and for good, since nothing
    changes it yet: under another one no personal text of before is read, no further one of the same people
    is recorded, no webhook is served, and the anchors of before count as forged."""

    webhook_plain_http: bool = False
    """Lets webhooks lead to http addresses. For development alone: production refuses it."""
    webhook_networks: str = ""
    """Networks that webhooks may lead to although they are not of the public internet, separated by commas
    ("10.20.0.0/16"): receivers on the operator's own premises. Whoever may set webhooks up can then post to
    every address in them."""

    @field_validator("webhook_plain_http")
    @classmethod
    def _https_in_production(cls, plain: bool, info: ValidationInfo) -> bool:
        if plain and info.data.get("environment") == "production":
            raise ValueError("webhooks need https in production")
        return plain

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        _read_networks(text)
        return text

    @property
    def openness(self) -> Openness:
        return Openness(self.webhook_plain_http, _read_networks(self.webhook_networks))

    @field_validator("key_secret")
    @classmethod
    def _strong_in_production(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("environment") != "production":
            return secret
        text = secret.get_secret_value()
        if text.startswith("demonstration"):
            raise ValueError("this is a demonstration secret; generate one: openssl rand -base64 48")
        if len(text) < _SHORTEST or len(set(text)) < _FEWEST_CHARACTERS:
            raise ValueError(
                f"too weak: at least {_SHORTEST} random characters; generate them: openssl rand -base64 48"
            )
        return secret


def _read_networks(text: str) -> tuple[Network, ...]:
    """Raises ValueError, naming what is no network."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
