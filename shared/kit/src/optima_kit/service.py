"""What a service is: its name, and what it brings to each process role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import asyncpg

from .actor import Actor
from .db import UnitOfWork
from .http.html import PagesInParts
from .http.routes import Route, Routes
from .jobs import JobKinds
from .reactions import LINGER_SECONDS, Reactions
from .settings import Settings

if TYPE_CHECKING:
    from .resealing import SealedColumn

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[P]):
    """Made by a service's `bootstrap.py`; run by `optima_kit.run.main`."""

    name: str
    """As people and the broker know it: "erp-bridge"."""
    package: str
    """As Python and the database know it: "erp_bridge"."""
    settings: Settings
    ports: Callable[[UnitOfWork], P]
    """Builds what use cases need on a unit of work: the same for requests, reactions and jobs."""
    routes: Routes
    reactions: Reactions = field(default_factory=Reactions)
    jobs: JobKinds = field(default_factory=JobKinds)
    jobs_at_once: int = 4
    """In one process. More where jobs mostly wait for somebody outside."""
    linger: float = LINGER_SECONDS
    """Seconds that its consumer waits for more while messages come several at a time."""
    resources: Any = None
    """What handlers need beside the database; reached as `call.resources` and `run.resources`."""
    close_resources: Callable[[], Awaitable[None] | None] = lambda: None
    admit: Callable[[UnitOfWork, Actor, Route], Awaitable[Actor]] | None = None
    """Judges whoever shows a valid token by what the service knows itself, in the handler's transaction where
    there is one: answers with the actor as they are now, or raises a Refusal."""
    pages: PagesInParts | None = None
    """What people see of it in a browser, beside its API."""
    measure: Callable[[asyncpg.Connection], Awaitable[None]] | None = None
    """Sets business gauges, registered in `metrics.MEASURED`, on a connection of the backbone role."""

    sealed: Sequence[SealedColumn] = ()
    """What lasts of what it seals: the command `reseal` seals it anew."""

    @property
    def version(self) -> str:
        """The installed package's version."""
        return version(f"optima-{self.name}")

    @property
    def source(self) -> str:
        """The CloudEvents source of what it publishes."""
        return f"/optima/{self.name}"

    async def close(self) -> None:
        """Gives up its resources."""
        closing = self.close_resources()
        if closing is not None:
            await closing


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What `python -m <package>` does beside running a process role."""

    usage: str
    accepts: Callable[[list[str]], bool]
    """Whether the words after its name are well formed."""
    run: Callable[[Service[Any], list[str]], Awaitable[int]]
    """Returns the exit status."""
