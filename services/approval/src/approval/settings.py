"""The settings that the approval service reads from the environment in addition to the kit's."""

from __future__ import annotations

import secrets
from typing import Self

from pydantic import Field, SecretStr, model_validator

from optima_kit.hardening import MailedUrl, MailServer, Sender, StrongSecret
from optima_kit.settings import Settings


class ApprovalSettings(Settings):
    mail_url: MailServer | None = None
    """`smtps://user:password@host` or `smtp://…` (STARTTLS), with `?cafile=/path` for a private certificate
    authority. Without it, no e-mails with links to decide are sent."""
    mail_from: Sender = "Linea OPTIMA <noreply@localhost>"
    """The sender of e-mails."""
    portal_url: MailedUrl = "http://127.0.0.1:8080"
    """The address of the portal, to which links in e-mails lead."""
    link_secret: StrongSecret = Field(default_factory=lambda: SecretStr(secrets.token_urlsafe(48)))
    """Signs links to decide. It must be the same in every replica. Changing it invalidates all links that
    were sent. Needed only with `mail_url`."""

    @model_validator(mode="after")
    def _links_survive_a_restart(self) -> Self:
        if self.mail_url is not None and "link_secret" not in self.model_fields_set:
            raise ValueError("OPTIMA_LINK_SECRET is needed with OPTIMA_MAIL_URL: openssl rand -base64 48")
        return self
