"""What the approval service reads from the environment beside the kit's settings."""

from __future__ import annotations

import secrets
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from optima_kit.settings import Settings

_SHORTEST = 32


class ApprovalSettings(Settings):
    mail_url: SecretStr | None = None
    """`smtps://user:password@host` or `smtp://…` (STARTTLS). Without it, no links to decide are sent."""
    mail_from: str = "Linea OPTIMA <noreply@localhost>"
    """The sender of mail."""
    portal_url: str = "http://127.0.0.1:8080"
    """Where the pages are that links in mail lead to."""
    link_secret: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_urlsafe(48)))
    """Makes links to decide. The same in every replica; changing it ends all that were sent. Needed only
    with `mail_url`."""

    @field_validator("mail_url")
    @classmethod
    def _mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("must read smtps://user:password@host or smtp://user:password@host")
        return url

    @model_validator(mode="after")
    def _links_survive_a_restart(self) -> Self:
        if self.mail_url is not None and "link_secret" not in self.model_fields_set:
            raise ValueError("OPTIMA_LINK_SECRET is needed with OPTIMA_MAIL_URL: openssl rand -base64 48")
        if len(self.link_secret.get_secret_value()) < _SHORTEST:
            raise ValueError(f"OPTIMA_LINK_SECRET: at least {_SHORTEST} characters: openssl rand -base64 48")
        return self
