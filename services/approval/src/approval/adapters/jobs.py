"""The jobs of this service: timers of steps, e-mails, and work that goes through many approvals."""

from __future__ import annotations

from typing import Final

from optima_kit.jobs import JobKinds, JobRun
from optima_kit.refusals import Absent

from ..application.claim_step import FOLLOW_UP, PutOff, remind_of_follow_up
from ..application.decide_by_link import read_by_link
from ..application.erase_person import ERASE_PERSON, PersonErasure, erase_from_approvals
from ..application.migrate_approvals import (
    MIGRATE,
    PREVIEW,
    REVERT,
    MigrationStep,
    migrate_step,
    preview_step,
    revert_step,
)
from ..application.notices import MAIL_NOTICE, Notice
from ..application.offer_links import MAIL_LINK, MailLink
from ..application.on_directory import PEOPLE_CHANGED, PeopleChange, follow_people
from ..application.ports import Ports
from ..application.read.access import running_process
from ..application.recording import (
    LIST_PARTS,
    NOTIFY,
    OVERDUE,
    REMIND,
    PartsToList,
    StepTimer,
    list_parts,
)
from ..application.replay_process import REPLAY, ReplayJob, run_replay
from ..application.step_timers import notify_of_step, remind_of_step, step_overdue
from .mail import Letter
from .resources import Resources

jobs: Final = JobKinds()


@jobs.on(OVERDUE, StepTimer)
async def overdue(ports: Ports, payload: StepTimer) -> None:
    await step_overdue(ports, payload)


@jobs.on(REMIND, StepTimer)
async def remind(ports: Ports, payload: StepTimer) -> None:
    await remind_of_step(ports, payload)


@jobs.on(NOTIFY, StepTimer)
async def notify(ports: Ports, payload: StepTimer) -> None:
    await notify_of_step(ports, payload)


@jobs.on(FOLLOW_UP, PutOff)
async def follow_up(ports: Ports, payload: PutOff) -> None:
    await remind_of_follow_up(ports, payload)


@jobs.on(PEOPLE_CHANGED, PeopleChange)
async def people_changed(ports: Ports, payload: PeopleChange) -> None:
    await follow_people(ports, payload)


@jobs.on(ERASE_PERSON, PersonErasure)
async def erase_person(ports: Ports, payload: PersonErasure) -> None:
    await erase_from_approvals(ports, payload)


@jobs.on(LIST_PARTS, PartsToList)
async def list_asked(ports: Ports, payload: PartsToList) -> None:
    await list_parts(ports, payload)


@jobs.on(PREVIEW, MigrationStep)
async def preview_migration(ports: Ports, payload: MigrationStep) -> None:
    await preview_step(ports, payload)


@jobs.on(MIGRATE, MigrationStep)
async def migrate(ports: Ports, payload: MigrationStep) -> None:
    await migrate_step(ports, payload)


@jobs.on(REVERT, MigrationStep)
async def revert_migration(ports: Ports, payload: MigrationStep) -> None:
    await revert_step(ports, payload)


@jobs.on(REPLAY, ReplayJob)
async def replay(ports: Ports, payload: ReplayJob) -> None:
    await run_replay(ports, payload)


@jobs.outside(MAIL_LINK, MailLink)
async def mail_link(run: JobRun[Ports], payload: MailLink) -> None:
    """Mail a link to decide. After a crash the e-mail may be sent twice, with the same Message-ID, so that
    mail programs can recognise it. Nothing is sent if the part is over."""
    resources: Resources = run.resources
    async with run.transaction() as ports:
        letter = await _letter(resources, ports, payload)
    if letter is not None and resources.mailer is not None:
        await resources.mailer.send(letter)
    async with run.finish():
        pass


@jobs.outside(MAIL_NOTICE, Notice)
async def mail_notice(run: JobRun[Ports], payload: Notice) -> None:
    """Mail a notice. After a crash it may be sent twice, with the same Message-ID. A person who has left gets
    none."""
    resources: Resources = run.resources
    async with run.transaction() as ports:
        addressee = (await ports.directories.read()).person(payload.person_id)
    if addressee is not None and addressee.active and addressee.email and resources.mailer is not None:
        await resources.mailer.notify(run.id, addressee, payload.kind, payload.facts)
    async with run.finish():
        pass


async def _letter(resources: Resources, ports: Ports, payload: MailLink) -> Letter | None:
    try:
        link, stored = await read_by_link(ports, payload.link_id)
    except Absent:
        return None
    directory = await ports.directories.read()
    process = await running_process(ports, stored.approval)
    addressee = directory.person(link.person_id)
    requester = directory.person(stored.approval.requester)
    if addressee is None or not addressee.email:
        return None
    step, run = process.steps[link.step], stored.approval.steps[link.step]
    return Letter(
        link_id=link.id,
        to=addressee.email,
        name=addressee.name,
        language=addressee.language,
        requester=requester.name if requester else "",
        title=stored.title,
        step=step.name or step.key,
        due=directory.calendar.local(run.due_at) if run.due_at is not None else None,
        until=directory.calendar.local(link.expires_at),
        token=resources.tokens.token(ports.tenant_id, link.id),
    )
