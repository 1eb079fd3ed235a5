"""The interfaces through which the use cases reach the database, keys, webhook receivers and jobs."""

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
from ..domain.chain import ChainBreak, Head, SealedEntry
from ..domain.competence import Assignment, Grant, ReadScope
from ..domain.entry import Occurrence
from ..domain.personal import OpenText
from ..domain.webhooks import Attempt, Outcome, SealedSecret, Webhook


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter of entries. A field that is None does not restrict the selection."""

    brief_id: UUID | None = None
    person_id: UUID | None = None
    """The person who acted, or on whose behalf somebody acted."""
    types: tuple[str, ...] = ()
    """Prefixes of event types. An empty tuple selects all types."""
    occurred_from: datetime | None = None
    occurred_before: datetime | None = None
    after: UUID | None = None
    """The event id of the last entry that was already read, if the oldest come first."""
    before: UUID | None = None
    """The event id of the last entry that was already read, if the newest come first."""
    beyond: int = 0
    """The number of the last entry that was already read."""
    newest_first: bool = False
    limit: int = 50


class Stretch(NamedTuple):
    """The result of recomputing a part of the chain."""

    entries: int
    """How many entries were recomputed and hold."""
    head: Head
    """The last entry that holds."""
    broken: ChainBreak | None


class Tenant(NamedTuple):
    """The tenant whose trail it is, by the newest event of the directory."""

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
        """Keep an occurrence until the end of the transaction. Then all of them are numbered and sealed
        together, personal fields are encrypted under their people's keys, and a delivery is scheduled for
        each webhook that waits for such an event."""

    async def head(self) -> Head:
        """Return the newest entry, as it is noted separately from the chain, or `BEGINNING` if there is
        none."""

    async def number_of(self, event_id: UUID) -> int | None:
        """Return the number of an event's entry in the tenant's trail, or None if it is not there."""

    async def entries(self, selection: Selection, scope: ReadScope) -> list[SealedEntry]:
        """List the selected entries that `scope` shows, in the order of their numbers, or newest first if the
        selection says so, at most `limit`. Personal texts are decrypted, or say that they were erased.

        An unknown `after` or `before` gives an empty list.
        """

    async def portion(self, *, after: int, through: int) -> list[SealedEntry]:
        """List entries numbered above `after` and up to `through`, in the order of their numbers, as they
        were sealed. There are as many as fit in memory; the list is empty only if there are no such
        entries."""

    async def hashes_at(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the hashes of the entries with these numbers, without entries that do not exist."""

    async def check_stretch(self, start: Head) -> Stretch:
        """Recompute the hashes of the entries that follow `start`, as many as take about a second. If the
        result has no entry and no break, nothing follows."""

    async def texts(self, entries: Sequence[SealedEntry]) -> Mapping[UUID, Mapping[str, OpenText | None]]:
        """Return the personal texts of these entries by event and field. An erased text is None."""

    async def names(self, people: Sequence[UUID]) -> Mapping[UUID, str]:
        """Return the people's names by the newest events of the directory, without people who are unknown
        there or whose name was erased."""

    async def tenant(self) -> Tenant: ...


class Anchors(Protocol):
    async def has(self, day: date) -> bool: ...
    async def find_newest(self) -> Anchor | None: ...
    async def insert(self, anchor: Anchor) -> None: ...

    async def between(self, after: int, through: int | None) -> Sequence[Anchor]:
        """List the anchors of entries numbered above `after` and up to `through`, or up to the end if None,
        in the order of the numbers."""


class AnchorKeys(Protocol):
    async def lock(self) -> Sequence[AnchorKey]:
        """Return all keys, locked: another caller waits until this transaction ends."""

    async def all(self) -> Sequence[AnchorKey]: ...
    async def insert(self, key: AnchorKey) -> None: ...
    async def delete_private(self, kid: str) -> None: ...


