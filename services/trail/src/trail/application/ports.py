"""What the use cases ask of the outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from optima_contracts.personal import PersonalText
from optima_kit.ports import Jobs, Outbox

from ..domain.anchors import Anchor, AnchorKey
from ..domain.chain import Broken, Head, SealedEntry
from ..domain.competence import Assignment, Grant, ReadScope
from ..domain.entry import Occurrence
from ..domain.personal import OpenText
from ..domain.webhooks import Attempt, Outcome, SealedSecret, Webhook


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are asked for; what is None does not narrow."""

    brief_id: UUID | None = None
    person_id: UUID | None = None
    """Who acted, or on whose behalf."""
    types: tuple[str, ...] = ()
    """How their types begin; none: all."""
    occurred_from: datetime | None = None
    occurred_before: datetime | None = None
    after: UUID | None = None
    """The event id of the last entry already seen."""
    before: UUID | None = None
    """The same for who reads the newest first."""
    beyond: int = 0
    """The number of the last entry already seen."""
    newest_first: bool = False
    limit: int = 50


class Stretch(NamedTuple):
    """A part of the chain that was recomputed."""

    entries: int
    """How many were there and hold."""
    head: Head
    """The last of these."""
    broken: Broken | None


class Tenant(NamedTuple):
    """Whose trail it is, as the directory last told."""

    name: str
    time_zone: str


