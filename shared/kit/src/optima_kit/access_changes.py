"""Access tokens that say more, or less, than is true by now: refused within seconds of identity's event.

A token names the access version of its person or account, and of each role that it was made from, and its
session. Identity raises a version with each change of what it stands for, and its events carry it; that of a
session is 0 until it has ended. A service notes the newest versions as it consumes those events, whatever
else it does about them; each of its processes that answers requests keeps the changes of the last minutes in
memory, so that judging a token asks nobody. No clocks are compared: a token made while the change was under
way names the old version, and is refused as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from optima_contracts.identity import PersonChanged, RoleChanged, ServiceAccountChanged, SessionEnded

from .actor import Actor
from .db import UnitOfWork
from .periodic import Periodic
from .postgres import Pool
from .reactions import Received
from .refusals import Unauthenticated
from .sql import Statement

POLL_SECONDS: Final = 1.0
_TOKENS_LIVE: Final = timedelta(minutes=15)
"""Longer than any access token: of what changed before, none is left."""
_COMMITS_TAKE: Final = timedelta(seconds=30)
"""A change bears the time of its statement and is seen from its commit on: each look goes back so far."""

_SAVE: Final = Statement.parse("""
INSERT INTO access_changes AS known (holder, version, changed_at)
VALUES (:holder, :version, clock_timestamp())
ON CONFLICT (tenant_id, holder) DO UPDATE SET version = excluded.version, changed_at = excluded.changed_at
WHERE known.version < excluded.version
""")
_LIST_OF_HOLDERS: Final = Statement.parse(
    "SELECT holder, version FROM access_changes WHERE holder = ANY (:holders)",
    early=True,  # consumers alone write them
)
_LIST_SINCE: Final = """
SELECT tenant_id, holder, version, changed_at FROM access_changes
WHERE changed_at > coalesce($1::timestamptz, clock_timestamp()) - $2::interval
"""


def holder_of_role(key: str) -> str:
    """Roles are told apart from people and accounts, whose ids stand for themselves."""
    return f"role {key}"


def holder_of_session(session_id: UUID | str) -> str:
    """Its version is 0 while it lasts, and 1 from its end on."""
    return f"session {session_id}"


def note_access_change(work: UnitOfWork, event: Received[Any]) -> None:
    """Notes what an event of identity's says of tokens made before; other events say nothing. A late one
    finds a higher version and leaves it."""
    match event.type:
        case PersonChanged.type | ServiceAccountChanged.type:
            holder = str(event.subject)
        case RoleChanged.type:
            holder = holder_of_role(_said(event.data, "key"))
        case SessionEnded.type:
            work.write(_SAVE, holder=holder_of_session(_said(event.data, "session_id")), version=1)
            return
        case _:
            return
    version = _said(event.data, "access_version")
    if version is not None:
        work.write(_SAVE, holder=holder, version=version)


async def refuse_outdated_by_tables(work: UnitOfWork, actor: Actor) -> None:
    """As `AccessWatch.refuse_outdated`, by what this transaction sees: all that was consumed."""
    if actor.made_from:
        rows = await work.fetch(_LIST_OF_HOLDERS, holders=[holder for holder, _ in actor.made_from])
        newest = {row["holder"]: row["version"] for row in rows}
        _refuse_outdated(actor, newest.get)


class AccessWatch:
    """The changes of the last minutes, in the memory of a process that answers requests."""

    def __init__(self, pool: Pool) -> None:
        """`pool`: of the backbone role, which sees every tenant's."""
        self._pool = pool
        self._known: dict[tuple[UUID, str], tuple[int, datetime]] = {}
        self._newest: datetime | None = None
        self._polling = Periodic("access changes", POLL_SECONDS, self.look)

    def start(self) -> None:
        self._polling.start()

    async def stop(self) -> None:
        await self._polling.stop()

    async def look(self) -> None:
        """Learns what has changed since the last look."""
        back = _TOKENS_LIVE if self._newest is None else _COMMITS_TAKE
        for row in await self._pool.fetch(_LIST_SINCE, self._newest, back):
            key, known = (row["tenant_id"], row["holder"]), (row["version"], row["changed_at"])
            self._known[key] = max(self._known.get(key, known), known)
            self._newest = max(self._newest or known[1], known[1])
        if self._newest is not None:
            ended = self._newest - _TOKENS_LIVE
            if any(changed_at < ended for _, changed_at in self._known.values()):
                self._known = {key: known for key, known in self._known.items() if known[1] >= ended}

    def refuse_outdated(self, actor: Actor) -> None:
        """Raises Unauthenticated for a token that was made from a version older than the newest. Its bearer
        renews it, and goes on with what they may do by now."""

        def newest(holder: str) -> int | None:
            known = self._known.get((actor.tenant_id, holder))
            return known[0] if known else None

        if self._known:
            _refuse_outdated(actor, newest)


def _refuse_outdated(actor: Actor, newest: Callable[[str], int | None]) -> None:
    for holder, version in actor.made_from:
        if (newest(holder) or version) > version:
            raise Unauthenticated("token_outdated")


def _said(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else getattr(data, name)
