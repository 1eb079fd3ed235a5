"""The description of a service: its name, and what it provides for each process role."""

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
    from .sealing import SealedColumn

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[P]):
    """A service. Its `bootstrap.py` creates it, and `optima_kit.run.main` runs it."""

    name: str
    """The name for people and the broker: "erp-bridge"."""
    package: str
    """The name for Python and the database: "erp_bridge"."""
    settings: Settings
    ports: Callable[[UnitOfWork], P]
    """Builds the ports of the use cases on a unit of work, in the same way for requests, reactions and
    jobs."""
    routes: Routes
    reactions: Reactions = field(default_factory=Reactions)
    jobs: JobKinds = field(default_factory=JobKinds)
    jobs_at_once: int = 4
    """How many jobs one process runs at the same time. Use more if jobs mostly wait for other systems."""
    linger: float = LINGER_SECONDS
    """How many seconds the consumer waits for more messages if one came as soon after the batch before."""
    resources: Any = None
    """What handlers need in addition to the database. They reach it as `call.resources` and
    `run.resources`."""
    close_resources: Callable[[], Awaitable[None] | None] = lambda: None
    admit: Callable[[UnitOfWork, Actor, Route], Awaitable[Actor]] | None = None
    """Checks the actor of a valid token against what the service itself knows, in the handler's transaction
    if there is one. It returns the actor with their present privileges, or raises a Refusal."""
    pages: PagesInParts | None = None
    """The pages that the service shows in a browser, in addition to its API."""
    measure: Callable[[asyncpg.Connection], Awaitable[None]] | None = None
    """Sets business gauges, registered in `metrics.MEASURED`, on a connection of the backbone role."""

    sealed: Sequence[SealedColumn] = ()
    """The columns with encrypted values. The command `reseal` encrypts them again when the secret changes."""

    @property
    def version(self) -> str:
        """The version of the installed package."""
        return version(f"optima-{self.name}")

    @property
    def source(self) -> str:
        """The CloudEvents source of the service's events."""
        return f"/optima/{self.name}"

    async def close(self) -> None:
        """Close the service's resources."""
        closing = self.close_resources()
        if closing is not None:
            await closing


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command of `python -m <package>` that is not a process role."""

    usage: str
    accepts: Callable[[list[str]], bool]
    """Tells whether the command's arguments are well formed."""
    run: Callable[[Service[Any], list[str]], Awaitable[int]]
    """Runs the command and returns the exit status."""
