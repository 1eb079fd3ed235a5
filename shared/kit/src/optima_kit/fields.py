"""Types of request and response fields, which check what clients send in the same way everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    StrictBool,
)
from pydantic.json_schema import WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

from optima_contracts.money import money_text

from .file_names import clean_file_name
from .refusals import Invalid

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

T = TypeVar("T", date, datetime)

_NUMBER = re.compile(r"\s*[-+]?(\d[\d_]*\.?\d*|\.\d+)\s*")
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_AMOUNT = r"^\d{1,12}(\.\d{1,2})?$"
_UNIT_PRICE = r"^\d{1,9}(\.\d{1,4})?$"
_COUNT = r"^\d{1,9}(\.\d{1,3})?$"
_FRACTION = r"^(0(\.\d{1,4})?|1)$"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Command(BaseModel):
    """A request body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(BaseModel):
    """A query string. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """A response body. Fields that were not set, or are None, are left out, so that a hidden value looks like
    a missing one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonView(View):
    """A person who is named in a response. The name is absent until the directory's events have told it."""

    id: UUID
    name: str | None = None

    @classmethod
    def of(cls, person_id: UUID | None, names: Mapping[UUID, str]) -> PersonView | None:
        """Return the view of a person, or None if there is no person."""
        return cls(id=person_id, name=names.get(person_id)) if person_id else None


def _clean(value: str) -> str:
    if _CONTROL.search(value):
        raise PydanticCustomError("control_characters", "Text may not contain control characters")
    return value


@dataclass(frozen=True, slots=True)
class Text:
    """`Annotated[str, Text(200)]` is a text of `least` to `most` characters. White space at its ends is
    removed, and control characters are refused."""

    most: int
    least: int = 1

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        text = core_schema.str_schema(min_length=self.least, max_length=self.most, strip_whitespace=True)
        return core_schema.no_info_after_validator_function(_clean, text)


FileName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(clean_file_name)]
"""The name of an uploaded file. Characters that do not belong in a file name are removed."""

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A key that people choose: letters, digits, dot, dash and underscore, at most 64 characters."""


def _no_number(value: Any) -> Any:
    # pydantic reads a number as seconds since 1970, which nobody who writes a date means.
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise PydanticCustomError("date_type", "Write dates as 2026-01-31")
    return value


def _within_reach(when: T) -> T:
    # Years outside this range are typing errors. Within it, all computations stay valid in every time zone.
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise PydanticCustomError("date_out_of_range", "The date is too far away")
    return when


Day = Annotated[date, BeforeValidator(_no_number), AfterValidator(_within_reach)]
"""A date from 1900 to 2199, written as 2026-01-31."""

Moment = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_within_reach)]
"""A point in time from 1900 to 2199, written as 2026-01-31T09:00:00+01:00."""

Flag = StrictBool
"""true or false in a body. In a query string, use plain `bool`, which reads the words."""


def _decimal_text(places: int) -> BeforeValidator:
    def read(value: Any) -> Any:
        if isinstance(value, Decimal):
            return value
        # A JSON number with a fraction has been binary floating point, so its cents can't be trusted.
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise PydanticCustomError("decimal_text", 'Write the number as text, such as "1250.00"')
        if isinstance(value, str):
            if not _DECIMAL.fullmatch(value):
                raise PydanticCustomError("decimal_text", 'Write the number as text, such as "1250.00"')
            # Count trailing zeros too: a person who writes an amount as 2.500 means thousands.
            if len(value.partition(".")[2]) > places:
                raise PydanticCustomError(
                    "decimal_max_places", "At most {decimal_places} decimals", {"decimal_places": places}
                )
        return value

    return BeforeValidator(read)


def _shown(pattern: str, example: str) -> Any:
    text = {"type": "string", "pattern": pattern, "examples": [example]}
    return WithJsonSchema(text, mode="serialization")


def _sent(pattern: str, example: str, least: int) -> Any:
    text = {"type": "string", "pattern": pattern, "examples": [example]}
    return WithJsonSchema({"anyOf": [text, {"type": "integer", "minimum": least}]}, mode="validation")


Amount = Annotated[
    Decimal,
    _decimal_text(2),
    Field(ge=0, max_digits=14, decimal_places=2),
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str),
    _shown(_AMOUNT, "1250.00"),
    _sent(_AMOUNT, "1250.00", 0),
]
"""An amount in euro, zero or more, with at most two decimals, written as text."""

UnitPrice = Annotated[
    Decimal,
    _decimal_text(4),
    Field(ge=0, max_digits=13, decimal_places=4),
    PlainSerializer(money_text, return_type=str),
    _shown(_UNIT_PRICE, "0.0345"),
    _sent(_UNIT_PRICE, "0.0345", 0),
]
"""A price of one unit in euro, zero or more, with at most four decimals, written as text."""

Count = Annotated[
    Decimal,
    _decimal_text(3),
    Field(gt=0, max_digits=12, decimal_places=3),
    PlainSerializer(lambda value: f"{value.normalize():f}", return_type=str),
    _shown(_COUNT, "500"),
    _sent(_COUNT, "500", 1),
]
"""A quantity above zero with at most three decimals, written as text."""

CountOrZero = Annotated[
    Decimal,
    _decimal_text(3),
    Field(ge=0, max_digits=12, decimal_places=3),
    PlainSerializer(lambda value: f"{value.normalize():f}", return_type=str),
    _shown(_COUNT, "500"),
    _sent(_COUNT, "500", 0),
]
"""A quantity of zero or more with at most three decimals, written as text."""

Fraction = Annotated[
    Decimal,
    _decimal_text(4),
    Field(ge=0, le=1, max_digits=5, decimal_places=4),
    PlainSerializer(lambda value: f"{value.normalize():f}", return_type=str),
    _shown(_FRACTION, "0.25"),
    WithJsonSchema({"type": "string", "pattern": _FRACTION, "examples": ["0.25"]}, mode="validation"),
]
"""A fraction from 0 to 1 with at most four decimals, written as text."""


# Figures: a period, rows in groups, shares in percent

GROUPS: Final = 200
"""The most groups of an answer with figures. If there are more, the smallest are left out."""
LONGEST: Final = timedelta(days=3 * 366)
_USUAL: Final = timedelta(days=90)

Tenths = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:.1f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d$", "examples": ["97.5"]}, mode="serialization"),
]
"""A number with one decimal, written as text."""

R = TypeVar("R", bound=View)


class PeriodQuery(Query):
    since: Day | None = None
    until: Day | None = None
    """The last day of the period; `since` is the first. Without both, the period is the last 90 days."""


class FiguresView(View, Generic[R]):
    since: date
    until: date
    """The last day of the period; `since` is the first."""
    rows: list[R]
    """Rows by month or week come in their order, others with the largest first. There are at most 200."""


def period(today: date, since: date | None, until: date | None) -> tuple[date, date]:
    """Return the first and the last day of the period that a PeriodQuery asks for. Raises Invalid if the
    period ends before it begins, or is longer than three years."""
    last = until or today
    first = since or last - _USUAL
    if not first <= last <= first + LONGEST:
        raise Invalid("figures_period", field="until", first=first, last=first + LONGEST)
    return first, last


def percent(part: int, whole: int) -> Decimal | None:
    """Return a share in percent, or None if the whole is zero."""
    return Decimal(part) * 100 / whole if whole else None
