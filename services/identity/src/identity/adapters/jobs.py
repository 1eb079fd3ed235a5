"""Background jobs of the identity service."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from optima_kit.jobs import JobKinds, JobRun
from optima_kit.written import written_moment

from ..application.daily_maintenance import DAILY_MAINTENANCE, DailyMaintenance, daily_maintenance
from ..application.ports import Ports
from ..application.rotate_signing_keys import ROTATE_KEYS, RotateKeys, rotate_signing_keys
from .mail import SEND_LINK, Letter, SendLink
from .resources import Resources

jobs = JobKinds()


@jobs.on(ROTATE_KEYS, RotateKeys, again_after=timedelta(days=1))
async def rotate_keys(ports: Ports, _: RotateKeys) -> None:
    """Rotate the signing keys. A repetition finds the new key made, and only schedules the next run."""
    await rotate_signing_keys(ports)


@jobs.every(timedelta(days=1), DAILY_MAINTENANCE, DailyMaintenance)
async def maintain_daily(ports: Ports, _: DailyMaintenance) -> None:
    """Do the daily maintenance. A repetition finds nothing left to do."""
    await daily_maintenance(ports)


@jobs.outside(SEND_LINK, SendLink)
async def send_link(run: JobRun[Ports], job: SendLink) -> None:
    """Send a link by mail. A repetition may send the message twice, with the same Message-ID."""
    resources: Resources = run.resources
    async with run.transaction() as ports:
        person, tenant = await ports.people.find(job.person_id), await ports.tenants.find()
    assert person is not None, "people are never removed"
    assert tenant is not None, "the person's tenant"
    ends = datetime.fromisoformat(job.until.replace(" UTC", "+00:00"))
    # If mail was switched off meanwhile, the person who asked for the link hands it over.
    if resources.mailer is not None:
        await resources.mailer.send(
            Letter(
                to=person.email,
                name=person.name,
                tenant=tenant.legal.name,
                slug=tenant.slug,
                language=person.language,
                purpose=job.purpose,
                token=resources.post.token(job),
                until=written_moment(ends.astimezone(ZoneInfo(tenant.time_zone)), person.language),
                link_id=job.link_id,
            )
        )
    async with run.finish():
        pass
