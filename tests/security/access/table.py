"""The words in which the access table says, endpoint by endpoint, who may do what to which things."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from optima_contracts.envelope import Envelope, EventData
from optima_contracts.privileges import privileges_of
from optima_kit.actor import Actor
from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.testing import Client
from optima_kit.work import JobRunner

from ..conftest import EVERYTHING, Served

DONE = "done"
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose things a privilege reaches."""

    own: str = ""
    """A further privilege without which even one's own is absent."""
    all: str | None = None
    """The privilege that shows everybody's things; "" none is needed; None: nobody sees another's."""
    refused: str = ""
    """The code with which somebody is refused who sees the thing, but whose it is not to change."""
    unless: str = ""
    """The privilege of those who see it and are not refused."""

    def outcome(self, held: frozenset[str], *, owner: bool) -> str:
        """DONE, ABSENT, or the code of a 403, for somebody who holds the endpoint's own privilege."""
        if owner and (not self.own or self.own in held):
            return DONE
        if self.all is not None and (not self.all or self.all in held):
            return DONE if self.unless in held else self.refused or DONE
        return ABSENT


ANYBODYS = Scope(all="")
OWN = Scope()


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint, asked for one kind of thing.

    Names of the world's things stand in braces in the path, and as texts that begin with "$" in the body.
    """

    endpoint: str
    """As the service declares it: "GET /v1/briefs/{brief_id}"."""
    needs: str | None
    """The privilege; None: whoever has signed in."""
    scope: Scope = ANYBODYS
    at: str = ""
    """The address that is asked, where its names differ from the endpoint's, with a query if any."""
    body: Any = None
    """JSON, bytes with a media type, or None."""
    media_type: str = ""
    also: frozenset[str] = frozenset()
    """Privileges that this very request needs beside `needs`: nobody grants what they lack."""
    shows: Mapping[str, Scope] = field(default_factory=dict)
    """Names of things that the answer tells of, each to whom its scope allows."""
    version: str = ""
    """Name of the version that If-Match carries."""
    makes: bool = False
    """Asked for a key that is nobody's, it makes a thing of that key."""
    empty_elsewhere: bool = False
    """Nobody's thing has an empty list, not a 404."""
    within: bool = False
    """The answer is 200 and tells of each thing for itself; then only what it tells is judged."""

    @property
    def method(self) -> str:
        return self.endpoint.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.at or self.endpoint.partition(" ")[2]


def public(endpoint: str) -> Row:
    """An endpoint without a person: what it does with what it is sent is its own tests' matter."""
    return Row(endpoint, needs=PUBLIC)


PUBLIC = "nobody signs in"

PARKED: tuple[Row, ...] = (
    Row("GET /v1/parked-messages", "operations.replay", shows={"message_id": ANYBODYS}),
    Row("POST /v1/parked-messages/{message_id}/replay", "operations.replay"),
)
"""What every service that consumes has."""


@dataclass
class World:
    """A busy tenant of one service, and another tenant with the same things."""

    served: Served
    tenant_id: UUID
    owner: UUID
    """Whose the things are, in both tenants."""
    colleague: UUID
    """Whose nothing is."""
    names: dict[str, str] = field(default_factory=dict)
    """Identifiers, keys and versions of what is there."""
    secrets: dict[str, list[str]] = field(default_factory=dict)
    """Texts that may be read with a privilege alone, in whatever answer."""
    sequences: dict[UUID, int] = field(default_factory=dict)
    sessions: dict[UUID, UUID] = field(default_factory=dict)
    """At identity, of each person the one that their token comes from."""

    def person(self, *roles: str, person_id: UUID | None = None, **more: Any) -> Actor:
        whose = person_id or self.owner
        more.setdefault("session_id", self.sessions.get(whose))
        return self.served.app.people.person(*roles, tenant_id=self.tenant_id, person_id=whose, **more)

    def as_(self, *roles: str, **more: Any) -> Client:
        return self.served.app.as_(self.person(*roles, **more))

    @property
    def mighty(self) -> Client:
        """The owner, with every privilege there is."""
        return self.as_(privileges=EVERYTHING)

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request of the owner's, with every privilege, that must succeed. Returns the answer's body."""
        if body is not None:
            options["json"] = body
        response, answer = await self.mighty.request(method, path, **options)
        assert response.status < 300, f"{method} {path}: {response.status} {answer}"
        return answer

    async def hear(
        self,
        event: EventData,
        subject: UUID,
        *,
        correlation: UUID | None = None,
        actor: UUID | None = None,
    ) -> None:
        """Reacts to a neighbour's event, the owner's doing unless said otherwise, as the consumer does."""
        self.sequences[subject] = self.sequences.get(subject, 0) + 1
        envelope = Envelope(
            id=new_id(),
            source="/optima/neighbour",
            type=event.type,
            subject=subject,
            time=self.served.app.database.clock.now(),
            tenantid=self.tenant_id,
            sequence=self.sequences[subject],
            correlationid=correlation or subject,
            actorid=actor or self.owner,
            data=event.model_dump(mode="json"),
        )
        await self.receive(envelope)

    async def receive(self, envelope: Envelope) -> None:
        """Reacts to an event of this tenant's as the consumer does."""
        service, app = self.served.service, self.served.app
        reaction, received = service.reactions.read(envelope.model_dump_json().encode())
        cause = received.cause(app.database.clock.now())
        async with app.database.transaction(self.tenant_id, cause) as work:
            await reaction.handle(service.ports(work), received)

    async def work(self) -> None:
        """Runs every job that is due."""
        served = self.served
        backbone = await Database.open(served.database.backbone_url, source="/optima/test", size=1)
        try:
            await JobRunner(served.service, served.app.database).run_due(backbone.pool, backbone.clock)
        finally:
            await backbone.close()

    async def park(self) -> None:
        """A message that could not be handled."""
        message_id = new_id()
        connection = await asyncpg.connect(self.served.database.superuser_url)
        try:
            await connection.execute(
                "INSERT INTO parking (id, tenant_id, type, subject, sequence, correlation_id, body, reason,"
                " error, attempts) VALUES ($1, $2, 'optima.brief.drafted.v1', $1, 1, $1, '{}', 'failed',"
                " 'for a test', 5)",
                message_id,
                self.tenant_id,
            )
        finally:
            await connection.close()
        self.names["message_id"] = str(message_id)


Build = Callable[[World], Awaitable[None]]


def held_by(role: str) -> frozenset[str]:
    return privileges_of(role)


def unknown_names(names: Mapping[str, str]) -> dict[str, str]:
    """As many names of the same kinds that are nobody's; versions stay."""
    return {
        name: value if name.endswith(("version", "revision")) else _nobodys(value)
        for name, value in names.items()
    }


def _nobodys(value: str) -> str:
    try:
        UUID(value)
    except ValueError:
        return "zz9"  # no word of any text
    return str(uuid4())
