"""Types of briefs: what a form asks for, and what follows from the type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_kit.refusals import Invalid

from .forms import Form, Words, form_of

MAX_KINDS = 50


@dataclass(frozen=True, slots=True)
class BriefType:
    """One version of a type. Never changed: defined anew, there is another."""

    type_id: UUID
    key: str
    version: int
    name: Words
    schema: Mapping[str, Any]
    """The form as it was written."""
    process: str | None
    """Key of the approval process that is proposed."""
    kinds: tuple[str, ...]
    """Keys of the kinds of item that are proposed."""
    purchasing_owner_id: UUID | None
    """Who of purchasing looks after such briefs."""
    offered: bool
    """Whether new briefs may begin with it."""
    defined_at: datetime
    defined_by: UUID

    @property
    def form(self) -> Form:
        return form_of(self.schema)


def may_begin_with(brief_type: BriefType | None) -> BriefType:
    if brief_type is None or not brief_type.offered:
        raise Invalid("brief_type_unknown", field="type")
    return brief_type
