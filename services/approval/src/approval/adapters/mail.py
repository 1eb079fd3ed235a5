"""Letters to whoever is asked: what waits, and the link under which to decide."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal
from urllib.parse import unquote, urlsplit
from uuid import UUID

_TIMEOUT = 20.0

_TEXTS = {
    "it": (
        "Da approvare: {title}",
        "{name}, {requester} chiede la vostra approvazione per «{title}» ({step}).\n\n"
        "Per leggere e decidere:\n{address}\n\n"
        "Il collegamento vale una volta sola, entro il {until}. Aprirlo non decide nulla.\n",
    ),
    "en": (
        "To approve: {title}",
        "{name}, {requester} asks you to approve “{title}” ({step}).\n\n"
        "To read it and decide:\n{address}\n\n"
        "The link works once, until {until}. Opening it decides nothing.\n",
    ),
}


@dataclass(frozen=True, slots=True)
class Letter:
    link_id: UUID
    to: str
    name: str
    language: Literal["it", "en"]
    requester: str
    title: str
    step: str
    until: str
    token: str


class Mailer:
    """Speaks to the mail server of OPTIMA_MAIL_URL: `smtps://user:password@host:465`, or `smtp://` with
    STARTTLS, which only a loopback address may lack."""

    def __init__(self, url: str, sender: str, portal_url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._secure else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._portal_url = portal_url.rstrip("/")

    async def send(self, letter: Letter) -> None:
        """Raises smtplib.SMTPException or OSError: the job tries again."""
        await asyncio.to_thread(self._deliver, self._written(letter))

    def _written(self, letter: Letter) -> EmailMessage:
        subject, text = _TEXTS[letter.language]
        # After the "#", so that the token reaches no server's log.
        address = f"{self._portal_url}/decide#{letter.token}"
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = letter.to
        message["Subject"] = subject.format(title=" ".join(letter.title.split()))
        message["Message-ID"] = f"<{letter.link_id}@optima>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            text.format(
                name=letter.name,
                requester=letter.requester,
                title=letter.title,
                step=letter.step,
                address=address,
                until=letter.until,
            )
        )
        return message

    def _deliver(self, message: EmailMessage) -> None:
        tls = ssl.create_default_context()
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
