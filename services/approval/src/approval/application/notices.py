"""People are told by mail of what concerns them, where a mail server is set up."""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel

from .ports import Ports

MAIL_NOTICE: Final = "approval.mail_notice"

NoticeKind = Literal["delegated_by_admin"]


class Notice(BaseModel):
    """What one person is told; `facts` fill the letter's text."""

    kind: NoticeKind
    person_id: UUID
    about: UUID
    facts: dict[str, str]


def notify(ports: Ports, kind: NoticeKind, person_id: UUID, about: UUID, facts: dict[str, str]) -> None:
    """A letter is owed: one a person, matter and kind, with the newest facts."""
    if ports.mails_links:
        notice = Notice(kind=kind, person_id=person_id, about=about, facts=facts)
        ports.jobs.schedule(MAIL_NOTICE, notice, key=f"{kind}:{about}:{person_id}")
