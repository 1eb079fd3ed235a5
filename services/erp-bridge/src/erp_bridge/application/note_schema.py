"""Check whether a remote system still has the fields that the exchange of an entity needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ..domain.connection import Connection
from ..domain.entities import Entity
from ..domain.failure import Direction
from ..domain.schema import RemoteSchema, drift
from .keep_failure import keep_failure, problems_of
from .ports import Ports

LOOK_AGAIN: Final = timedelta(hours=1)
"""Before a document is written, a schema that was last checked this long ago is checked again."""

_KEY: Final = "schema"


async def note_schema(ports: Ports, connection: Connection, entity: Entity, now: RemoteSchema) -> bool:
    """Store the schema, and a notice for a person about new fields. Return False if the schema no longer
    fits: the entity is then paused until a person replays the failure, and the stored schema stays as it
    was."""
    direction: Direction = "out" if now.written else "in"
    known = await ports.schemas.find_schema(connection.connection_id, entity)
    found = drift(known.fields if known else None, now)
    if found.breaking:
        problems = problems_of(found.breaking)
        await keep_failure(ports, connection, entity, direction, _KEY, problems, "paused")
        return False
    await ports.schemas.save_schema(connection.connection_id, entity, now.fields, ports.now)
    if found.notices:
        problems = problems_of(found.notices)
        await keep_failure(ports, connection, entity, direction, f"{_KEY}: news", problems, "notice")
    return True
