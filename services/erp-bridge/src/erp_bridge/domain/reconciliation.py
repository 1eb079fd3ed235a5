"""What is there and what is here, compared record by record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from .entities import Entity

FEW: Final = 10
MOST_MISSING: Final = 0.2
"""Share of the links that may be taken for deleted at once: more is rather a scan that saw too little."""

DifferenceKind = Literal["missing_here", "missing_there", "differing"]
"""missing_here: no link knows the ERP's record. missing_there: a scan that went to its end has not seen the
linked record. differing: the ERP's record is not what last came in."""


@dataclass(frozen=True, slots=True)
class Difference:
    kind: DifferenceKind
    remote_id: str
    code: str | None = None
    """As people in the ERP know the record, where the ERP has told it."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many records agree; the differences are kept beside it."""

    reconciliation_id: UUID
    connection_id: UUID
    connection_key: str
    entity: Entity
    found_at: datetime
    there: int
    linked: int
    """Of the links as they were before the scan began."""
    missing_here: int
    missing_there: int
    differing: int
    deleted: int
    tells_deletions: bool
    """Whether what is missing there can be known to be deleted."""

    @property
    def may_delete(self) -> bool:
        """Whether what is missing there can be marked as deleted here, and was not yet."""
        return (
            self.tells_deletions
            and bool(self.missing_there)
            and not too_many_missing(self.missing_there, self.linked)
            and not self.deleted
        )


@dataclass(slots=True)
class Comparison:
    """A scan that is under way."""

    linked: Mapping[str, str | None]
    """Content hash by remote id, of the links as they were before the scan began."""
    there: int = 0
    differences: dict[str, Difference] = field(default_factory=dict)
    """By remote id."""
    _seen: set[str] = field(default_factory=set)

    def see(self, remote_id: str, content_hash: str, *, code: str | None, name: str | None) -> None:
        self.there += 1
        self._seen.add(remote_id)
        if remote_id not in self.linked:
            self.differences[remote_id] = Difference("missing_here", remote_id, code, name)
        elif self.linked[remote_id] != content_hash:
            self.differences[remote_id] = Difference("differing", remote_id, code, name)

    @property
    def missing_there(self) -> list[str]:
        return sorted(self.linked.keys() - self._seen)

    def all_differences(self) -> list[Difference]:
        """To be asked for when the scan has gone to its end."""
        return [
            *self.differences.values(),
            *(Difference("missing_there", each) for each in self.missing_there),
        ]


def too_many_missing(missing: int, linked: int) -> bool:
    return missing > max(FEW, MOST_MISSING * linked)
