"""Notifies people by e-mail of what concerns them, if a mail server is set up."""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel

from .ports import Ports

MAIL_NOTICE: Final = "approval.mail_notice"

NoticeKind = Literal["delegated_by_admin"]


class Notice(BaseModel):
    """A job that mails one notice to one person. `facts` fill the placeholders of the mail's text."""

    kind: NoticeKind
    person_id: UUID
    about: UUID
    facts: dict[str, str]


def notify(ports: Ports, kind: NoticeKind, person_id: UUID, about: UUID, facts: dict[str, str]) -> None:
    """Schedule a notice by e-mail. There is one for each person, matter and kind, with the newest facts."""
    if ports.mails_links:
        notice = Notice(kind=kind, person_id=person_id, about=about, facts=facts)
        ports.jobs.schedule(MAIL_NOTICE, notice, key=f"{kind}:{about}:{person_id}")
