"""Passes messages from the broker to the reactions, in batches, so that each event takes effect exactly once.

Messages that arrive together are handled in one transaction, with the inbox, the reactions and the events
that these publish. The messages are acknowledged only after its commit. If a batch fails, its messages are
handled one by one, and only those that fail alone are retried later, so that no message holds back others. If
the database is unreachable, the batch is held without acknowledgement until the database is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import structlog

from optima_contracts.signatures import EventKeys, Forged

from .backbone_metrics import BATCH_EVENTS, INBOX_DUPLICATES, age_seconds, handled_seconds
from .broker import Broker, BrokerUnavailable, Subscription, tell_of_interruption
from .db import Database, Transaction, UnitOfWork
from .frames import Delivery
from .inbox import Failed, HandledBatch, Inbox, Item, in_order
from .parking import UNKNOWN_PAUSE, Parking, Reason
from .pauses import pauses
from .periodic import Periodic
from .postgres import CONFLICTS, CUT_OFF, UNAVAILABLE, Pool
from .reactions import LINGER_SECONDS, Reactions, Received, Unreadable
from .refusals import NotYet
from .topology import dead_queue, events_queue

_LOG = structlog.get_logger(__name__)

P = TypeVar("P")
T = TypeVar("T")

PREFETCH: Final = 200
BATCH: Final = 100
"""The most messages that are handled in one transaction. Meanwhile the next ones arrive."""

_LOCK_FAILED = "SELECT FROM parking WHERE id = $1 AND next_attempt_at IS NOT NULL FOR UPDATE SKIP LOCKED"
_DELETE_FAILED = "DELETE FROM parking WHERE id = $1"


class _DatabaseUnavailable(Exception):
    """Raised if the database could not do its part, so that the same work has to be tried again."""


class Consumer(Generic[P]):
    """Handles one service's events until `stop`. Any number of processes may do so at the same time."""

    def __init__(
        self,
        service: str,
        *,
        reactions: Reactions,
        ports: Callable[[UnitOfWork], P],
        database: Database,
        backbone: Pool,
        broker: Broker,
        keys: EventKeys,
        linger: float = LINGER_SECONDS,
    ) -> None:
        self._service = service
        self._linger = linger
        self._keys = keys
        self._inbox = Inbox(reactions, ports, database.clock)
        self._database = database
        self._parking = Parking(backbone)
        self._broker = broker
        self._stopping = asyncio.Event()
        self._subscriptions: list[Subscription] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting_in: set[UUID] = set()
        self._retry_early: set[UUID] = set()
        self._retry_soon = asyncio.Event()
        self._tidying = Periodic("forget what was handled", 5.0, self._parking.forget_handled)

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._consume(events_queue(self._service), self._handle), name="consume"),
            asyncio.create_task(
                self._consume(dead_queue(self._service), self._park_dead_letters), name="drain the dead"
            ),
            asyncio.create_task(self._try_again(), name="try again"),
        ]
        self._tidying.start()

    async def stop(self) -> None:
        """Take no new messages, finish and acknowledge the present ones, and stop."""
        self._stopping.set()
        self._retry_soon.set()
        await self._tidying.stop()
        for subscription in list(self._subscriptions):
            await subscription.cancel()
        await asyncio.gather(*self._tasks)

    # Taking from the broker

    async def _consume(self, queue: str, handle: Callable[[Sequence[Delivery]], Awaitable[None]]) -> None:
        pause = pauses()
        while not self._stopping.is_set():
            subscription = None
            try:
                subscription = await self._subscribe(queue)
                if subscription is None or self._stopping.is_set():
                    return
                pause = pauses()
                while deliveries := await subscription.batch(BATCH, linger=self._linger):
                    await handle(deliveries)
                    subscription.acknowledge(deliveries[-1])
            except BrokerUnavailable as error:
                tell_of_interruption(_LOG, "consuming interrupted", error, queue=queue)
                await self._sleep(pause())
            except _DatabaseUnavailable:
                return
            except Exception:
                # A defect of the consumer itself. Its messages go back to the queue, and the delivery limit
                # keeps them from being delivered for ever.
                _LOG.exception("consuming failed", queue=queue)
                await self._sleep(pause())
            finally:
                if subscription is not None:
                    self._subscriptions.remove(subscription)
                    await subscription.close()

    async def _subscribe(self, queue: str) -> Subscription | None:
        opening = asyncio.ensure_future(Subscription.open(self._broker, queue, PREFETCH))
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not opening.done():
            opening.cancel()
            return None
        subscription = opening.result()
        self._subscriptions.append(subscription)
        return subscription

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # Handling

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        items = []
        for delivery in deliveries:
            try:
                items.append(self._read(delivery.body))
            except Unreadable as unreadable:
                await self._retry_later(delivery.body, None, unreadable.reason, str(unreadable))
        if items:
            await self._handle_items(in_order(items))

    def _read(self, body: bytes) -> Item:
        """Parse a message and check that its source has signed it. Raises Unreadable."""
        item = self._inbox.read(body)
        try:
            self._keys.check(body, item.received.source, item.received.type)
        except Forged as forged:
            _LOG.error("forged event", error=str(forged))
            raise Unreadable("forged", str(forged)) from None
        return item

    async def _handle_items(self, items: list[Item]) -> None:
        """Handle the messages and store those that fail for another attempt. Raises _DatabaseUnavailable
        only if asked to stop meanwhile."""
        while items:
            try:
                await self._until_reachable(partial(self._attempt, items), alone=len(items) == 1)
                return
            except _DatabaseUnavailable:
                raise
            except Failed as failed:
                if len(items) == 1:
                    await self._record_failure(items[0].received, failed.cause)
                    return
                if failed.item is None:
                    for item in items:
                        await self._handle_items([item])
                    return
                # The message whose reaction raised gets a separate transaction. If it only failed because of
                # a write that a message before it had collected, those before it fail again and are handled
                # one by one.
                place = items.index(failed.item)
                await self._handle_items(items[:place])
                await self._handle_items([failed.item])
                items = items[place + 1 :]

    async def _until_reachable(self, attempt: Callable[[], Awaitable[T]], *, alone: bool = True) -> T:
        """Repeat an attempt as long as the database can't serve it. Other exceptions are passed on.

        Raises _DatabaseUnavailable if asked to stop. Raises Failed if a batch (not `alone`) keeps colliding
        with other transactions, as smaller batches collide less.
        """
        pause = pauses(0.02, 5.0)
        conflicts = 0
        while True:
            try:
                return await attempt()
            except _DatabaseUnavailable as unavailable:
                if isinstance(unavailable.__cause__, CONFLICTS):
                    conflicts += 1
                    if not alone and conflicts == 3:
                        raise Failed(None, unavailable) from unavailable
                else:
                    _LOG.warning("database unreachable; holding on", error=repr(unavailable.__cause__))
                if self._stopping.is_set():
                    raise
                await self._sleep(pause())

    async def _attempt(self, items: list[Item], parking_id: UUID | None = None) -> None:
        """Handle all `items` in one transaction. `parking_id` is that of a single message that failed before.

        Raises _DatabaseUnavailable if the database is at fault, otherwise Failed.
        """
        transaction = None
        try:
            async with self._database.begin(items[0].received.tenant_id) as transaction:
                done = await self._react(transaction, items, parking_id)
        except Exception as error:
            cause = error.cause if isinstance(error, Failed) else error
            lost = transaction is None or transaction.lost
            if (lost and isinstance(cause, UNAVAILABLE)) or isinstance(cause, (*CONFLICTS, *CUT_OFF)):
                raise _DatabaseUnavailable from cause
            if isinstance(error, Failed):
                raise
            raise Failed(None, error) from error
        self._observe(len(items), done)

    async def _react(
        self, transaction: Transaction, items: list[Item], parking_id: UUID | None
    ) -> HandledBatch:
        if parking_id is None:
            return await self._inbox.handle(transaction, items)
        if await transaction.connection.fetchrow(_LOCK_FAILED, parking_id) is None:
            return HandledBatch()
        done = await self._inbox.handle(transaction, items)
        await transaction.connection.execute(_DELETE_FAILED, parking_id)
        return done

    def _observe(self, size: int, done: HandledBatch) -> None:
        BATCH_EVENTS.observe(size)
        INBOX_DUPLICATES.inc(size - len(done.fresh))
        for type_, seconds in done.seconds:
            handled_seconds(type_, "handled").observe(seconds)
        now = self._database.clock.now()
        for item in done.fresh:
            age = (now - item.received.time).total_seconds()
            age_seconds(item.received.type).observe(max(0.0, age))
        if self._waiting_in:
            early = self._waiting_in.intersection(item.received.correlation_id for item in done.fresh)
            if early:
                self._retry_early |= early
                self._retry_soon.set()

    # Retrying and parking

    async def _record_failure(
        self, event: Received[Any], error: BaseException, parking_id: UUID | None = None
    ) -> None:
        reason: Reason = "not_yet" if isinstance(error, NotYet) else "failed"
        handled_seconds(event.type, reason).observe(0)
        if reason == "failed":
            _LOG.warning("reaction failed", type=event.type, id=str(event.id), exc_info=error)
        parked = await self._retry_later(
            event.body, event, reason, f"{type(error).__name__}: {error}", parking_id=parking_id
        )
        if parked:
            _LOG.error("message parked", type=event.type, id=str(event.id), reason=reason)
        else:
            self._waiting_in.add(event.correlation_id)
            self._retry_soon.set()

    async def _retry_later(
        self,
        body: bytes,
        event: Received[Any] | None,
        reason: Any,
        error: str,
        *,
        parking_id: UUID | None = None,
    ) -> bool:
        async def attempt() -> bool:
            try:
                return await self._parking.retry_later(body, event, reason, error, id_=parking_id)
            except (*UNAVAILABLE, *CONFLICTS, *CUT_OFF) as failure:
                raise _DatabaseUnavailable from failure

        return bool(await self._until_reachable(attempt))

    async def _park_dead_letters(self, deliveries: Sequence[Delivery]) -> None:
        """Park the messages that the broker gave up, such as those that made their consumers' processes
        end."""
        for delivery in deliveries:
            event = None
            with contextlib.suppress(Unreadable):
                event = self._read(delivery.body).received

            async def attempt(delivery: Delivery = delivery, event: Received[Any] | None = event) -> None:
                try:
                    await self._parking.park_dead(delivery.body, event, "delivered too often without an end")
                except (*UNAVAILABLE, *CONFLICTS, *CUT_OFF) as failure:
                    raise _DatabaseUnavailable from failure

            await self._until_reachable(attempt)

    async def _try_again(self) -> None:
        revive_at = time.monotonic()
        while not self._stopping.is_set():
            self._retry_soon.clear()
            early, self._retry_early = self._retry_early, set()
            try:
                if time.monotonic() >= revive_at:
                    await self._parking.revive_unknown()
                    revive_at = time.monotonic() + UNKNOWN_PAUSE
                # While nothing waits, the outlook alone notices messages that failed in another process, or
                # that a person replays.
                waiting = await self._parking.waiting(early) if early or self._waiting_in else ()
                for id_, tenant, body, erased in waiting:
                    if self._stopping.is_set():
                        return
                    await self._try_one(id_, tenant, body, erased)
                seconds, self._waiting_in = await self._parking.outlook()
            except (*UNAVAILABLE, *CONFLICTS, *CUT_OFF) as error:
                _LOG.warning("parking unreachable", error=repr(error))
                seconds = 1.0
            except _DatabaseUnavailable:
                return
            except Exception:
                _LOG.exception("trying again failed")
                seconds = 1.0
            if not self._retry_early and not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._retry_soon.wait(), min(max(seconds, 0.01), 1.0))

    async def _try_one(self, id_: UUID, tenant: UUID | None, body: bytes, erased: bool) -> None:
        try:
            item = self._inbox.read(body) if erased else self._read(body)
        except Unreadable as unreadable:
            await self._retry_later(body, None, unreadable.reason, str(unreadable), parking_id=id_)
            return
        if tenant is None:
            # Only this release can read the message, so its tenant was not known before.
            await self._parking.adopt(id_, item.received)
        try:
            await self._until_reachable(partial(self._attempt, [item], id_))
        except Failed as failed:
            await self._record_failure(item.received, failed.cause, parking_id=id_)
