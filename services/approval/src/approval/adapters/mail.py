"""E-mails to people who are asked to decide, with the link for deciding, and other notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Literal
from uuid import UUID

from optima_kit.mail_server import MailServer
from optima_kit.written import written_moment

from ..application.notices import NoticeKind
from ..domain.directory import Person

_TEXTS = {
    "it": (
        "Da approvare: {title}",
        "{name}, {requester} chiede la tua approvazione per «{title}» ({step}).\n\n"
        "{due}Per leggere e decidere:\n{address}\n\n"
        "Il collegamento vale una volta sola, entro il {until}. Aprirlo non decide nulla.\n",
    ),
    "en": (
        "To approve: {title}",
        "{name}, {requester} asks you to approve “{title}” ({step}).\n\n"
        "{due}To read it and decide:\n{address}\n\n"
        "The link works once, until {until}. Opening it decides nothing.\n",
    ),
}
_DUE = {"it": "È attesa entro il {due}.\n\n", "en": "It is due by {due}.\n\n"}

_NOTICES = {
    "delegated_by_admin": {
        "it": (
            "Delega: {taker} decide per {giver}",
            "{admin} ha delegato a {taker} le approvazioni di {giver}, dal {from} al {until}.\n\n"
            "Se non è come deve essere, revocala nel portale o avvisa un amministratore.\n",
        ),
        "en": (
            "Delegation: {taker} decides for {giver}",
            "{admin} delegated the approvals of {giver} to {taker}, from {from} to {until}.\n\n"
            "If that is not as it should be, revoke it in the portal or tell an admin.\n",
        ),
    },
}

_MOMENTS = {"from", "until"}
"""The facts of notices that are times, in the tenant's time zone."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail that asks a person to decide."""

    link_id: UUID
    to: str
    name: str
    language: Literal["it", "en"]
    requester: str
    title: str
    step: str
    due: datetime | None
    """When the decision is due, in the tenant's time zone."""
    until: datetime
    """When the link expires, in the tenant's time zone."""
    token: str


class Mailer:
    """Writes e-mails and hands them to the mail server."""

    def __init__(self, url: str, sender: str, portal_url: str) -> None:
        self._server = MailServer(url)
        self._sender = sender
        self._portal_url = portal_url.rstrip("/")

    async def send(self, letter: Letter) -> None:
        """Send a letter. Raises smtplib.SMTPException or OSError, upon which the job tries again."""
        await self._server.send(self._letter(letter))

    async def notify(self, id_: UUID, to: Person, kind: NoticeKind, facts: dict[str, str]) -> None:
        """Send a notice. Raises the same errors as `send`."""
        subject, text = _NOTICES[kind][to.language]
        told = {
            name: _moment_told(fact, to.language) if name in _MOMENTS else fact
            for name, fact in facts.items()
        }
        written = self._written(id_, to.email, subject.format_map(told), text.format_map(told))
        await self._server.send(written)

    def _letter(self, letter: Letter) -> EmailMessage:
        subject, text = _TEXTS[letter.language]
        body = text.format(
            name=letter.name,
            requester=letter.requester,
            title=letter.title,
            step=letter.step,
            due=_DUE[letter.language].format(due=_on_clocks(letter.due, letter.language))
            if letter.due is not None
            else "",
            # The token comes after the "#", so that it gets into no server's log.
            address=f"{self._portal_url}/decide#{letter.token}",
            until=_on_clocks(letter.until, letter.language),
        )
        return self._written(letter.link_id, letter.to, subject.format(title=letter.title), body)

    def _written(self, id_: UUID, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        message["Message-ID"] = f"<{id_}@optima>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message


def _on_clocks(at: datetime, language: str) -> str:
    """Write a moment with the name of its time zone, since that may differ from the reader's, and since
    clocks show one hour twice when summer time ends."""
    return f"{written_moment(at, language)} ({at:%Z})"


def _moment_told(moment: str, language: str) -> str:
    """Write a moment in words. A text that an earlier release had already put into words stays as it is."""
    try:
        return written_moment(datetime.fromisoformat(moment), language)
    except ValueError:
        return moment
