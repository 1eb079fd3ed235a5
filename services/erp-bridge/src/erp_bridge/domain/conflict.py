"""Fields that both sides may change: who changed a field here, and a person's decision if both sides did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from optima_kit.refusals import WrongState

from .entities import Entity

Choice = Literal["ours", "theirs"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A person's change of a field here, to which no ERP has agreed yet."""

    by: UUID
    """The person."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    conflict_id: UUID
    connection_id: UUID
    connection_key: str
    entity: Entity
    record_id: UUID
    field: str
    ours: str | None
    edit: Edit
    """Who changed it here, and when."""
    theirs: str | None
    found_at: datetime
    choice: Choice | None = None
    resolved_by: UUID | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    def resolved(self, choice: Choice, by: UUID, at: datetime) -> Conflict:
        """Return the conflict with a person's choice. Raises WrongState if it is already resolved."""
        if not self.is_open:
            raise WrongState("conflict_resolved")
        return replace(self, choice=choice, resolved_by=by, resolved_at=at)
