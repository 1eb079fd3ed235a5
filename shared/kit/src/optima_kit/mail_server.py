"""Sends e-mails through the mail server of OPTIMA_MAIL_URL."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

_TIMEOUT: Final = 20.0


class MailServer:
    """A mail server at `smtps://user:password@host:465`, or at `smtp://` with STARTTLS, without which only
    loopback is accepted.

    `?cafile=/path` names the certificate authorities to trust instead of the system's.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._secure else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._authorities = parse_qs(parts.query).get("cafile", [None])[-1]

    async def send(self, message: EmailMessage) -> None:
        """Send an e-mail. Raises smtplib.SMTPException or OSError, upon which the calling job tries again."""
        await asyncio.to_thread(self._deliver, message)

    def _deliver(self, message: EmailMessage) -> None:
        tls = ssl.create_default_context(cafile=self._authorities)
        with self._connected(tls) as server:
            if not self._secure and (server.has_extn("starttls") or self._host not in ("127.0.0.1", "::1")):
                server.starttls(context=tls)
                server.ehlo()
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)

    def _connected(self, tls: ssl.SSLContext) -> smtplib.SMTP:
        if self._secure:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT, context=tls)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT)
        server.ehlo()
        return server
