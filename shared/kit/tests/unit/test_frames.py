"""Publishes written in bulk are what pika would have written, by pika's own decoding."""

from __future__ import annotations

from types import SimpleNamespace

import pika
from hypothesis import given
from hypothesis import strategies as st
from pika import frame, spec

from optima_kit.broker import Outgoing, publish_frames

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