class KeyMaker(Protocol):
    def new_key(self, signs_from: datetime) -> AnchorKey: ...

    def made(self, key: AnchorKey) -> bool:
        """Tell whether this service made the key and it was not changed since."""

    def signature(self, key: AnchorKey, message: bytes) -> str:
        """Sign a message and return the signature in base64url."""

    def signature_holds(self, public: bytes, message: bytes, signature: str) -> bool: ...


class Erasure(NamedTuple):
    erased_at: datetime
    fresh: bool
    """Whether the erasure was done now, and not by an earlier call."""


class PersonKeys(Protocol):
    async def destroy(self, person_id: UUID, at: datetime) -> Erasure | None:
        """Make every text of the person unreadable, also future ones. Return None if there never was any."""


class Webhooks(Protocol):
    async def lock_all(self) -> None:
        """Lock the tenant's webhooks as a whole: others who create or revise one wait."""

    async def count(self) -> int: ...

    async def page(self, *, after: UUID | None, limit: int) -> Sequence[Webhook]:
        """List webhooks in the order of their ids, which is oldest first."""

    async def find(self, webhook_id: UUID) -> Webhook | None: ...

    async def lock(self, webhook_id: UUID) -> Webhook | None:
        """Find a webhook and lock it for a change."""

    async def find_by_url(self, url: str) -> Webhook | None: ...

    async def behind(self) -> Sequence[Webhook]:
        """List the active webhooks for which a delivery should be on its way, as the trail has entries after
        their position. Those that wait for their next attempt are left out, unless it is overdue by a
        minute."""

    async def insert(self, webhook: Webhook) -> None: ...
    async def update(self, webhook: Webhook) -> None: ...
    async def delete(self, webhook_id: UUID) -> None: ...

    async def secrets(self, webhook_id: UUID) -> Sequence[SealedSecret]:
        """List the webhook's secrets, oldest first."""

    async def count_secrets(self, webhooks: Sequence[UUID]) -> Mapping[UUID, int]:
        """Count the secrets of each webhook."""

    async def insert_secret(self, webhook_id: UUID, secret: SealedSecret) -> None: ...
    async def delete_secret(self, webhook_id: UUID, secret_id: UUID) -> None: ...

    async def note(self, attempt: Attempt) -> None: ...

    async def attempts(
        self, webhook_id: UUID, scope: ReadScope, *, delivered: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Attempt]:
        """List a webhook's attempts, newest first, without those of events that `scope` hides."""

    async def find_attempt(self, webhook_id: UUID, attempt_id: UUID, scope: ReadScope) -> Attempt | None: ...

    async def delete_attempts(self, before: datetime) -> None: ...

    async def privileges_of(self, owner_id: UUID) -> frozenset[str] | None:
        """Return the present privileges of a person or service account by the events of the directory, which
        are none if they are no longer active. Return None if there is no event about them, as is the case
        with an external directory."""


class Sealing(Protocol):
    """Encryption at rest. `about` names what the bytes belong to; they can be decrypted only with the same
    name."""

    def sealed(self, plain: bytes, about: str) -> bytes: ...
    def opened(self, sealed: bytes, about: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one request to a receiver."""

    outcome: Outcome
    status: int | None
    latency_ms: int
    text: str
    """The beginning of the response's body, or the error that prevented a response."""


class Receiver(Protocol):
    async def deliver(self, event: SealedEntry, secrets: Sequence[str], now: datetime) -> Answer:
        """Sign an event with each secret and post it. Raises nothing: a failure is returned as an answer."""


class Receivers(Protocol):
    def at(self, url: str) -> AbstractAsyncContextManager[Receiver]:
        """Return the receiver at this address. The host name is resolved once, and connections go only to the
        addresses that were found then."""

    async def check(self, url: str) -> None:
        """Raise Invalid if webhooks may not lead to this address, or if it can't be resolved."""


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
    """The run of a job that calls other systems. It has its own transactions between the calls."""

    def transaction(self) -> AbstractAsyncContextManager[Ports]: ...

    def finish(self) -> AbstractAsyncContextManager[Ports]:
        """Return the last transaction, in which the job is marked as done unless it was scheduled again."""
