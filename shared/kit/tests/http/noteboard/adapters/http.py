"""The endpoints of the board."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

import asyncpg
from pydantic import Field

from optima_contracts.envelope import EventData
from optima_kit.db import UnitOfWork
from optima_kit.http import (
    Amount,
    Call,
    Command,
    Content,
    Page,
    PageQuery,
    Reply,
    Routes,
    Text,
    View,
    page_of,
)
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Invalid, Stale, Violations

routes = Routes()


class NotePinned(EventData):
    type: ClassVar[str] = "optima.noteboard.pinned.v1"
    text: str


class Line(Command):
    quantity: Annotated[int, Field(ge=1)]


class PinNote(Command):
    text: Annotated[str, Text(200)]
    cost: Amount = Decimal(0)
    lines: list[Line] = Field(default_factory=list)


class NoteView(View):
    id: UUID
    text: str
    cost: Amount
    version: int


@dataclass
class Gate:
    """Lets a test hold a handler in the middle of its transaction."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    leave: asyncio.Event = field(default_factory=asyncio.Event)


def ports(work: UnitOfWork) -> UnitOfWork:
    return work


def _view(row: asyncpg.Record) -> NoteView:
    return NoteView(id=row["id"], text=row["text"], cost=row["cost"], version=row["version"])


@routes.post("/v1/notes", privilege="brief.create", status=201)
async def pin(call: Call[UnitOfWork], body: PinNote) -> Reply[NoteView]:
    """Pins a note."""
    work = call.ports
    row = await work.connection.fetchrow(
        "INSERT INTO notes (id, text, cost) VALUES ($1, $2, $3) RETURNING *", new_id(), body.text, body.cost
    )
    work.outbox.add(NotePinned(text=body.text), subject=row["id"], correlation=row["id"])
    if body.text == "wait":
        call.resources.entered.set()
        await call.resources.leave.wait()
    if body.text == "break":
        raise RuntimeError("the board fell off the wall")
    if body.cost > 1000:
        raise Invalid("note_too_dear", field="cost", most=1000)
    if body.text == "all wrong":
        raise Violations(
            [Invalid("note_too_dear", field="cost", most=1), Absent("no_such_note", field="text")]
        )
    return Reply(_view(row), version=row["version"], location=f"/v1/notes/{row['id']}")


@routes.get("/v1/notes", privilege="brief.read")
async def list_notes(call: Call[UnitOfWork], query: PageQuery) -> Page[NoteView]:
    rows = await call.ports.connection.fetch(
        "SELECT * FROM notes WHERE id > $1 ORDER BY id LIMIT $2",
        query.after(UUID) or UUID(int=0),
        query.rows,
    )
    return page_of(query, rows, _view, lambda row: row["id"])


@routes.get("/v1/notes/count", privilege="brief.read")
async def count_notes(call: Call[Any]) -> None:
    """Says nothing, at an address that one with a placeholder would match"""


@routes.get("/v1/notes/{note_id}", privilege="brief.read")
async def read(call: Call[UnitOfWork], note_id: UUID) -> Reply[NoteView]:
    row = await call.ports.connection.fetchrow("SELECT * FROM notes WHERE id = $1", note_id)
    if row is None:
        raise Absent("no_such_note")
    return Reply(_view(row), version=row["version"])


@routes.put("/v1/notes/{note_id}", privilege="brief.create", if_match="required")
async def rewrite(call: Call[UnitOfWork], note_id: UUID, body: PinNote) -> Reply[NoteView]:
    row = await call.ports.connection.fetchrow("SELECT * FROM notes WHERE id = $1 FOR UPDATE", note_id)
    if row is None:
        raise Absent("no_such_note")
    if row["version"] != call.required_version:
        raise Stale("stale_version")
    row = await call.ports.connection.fetchrow(
        "UPDATE notes SET text = $2, version = version + 1 WHERE id = $1 RETURNING *", note_id, body.text
    )
    return Reply(_view(row), version=row["version"])


@routes.delete("/v1/notes/{note_id}", privilege="brief.create")
async def unpin(call: Call[UnitOfWork], note_id: UUID) -> None:
    await call.ports.connection.execute("DELETE FROM notes WHERE id = $1", note_id)


@routes.post("/v1/copies", privilege="brief.create", acts_on={"/v1/notes": "copy"})
async def copy(call: Call[Any]) -> None:
    """Copies all notes onto another board."""


@routes.post("/v1/notes/{note_id}/scans", consumes=("application/pdf",), max_bytes=1000, status=201)
async def scan(call: Call[UnitOfWork], note_id: UUID, body: bytes) -> Content:
    return Content(body, "application/pdf", filename="nota è.pdf")


@routes.get("/v1/board", public=True)
async def board(call: Call[UnitOfWork]) -> NoteView:
    return NoteView(id=UUID(int=1), text=call.language, cost=Decimal(1), version=1)
