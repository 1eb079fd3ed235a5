"""Lists come in pages; a cursor is the sort key of the last row seen, opaque to the client."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from ..refusals import Invalid
from .fields import Query

T = TypeVar("T")


class PageQuery(Query):
    """What every list takes: how many rows, and where to go on."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=512)] | None = None


class Page(BaseModel, Generic[T]):
    """Some rows, and the cursor of the next page; none at the end."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(*values: UUID | datetime | str | int) -> str:
    """Packs a sort key."""
    texts = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(
        orjson.dumps([str(t) if isinstance(t, UUID) else t for t in texts])
    ).decode()


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Unpacks a sort key of the given types (UUID, datetime, str, int). Raises Invalid for anything else."""
    if cursor is None:
        return None
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
        return moment
    if kind is UUID:
        return UUID(value)
    if type(value) is not kind:
        raise ValueError(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(value)
    if isinstance(value, str) and "\x00" in value:
        raise ValueError(value)
    return value
