"""The actor: what a verified token says about the person or service behind a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from .refusals import Forbidden


@dataclass(frozen=True, slots=True)
class Actor:
    person_id: UUID
    tenant_id: UUID
    name: str
    kind: Literal["internal", "external", "service"]
    roles: frozenset[str]
    privileges: frozenset[str]
    unit_id: UUID | None = None
    manager_id: UUID | None = None
    session_id: UUID | None = None
    """The sign-in from which the token comes, or None for machines."""
    made_from: tuple[tuple[str, int], ...] = ()
    """The directory entries from which the token was made, with their access versions (see
    `access_changes`)."""

    def may(self, privilege: str) -> bool:
        return privilege in self.privileges

    def require(self, privilege: str) -> None:
        """Raise Forbidden unless the actor holds the privilege."""
        if privilege not in self.privileges:
            raise Forbidden("missing_privilege", privilege=privilege)
