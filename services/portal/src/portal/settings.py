"""The portal's settings from the environment, beside the kit's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optima_kit.hardening import InnerUrl, KeySecret, MailedUrl, MailServer, Sender
from optima_kit.settings import Settings


class PortalSettings(Settings):
    key_secret: KeySecret
    """Encrypts the stored tokens of sessions. If it is replaced, all earlier sessions end. To change it
    without that, put the new value before the previous one, separated by a comma."""
    approval_url: InnerUrl
    """The address of the approval service's API."""
    brief_url: InnerUrl
    """The address of the brief service's API."""
    erp_bridge_url: InnerUrl
    """The address of the ERP bridge's API."""
    identity_url: InnerUrl
    """The address of the identity service's API."""
    logistics_url: InnerUrl
    """The address of the logistics service's API."""
    production_url: InnerUrl
    """The address of the production service's API."""
    trail_url: InnerUrl
    """The address of the trail service's API."""
    mail_url: MailServer | None = None
    """`smtps://user:password@host` or `smtp://…` (STARTTLS), with `?cafile=/path` for a private certificate
    authority. Without it, notices appear only on the pages."""
    mail_from: Sender = "Linea OPTIMA <noreply@localhost>"
    """The sender of mail."""
    portal_url: MailedUrl = "http://127.0.0.1:8080"
    """Where people reach the portal: links in mails and sign-in providers lead back to it."""
    patience_seconds: Annotated[float, Field(gt=0, le=30)] = 4.0
    """How long a page waits for a service that is alive before it shows that part as not available. If the
    service does not respond to a health check, the page waits less than a second."""
