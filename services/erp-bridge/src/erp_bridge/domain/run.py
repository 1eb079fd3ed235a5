"""One run of an import: why it was started, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from .entities import Entity
from .import_plan import ImportPlan

RunKind = Literal["scheduled", "requested", "backfill"]


@dataclass(frozen=True, slots=True)
class Counts:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    deleted: int = 0

    @property
    def tell_something(self) -> bool:
        """Whether the run did more than find all records unchanged."""
        return bool(self.created or self.changed or self.refused or self.deleted)

    def plus(self, plan: ImportPlan, deleted: int = 0) -> Counts:
        return Counts(
            self.created + plan.count("create"),
            self.changed + plan.count("change"),
            self.unchanged + plan.count("unchanged"),
            self.refused + len(plan.refused),
            self.deleted + deleted,
        )

    def plus_difference(self, before: Counts, after: Counts) -> Counts:
        return Counts(
            *(
                getattr(self, each.name) + getattr(after, each.name) - getattr(before, each.name)
                for each in fields(Counts)
            )
        )


@dataclass(frozen=True, slots=True)
class Run:
    run_id: UUID
    connection_id: UUID
    connection_key: str
    entity: Entity
    kind: RunKind
    started_at: datetime
    state: Literal["running", "done", "failed"] = "running"
    counts: Counts = field(default_factory=Counts)
    problem: str | None = None
    """Code of the problem that ended the run early."""
    finished_at: datetime | None = None

    def counting(self, before: Counts, after: Counts) -> Run:
        """Return the run with the counts that one page added to its source's."""
        return replace(self, counts=self.counts.plus_difference(before, after))

    @property
    def is_kept(self) -> bool:
        """Whether the run is stored. A scheduled run that finds nothing new is not."""
        return self.kind != "scheduled" or self.counts.tell_something

    def ended(self, at: datetime, problem: str | None = None) -> Run:
        return replace(self, state="failed" if problem else "done", problem=problem, finished_at=at)
