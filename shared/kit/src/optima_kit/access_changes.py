"""Refuses outdated access tokens, whose privileges are no longer the present ones, within seconds of
identity's event.

A token names its session, and the access versions of its person or account and of each role from which it was
made. Identity increases a version whenever the person, account or role changes, and its events carry the
version. A session has version 0 until it ends. Every service stores the newest versions when it consumes
those events. Each process that answers requests keeps the changes of the last minutes in memory, so that
checking a token needs no request. No clocks are compared: a token that was made during a change names the old
version and is refused too.
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
"""Longer than any access token is valid. No token from before an older change is valid any more."""
_COMMITS_TAKE: Final = timedelta(seconds=30)
"""How far each poll looks back. A change has the time of its statement, but is visible only after its
commit."""

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
    """Return the holder that stands for a role. The holder of a person or account is its id."""
    return f"role {key}"


def holder_of_session(session_id: UUID | str) -> str:
    """Return the holder that stands for a session. Its version is 0 while the session lasts, and 1 after its
    end."""
    return f"session {session_id}"


def note_access_change(work: UnitOfWork, event: Received[Any]) -> None:
    """Store the access version that an event of identity carries. Other events are ignored. A late event
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
    """Do the same as `AccessWatch.refuse_outdated`, but with all changes that this transaction sees in the
    table."""
    if actor.made_from:
        rows = await work.fetch(_LIST_OF_HOLDERS, holders=[holder for holder, _ in actor.made_from])
        newest = {row["holder"]: row["version"] for row in rows}
        _refuse_outdated(actor, newest.get)


class AccessWatch:
    """The access changes of the last minutes, in the memory of a process that answers requests."""

    def __init__(self, pool: Pool) -> None:
        """Create the watch. `pool` has the backbone role, which sees the changes of all tenants."""
        self._pool = pool
        self._known: dict[tuple[UUID, str], tuple[int, datetime]] = {}
        self._newest: datetime | None = None
        self._polling = Periodic("access changes", POLL_SECONDS, self.look)

    def start(self) -> None:
        self._polling.start()

    async def stop(self) -> None:
        await self._polling.stop()

    async def look(self) -> None:
        """Read what has changed since the last poll."""
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
        """Raise Unauthenticated if the token was made from an older version than the newest. Its bearer
        renews it, and continues with their present privileges."""

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
