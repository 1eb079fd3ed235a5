"""Look up the messages between the assignee of a phase and the people who give out the work."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ..ports import Message, MessageFile, Ports
from .views import MessageView


async def list_of_task(ports: Ports, actor: Actor, phase_id: UUID, query: PageQuery) -> Page[MessageView]:
    """List the reader's messages, newest first. A new assignee does not read what was written to the former
    one."""
    await _own_task(ports, actor, phase_id)
    return await _list(ports, phase_id, actor.person_id, query)


async def list_of_phase(ports: Ports, phase_id: UUID, query: PageQuery) -> Page[MessageView]:
    """List messages with everybody who had the phase, newest first."""
    if not await ports.messages.has_phase(phase_id):
        raise Absent("phase_absent")
    return await _list(ports, phase_id, None, query)


async def file_of_task(ports: Ports, actor: Actor, phase_id: UUID, message_id: UUID) -> MessageFile:
    await _own_task(ports, actor, phase_id)
    return await _file(ports, phase_id, message_id, actor.person_id)


async def file_of_phase(ports: Ports, phase_id: UUID, message_id: UUID) -> MessageFile:
    return await _file(ports, phase_id, message_id, None)


def show_message(actor: Actor, message: Message) -> MessageView:
    """Show a message that the actor has just written."""
    return _view(message, actor.name)


async def _own_task(ports: Ports, actor: Actor, phase_id: UUID) -> None:
    if await ports.reading.find_task(phase_id, actor.person_id) is None:
        raise Absent("phase_absent")


async def _list(
    ports: Ports, phase_id: UUID, assignee_id: UUID | None, query: PageQuery
) -> Page[MessageView]:
    found = await ports.messages.list_messages(
        phase_id, assignee_id, before=query.after(UUID), limit=query.rows
    )
    names = await ports.directory.names(message.author_id for message in found)
    return page_of(
        query,
        found,
        lambda message: _view(message, names.get(message.author_id)),
        lambda message: message.id,
    )


async def _file(ports: Ports, phase_id: UUID, message_id: UUID, assignee_id: UUID | None) -> MessageFile:
    file = await ports.messages.find_file(phase_id, message_id, assignee_id)
    if file is None:
        raise Absent("message_absent")
    return file


def _view(message: Message, author: str | None) -> MessageView:
    return MessageView(
        id=message.id,
        author=PersonView(id=message.author_id, name=author),
        text=message.text,
        problem=message.problem,
        written_at=message.written_at,
        file_name=message.file_name,
    )
