"""What the identity service reads from the environment beside the kit's settings."""

from __future__ import annotations

from pydantic import SecretStr, ValidationInfo, field_validator

from optima_kit.settings import Settings

_SHORTEST = 32
_FEWEST_CHARACTERS = 10


class IdentitySettings(Settings):
    key_secret: SecretStr
    """Encrypts signing keys and second factors at rest. The same in every replica; losing it ends every
    session and second factor."""
    platform_client_id: str = "platform"
    platform_client_secret: SecretStr
    """With it the platform registers tenants."""

    @field_validator("key_secret", "platform_client_secret")
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

    @field_validator("platform_client_secret")
    @classmethod
    def _one_secret_one_purpose(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if secret == info.data.get("key_secret"):
            raise ValueError("must differ from OPTIMA_KEY_SECRET")
        return secret
