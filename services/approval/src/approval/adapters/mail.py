"""Letters to whoever is asked: what waits, and the link under which to decide."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal
from uuid import UUID

from optima_kit.mail_server import MailServer

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
    """Writes letters, and hands them to the mail server."""

    def __init__(self, url: str, sender: str, portal_url: str) -> None:
        self._server = MailServer(url)
        self._sender = sender
        self._portal_url = portal_url.rstrip("/")

    async def send(self, letter: Letter) -> None:
        """Raises smtplib.SMTPException or OSError: the job tries again."""
        await self._server.send(self._written(letter))

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
