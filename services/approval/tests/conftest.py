"""A running approval service on a database of its own, its people, and the neighbours' events."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
import yaml

from approval.bootstrap import service
from approval.settings import ApprovalSettings
from optima_contracts.brief import BriefCancelled, BriefContent, BriefSubmitted
from optima_contracts.economics import BriefPriced
from optima_contracts.envelope import Envelope, EventData
from optima_contracts.identity import PersonChanged, PersonDeparted, RoleChanged, UnitChanged
from optima_kit.actor import Actor
from optima_kit.db import Database
from optima_kit.service import Service
from optima_kit.testing import (
    AppClient,
    Client,
    FixedClock,
    People,
    ServiceDatabase,
    app_client,
    temporary_database,
)
from optima_kit.work import JobRunner

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DEMONSTRATION = Path(__file__).resolve().parents[3] / "deploy" / "demo" / "processes"
DECIDES = ["brief.read", "approval.read", "approval.decide", "approval.delegate", "process.read"]


@dataclass
class Desk:
    """The service, and what tests do with it all the time."""

    app: AppClient
    service: Service[Any]
    database: ServiceDatabase
    clock: FixedClock
    stack: AsyncExitStack
    tenant_id: UUID = field(default_factory=uuid4)
    people: dict[str, Actor] = field(default_factory=dict)
    units: dict[str, UUID] = field(default_factory=dict)
    sequences: dict[UUID, int] = field(default_factory=dict)

    async def hire(self) -> None:
        """Marta asks; Paolo and Piera purchase; Lia leads marketing; Dario directs; Ada administers."""
        await self.unit("azienda")
        await self.unit("marketing", parent="azienda")
        await self.role("responsabile-marketing", DECIDES)
        await self.role("direttore", [*DECIDES, "brief.price.read"])
        await self.person("dario", "direttore", unit="azienda")
        await self.person("lia", "responsabile-marketing", unit="marketing", manager="dario")
        await self.person("marta", "marketing", unit="marketing", manager="lia")
        await self.person("paolo", "purchasing", unit="azienda")
        await self.person("piera", "purchasing", unit="azienda")
        await self.person("ada", "admin", unit="azienda")

    async def unit(self, key: str, parent: str | None = None) -> None:
        self.units[key] = uuid4()
        above = self.units[parent] if parent else None
        event = UnitChanged(unit_id=self.units[key], key=key, name=key.title(), parent_id=above)
        await self.deliver(event, self.units[key])

    async def role(self, key: str, privileges: list[str]) -> None:
        role_id = uuid4()
        await self.deliver(RoleChanged(role_id=role_id, key=key, privileges=privileges), role_id)

    async def person(
        self,
        name: str,
        *roles: str,
        unit: str | None = None,
        manager: str | None = None,
        **changes: Any,
    ) -> Actor:
        actor = self.people.get(name) or self._actor(name, roles)
        self.people[name] = actor
        event = PersonChanged(
            person_id=actor.person_id,
            name=changes.pop("full_name", name.title()),
            email=changes.pop("email", f"{name}@example.it"),
            kind=changes.pop("kind", "internal"),
            roles=list(roles),
            unit_id=self.units[unit] if unit else None,
            manager_id=self.people[manager].person_id if manager else None,
            active=changes.pop("active", True),
            **changes,
        )
        await self.deliver(event, actor.person_id)
        return actor

    async def depart(self, name: str, successor: str) -> None:
        """As identity tells of it when somebody leaves."""
        person = self.people[name]
        await self.person(name, *sorted(person.roles), active=False)
        event = PersonDeparted(person_id=person.person_id, successor_id=self.people[successor].person_id)
        await self.deliver(event, person.person_id)

    def _actor(self, name: str, roles: tuple[str, ...]) -> Actor:
        own = [role for role in roles if role in ("responsabile-marketing", "direttore")]
        if own:
            privileges = {*DECIDES, "brief.price.read"} if "direttore" in own else set(DECIDES)
            return self.app.people.person(
                *roles, tenant_id=self.tenant_id, name=name.title(), privileges=privileges
            )
        return self.app.people.person(*roles, tenant_id=self.tenant_id, name=name.title())

    def as_(self, name: str) -> Client:
        return self.app.as_(self.people[name])

    def id(self, name: str) -> str:
        return str(self.people[name].person_id)

    async def restart(self, **settings: Any) -> None:
        """The same database behind a service that is configured otherwise."""
        self.service = service(settings_for(self.database, **settings))
        await self.app.http.close()
        serving = app_client(
            self.service, self.database, clock=self.clock, people=self.app.people, pool_size=8
        )
        self.app = await self.stack.enter_async_context(serving)

    # processes

    async def publish(self, document: str | dict[str, Any]) -> dict[str, Any]:
        """Writes and publishes a process: a demonstration process by its name, or a document."""
        if isinstance(document, str):
            document = yaml.safe_load((DEMONSTRATION / f"{document}.yaml").read_text(encoding="utf-8"))
        assert isinstance(document, dict)
        admin, path = self.as_("ada"), f"/v1/processes/{document['key']}"
        known, _ = await admin.get(path)
        headers = {"If-Match": known.headers["ETag"]} if known.status == 200 else {}
        response, body = await admin.put(path, document, headers=headers)
        assert response.status in (200, 201), body
        response, body = await admin.post(f"{path}/publication", {})
        assert response.status == 200, body
        return body

    # approvals

    async def approval(self, name: str, subject_id: UUID) -> dict[str, Any]:
        """The newest approval over a subject."""
        _, page = await self.as_(name).get(f"/v1/approvals?subject_id={subject_id}")
        _, approval = await self.as_(name).get(f"/v1/approvals/{page['items'][0]['id']}")
        return approval

    async def steps(self, name: str, subject_id: UUID) -> dict[str, str]:
        approval = await self.approval(name, subject_id)
        return {step["key"]: step["state"] for step in approval["steps"]}

    async def inbox(self, name: str, **query: Any) -> list[dict[str, Any]]:
        response, page = await self.as_(name).get("/v1/inbox", params=query)
        assert response.status == 200, page
        return page["items"]

    async def decide(
        self, name: str, approval_id: str, step: str, outcome: str = "approve", **more: Any
    ) -> tuple[int, Any]:
        if "content_hash" not in more:
            _, approval = await self.as_(name).get(f"/v1/approvals/{approval_id}")
            more["content_hash"] = approval["content_hash"]
        body = {"step": step, "outcome": outcome, **more}
        response, answer = await self.as_(name).post(f"/v1/approvals/{approval_id}/decisions", body)
        return response.status, answer

    async def types(self) -> list[str]:
        """What the service published, without what every type begins and ends with."""
        return [
            event.type.removeprefix("optima.approval.").removesuffix(".v1")
            for event in await self.database.published()
        ]

    async def work(self) -> int:
        """Runs every job that is due, or is in a moment."""
        self.clock.advance(timedelta(seconds=3))
        backbone = await Database.open(self.database.backbone_url, source="/optima/test", size=1)
        try:
            return await JobRunner(self.service, self.app.database).run_due(backbone.pool, self.clock)
        finally:
            await backbone.close()

    # the neighbours' events

    async def submit(self, name: str = "marta", revision: int = 1, **changes: Any) -> UUID:
        brief_id = changes.pop("brief_id", None) or uuid4()
        process = changes.pop("process", "materiali-pop")
        content: dict[str, Any] = {
            "title": "Espositori autunno",
            "category": "POP",
            "budget": "8000.00",
            "deadline": "2026-12-20",
            "items": [
                {
                    "item_id": str(uuid4()),
                    "kind": "espositore",
                    "description": "Espositore",
                    "quantity": "100",
                }
            ],
        }
        event = BriefSubmitted(
            brief_id=brief_id,
            number="B-1/2026",
            revision=revision,
            content_hash=f"hash-{revision}",
            process=process,
            requester_id=self.people[name].person_id,
            purchasing_owner_id=changes.pop("purchasing_owner_id", None),
            content=BriefContent.model_validate(content | changes),
        )
        await self.deliver(event, brief_id)
        return brief_id

    async def price(self, brief_id: UUID, total: str, revision: int = 1, **changes: Any) -> None:
        event = BriefPriced(
            brief_id=brief_id,
            revision=revision,
            content_hash=changes.pop("content_hash", f"hash-{revision}-{total}"),
            lines=[],
            total=total,
        )
        await self.deliver(event, brief_id, **changes)

    async def cancel(self, brief_id: UUID) -> None:
        await self.deliver(
            BriefCancelled(brief_id=brief_id, reason="non serve più", from_state="in_approval"), brief_id
        )

    async def deliver(self, event: EventData, subject: UUID, *, sequence: int | None = None) -> None:
        """As the consumer does: one event, in one transaction."""
        self.sequences[subject] = self.sequences.get(subject, 0) + 1
        envelope = Envelope(
            id=uuid4(),
            source="/optima/neighbour",
            type=event.type,
            subject=subject,
            time=self.clock.now(),
            tenantid=self.tenant_id,
            sequence=sequence or self.sequences[subject],
            correlationid=subject,
            data=event.model_dump(mode="json"),
        )
        reaction, received = self.service.reactions.read(envelope.model_dump_json().encode())
        cause = received.cause(self.app.database.clock.now())
        async with self.app.database.transaction(received.tenant_id, cause) as work:
            await reaction.handle(self.service.ports(work), received)


def settings_for(database: ServiceDatabase, **more: Any) -> ApprovalSettings:
    return ApprovalSettings.model_validate(
        {
            "database_url": database.rw_url,
            "database_backbone_url": database.backbone_url,
            "broker_url": "amqp://nowhere",
            "environment": "demonstration",
            "issuer": "http://issuer.test",
            "jwks_url": "http://issuer.test/jwks",
        }
        | more
    )


EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT IN ('schema_migrations', 'outbox_partitions')
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$;
"""
"""Costs a test far less than a database of its own."""


@dataclass
class Calls:
    count: int = 0


@pytest.fixture
def calls() -> Callable[[], AbstractContextManager[Calls]]:
    """`with calls() as called:` counts the functions that are called meanwhile: work that no clock tells."""

    @contextmanager
    def counting() -> Iterator[Calls]:
        called = Calls()

        def note(_: Any, event: str, __: Any) -> None:
            called.count += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            yield called
        finally:
            sys.setprofile(before)

    return counting


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared() -> AsyncIterator[ServiceDatabase]:
    async with temporary_database("approval") as database:
        yield database


@pytest.fixture
async def desk(shared: ServiceDatabase) -> AsyncIterator[Desk]:
    connection = await asyncpg.connect(shared.superuser_url)
    await connection.execute(EMPTY)
    await connection.close()
    clock = FixedClock(NOW)
    approval = service(settings_for(shared))
    async with AsyncExitStack() as stack:
        serving = app_client(approval, shared, clock=clock, people=People(clock=clock), pool_size=8)
        app = await stack.enter_async_context(serving)
        desk = Desk(app, approval, shared, clock, stack)
        await desk.hire()
        yield desk