class Trail(Protocol):
    def record(
        self,
        occurrence: Occurrence,
        grants: Sequence[Grant],
        assignment: Assignment | None,
        personal: Sequence[PersonalText],
    ) -> None:
        """Keeps the occurrence for the end of the transaction, when all are numbered and sealed together, the
        personal fields under their people's keys, and a delivery is owed to each webhook that waits for such
        an event."""

    async def head(self) -> Head:
        """The newest entry as noted beside the chain; `BEGINNING` where there is none."""

    async def number_of(self, event_id: UUID) -> int | None:
        """Where the event stands in the tenant's trail; None where it doesn't."""

    async def entries(self, selection: Selection, scope: ReadScope) -> list[SealedEntry]:
        """The entries asked for that `scope` lets through, by number, at most `limit`; personal texts are
        opened, or say that they were erased.

        Raises nothing for an unknown `after`: nothing follows an entry that isn't there.
        """

    async def portion(self, *, after: int, through: int) -> list[SealedEntry]:
        """Entries numbered above `after` up to `through`, by number, as they were sealed: as many as fit in
        memory, none only where there are none."""

    async def hashes_at(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """The hashes of those of these entries that are there."""

    async def check_stretch(self, start: Head) -> Stretch:
        """Recomputes the hashes of the entries that follow `start`, as many as take about a second. No entry
        and no break: nothing follows."""

    async def texts(self, entries: Sequence[SealedEntry]) -> Mapping[UUID, Mapping[str, OpenText | None]]:
        """The personal texts of these entries by event and field; None for those that were erased."""

    async def names(self, people: Sequence[UUID]) -> Mapping[UUID, str]:
        """What the directory last called them, or that this was erased; those that it told of."""

    async def tenant(self) -> Tenant: ...


class Anchors(Protocol):
    async def has(self, day: date) -> bool: ...
    async def find_newest(self) -> Anchor | None: ...
    async def insert(self, anchor: Anchor) -> None: ...

    async def between(self, after: int, through: int | None) -> Sequence[Anchor]:
        """Those of entries numbered above `after` up to `through` (None: the end), by number."""


class AnchorKeys(Protocol):
    async def lock(self) -> Sequence[AnchorKey]:
        """All keys; who asks next waits for the end of this transaction."""

    async def all(self) -> Sequence[AnchorKey]: ...
    async def insert(self, key: AnchorKey) -> None: ...
    async def delete_private(self, kid: str) -> None: ...


class KeyMaker(Protocol):
    def new_key(self, signs_from: datetime) -> AnchorKey: ...

    def made(self, key: AnchorKey) -> bool:
        """Whether the key is one that this service made, unchanged."""

    def signature(self, key: AnchorKey, message: bytes) -> str:
        """Base64url."""

    def signature_holds(self, public: bytes, message: bytes, signature: str) -> bool: ...


class Erasure(NamedTuple):
    erased_at: datetime
    fresh: bool
    """Whether it was done now, and not before."""


class PersonKeys(Protocol):
    async def destroy(self, person_id: UUID, at: datetime) -> Erasure | None:
        """Makes every text of the person's unreadable, now and later; None where there never was any."""


class Webhooks(Protocol):
    async def lock_all(self) -> None:
        """Whoever else wants to set a webhook up waits."""

    async def count(self) -> int: ...

    async def page(self, *, after: UUID | None, limit: int) -> Sequence[Webhook]:
        """By id, which is by age."""

    async def find(self, webhook_id: UUID) -> Webhook | None: ...

    async def lock(self, webhook_id: UUID) -> Webhook | None:
        """The same, for who is about to change it."""

    async def find_by_url(self, url: str) -> Webhook | None: ...

    async def behind(self) -> Sequence[Webhook]:
        """Those that should be on their way: active, and the trail goes on behind their place; not those that
        wait for their next attempt, unless it is overdue by a minute."""

    async def insert(self, webhook: Webhook) -> None: ...
    async def update(self, webhook: Webhook) -> None: ...
    async def delete(self, webhook_id: UUID) -> None: ...

    async def secrets(self, webhook_id: UUID) -> Sequence[SealedSecret]:
        """The oldest first."""

    async def count_secrets(self, webhooks: Sequence[UUID]) -> Mapping[UUID, int]:
        """How many each has."""

    async def insert_secret(self, webhook_id: UUID, secret: SealedSecret) -> None: ...
    async def delete_secret(self, webhook_id: UUID, secret_id: UUID) -> None: ...

    async def note(self, attempt: Attempt) -> None: ...

    async def attempts(
        self, webhook_id: UUID, scope: ReadScope, *, delivered: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Attempt]:
        """The newest first, without those of events that `scope` hides."""

    async def find_attempt(self, webhook_id: UUID, attempt_id: UUID, scope: ReadScope) -> Attempt | None: ...

    async def delete_attempts(self, before: datetime) -> None: ...

    async def privileges_of(self, owner_id: UUID) -> frozenset[str] | None:
        """What the directory's events say that a person or service account may do now: nothing for who is no
        longer active. None where they say nothing of them, as with a directory of somebody else's."""


class Sealing(Protocol):
    """Encryption at rest. `about` names what the bytes belong to; they open under that name alone."""

    def sealed(self, plain: bytes, about: str) -> bytes: ...
    def opened(self, sealed: bytes, about: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request."""

    outcome: Outcome
    status: int | None
    latency_ms: int
    text: str
    """How the body began, or what kept it from coming."""


class Receiver(Protocol):
    async def deliver(self, event: SealedEntry, secrets: Sequence[str], now: datetime) -> Answer:
        """Signs with each secret and posts. Raises nothing: whatever goes wrong is an answer."""


class Receivers(Protocol):
    def at(self, url: str) -> AbstractAsyncContextManager[Receiver]:
        """Whoever listens there. Its name is resolved once, and only what was resolved is connected to."""

    async def check(self, url: str) -> None:
        """Raises Invalid where webhooks may not lead there, or it leads nowhere."""


@dataclass(frozen=True, slots=True)
class Ports:
    tenant_id: UUID
    trail: Trail
    anchors: Anchors
    anchor_keys: AnchorKeys
    key_maker: KeyMaker
    person_keys: PersonKeys
    webhooks: Webhooks
    webhook_sealing: Sealing
    outbox: Outbox
    jobs: Jobs
    now: datetime


class Run(Protocol):
    """The run of a job that calls the outside: transactions of its own around the calls."""

    def transaction(self) -> AbstractAsyncContextManager[Ports]: ...

    def finish(self) -> AbstractAsyncContextManager[Ports]:
        """The last transaction, in which the job is marked done unless it was owed anew."""
