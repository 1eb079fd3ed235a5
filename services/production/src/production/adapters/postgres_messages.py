"""Messages about orders in PostgreSQL."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from optima_kit.db import UnitOfWork
from optima_kit.sql import load_queries

from ..application.ports import (
    Message,
    MessageFile,
)

QUERIES: Final = load_queries(__package__)


class PostgresMessages:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def insert_message(self, message: Message, file: MessageFile | None) -> None:
        self._work.write(
            QUERIES.insert_message,
            id=message.id,
            phase_id=message.phase_id,
            assignee_id=message.assignee_id,
            author_id=message.author_id,
            text=message.text,
            problem=message.problem,
            written_at=message.written_at,
            file_name=message.file_name,
            media_type=file.media_type if file else None,
            data=file.data if file else None,
        )

    def move_messages(self, phase_id: UUID, to: UUID) -> None:
        self._work.write(QUERIES.move_messages, phase_id=phase_id, to=to)

    async def has_phase(self, phase_id: UUID) -> bool:
        return await self._work.fetchrow(QUERIES.find_phase, phase_id=phase_id) is not None

    async def list_messages(
        self, phase_id: UUID, assignee_id: UUID | None, *, before: UUID | None, limit: int
    ) -> list[Message]:
        rows = await self._work.fetch(
            QUERIES.list_messages, phase_id=phase_id, assignee_id=assignee_id, before=before, limit=limit
        )
        return [Message(**dict(row)) for row in rows]

    async def find_file(
        self, phase_id: UUID, message_id: UUID, assignee_id: UUID | None
    ) -> MessageFile | None:
        row = await self._work.fetchrow(
            QUERIES.find_message_file, phase_id=phase_id, id=message_id, assignee_id=assignee_id
        )
        return MessageFile(row["file_name"], row["media_type"], row["data"]) if row else None
