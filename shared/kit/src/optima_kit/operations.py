"""Commands and endpoints for operators of a running service, who list parked messages and have them tried
again."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from .http import Call, Page, PageQuery, Routes, View, page_of
from .http.openapi import openapi_document
from .parking import FailedMessage, Reason, list_parked, replay
from .refusals import Absent
from .service import CommandLine, Service


class ParkedMessageView(View):
    """A message that could not be handled, without its content."""

    id: UUID
    type: str | None
    subject_id: UUID | None
    correlation_id: UUID | None
    reason: Reason
    error: str
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime


def parking_routes() -> Routes:
    """Return the endpoints of parked messages, which every consuming service has. A tenant's admin sees only
    that tenant's messages."""
    routes = Routes()

    @routes.get("/v1/parked-messages", privilege="operations.replay")
    async def list_parked_messages(call: Call[Any], query: PageQuery) -> Page[ParkedMessageView]:
        """List messages that could not be handled and wait for somebody to replay them"""
        assert call.transaction is not None
        found = await list_parked(call.transaction.connection, after=query.after(UUID), limit=query.rows)
        return page_of(query, found, _view, lambda message: message.id)

    @routes.post("/v1/parked-messages/{message_id}/replay", privilege="operations.replay", status=202)
    async def replay_parked_message(call: Call[Any], message_id: UUID) -> None:
        """Replay a parked message: it is tried again at once, and as often as a new one"""
        assert call.transaction is not None
        if not await replay(call.transaction.connection, message_id):
            raise Absent("no_such_parked_message")

    return routes


def _view(message: FailedMessage) -> ParkedMessageView:
    return ParkedMessageView(
        id=message.id,
        type=message.type,
        subject_id=message.subject,
        correlation_id=message.correlation_id,
        reason=message.reason,
        error=message.error,
        attempts=message.attempts,
        first_failed_at=message.first_failed_at,
        last_failed_at=message.last_failed_at,
    )


async def _look_after_parked(service: Service[Any], words: list[str]) -> int:
    """Run the command `parked`. `list` prints one JSON line for each message of all tenants, including
    unreadable ones. `replay` has messages tried again."""
    connection = await asyncpg.connect(service.settings.database_backbone_url.get_secret_value())
    try:
        action = _print_parked if words[0] == "list" else _replay_parked
        return await action(connection, words[1:])
    finally:
        await connection.close()


async def _print_parked(connection: asyncpg.Connection, _: list[str]) -> int:
    after: UUID | None = None
    while page := await list_parked(connection, after=after, limit=200):
        for message in page:
            fields = {name: getattr(message, name) for name in FailedMessage.__slots__}
            sys.stdout.write(json.dumps(fields, default=str, ensure_ascii=False) + "\n")
        after = page[-1].id
    return 0


async def _replay_parked(connection: asyncpg.Connection, words: list[str]) -> int:
    if words == ["all"]:
        after: UUID | None = None
        while page := await list_parked(connection, after=after, limit=200):
            for message in page:
                await replay(connection, message.id)
            after = page[-1].id
        return 0
    missing = 0
    for word in words:
        try:
            found = await replay(connection, UUID(word))
        except ValueError:
            found = False
        if not found:
            sys.stderr.write(f"no parked message {word}\n")
            missing += 1
    return 1 if missing else 0


def _is_one_time(words: list[str]) -> bool:
    try:
        (since,) = map(datetime.fromisoformat, words)
    except ValueError:
        return False
    return since.tzinfo is not None


async def _republish(service: Service[Any], words: list[str]) -> int:
    """Publish again what this service has published since a given time, after the broker lost its data. This
    reaches back at most as far as the outbox keeps events."""
    from .relay import republish

    connection = await asyncpg.connect(service.settings.database_backbone_url.get_secret_value())
    try:
        count = await republish(connection, datetime.fromisoformat(words[0]))
    finally:
        await connection.close()
    sys.stdout.write(f"{count} events go out again\n")
    return 0


async def _print_document(service: Service[Any], _: list[str]) -> int:
    """Print the OpenAPI document, which production does not serve."""
    routes = Routes()
    routes.include(service.routes)
    if service.reactions:
        routes.include(parking_routes())
    document = openapi_document(f"Linea OPTIMA: {service.name}", service.version, routes)
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    return 0


PARKED: Final = CommandLine(
    usage="parked list | parked replay ID… | parked replay all",
    accepts=lambda words: words == ["list"] or (words[:1] == ["replay"] and len(words) > 1),
    run=_look_after_parked,
)
REPUBLISH: Final = CommandLine(usage="republish 2026-01-31T09:00+01:00", accepts=_is_one_time, run=_republish)
OPENAPI: Final = CommandLine(usage="openapi", accepts=lambda words: not words, run=_print_document)
