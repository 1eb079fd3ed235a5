"""`python -m intake all | migrate`: POST /v1/notes stores a note and publishes that it was taken."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pair_service import PairService

from optima_contracts.envelope import EventData
from optima_kit.db import UnitOfWork
from optima_kit.http import Call, Command, Routes, Text, View
from optima_kit.ids import new_id
from optima_kit.run import main
from optima_kit.settings import Settings
from optima_kit.sql import Statement

INSERT_NOTE = Statement.parse("INSERT INTO notes (id, text) VALUES (:id, :text)")

routes = Routes()


class NoteTaken(EventData):
    type: ClassVar[str] = "optima.intake.taken.v1"
    text: str


class TakeNote(Command):
    text: Text(200)  # type: ignore[valid-type]


class NoteView(View):
    id: UUID
    text: str


@routes.post("/v1/notes", privilege="brief.create", status=201)
async def take(call: Call[UnitOfWork], body: TakeNote) -> NoteView:
    """Takes a note."""
    work, note_id = call.ports, new_id()
    work.write(INSERT_NOTE, id=note_id, text=body.text)
    work.outbox.add(NoteTaken(text=body.text), subject=note_id, correlation=note_id)
    return NoteView(id=note_id, text=body.text)


def service(settings: Settings) -> PairService[UnitOfWork]:
    return PairService(
        name="intake", package="intake", settings=settings, ports=lambda work: work, routes=routes
    )


if __name__ == "__main__":
    main(service)
