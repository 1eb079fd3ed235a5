"""Identifiers: UUID version 7, so that rows made one after the other lie beside each other in an index."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7()
