"""What every use case may ask of its surroundings, beside its own repositories."""

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
        """Whose events they are."""

    def add(self, event: EventData, *, subject: UUID, correlation: UUID) -> None:
        """Publishes `event` if and when the transaction commits, in order per subject.

        `subject` is the aggregate that the fact is about; `correlation` the brief (or whatever began the
        story) that it belongs to.
        """


class Jobs(Protocol):
    def schedule(self, kind: str, payload: BaseModel, *, key: str, due_at: datetime | None = None) -> None:
        """Owes a job of `kind` from `due_at` (now, if None) on, if and when the transaction commits.

        While a job with the same kind and key is unfinished, scheduling moves it instead of adding one.
        """

    def cancel(self, kind: str, key: str) -> None:
        """Drops the unfinished job of that kind and key, if there is one."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom the tenant's directory has told."""

    id: UUID
    name: str
    active: bool
    privileges: frozenset[str]
    """Of all their roles; of a built-in role as the product defines it, until the tenant says otherwise."""


class Directory(Protocol):
    """The service's own copy of the tenant's directory."""

    async def names(self, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
        """The names of people and units. Who is not known yet is left out."""

    async def find_person(self, person_id: UUID) -> Person | None: ...

    async def list_who_may(self, *privileges: str) -> list[UUID]:
        """Active people who hold all of these, to be told of something; fifty at most."""
