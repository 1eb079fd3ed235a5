"""Pagination of lists. A cursor is the sort key of the last row that was shown, and opaque to the client."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from .fields import Query
from .refusals import Invalid

R = TypeVar("R")
T = TypeVar("T")

Limit = Annotated[int, Field(ge=1, le=200)]
"""The most rows that a caller may ask for at once."""

Key = UUID | datetime | date | str | int
"""One value of a sort key."""


class PageQuery(Query):
    """The query that every list takes: how many rows, and where to continue."""

    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=512)] | None = None

    @property
    def rows(self) -> int:
        """How many rows to read: one more than the page shows, to know whether another page follows."""
        return self.limit + 1

    def after(self, *kinds: type) -> Any:
        """Return the sort key of the last row that was shown, or None on the first page. `kinds` are the
        types of its values (UUID, datetime, date, str, int). A single value is returned as such, several as a
        tuple. Raises Invalid if the cursor does not have these types."""
        if self.cursor is None:
            return None
        key = _decode_cursor(self.cursor, kinds)
        return key if len(key) > 1 else key[0]


class Page(BaseModel, Generic[T]):
    """Some rows, and the cursor of the next page, which the last page lacks."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next_cursor: str | None = None
    actions: list[str] | None = None  # the HTTP layer adds those for which there are endpoints
    """What the reader may do with the list itself, such as `create`. Absent for a list without actions."""


def page_of(
    query: PageQuery,
    found: Sequence[R],
    view: Callable[[R], T],
    key: Callable[[R], Key | tuple[Key, ...]],
    *,
    actions: Sequence[str] = (),
) -> Page[T]:
    """Return the page that `query` asks for. `found` are the rows that were read, at most `query.rows`. `key`
    returns a row's sort key, which `query.after` returns for the next page. `actions` are further things that
    may be done with the list and that have no endpoint of their own."""
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Page(
        items=[view(row) for row in shown],
        next_cursor=_encode_cursor(key(shown[-1])) if more else None,
        actions=list(actions) or None,
    )


def _encode_cursor(key: Key | tuple[Key, ...]) -> str:
    values = key if isinstance(key, tuple) else (key,)
    texts = [value.isoformat() if isinstance(value, date) else value for value in values]
    return base64.urlsafe_b64encode(
        orjson.dumps([str(t) if isinstance(t, UUID) else t for t in texts])
    ).decode()


def _decode_cursor(cursor: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    try:
        values = orjson.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError(cursor)
        return tuple(_read(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error):
        raise Invalid("bad_cursor", field="cursor") from None


def _read(value: Any, kind: type) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    if kind is date:
        return date.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if type(value) is not kind:
        raise ValueError(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(value)
    if isinstance(value, str) and "\x00" in value:
        raise ValueError(value)
    return value
