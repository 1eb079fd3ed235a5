"""Writes and reads the AMQP frames of publishes and deliveries in bulk. pika creates an object for each
frame, which costs ten times as much.

pika does everything else on a connection. Source: AMQP 0-9-1, 2.3.5 (frames), 4.2.6 (content), 1.8.3 (basic).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pika.channel import Channel as PikaChannel

_FRAME = struct.Struct(">BHL")
_LONG = struct.Struct(">Q")
_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_PUBLISH, _DELIVER = b"\x00\x3c\x00\x28", b"\x00\x3c\x00\x3c"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish. `id` is unique within its batch and becomes the AMQP message id."""

    id: str
    routing_key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    tag: int
    routing_key: str
    body: bytes


def publish_frames(
    channel: PikaChannel, exchange: str, content_type: str, batch: Sequence[Outgoing]
) -> bytes:
    """Return the frames that publish the messages as persistent and mandatory."""
    number = channel.channel_number
    most = channel.connection.params.frame_max - 8
    known: dict[str, tuple[bytes, bytes, bytes]] = {}
    frames: list[bytes] = []
    for message in batch:
        key = message.routing_key
        if key not in known:
            arguments = b"\x00\x00" + _short(exchange) + _short(key) + b"\x01"
            persistent = _short(content_type) + b"\x02"
            known[key] = _frame(_METHOD, number, _PUBLISH + arguments), persistent, _short(key)
        method, persistent, type_ = known[key]
        # Flags: content-type, delivery-mode, message-id, type, in this order.
        header = b"\x00\x3c\x00\x00" + _LONG.pack(len(message.body)) + b"\x90\xa0"
        frames += (method, _frame(_HEADER, number, header + persistent + _short(message.id) + type_))
        for start in range(0, len(message.body), most):
            frames.append(_frame(_BODY, number, message.body[start : start + most]))
    return b"".join(frames)


def frame_end(buffer: bytes, at: int) -> int:
    """Return where the frame that begins at `at` ends, or 0 while it is incomplete."""
    if len(buffer) - at < 8:
        return 0
    kind, _, size = _FRAME.unpack_from(buffer, at)
    if kind not in (_METHOD, _HEADER, _BODY, _HEARTBEAT):
        return len(buffer)  # the greeting of a broker with another version, which pika reports
    end: int = at + size + 8
    return end if end <= len(buffer) else 0


@dataclass(slots=True)
class _Begun:
    tag: int
    routing_key: str
    missing: int = 0
    parts: list[bytes] | None = None


class DeliveryReader:
    """Assembles the deliveries of one connection from their frames."""

    def __init__(self) -> None:
        self.consumers: dict[int, Callable[[Delivery], None]] = {}
        """The functions that get the deliveries of each channel."""
        self._begun: dict[int, _Begun] = {}

    def forget(self, channel: int) -> None:
        """Leave the channel's frames to pika from now on."""
        self.consumers.pop(channel, None)
        self._begun.pop(channel, None)

    def take(self, buffer: bytes, at: int, end: int) -> bool:
        """Take the frame in `buffer[at:end]` if it belongs to a delivery to one of the consumers. Tell
        whether it was taken."""
        kind, channel, _ = _FRAME.unpack_from(buffer, at)
        payload = at + 7
        if kind == _METHOD:
            if channel not in self.consumers or buffer[payload : payload + 4] != _DELIVER:
                return False
            place = payload + 4
            place += 1 + buffer[place]  # consumer tag
            (tag,) = _LONG.unpack_from(buffer, place)
            place += 9  # and whether it is delivered again
            place += 1 + buffer[place]  # exchange
            self._begun[channel] = _Begun(tag, buffer[place + 1 : place + 1 + buffer[place]].decode())
            return True
        begun = self._begun.get(channel)
        if begun is None or kind == _HEARTBEAT:
            return False
        if kind == _HEADER:
            (begun.missing,) = _LONG.unpack_from(buffer, payload + 4)
            begun.parts = []
        elif begun.parts is not None:
            begun.parts.append(buffer[payload : end - 1])
            begun.missing -= end - 1 - payload
        if begun.parts is not None and not begun.missing:
            del self._begun[channel]
            if consumer := self.consumers.get(channel):
                consumer(Delivery(begun.tag, begun.routing_key, b"".join(begun.parts)))
        return True


def _short(text: str) -> bytes:
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, channel, len(payload)) + payload + b"\xce"
