"""Messages and files between the assignee of a phase and the people who give out the work."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from optima_contracts.production import PhaseMessageWritten
from optima_kit.actor import Actor
from optima_kit.file_names import is_of_type
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, TooLarge, WrongState

from .access import own_task_to_change, phase_to_change
from .ports import LockedPhase, Message, MessageFile, Ports

MAX_FILE_BYTES: Final = 10 * 1024 * 1024


async def write_as_assignee(
    ports: Ports,
    actor: Actor,
    phase_id: UUID,
    text: str = "",
    *,
    problem: bool = False,
    file: MessageFile | None = None,
) -> Message:
    """Write to the people who assign phases."""
    _file_is_what_it_says(file)
    found = await own_task_to_change(ports, actor, phase_id)
    recipients = await told_of_work(ports, actor)
    return _write(ports, actor, found, recipients, text=text, problem=problem, file=file)


async def write_to_assignee(
    ports: Ports, actor: Actor, phase_id: UUID, text: str = "", *, file: MessageFile | None = None
) -> Message:
    """Write to the assignee. Raises WrongState if the phase has none."""
    _file_is_what_it_says(file)
    found = await phase_to_change(ports, phase_id)
    if found.phase.assignee_id is None:
        raise WrongState("phase_without_assignee", phase=found.phase.name)
    recipients = {found.phase.assignee_id} - {actor.person_id}
    return _write(ports, actor, found, recipients, text=text, problem=False, file=file)


async def told_of_work(ports: Ports, actor: Actor) -> set[UUID]:
    """Return the people who give out the work, without the actor."""
    return {*await ports.directory.list_who_may("phase.assign")} - {actor.person_id}


def _write(
    ports: Ports,
    actor: Actor,
    found: LockedPhase,
    recipients: set[UUID],
    *,
    text: str,
    problem: bool,
    file: MessageFile | None,
) -> Message:
    phase, order = found.phase, found.order.order
    assert phase.assignee_id is not None
    message = Message(
        id=new_id(),
        phase_id=phase.id,
        assignee_id=phase.assignee_id,
        author_id=actor.person_id,
        text=text,
        problem=problem,
        written_at=ports.now,
        file_name=file.name if file else None,
    )
    ports.messages.insert_message(message, file)
    written = PhaseMessageWritten(
        job_id=found.job.id,
        order_id=order.id,
        phase_id=phase.id,
        phase=phase.key,
        message_id=message.id,
        assignee_id=phase.assignee_id,
        problem=problem,
        recipients=sorted(recipients),
    )
    ports.outbox.add(written, subject=found.job.id, correlation=order.correlation_id)
    return message


def _file_is_what_it_says(file: MessageFile | None) -> None:
    if file is None:
        return
    if len(file.data) > MAX_FILE_BYTES:
        raise TooLarge("file_too_large", megabytes=MAX_FILE_BYTES // (1024 * 1024))
    if not is_of_type(file.data, file.media_type):
        raise Invalid("file_is_not_its_media_type", field="body", media_type=file.media_type)
