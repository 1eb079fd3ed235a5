"""What the identity service reads from the environment beside the kit's settings."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from optima_contracts.privileges import BUILT_IN_ROLES
from optima_kit.settings import Separated, Settings, StrongSecret


class IdentitySettings(Settings):
    key_secret: StrongSecret
    """Encrypts signing keys and second factors at rest. The same in every replica; losing it ends every
    session and second factor."""
    platform_client_id: str = "platform"
    """The client id with which the platform gets its tokens."""
    platform_client_secret: StrongSecret
    """With it the platform registers tenants."""
    oidc_issuers: Separated = ()
    """OpenID Connect issuers that tenants may choose as their sign-in provider; an entry that ends
    in "/" allows all below it. Without any, tenants sign in with passwords alone."""
    second_factor_roles: Separated = Field(
        default_factory=lambda read: () if read["environment"] == "demonstration" else ("admin",)
    )
    """Built-in roles that grant nothing in a session in which no second factor was shown: admin's, but for
    demonstrations. Whoever has no factor yet signs in and sets one up."""
    mail_url: SecretStr | None = None
    """`smtps://user:password@host` or `smtp://…` (STARTTLS). Without it, links are handed over by hand."""
    mail_from: str = "Linea OPTIMA <noreply@localhost>"
    """The sender of mail."""
    portal_url: str = "http://127.0.0.1:8080"
    """Where the pages are that links in mail lead to."""

    @field_validator("second_factor_roles")
    @classmethod
    def _built_in(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(roles) - set(BUILT_IN_ROLES)):
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(BUILT_IN_ROLES)}")
        return roles

    @field_validator("oidc_issuers")
    @classmethod
    def _issuers_over_tls(cls, issuers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for issuer in issuers:
            parts = urlsplit(issuer)
            plain = parts.scheme == "http" and info.data.get("environment") == "demonstration"
            if not parts.hostname or (parts.scheme != "https" and not plain):
                raise ValueError(f"{issuer!r} is no https address")
        return issuers

    @field_validator("mail_url")
    @classmethod
    def _mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("must read smtps://user:password@host or smtp://user:password@host")
        return url

    @field_validator("platform_client_secret")
    @classmethod
    def _one_secret_one_purpose(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if secret == info.data.get("key_secret"):
            raise ValueError("must differ from OPTIMA_KEY_SECRET")
        return secret
