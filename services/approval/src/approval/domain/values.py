"""A decorator for value classes, and the types of single values in process documents. Each of these types
accepts exactly one written form."""

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
    """Make a class a dataclass whose objects are compared by their fields and must never be changed. The type
    checker treats it as frozen. At run time it is not frozen, because that would triple the cost of creating
    an object, and the engine creates dozens for each decision."""
    return dataclass(slots=True)(cls)


_TIME: Final = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_time(raw: Any) -> Any:
    # pydantic reads a number as seconds since midnight: [9, 13] would be four seconds at night.
    if isinstance(raw, time) or (isinstance(raw, str) and _TIME.fullmatch(raw)):
        return raw
    raise PydanticCustomError("time_form", "A time of day is written like 09:00")


def _written_day(raw: Any) -> Any:
    if isinstance(raw, date) or (isinstance(raw, str) and _DAY.fullmatch(raw)):
        return raw
    raise PydanticCustomError("date_type", "A day is written like 2026-01-31")


Flag = Annotated[bool, Strict()]
"""true or false. `yes` and `"no"` are texts, and are refused."""
Whole = Annotated[int, Strict()]
"""A whole number. A text, `true` and 2.0 are refused."""
TimeOfDay = Annotated[time, BeforeValidator(_written_time)]
"""A time of day, written like 09:00."""
WrittenDay = Annotated[date, BeforeValidator(_written_day)]
"""A day, written like 2026-01-31."""
