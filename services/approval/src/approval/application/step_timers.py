"""Acts on a step when one of its timers fires. A timer of a step that has moved on changes nothing, and one
that fires too early is set again."""

from __future__ import annotations

from uuid import UUID

from ..domain import engine
from ..domain.approval import Reminded
from .offer_links import MAIL_LINK, MailLink
from .ports import Ports
from .read.access import running_process
from .recording import OVERDUE, StepTimer, record_change


async def step_overdue(ports: Ports, timer: StepTimer) -> None:
    stored = await ports.approvals.lock(timer.approval_id)
    if stored is None or stored.approval.state != "open":
        return
    run = stored.approval.steps.get(timer.step)
    if run is not None and run.round == timer.round and run.due_at is not None and ports.now < run.due_at:
        key = f"{timer.approval_id}:{timer.step}"
        ports.jobs.schedule(OVERDUE, timer, key=key, due_at=run.due_at)
        return
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.overdue(
        stored.approval, process, timer.step, timer.round, timer.number, ports.now, directory
    )
    await record_change(ports, process, stored, result)


async def remind_of_step(ports: Ports, timer: StepTimer) -> None:
    stored = await ports.approvals.lock(timer.approval_id)
    if stored is None or stored.approval.state != "open":
        return
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.remind(stored.approval, process, timer.step, timer.round, ports.now, directory)
    await record_change(ports, process, stored, result)
    for event in result.events:
        if isinstance(event, Reminded):
            await _mail_again(ports, timer, event.people)


async def notify_of_step(ports: Ports, timer: StepTimer) -> None:
    stored = await ports.approvals.lock(timer.approval_id)
    if stored is None:
        return
    process = await running_process(ports, stored.approval)
    directory = await ports.directories.read()
    result = engine.notify(
        stored.approval, process, timer.step, timer.round, timer.number, ports.now, directory
    )
    await record_change(ports, process, stored, result)


async def _mail_again(ports: Ports, timer: StepTimer, people: tuple[UUID, ...]) -> None:
    for person in people:
        link = await ports.links.of_part(timer.approval_id, timer.step, timer.round, person)
        if link is not None and link.used_at is None and ports.mails_links:
            ports.jobs.schedule(MAIL_LINK, MailLink(link_id=link.id), key=str(link.id))
