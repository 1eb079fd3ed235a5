"""What the trail reads from the environment beside the kit's settings."""

from __future__ import annotations

from pydantic import SecretStr, ValidationInfo, field_validator

from optima_kit.settings import Settings

_SHORTEST = 32
_FEWEST_CHARACTERS = 10


class TrailSettings(Settings):
    key_secret: SecretStr
    """Encrypts what the trail must be able to read back: people's keys and the keys that sign anchors. The
    same in every replica; losing it makes every personal text unreadable."""

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
