"""Serve documents to an ERP that fetches them itself, with the user name and password of its connection."""

from __future__ import annotations

import hashlib
import hmac

from optima_kit.refusals import Absent, Unauthenticated

from ..domain.entities import Entity
from .ports import DocumentFeed, DocumentRange, Endpoint, ReadOnlyWork


async def fetch_documents(
    work: ReadOnlyWork, key: str, entity: Entity, user: str, password: str, wanted: DocumentRange
) -> bytes:
    """Return the wanted documents. Raises Fault, and the same Unauthenticated whether the connection, the
    user or the password is wrong."""
    async with work.reading() as ports:
        try:
            connection = await ports.connections.get_connection(key)
        except Absent:
            endpoint, connector = None, None
        else:
            endpoint = ports.endpoint(connection)
            connector = ports.connectors.get(connection.connector)
    if not _admits(endpoint, user, password) or not isinstance(connector, DocumentFeed) or endpoint is None:
        raise Unauthenticated("credentials_not_recognised", scheme="Basic")
    return await connector.fetch(endpoint, entity, wanted)


def _admits(endpoint: Endpoint | None, user: str, password: str) -> bool:
    """Tell whether the credentials are right, in the same time whatever is wrong."""
    known = endpoint.settings.get("user", "") if endpoint is not None else ""
    secret = endpoint.secrets.get("password", "") if endpoint is not None else ""
    right = hmac.compare_digest(_digest(user, password), _digest(known, secret))
    return right and bool(known and secret)


def _digest(user: str, password: str) -> bytes:
    return hashlib.sha256(f"{user}\0{password}".encode()).digest()
