"""Creates identifiers of UUID version 7, so that rows created one after the other are neighbours in an
index."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7."""
    return uuid7()
