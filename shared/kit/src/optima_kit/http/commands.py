"""Runs the commands that arrive by HTTP: in the lanes, and once for each Idempotency-Key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import asyncpg
from aiohttp import web

from ..actor import Actor
from ..answers import Answer, find_answer
from ..cause import Cause
from ..db import Database, Transaction, UnitOfWork
from ..lanes import Lanes
from ..refusals import Invalid, Refusal, WrongState

_KEPT_HEADERS: Final = ("ETag", "Location", "Content-Type", "Content-Disposition")

Handle = Callable[[UnitOfWork], Awaitable[web.Response]]


class Commands:
    """The commands of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes = Lanes(database)
        self._under_way: set[tuple[UUID, UUID, str]] = set()

    async def run(self, actor: Actor, cause: Cause, handle: Handle) -> web.Response:
        """Run a command and return the answer of `handle` once it is committed."""
        return await self._lanes.run(actor.tenant_id, lambda open_: handle(open_.unit(cause)))

    async def run_once(
        self, actor: Actor, cause: Cause, key: str, fingerprint: bytes, handle: Handle
    ) -> web.Response:
        """Do the same as `run`, but return the stored answer if the same request was answered before. Raises
        Invalid if another request, with a different fingerprint, had this key, and WrongState while the same
        request is under way."""

        async def command(transaction: Transaction) -> web.Response:
            response = await handle(transaction.unit(cause))
            transaction.answers.keep(actor.person_id, key, _answer_of(response, fingerprint))
            return response

        with self._claimed((actor.tenant_id, actor.person_id, key)):
            try:
                return await self._lanes.run(actor.tenant_id, command)
            except (Refusal, asyncpg.UniqueViolationError):
                # The command may have failed because an earlier request with this key has succeeded.
                async with self._database.reading(actor.tenant_id) as work:
                    kept = await find_answer(work, actor.person_id, key)
                if kept is None:
                    raise
                if kept.request_hash != fingerprint:
                    raise Invalid("idempotency_key_reused", field="Idempotency-Key") from None
                return _replayed(kept)

    @contextmanager
    def _claimed(self, key: tuple[UUID, UUID, str]) -> Iterator[None]:
        """Refuse a request while another one with the same key is under way in this process. Between
        processes the database decides: the later request waits for the commit of the earlier one and gets its
        answer."""
        if key in self._under_way:
            raise WrongState("idempotency_in_flight", field="Idempotency-Key")
        self._under_way.add(key)
        try:
            yield
        finally:
            self._under_way.discard(key)


def _answer_of(response: web.Response, fingerprint: bytes) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body = response.body if isinstance(response.body, bytes | bytearray) else b""
    return Answer(fingerprint, response.status, headers, bytes(body))


def _replayed(kept: Answer) -> web.Response:
    return web.Response(
        status=kept.status,
        body=kept.body or None,
        headers={**kept.headers, "Idempotency-Replayed": "true"},
    )
