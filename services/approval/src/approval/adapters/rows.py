"""How several repositories store what they have in common."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ..domain.process import Definition

OLDEST = UUID(int=0)
"""An id that comes before every other id."""


def document_of(definition: Definition) -> Any:
    return definition.model_dump(mode="json", exclude_unset=True)
