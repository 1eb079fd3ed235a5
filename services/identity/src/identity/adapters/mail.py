"""Sends links by mail. The token is encrypted on its way to the job, and goes to the mail server over TLS."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from optima_kit.mail_server import MailServer
from optima_kit.ports import Jobs
from optima_kit.sealing import Sealer

from ..domain.links import Link, Purpose
from ..domain.tenants import Language

SEND_LINK = "identity.send_link"

_PAGES: dict[Purpose, str] = {"invitation": "join", "password_reset": "password-reset"}

_TEXTS: dict[tuple[Purpose, Language], tuple[str, str]] = {
    ("invitation", "it"): (
        "Invito a Linea OPTIMA",
        "{name}, {tenant} ti invita su Linea OPTIMA.\n\nPer scegliere la password ed entrare:\n{address}\n\n"
        "Il collegamento vale una volta sola, entro il {until}.\n\n"
        "Per accedere in seguito: {sign_in}\nCodice azienda: {slug}\nE-mail: {email}\n",
    ),
    ("invitation", "en"): (
        "Invitation to Linea OPTIMA",
        "{name}, {tenant} invites you to Linea OPTIMA.\n\nTo choose a password and come in:\n{address}\n\n"
        "The link works once, until {until}.\n\n"
        "To sign in later: {sign_in}\nCompany code: {slug}\nE-mail: {email}\n",
    ),
    ("password_reset", "it"): (
        "Nuova password per Linea OPTIMA",
        "{name}, è stata chiesta una nuova password per il tuo accesso a {tenant}.\n\nPer sceglierla:\n"
        "{address}\n\nIl collegamento vale una volta sola, entro il {until}. Se non l'hai chiesta tu, "
        "ignora questo messaggio: la password resta quella di prima.\n",
    ),
    ("password_reset", "en"): (
        "A new password for Linea OPTIMA",
        "{name}, a new password was asked for your access to {tenant}.\n\nTo choose it:\n{address}\n\n"
        "The link works once, until {until}. If it was not you who asked, ignore this message: your password "
        "stays as it was.\n",
    ),
}


class SendLink(BaseModel):
    link_id: UUID
    person_id: UUID
    purpose: Literal["invitation", "password_reset"]
    sealed_token: str
    """The encrypted token in Base64."""
    until: str


class SealedPost:
    """Schedules a job for each link. Without a mail server it schedules none, and the person who asked for
    the link hands it over."""

    def __init__(self, sealer: Sealer, *, set_up: bool) -> None:
        self._sealer = sealer
        self._set_up = set_up

    def schedule(self, jobs: Jobs, link: Link, token: str) -> None:
        if not self._set_up:
            return
        sealed = self._sealer.sealed(token.encode(), str(link.id))
        job = SendLink(
            link_id=link.id,
            person_id=link.person_id,
            purpose=link.purpose,
            sealed_token=base64.b64encode(sealed).decode(),
            until=f"{link.expires_at:%Y-%m-%d %H:%M} UTC",
        )
        jobs.schedule(SEND_LINK, job, key=str(link.id))

    def token(self, job: SendLink) -> str:
        return self._sealer.opened(base64.b64decode(job.sealed_token), str(job.link_id)).decode()


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    name: str
    tenant: str
    slug: str
    language: Language
    purpose: Purpose
    token: str
    until: str
    link_id: UUID


class Mailer:
    """Writes messages and hands them to the mail server."""

    def __init__(self, url: str, sender: str, portal_url: str) -> None:
        self._server = MailServer(url)
        self._sender = sender
        self._portal_url = portal_url.rstrip("/")

    async def send(self, letter: Letter) -> None:
        """Send a message. Raises smtplib.SMTPException or OSError, after which the job tries again."""
        await self._server.send(self._written(letter))

    def _written(self, letter: Letter) -> EmailMessage:
        subject, text = _TEXTS[letter.purpose, letter.language]
        # The token comes after "#", so that it appears in no server's log.
        address = f"{self._portal_url}/{_PAGES[letter.purpose]}#{letter.token}"
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = letter.to
        message["Subject"] = subject
        message["Message-ID"] = f"<{letter.link_id}@optima>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            text.format(
                name=letter.name,
                tenant=letter.tenant,
                address=address,
                until=letter.until,
                sign_in=f"{self._portal_url}/sign-in",
                slug=letter.slug,
                email=letter.to,
            )
        )
        return message
