"""Mails with notices that people have not seen yet: plain text in their language, with a link for each
notice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final
from uuid import UUID

import orjson

from optima_kit.mail_server import MailServer
from optima_kit.sealing import SealBroken, Sealer

from ..application.ports import Addressee
from ..domain.notices import Kind, Notice
from .labels import N_, label
from .rendering import translations_of

_ABOUT: Final = "unsubscribing"
_ONE: Final = N_("{what}: {title}")
_MANY: Final = N_("{many} notices from Linea OPTIMA")
_GREETING: Final = N_("Good day {name},")
_CHOOSE: Final = N_("Which notices you get, and when:")
_STOP: Final = N_("Get no more mails like this one, without signing in:")


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """The person and the kinds of mails that a link stops. The link reveals nothing and does nothing else."""

    tenant_id: UUID
    person_id: UUID
    kinds: frozenset[Kind]


class UnsubscribeCodes:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def code(self, wanted: Unsubscribing) -> str:
        plain = orjson.dumps([str(wanted.tenant_id), str(wanted.person_id), sorted(wanted.kinds)])
        return base64.urlsafe_b64encode(self._sealer.sealed(plain, _ABOUT)).decode()

    def read(self, code: str) -> Unsubscribing | None:
        """Return what a code stops, or None if the code was not created here."""
        try:
            sealed = base64.b64decode(code.encode(), altchars=b"-_", validate=True)
            tenant_id, person_id, kinds = orjson.loads(self._sealer.opened(sealed, _ABOUT))
        except (SealBroken, binascii.Error, ValueError):
            return None
        return Unsubscribing(UUID(tenant_id), UUID(person_id), frozenset(kinds))


class Mailer:
    """Writes mails and passes them to the mail server."""

    def __init__(self, url: str, sender: str, portal_url: str, codes: UnsubscribeCodes) -> None:
        self._server = MailServer(url)
        self._sender = sender
        self._portal_url = portal_url.rstrip("/")
        self._codes = codes

    async def send(self, tenant_id: UUID, to: Addressee, notices: Sequence[Notice]) -> None:
        """Send one mail with the notices. Raises smtplib.SMTPException or OSError; the job then tries
        again."""
        await self._server.send(self.written(tenant_id, to, notices))

    def written(self, tenant_id: UUID, to: Addressee, notices: Sequence[Notice]) -> EmailMessage:
        """Write the mail. The same notices always give the same Message-ID."""
        translate = translations_of(to.language).gettext
        first = notices[0]
        if len(notices) == 1 and first.title:
            subject = translate(_ONE).format(what=_what(first, translate), title=first.title)
        elif len(notices) == 1:
            subject = _what(first, translate)
        else:
            subject = translate(_MANY).format(many=len(notices))
        kinds = frozenset(each.kind for each in notices)
        code = self._codes.code(Unsubscribing(tenant_id, to.person_id, kinds))
        stop = f"{self._portal_url}/unsubscribe?code={code}"
        parts = [
            translate(_GREETING).format(name=to.name),
            *(self._told(each, translate) for each in notices),
            "-- \n"
            + "\n".join([translate(_CHOOSE), f"{self._portal_url}/me/notices", translate(_STOP), stop]),
        ]
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to.email
        message["Subject"] = " ".join(subject.split())
        message["Message-ID"] = f"<{notices[-1].notice_id}@optima>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content("\n\n".join(parts) + "\n")
        return message

    def _told(self, notice: Notice, translate: Any) -> str:
        about = f"«{notice.title}»" if notice.title else ""
        if notice.detail:
            about = f"{about} ({notice.detail})"
        lines = [_what(notice, translate), about, f"{self._portal_url}/notices/{notice.notice_id}"]
        return "\n".join(line for line in lines if line)


def _what(notice: Notice, translate: Any) -> str:
    return str(translate(label("notice", notice.what)))
