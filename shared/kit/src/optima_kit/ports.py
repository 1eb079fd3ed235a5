"""The interfaces that every use case may use in addition to its own repositories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel

from optima_contracts.envelope import EventData


class Outbox(Protocol):
    @property
    def tenant_id(self) -> UUID:
        """The tenant to which the events belong."""

    def add(self, event: EventData, *, subject: UUID, correlation: UUID) -> None:
        """Publish `event` when the transaction commits. The events of one subject are published in order.

        `subject` is the aggregate that the event is about. `correlation` is the brief, or whatever else began
        the story, to which the event belongs.
        """


class Jobs(Protocol):
    def schedule(self, kind: str, payload: BaseModel, *, key: str, due_at: datetime | None = None) -> None:
        """Schedule a job of `kind` for `due_at`, or for now if None, when the transaction commits.

        If a job with the same kind and key is unfinished, it gets the new payload and time instead of a
        second job being added.
        """

    def cancel(self, kind: str, key: str) -> None:
        """Cancel the unfinished job of this kind and key, if there is one."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the tenant's directory."""

    id: UUID
    name: str
    active: bool
    privileges: frozenset[str]
    """The privileges of all their roles. A built-in role has those that the product defines until the tenant
    changes them."""


class Directory(Protocol):
    """The service's own copy of the tenant's directory."""

    async def names(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """Return the names of people and units. Those that are not known yet are left out."""

    async def find_person(self, person_id: UUID) -> Person | None: ...

    async def list_who_may(self, *privileges: str) -> list[UUID]:
        """List active people who hold all these privileges, at most fifty, for example to notify them."""
