"""The portal's jobs: sending mails."""

from __future__ import annotations

from typing import Final

from optima_kit.jobs import JobKinds, JobRun

from ..application.tell_people import MAIL_NOTICES, MailNotices
from .notices import PortalPorts
from .resources import Resources

jobs: Final = JobKinds()


@jobs.outside(MAIL_NOTICES, MailNotices)
async def mail_notices(run: JobRun[PortalPorts], payload: MailNotices) -> None:
    """Send one mail with all notices that the person has not seen yet. A mail that is repeated after a crash
    has the same Message-ID. A person who has left gets no mail, and nobody does without a mail server."""
    resources: Resources = run.resources
    async with run.transaction() as ports:
        addressee = await ports.notices.find_addressee(payload.person_id)
        notices = await ports.notices.list_unmailed(payload.person_id, payload.way)
    if addressee is not None and notices and resources.mailer is not None:
        await resources.mailer.send(run.tenant_id, addressee, notices)
    async with run.finish() as ports:
        ports.notices.mark_mailed([each.notice_id for each in notices], ports.now)
