"""Values: compared by what they hold, and never changed once made. And how documents write single ones: each
has one form, and no other is taken for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated, Any, Final, TypeVar, dataclass_transform

from pydantic import BeforeValidator, Strict
from pydantic_core import PydanticCustomError

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass that the type checker holds frozen. At run time it isn't: freezing triples what it costs
    to make one, and the engine makes dozens for a decision."""
    return dataclass(slots=True)(cls)


_TIME: Final = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_time(raw: Any) -> Any:
    # pydantic takes a number for seconds since midnight: [9, 13] would be four seconds of the night.
    if isinstance(raw, time) or (isinstance(raw, str) and _TIME.fullmatch(raw)):
        return raw
    raise PydanticCustomError("time_form", "A time of day is written like 09:00")


def _written_day(raw: Any) -> Any:
    if isinstance(raw, date) or (isinstance(raw, str) and _DAY.fullmatch(raw)):
        return raw
    raise PydanticCustomError("date_type", "A day is written like 2026-01-31")


Flag = Annotated[bool, Strict()]
"""true or false: `yes` and `"no"` are texts."""
Whole = Annotated[int, Strict()]
"""A whole number: neither a text, nor true, nor 2.0."""
TimeOfDay = Annotated[time, BeforeValidator(_written_time)]
"""09:00."""
WrittenDay = Annotated[date, BeforeValidator(_written_day)]
"""2026-01-31."""
