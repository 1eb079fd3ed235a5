"""Connects to RabbitMQ inside the service's event loop, without threads. A lost connection is opened again
automatically."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import pika
import structlog
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel as PikaChannel
from pika.exceptions import AMQPConnectionError, AMQPError, ChannelClosedByBroker

from .backbone_metrics import (
    BROKER_BLOCKED,
    BROKER_CHANNELS,
    BROKER_CHANNELS_CLOSED,
    BROKER_CONNECTED,
    PUBLISHES_REFUSED,
)
from .frames import Delivery, DeliveryReader, Outgoing, frame_end, publish_frames
from .pauses import pauses

_LOG = structlog.get_logger(__name__)
# pika logs nine errors for one lost connection. What matters is logged here, once.
logging.getLogger("pika").setLevel(logging.CRITICAL)

HEARTBEAT_SECONDS: Final = 20
"""The interval of heartbeats. A dead peer is noticed after about two of them."""


_UNREMARKABLE_SECONDS: Final = 10.0
"""How long a broker may be away, for example while it restarts, before a warning is logged."""


class BrokerUnavailable(Exception):
    """Raised if the connection or channel was lost. Nothing is wrong with the work itself."""


class BrokerAway(BrokerUnavailable):
    """Raised if the connection was lost. The task that keeps the connection logs this once, so its users need
    not."""


class BrokerRefused(BrokerUnavailable):
    """Raised if RabbitMQ closed the channel because of a request, which was not permitted or named an unknown
    queue, for example."""


def _innermost(error: BaseException) -> BaseException:
    """Return the error at the bottom of those that pika wraps around each other."""
    wrapped = [*error.args, *getattr(error, "exceptions", ())]
    causes = [cause for cause in wrapped if isinstance(cause, BaseException)]
    return _innermost(causes[-1]) if causes else error


def tell_of_interruption(log: Any, what: str, error: BaseException, **about: Any) -> None:
    """Log a warning about an error that interrupted work with the broker. A lost connection is logged at
    debug level only, as the task that keeps the connection warns about it."""
    say = log.debug if isinstance(error, (BrokerAway, AMQPConnectionError)) else log.warning
    say(what, error=repr(error), **about)


class Outage:
    """Tracks the outages of a connection. It logs one warning for each outage: when the connection is lost,
    or when it has been away for long."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._since = time.monotonic()
        self._warned = False

    def begins(self, reason: object) -> None:
        """Note that the open connection was lost."""
        _LOG.warning("broker connection lost", connection=self._connection, error=str(reason))
        self._since, self._warned = time.monotonic(), True

    def goes_on(self, error: Exception) -> None:
        away = time.monotonic() - self._since
        say = _LOG.debug if self._warned or away < _UNREMARKABLE_SECONDS else _LOG.warning
        say("broker unreachable", connection=self._connection, seconds=round(away), error=str(error))
        self._warned = self._warned or away >= _UNREMARKABLE_SECONDS

    def ends(self) -> None:
        if self._warned:
            away = round(time.monotonic() - self._since)
            _LOG.info("broker is back", connection=self._connection, seconds=away)
        self._warned = False


def _settle(future: asyncio.Future[Any]) -> Callable[[Any], None]:
    """Return a callback that resolves `future` with the argument of its first call."""

    def callback(answer: Any) -> None:
        if not future.done():
            future.set_result(answer)

    return callback


