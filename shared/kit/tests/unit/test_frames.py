"""Frames in bulk are what pika would have written and read, by pika's own encoding and decoding."""

from __future__ import annotations

from types import SimpleNamespace

import pika
from hypothesis import given
from hypothesis import strategies as st
from pika import frame, spec

from optima_kit.frames import Delivery, DeliveryReader, Outgoing, frame_end, publish_frames

SHORT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
MESSAGES = st.builds(Outgoing, SHORT.filter(bool), SHORT.filter(bool), st.binary(max_size=9000))
FRAME_MAX = 4096


@given(exchange=SHORT, content_type=SHORT.filter(bool), batch=st.lists(MESSAGES, max_size=4))
def test_pika_reads_what_was_published(exchange, content_type, batch):
    parameters = SimpleNamespace(frame_max=FRAME_MAX)
    channel = SimpleNamespace(channel_number=3, connection=SimpleNamespace(params=parameters))
    written = publish_frames(channel, exchange, content_type, batch)
    read = []
    while written:
        used, decoded = frame.decode_frame(written)
        assert decoded is not None
        assert used <= FRAME_MAX
        assert decoded.channel_number == 3
        written = written[used:]
        match decoded:
            case frame.Method(method=spec.Basic.Publish() as method):
                read.append([method, None, b""])
            case frame.Header():
                read[-1][1] = decoded
            case frame.Body():
                read[-1][2] += decoded.fragment
    assert len(read) == len(batch)
    for (method, header, body), message in zip(read, batch, strict=True):
        assert (method.exchange, method.routing_key) == (exchange, message.routing_key)
        assert (method.mandatory, method.immediate) == (True, False)
        assert (header.body_size, body) == (len(message.body), message.body)
        assert vars(header.properties) == vars(
            pika.BasicProperties(
                content_type=content_type,
                delivery_mode=2,
                message_id=message.id,
                type=message.routing_key,
            )
        )


@given(
    data=st.data(),
    messages=st.lists(
        st.tuples(
            st.integers(1, 2),
            st.booleans(),
            st.integers(0, 2**63),
            SHORT.filter(bool),
            st.lists(st.binary(min_size=1, max_size=300), max_size=3),
        ),
        max_size=6,
    ),
)
def test_deliveries_that_pika_would_write_are_read_however_they_are_cut(data, messages):
    """Channel 1 has a consumer; what is for channel 2, and what is no delivery, is left to pika."""
    written, expected, left = b"", [], 0
    for channel, is_delivery, tag, key, parts in messages:
        if is_delivery:
            method = spec.Basic.Deliver("consumer", tag, False, "optima.events", key)
            properties = pika.BasicProperties(message_id="m", delivery_mode=2)
            frames = [
                frame.Method(channel, method),
                frame.Header(channel, sum(map(len, parts)), properties),
                *(frame.Body(channel, part) for part in parts),
            ]
        else:
            frames = [frame.Method(channel, spec.Basic.Ack(tag)), frame.Heartbeat()]
        written += b"".join(each.marshal() for each in frames)
        if is_delivery and channel == 1:
            expected.append(Delivery(tag, key, b"".join(parts)))
        else:
            left += len(frames)
    reader, seen, buffer = DeliveryReader(), [], b""
    reader.consumers[1] = seen.append
    while written:
        cut = data.draw(st.integers(1, len(written)))
        buffer, written = buffer + written[:cut], written[cut:]
        while end := frame_end(buffer, 0):
            left -= not reader.take(buffer, 0, end)
            buffer = buffer[end:]
    assert seen == expected
    assert (left, buffer) == (0, b"")
