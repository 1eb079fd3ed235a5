"""Mails the approvers of a step a link with which they can decide, if the step is defined so."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.ids import new_id

from ..domain.approval import Approval
from ..domain.process import Process
from .ports import Link, Ports

MAIL_LINK: Final = "approval.mail_link"
LASTS: Final = timedelta(days=14)


class MailLink(BaseModel):
    link_id: UUID


async def offer_links(ports: Ports, process: Process, before: Approval | None, after: Approval) -> None:
    """Store a link, and schedule the e-mail with it, for each person who is newly asked by a step whose
    `by_email` is set."""
    if not ports.mails_links:
        return
    offered = []
    for key, run in after.steps.items():
        if run.state != "pending" or not process.steps[key].by_email:
            continue
        was = before.steps[key] if before is not None and key in before.steps else None
        expires_at = max(run.due_at or ports.now, ports.now + LASTS)
        for part in run.parts.values():
            known = was.parts.get(part.person) if was is not None and was.round == run.round else None
            if part.state == "requested" and (known is None or known.state == "cancelled"):
                offered.append(Link(new_id(), after.id, key, run.round, part.person, expires_at, None))
    if not offered:
        return
    for link_id in await ports.links.offer(offered, ports.now):
        ports.jobs.schedule(MAIL_LINK, MailLink(link_id=link_id), key=str(link_id))
