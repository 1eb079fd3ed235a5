"""A running approval service on a database of its own, its people, and the neighbours' events."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml

from approval.bootstrap import service
from approval.settings import ApprovalSettings
from optima_contracts.brief import BriefCancelled, BriefContent, BriefSubmitted
from optima_contracts.economics import BriefPriced
from optima_contracts.envelope import Envelope, EventData
from optima_contracts.identity import PersonChanged, PersonDeparted, RoleChanged, UnitChanged
from optima_kit.actor import Actor
from optima_kit.testing import (
    Client,
    FixedClock,
    People,
    ServiceDatabase,
    ServiceHarness,
    settings_for,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DEMONSTRATION = Path(__file__).resolve().parents[3] / "deploy" / "demo" / "processes"
DECIDES = ["brief.read", "approval.read", "approval.decide", "approval.delegate", "process.read"]
OWN_ROLES = {"responsabile-marketing": DECIDES, "direttore": [*DECIDES, "brief.price.read"]}


@dataclass
class Desk:
    """The service, and what tests do with it all the time."""

    app: ServiceHarness
    database: ServiceDatabase
    clock: FixedClock
    stack: AsyncExitStack
    people: dict[str, Actor] = field(default_factory=dict)
    units: dict[str, UUID] = field(default_factory=dict)
    together: list[Envelope] | None = None
    """Events that are to arrive at once."""

    @property
    def tenant_id(self) -> UUID:
        return self.app.tenant_id

    async def hire(self) -> None:
        """Marta asks; Paolo and Piera purchase; Lia leads marketing; Dario directs; Ada administers."""
        self.together = []
        await self.unit("azienda")
        await self.unit("marketing", parent="azienda")
        for key, privileges in OWN_ROLES.items():
            await self.role(key, privileges)
        await self.person("dario", "direttore", unit="azienda")
        await self.person("lia", "responsabile-marketing", unit="marketing", manager="dario")
        await self.person("marta", "marketing", unit="marketing", manager="lia")
        await self.person("paolo", "purchasing", unit="azienda")
        await self.person("piera", "purchasing", unit="azienda")
        await self.person("ada", "admin", unit="azienda")
        everybody, self.together = self.together, None
        await self.app.deliver(*everybody)

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
        own = {role: OWN_ROLES[role] for role in roles if role in OWN_ROLES}
        privileges = set().union(*own.values()) if own else None
        return self.app.person(*roles, name=name.title(), privileges=privileges)

    def as_(self, name: str) -> Client:
        return self.app.as_(self.people[name])

    def id(self, name: str) -> str:
        return str(self.people[name].person_id)

    async def restart(self, **settings: Any) -> None:
        """The same database behind a service that is configured otherwise."""
        await self.app.http.close()
        again = serving(self.database, self.clock, self.app.people, self.tenant_id, **settings)
        sequences = self.app.sequences
        self.app = await self.stack.enter_async_context(again)
        self.app.sequences = sequences

    # processes

    async def publish(self, document: str | dict[str, Any]) -> dict[str, Any]:
        """Writes and publishes a process: a demonstration process by its name, or a document."""
        if isinstance(document, str):
            text = (DEMONSTRATION / f"{document}.yaml").read_text(encoding="utf-8")
            document = yaml.load(text, Loader=yaml.CSafeLoader)  # `safe_load` takes 30 ms for it
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

    async def work(self) -> int:
        """Runs every job that is due, or is in a moment."""
        return await self.app.run_due_jobs(later=timedelta(seconds=3))

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
        if self.together is not None:
            self.together.append(self.app.event(event, subject=subject))
            return
        await self.app.deliver(event, subject=subject, sequence=sequence)


def serving(
    database: ServiceDatabase,
    clock: FixedClock,
    people: People,
    tenant_id: UUID | None = None,
    **settings: Any,
) -> AbstractAsyncContextManager[ServiceHarness]:
    """The service on a database, with `settings` of the test's choice."""
    approval = service(settings_for(database, ApprovalSettings, **settings))
    return ServiceHarness.serve(
        approval, database, clock=clock, people=people, tenant_id=tenant_id, pool_size=8
    )


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


@pytest.fixture
async def desk(database_for: Callable[[str], Awaitable[ServiceDatabase]]) -> AsyncIterator[Desk]:
    database = await database_for("approval")
    clock = FixedClock(NOW)
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(serving(database, clock, People(clock=clock)))
        desk = Desk(app, database, clock, stack)
        await desk.hire()
        yield desk