class Channel:
    """A channel with awaitable calls. Every call raises BrokerUnavailable once the channel is closed."""

    def __init__(self, raw: PikaChannel) -> None:
        self.raw = raw
        self.closed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        raw.add_on_close_callback(self._on_closed)

    def _on_closed(self, _: PikaChannel, reason: BaseException) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)

    @property
    def is_open(self) -> bool:
        return not self.closed.done() and bool(self.raw.is_open)

    def lost(self) -> BrokerUnavailable:
        """Return the exception to raise if the channel was found closed."""
        reason = self.closed.result() if self.closed.done() else "closing"
        if isinstance(reason, (AMQPConnectionError, BrokerAway)):
            return BrokerAway(str(reason))
        code = getattr(reason, "reply_code", 0)
        kind = BrokerRefused if code in (403, 404, 405, 406) else BrokerUnavailable
        return kind(str(reason))

    async def call(self, method: Callable[..., Any], /, **arguments: Any) -> Any:
        """Call a method of the raw channel and wait for RabbitMQ's answer."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            method(callback=_settle(answer), **arguments)
        except AMQPError as error:
            raise BrokerUnavailable(str(error)) from error
        await asyncio.wait({answer, self.closed}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise self.lost()

    async def close(self) -> None:
        """Close the channel if it is open, and wait a few seconds for this."""
        if self.is_open:
            with contextlib.suppress(AMQPError):
                self.raw.close()
                await asyncio.wait({self.closed}, timeout=5)


class _Connection(AsyncioConnection):  # type: ignore[misc]
    """A connection that sends everything written in one turn of the event loop with one system call, instead
    of one for each frame. A batch of publishes then costs a sixth. `_adapter_emit_data` is pika's hook for
    adapters, and `_on_data_available` is where pika turns bytes into frames."""

    _unsent: list[bytes] | None = None
    _frame_buffer: bytes

    def send_frames(self, frames: bytes) -> None:
        """Send complete frames that were built elsewhere."""
        self._output_marshaled_frames([frames])

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.deliveries = DeliveryReader()
        super().__init__(*arguments, **options)

    def _on_data_available(self, data_in: bytes) -> None:
        """Pass deliveries directly to their subscription, and every other frame to pika."""
        buffer = self._frame_buffer + data_in
        at = 0
        while end := frame_end(buffer, at):
            if self.deliveries.take(buffer, at, end):
                self.bytes_received += end - at
            else:
                self._frame_buffer = buffer[at:end]
                super()._on_data_available(b"")
            at = end
        self._frame_buffer = buffer[at:]

    def _adapter_emit_data(self, data: bytes) -> None:
        if self._unsent is not None:
            self._unsent.append(data)
            return
        self._unsent = [data]
        asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        data, self._unsent = b"".join(self._unsent or ()), None
        if self._transport is not None:
            super()._adapter_emit_data(data)


class Broker:
    """A named connection to RabbitMQ. It is opened again after each loss until `close`, with growing pauses
    between attempts."""

    def __init__(self, url: str, name: str) -> None:
        self._parameters = pika.URLParameters(url)
        self._parameters.client_properties = {"connection_name": name}
        self._parameters.heartbeat = HEARTBEAT_SECONDS
        self._parameters.connection_attempts = 1
        self._parameters.socket_timeout = 5
        self._parameters.stack_timeout = 10
        self._parameters.blocked_connection_timeout = None
        self._name = name
        self._connection: AsyncioConnection | None = None
        self._opened = asyncio.Event()
        self.blocked = False
        """Whether RabbitMQ refuses publishes for now (memory or disk alarm)."""
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Broker:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def start(self) -> None:
        """Begin to connect. `connected` is true once this has succeeded."""
        BROKER_CONNECTED.labels(self._name).set(0)
        BROKER_BLOCKED.labels(self._name).set(0)
        BROKER_CHANNELS.labels(self._name).set(0)
        BROKER_CHANNELS_CLOSED.labels(self._name)
        self._keeper = asyncio.create_task(self._keep_connected(), name=f"broker {self._name}")

    async def close(self) -> None:
        """Close the connection and stop reconnecting."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    @property
    def connected(self) -> bool:
        return self._opened.is_set()

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[Channel]:
        """Open a channel, which is closed on leaving the block. Waits for the connection."""
        channel = await self.open_channel()
        try:
            yield channel
        finally:
            await channel.close()

    async def open_channel(self) -> Channel:
        """Open a channel, which the caller has to close. Waits for the connection. Raises
        BrokerUnavailable."""
        await self._opened.wait()
        connection = self._connection
        assert connection is not None
        opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        lost: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.add_on_close_callback(lambda _, reason: _settle(lost)(reason))
        try:
            connection.channel(on_open_callback=lambda raw: _settle(opened)(Channel(raw)))
        except AMQPError as error:
            raise BrokerUnavailable(str(error)) from error
        await asyncio.wait({opened, lost}, return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            channel: Channel = opened.result()
            BROKER_CHANNELS.labels(self._name).inc()
            channel.closed.add_done_callback(self._on_channel_closed)
            return channel
        raise BrokerAway(repr(lost.result()))

    def _on_channel_closed(self, closed: asyncio.Future[BaseException]) -> None:
        BROKER_CHANNELS.labels(self._name).dec()
        if isinstance(closed.result(), ChannelClosedByBroker):
            BROKER_CHANNELS_CLOSED.labels(self._name).inc()

    async def _keep_connected(self) -> None:
        pause = pauses()
        outage = Outage(self._name)
        while True:
            closed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
            try:
                connection = await self._connect(closed)
            except BrokerUnavailable as error:
                outage.goes_on(error)
                await asyncio.sleep(pause())
                continue
            pause = pauses()
            outage.ends()
            self._connection = connection
            self.blocked = False
            self._opened.set()
            BROKER_CONNECTED.labels(self._name).set(1)
            BROKER_BLOCKED.labels(self._name).set(0)
            try:
                reason = await asyncio.shield(closed)
            except asyncio.CancelledError:
                if connection.is_open:
                    connection.close()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(asyncio.shield(closed), 5)
                raise
            finally:
                self._opened.clear()
                self.blocked = False
                self._connection = None
                BROKER_CONNECTED.labels(self._name).set(0)
            outage.begins(reason)
            await asyncio.sleep(pause())

    async def _connect(self, closed: asyncio.Future[BaseException]) -> AsyncioConnection:
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[AsyncioConnection] = loop.create_future()

        def on_open(connection: AsyncioConnection) -> None:
            if not opened.done():
                opened.set_result(connection)

        def on_error(_: AsyncioConnection, error: BaseException) -> None:
            if not opened.done():
                opened.set_exception(BrokerUnavailable(repr(_innermost(error))))

        def on_close(_: AsyncioConnection, reason: BaseException) -> None:
            if not opened.done():
                opened.set_exception(BrokerUnavailable(repr(_innermost(reason))))
            if not closed.done():
                closed.set_result(reason)

        connection = _Connection(
            self._parameters,
            on_open_callback=on_open,
            on_open_error_callback=on_error,
            on_close_callback=on_close,
            custom_ioloop=loop,
        )
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        try:
            return await opened
        except asyncio.CancelledError:
            with contextlib.suppress(AMQPError):
                connection.close()
            raise

    def _on_blocked(self, *_: Any) -> None:
        _LOG.warning("broker blocks publishes", connection=self._name)
        BROKER_BLOCKED.labels(self._name).set(1)
        self.blocked = True

    def _on_unblocked(self, *_: Any) -> None:
        BROKER_BLOCKED.labels(self._name).set(0)
        self.blocked = False


@dataclass(slots=True, eq=False)
class _Batch:
    """Messages that were published together, until the last of them is confirmed."""

    confirmed: list[bool]
    unsettled: int
    settled: asyncio.Future[None]


class Publisher:
    """Publishes durable messages to one exchange, with confirms, on its own channel.

    A batch may be published before the previous one is confirmed. Batches arrive in the order of the calls.
    """

    def __init__(self, broker: Broker, exchange: str, content_type: str) -> None:
        self._broker = broker
        self._exchange = exchange
        self._content_type = content_type
        self._channel: Channel | None = None
        self._last_tag = 0
        self._opening = asyncio.Lock()
        self._outstanding: dict[int, tuple[_Batch, int, str]] = {}
        self._returned: set[str] = set()

    async def publish(self, batch: Sequence[Outgoing], *, within: float = 15.0) -> list[bool]:
        """Publish messages in the given order, without waiting in between, and return which were confirmed.

        A message that is False was nacked, was returned as unroutable, or has an unknown fate because the
        connection was lost or `within` seconds went by. Publish it again. Never raises BrokerUnavailable.
        """
        sent = _Batch([False] * len(batch), len(batch), asyncio.get_running_loop().create_future())
        channel = None
        try:
            async with asyncio.timeout(within):
                channel = await self._open()
                self._send(channel, batch, sent)
                if sent.unsettled:
                    ends: set[asyncio.Future[Any]] = {sent.settled, channel.closed}
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                if sent.unsettled:
                    raise channel.lost()
        except (AMQPError, BrokerUnavailable, TimeoutError) as error:
            tell_of_interruption(_LOG, "publish interrupted", error, exchange=self._exchange)
        refused = sent.confirmed.count(False)
        if refused:
            PUBLISHES_REFUSED.inc(refused)
            if channel is not None:
                self._abandon(channel)
        return sent.confirmed

    def _send(self, channel: Channel, batch: Sequence[Outgoing], sent: _Batch) -> None:
        if not channel.is_open:
            raise channel.lost()
        for index, message in enumerate(batch):
            self._last_tag += 1
            self._outstanding[self._last_tag] = (sent, index, message.id)
        channel.raw.connection.send_frames(
            publish_frames(channel.raw, self._exchange, self._content_type, batch)
        )

    def _abandon(self, channel: Channel) -> None:
        # Late confirms must not be counted for later batches, so these get a new channel. They also need one
        # after a nack: RabbitMQ 3.10 remembers in a channel which node led a quorum queue at the first
        # message to it, and if this node had just died, nacks all further ones. The end of this channel is
        # not awaited, since RabbitMQ may take a minute to notice that one of its queues is dead.
        if self._channel is channel:
            self._channel = None
        if channel.is_open:
            with contextlib.suppress(AMQPError):
                channel.raw.close()
            if not channel.closed.done():
                channel.closed.set_result(BrokerUnavailable("given up"))

    async def _open(self) -> Channel:
        async with self._opening:
            if self._channel is not None and self._channel.is_open:
                return self._channel
            if not self._broker.connected:
                raise BrokerAway("not connected")
            channel = await self._broker.open_channel()
            self._last_tag = 0
            self._outstanding = {}
            self._returned.clear()
            await channel.call(
                channel.raw.confirm_delivery,
                ack_nack_callback=lambda frame: self._on_confirm(channel, frame),
            )
            channel.raw.add_on_return_callback(self._on_return)
            self._channel = channel
            return channel

    def _on_confirm(self, channel: Channel, frame: Any) -> None:
        if channel is not self._channel:
            return
        tag, confirmed = frame.method.delivery_tag, frame.method.NAME == "Basic.Ack"
        if frame.method.multiple:
            # The dictionary has the tags in the order in which they were assigned.
            settled = list(itertools.takewhile(lambda known: known <= tag, self._outstanding))
        else:
            settled = [tag] if tag in self._outstanding else []
        for known in settled:
            batch, index, id_ = self._outstanding.pop(known)
            unroutable = id_ in self._returned
            if unroutable:
                self._returned.discard(id_)
                _LOG.error("message is unroutable", exchange=self._exchange)
            batch.confirmed[index] = confirmed and not unroutable
            batch.unsettled -= 1
            if not batch.unsettled and not batch.settled.done():
                batch.settled.set_result(None)

    def _on_return(self, _: PikaChannel, __: Any, properties: pika.BasicProperties, ___: bytes) -> None:
        self._returned.add(properties.message_id or "")


class Subscription:
    """The messages that arrive from one queue. The caller takes them in batches and acknowledges them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._arrived: deque[Delivery] = deque()
        self._something = asyncio.Event()
        self._consumer_tag = ""
        self.cancelled = False
        channel.closed.add_done_callback(lambda _: self._something.set())

    @classmethod
    async def open(cls, broker: Broker, queue: str, prefetch: int) -> Subscription:
        """Begin to consume. Raises BrokerUnavailable, or BrokerRefused if there is no such queue."""
        channel = await broker.open_channel()
        subscription = cls(channel)
        await channel.call(channel.raw.basic_qos, prefetch_count=prefetch)
        channel.raw.add_on_cancel_callback(subscription._on_cancelled)
        subscription._consumer_tag = await subscription._consume(queue)
        return subscription

    async def _consume(self, queue: str) -> str:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        raw = self._channel.raw
        raw.connection.deliveries.consumers[raw.channel_number] = self._on_message
        try:
            tag = raw.basic_consume(queue, _never, callback=_settle(answer))
        except AMQPError as error:
            raise BrokerUnavailable(str(error)) from error
        await asyncio.wait({answer, self._channel.closed}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise self._channel.lost()
        return str(tag)

    async def batch(self, limit: int, *, linger: float = 0.0) -> list[Delivery]:
        """Wait for a message, and return those that have arrived, at most `limit`, in the order of arrival.
        If the first came within `linger` seconds, more are likely to follow: wait `linger` seconds for them.

        The result is empty once the subscription is cancelled. Raises BrokerUnavailable if the channel is
        lost; what was not acknowledged will be delivered again.
        """
        asked_at = time.monotonic()
        while not self._arrived:
            if not self._channel.is_open:
                raise self._channel.lost()
            if self.cancelled:
                return []
            self._something.clear()
            await self._something.wait()
        if len(self._arrived) < limit and time.monotonic() - asked_at < linger:
            await asyncio.sleep(linger)
        if not self._channel.is_open:
            raise self._channel.lost()
        return [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]

    def acknowledge(self, last: Delivery) -> None:
        """Acknowledge `last` and everything delivered before it. Raises BrokerUnavailable."""
        try:
            self._channel.raw.basic_ack(last.tag, multiple=True)
        except AMQPError as error:
            raise BrokerUnavailable(str(error)) from error

    async def cancel(self) -> None:
        """Stop deliveries and drop those that were not taken yet. The broker delivers them again to another
        consumer."""
        self.cancelled = True
        self._arrived.clear()
        self._something.set()
        if self._channel.is_open:
            with contextlib.suppress(BrokerUnavailable):
                await self._channel.call(self._channel.raw.basic_cancel, consumer_tag=self._consumer_tag)
            self._arrived.clear()

    async def close(self) -> None:
        raw = self._channel.raw
        await self._channel.close()
        raw.connection.deliveries.forget(raw.channel_number)

    def _on_message(self, delivery: Delivery) -> None:
        self._arrived.append(delivery)
        self._something.set()

    def _on_cancelled(self, _: Any) -> None:
        # RabbitMQ ended the consumer, as the queue was deleted or lost its leader. Close the channel to begin
        # again.
        if self._channel.is_open:
            self._channel.raw.close()


def _never(*_: Any) -> None:
    raise AssertionError("a delivery went through pika")
