"""Runs one service for component tests: its HTTP API, its reactions and its jobs, on a real database."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestClient

from optima_contracts.envelope import Envelope, EventData

from ..access_changes import AccessWatch
from ..actor import Actor
from ..clock import Clock, FixedClock, SystemClock
from ..db import Database
from ..health import Health
from ..http.addresses import Addresses
from ..http.api import Api
from ..http.problems import load_catalogue
from ..http.remote import Network
from ..http.server import BODY_SECONDS, EdgeServer
from ..ids import new_id
from ..inbox import Failed, Inbox, in_order
from ..postgres import open_pool
from ..service import Service
from ..work import JobRunner
from .databases import ServiceDatabase
from .people import Client, People


@dataclass(slots=True)
class ServiceHarness:
    """A service in this process, and a tenant for which a test invents people and events."""

    service: Service[Any]
    stored: ServiceDatabase
    """The service's database, for reading what was written, without row-level security."""
    database: Database
    clock: Clock
    people: People
    http: TestClient[web.BaseRequest, None]
    tenant_id: UUID = field(default_factory=uuid4)
    sequences: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    """The sequence of the newest event of each source and subject."""
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it to tell the service that its process is about to end."""

    @classmethod
    @contextlib.asynccontextmanager
    async def serve(
        cls,
        service: Service[Any],
        stored: ServiceDatabase,
        *,
        clock: Clock | None = None,
        people: People | None = None,
        tenant_id: UUID | None = None,
        pool_size: int = 4,
        rate_per_second: float = 100_000,
        proxies: Sequence[Network] = (),
        watch: AccessWatch | None = None,
        idle_seconds: float = 75.0,
        body_seconds: float = BODY_SECONDS,
    ) -> AsyncIterator[Self]:
        """Serve a service on a database, in this process. It accepts the tokens that `people` signs."""
        at = clock or SystemClock()
        signer = people or People(clock=at)
        opened = await Database.open(stored.rw_url, source=service.source, size=pool_size, clock=at)
        draining = asyncio.Event()
        api = Api(
            title=service.name,
            version="test",
            routes=service.routes,
            database=opened,
            ports=service.ports,
            verifier=signer.verifier(),
            catalogue=load_catalogue(service.package),
            clock=at,
            resources=service.resources,
            admit=service.admit,
            watch=watch,
            rate_per_second=rate_per_second,
            proxies=proxies,
            draining=draining,
        )
        addresses = Addresses()
        api.mount(addresses)
        Health(opened).mount(addresses)
        server = _EdgeTestServer(
            EdgeServer(addresses.answer, idle_seconds=idle_seconds, body_seconds=body_seconds)
        )
        await server.start_server()
        client: TestClient[web.BaseRequest, None] = TestClient(server)
        try:
            yield cls(service, stored, opened, at, signer, client, tenant_id or uuid4(), draining=draining)
        finally:
            draining.set()  # otherwise a long poll that a test left open would delay the end
            await client.close()
            await opened.close()
            await service.close()

    # People

    def person(self, *roles: str, tenant_id: UUID | None = None, **facts: Any) -> Actor:
        """Invent a person of the tenant with `People.person`: with built-in roles, or with exactly the given
        `privileges`."""
        return self.people.person(*roles, tenant_id=tenant_id or self.tenant_id, **facts)

    def as_(self, actor: Actor | None) -> Client:
        """Return a client that sends requests as `actor`, or without a sign-in if None."""
        return Client(self.http, self.people.token(actor) if actor is not None else None)

    def sign_in(self, *roles: str, **facts: Any) -> Client:
        """Return a client that sends requests as a new `person`."""
        return self.as_(self.person(*roles, **facts))

    def with_token(self, token: str) -> Client:
        return Client(self.http, token)

    # Events

    def event(
        self,
        data: EventData,
        *,
        subject: UUID | None = None,
        source: str = "/optima/neighbour",
        sequence: int | None = None,
        tenant_id: UUID | None = None,
        correlation_id: UUID | None = None,
        actor_id: UUID | None = None,
        on_behalf_of: UUID | None = None,
        time: datetime | None = None,
    ) -> Envelope:
        """Return an event as another service publishes it. By default, its subject is the first id in its
        data, and it is the next event of that subject."""
        about = subject or next(value for _, value in data if isinstance(value, UUID))
        number = sequence or self.sequences[source, about] + 1
        self.sequences[source, about] = max(number, self.sequences[source, about])
        brief: UUID | None = getattr(data, "brief_id", None)
        return Envelope(
            id=new_id(),
            source=source,
            type=data.type,
            subject=about,
            time=time or self.clock.now(),
            tenantid=tenant_id or self.tenant_id,
            sequence=number,
            correlationid=correlation_id or brief or about,
            actorid=actor_id,
            onbehalfof=on_behalf_of,
            data=data.model_dump(mode="json"),
        )

    async def deliver(self, *events: EventData | Envelope, **facts: Any) -> list[Envelope]:
        """Let the service handle events that arrive together, as its consumer does: in one transaction, and
        each event once. `facts` are arguments of `event`. Raises what a reaction raises."""
        envelopes = [e if isinstance(e, Envelope) else self.event(e, **facts) for e in events]
        inbox = Inbox(self.service.reactions, self.service.ports, self.clock)
        items = in_order([inbox.read(each.model_dump_json().encode()) for each in envelopes])
        try:
            async with self.database.begin(items[0].received.tenant_id) as transaction:
                await inbox.handle(transaction, items)
        except Failed as failed:
            raise failed.cause from None
        return envelopes

    async def published(self, event: type[EventData] | None = None) -> list[Envelope]:
        """Return what the service has published, in order, of one type or all."""
        return await self.stored.published(event.type if event is not None else None)

    async def types(self) -> list[str]:
        """Return the short types of what the service has published: "drafted", "order_confirmed", …"""
        return [event.type.split(".")[2] for event in await self.published()]

    # Time

    def advance(self, by: timedelta) -> None:
        """Advance the clock."""
        assert isinstance(self.clock, FixedClock), "this harness runs on the system's clock"
        self.clock.advance(by)

    async def run_due_jobs(self, *, later: timedelta = timedelta(0)) -> int:
        """Advance the clock by `later` and run every job that is due, and those that become due because of
        them. Return how many were tried."""
        if later:
            self.advance(later)
        backbone = await open_pool(self.stored.backbone_url, self.service.source, 1)
        try:
            return await JobRunner(self.service, self.database).run_due(backbone, self.clock)
        finally:
            await backbone.close()


class _EdgeTestServer(BaseTestServer):
    """The same server as in a service process, on any free port."""

    def __init__(self, server: EdgeServer) -> None:
        super().__init__()
        self._server = server

    async def _make_runner(self, **_: Any) -> web.ServerRunner:
        return web.ServerRunner(self._server)
