"""Values: compared by what they hold, and never changed once made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass that the type checker holds frozen. At run time it isn't: freezing triples what it costs
    to make one, and the engine makes dozens for a decision."""
    return dataclass(slots=True)(cls)
