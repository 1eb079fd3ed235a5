"""What is there and what is here, compared record by record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .entities import Entity

FEW: Final = 10
MOST_MISSING: Final = 0.2
"""Share of the links that may be taken for deleted at once: more is rather a scan that saw too little."""


@dataclass(slots=True)
class Reconciliation:
    entity: Entity
    linked: Mapping[str, str | None]
    """Content hash by remote id, of the links as they were before the scan began."""
    tells_deletions: bool
    """Whether what is missing there can be known to be deleted."""
    there: int = 0
    missing_here: list[str] = field(default_factory=list)
    """Remote ids that no link knows."""
    differing: list[str] = field(default_factory=list)
    """Remote ids whose record is not what last came in."""
    deleted: int = 0
    _seen: set[str] = field(default_factory=set)

    def see(self, remote_id: str, content_hash: str) -> None:
        self.there += 1
        self._seen.add(remote_id)
        if remote_id not in self.linked:
            self.missing_here.append(remote_id)
        elif self.linked[remote_id] != content_hash:
            self.differing.append(remote_id)

    @property
    def missing_there(self) -> list[str]:
        """Remote ids of links whose record a scan that went to its end has not seen."""
        return sorted(self.linked.keys() - self._seen)

    @property
    def too_many_missing(self) -> bool:
        return len(self.missing_there) > max(FEW, MOST_MISSING * len(self.linked))

    @property
    def may_delete(self) -> bool:
        """Whether what is missing there can be marked as deleted here, and was not yet."""
        return (
            self.tells_deletions
            and bool(self.missing_there)
            and not self.too_many_missing
            and not self.deleted
        )
