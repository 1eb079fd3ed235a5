"""A service small enough to see through: it counts, hears of its own counting, and notes what it heard.

Tests of the backbone share one broker, so every test has a `word` of its own in its event types and queues.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from optima_contracts.envelope import EventData
from optima_contracts.signatures import EventKeys, EventSigner
from optima_kit.db import Database, UnitOfWork
from optima_kit.jobs import JobKinds, JobRun
from optima_kit.ports import Jobs, Outbox
from optima_kit.reactions import Reactions, Received
from optima_kit.refusals import NotYet


@dataclass(frozen=True, slots=True)
class Ports:
    connection: asyncpg.Connection
    outbox: Outbox
    jobs: Jobs
    now: datetime
    tenant_id: UUID

    async def note(self, what: str, event: Received[Any] | None = None) -> None:
        await self.connection.execute(
            "INSERT INTO effects (what, event_id, subject, sequence) VALUES ($1, $2, $3, $4)",
            what,
            event.id if event else None,
            event.subject if event else None,
            event.sequence if event else None,
        )


def ports(transaction: UnitOfWork) -> Ports:
    return Ports(
        transaction.connection,
        transaction.outbox,
        transaction.jobs,
        transaction.now,
        transaction.tenant_id,
    )


class Chore(BaseModel):
    name: str
    mood: str = "good"


class Tally:
    """What `optima_kit.service.Service` would hold, made for one word."""

    settings = None
    resources = None

    def __init__(self, word: str) -> None:
        self.word = word
        self.name = f"tally-{word}"
        self.source = f"/optima/{word}"
        self.signer = EventSigner(f"the secret of {word}")
        self.keys = EventKeys([f"{word}={self.signer.public_key}"])
        self.ports = ports
        self.reactions = Reactions()
        self.jobs = JobKinds()
        self.release = asyncio.Event()
        """Reactions and jobs in the mood "patient" wait for this."""

        class Counted(EventData):
            type: ClassVar[str] = f"optima.{word}.counted.v1"
            value: int
            mood: str = "good"
            after: UUID | None = None
            """A subject that must have been noted before."""

        class Stated(EventData):
            type: ClassVar[str] = f"optima.{word}.stated.v1"
            value: int

        class Echoed(EventData):
            type: ClassVar[str] = f"optima.{word}.echoed.v1"
            heard: UUID

        self.Counted, self.Stated, self.Echoed = Counted, Stated, Echoed
        self.reactions.on(Counted)(self._counted)
        self.reactions.on(Stated, newest_only=True)(self._stated)
        self.reactions.on(Echoed)(self._echoed)
        self.jobs.on("chore", Chore)(self._chore)
        self.jobs.every(timedelta(days=1), "round", Chore, attempts=2)(self._chore)
        self.jobs.outside("errand", Chore, attempts=3)(self._errand)

    def signed(self, envelope: str) -> bytes:
        """As the relay publishes it."""
        return self.signer.signed([envelope.encode()])[0]

    async def count(
        self,
        database: Database,
        tenant: UUID,
        subject: UUID,
        *,
        correlation: UUID | None = None,
        mood: str = "good",
        after: UUID | None = None,
    ) -> None:
        """The service's command."""
        async with database.transaction(tenant) as work:
            value = await work.connection.fetchval(
                "INSERT INTO counters AS c (id, value) VALUES ($1, 1)"
                " ON CONFLICT (id) DO UPDATE SET value = c.value + 1 RETURNING value",
                subject,
            )
            work.outbox.add(
                self.Counted(value=value, mood=mood, after=after),
                subject=subject,
                correlation=correlation or subject,
            )

    async def _counted(self, ports: Ports, event: Received[Any]) -> None:
        match event.data.mood:
            case "poison":
                raise ValueError("this event can't be digested")
            case "swallow":
                try:
                    await ports.connection.execute("SELECT 1 / 0")
                except asyncpg.DivisionByZeroError:
                    return
            case "deadly" if os.environ.get("TALLY_DIE") == "handling":
                os.kill(os.getpid(), signal.SIGKILL)
            case "patient":
                await self.release.wait()
            case "broken pipe":
                raise BrokenPipeError("not the database's")
        if event.data.after is not None:
            noted = await ports.connection.fetchval(
                "SELECT EXISTS (SELECT FROM effects WHERE subject = $1)", event.data.after
            )
            if not noted:
                raise NotYet("the other one is not known yet")
        await ports.note("counted", event)
        if event.data.mood == "loud":
            ports.outbox.add(
                self.Echoed(heard=event.id), subject=event.subject, correlation=event.correlation_id
            )

    async def _stated(self, ports: Ports, event: Received[Any]) -> None:
        await ports.note(f"stated {event.data.value}", event)

    async def _echoed(self, ports: Ports, event: Received[Any]) -> None:
        await ports.note("echoed", event)

    async def _chore(self, ports: Ports, chore: Chore) -> None:
        if chore.mood == "poison":
            raise ValueError("this chore can't be done")
        if chore.mood == "patient":
            await self.release.wait()
        await ports.note(f"chore {chore.name}")

    async def _errand(self, run: JobRun[Ports], errand: Chore) -> None:
        async with run.transaction() as ports:
            await ports.note(f"errand {errand.name} begun")
        if errand.mood == "poison":
            raise ConnectionRefusedError("nobody is there")
        if errand.mood == "patient":
            await self.release.wait()
        if errand.mood == "forgetful":
            return
        async with run.finish() as ports:
            await ports.note(f"errand {errand.name} done")
