"""Measures how long a new consumer needs for all that was before it: from the pull feed, from the stream.

    python benchmarks/replay.py                       1,000,000 events
    python benchmarks/replay.py --events 50000        a look in a minute

The feed is the trail's over HTTP, page by page, with the consumer in the same process. The stream is one with
the arguments of `optima.events.history`, read by pika, with signatures checked. Of each way the last tenth is
held against the first: what was read already must not make the rest slower. Judge it by the processor time of
this process, since other work of the machine delays one tenth more than another. It works on the servers that
OPTIMA_TEST_POSTGRES_URL and OPTIMA_TEST_AMQP_URL name, and leaves nothing there. A way that takes longer than
`--seconds` is broken off, and what it read is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pika
import structlog
from entries import SECRET, TENANT, desk
from measure.stack import Figure, print_figures

from optima_contracts.signatures import EventKeys
from optima_contracts.testing import EVENT_KEYS, journeys
from optima_kit.testing import ServiceHarness, settings_for
from optima_kit.topology import HISTORY_ARGUMENTS
from trail.bootstrap import service
from trail.settings import TrailSettings

PAGE = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """How many events were read until then, and the seconds that it took."""

    read: int
    clock: float
    processor: float

    @classmethod
    def at(cls, read: int) -> Mark:
        return cls(read, time.perf_counter(), time.process_time())

    def since(self, earlier: Mark) -> Mark:
        return Mark(self.read - earlier.read, self.clock - earlier.clock, self.processor - earlier.processor)


async def from_the_feed(events: int, seconds: float) -> list[Figure]:
    async with desk(events) as filled:
        made = service(settings_for(filled.stored, TrailSettings, key_secret=SECRET))
        async with ServiceHarness.serve(made, filled.stored, tenant_id=TENANT) as app:
            consumer = app.sign_in("auditor")
            marks, read, after = [Mark.at(0)], 0, {}
            while time.perf_counter() - marks[0].clock < seconds:
                _, page = await consumer.get(f"/v1/events?{urlencode({'limit': PAGE} | after)}")
                if not page["items"]:
                    break
                read += len(page["items"])
                after = {"after": page["after"]}
                marks.append(Mark.at(read))
    return figures("pull feed", events, marks)


def from_the_stream(events: int, seconds: float) -> list[Figure]:
    queue = f"benchmark.history.{uuid.uuid4().hex[:8]}"
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["OPTIMA_TEST_AMQP_URL"]))
    channel = connection.channel()
    channel.queue_declare(queue, durable=True, arguments=HISTORY_ARGUMENTS)
    try:
        bodies = [each.body for each in journeys(20)]
        print(f"  publishing {events:,} events to a stream", file=sys.stderr)
        for body in itertools.islice(itertools.cycle(bodies), events):
            channel.basic_publish("", queue, body)
        while channel.queue_declare(queue, passive=True).method.message_count < events:
            connection.sleep(0.2)  # what the broker has yet to store would slow the first reader down
        keys = EventKeys(EVENT_KEYS.split(","))
        channel.basic_qos(prefetch_count=1000)
        marks = [Mark.at(0)]
        for read, (tag, body) in enumerate(messages(channel, queue, seconds), start=1):
            event = json.loads(body)
            keys.check(body, event["source"], event["type"])
            if read % PAGE == 0:
                channel.basic_ack(tag, multiple=True)
                marks.append(Mark.at(read))
            if read == events:
                break
        channel.cancel()
    finally:
        connection.channel().queue_delete(queue)
        connection.close()
    return figures("stream", events, marks)


def messages(
    channel: pika.adapters.blocking_connection.BlockingChannel, queue: str, seconds: float
) -> Iterator[tuple[int, bytes]]:
    ends = time.perf_counter() + seconds
    arguments = {"x-stream-offset": "first"}
    for method, _, body in channel.consume(queue, arguments=arguments, inactivity_timeout=10):
        if method is None or time.perf_counter() > ends:
            return
        yield method.delivery_tag, body


def figures(way: str, events: int, marks: list[Mark]) -> list[Figure]:
    tenth = max(1, len(marks) // 10)
    whole = marks[-1].since(marks[0])
    first, last = marks[tenth].since(marks[0]), marks[-1].since(marks[-1 - tenth])
    by_processor = last.processor / first.processor
    broken_off = "" if whole.read == events else f" of {events:,}, broken off"
    ratio = f"{way}: last tenth ÷ first tenth"
    return [
        Figure(f"{way}: {whole.read:,} events{broken_off}", whole.clock, "s"),
        Figure(f"{way}: events", whole.read / whole.clock, "/s"),
        Figure(f"{ratio}, by the clock", last.clock / first.clock, "×"),
        Figure(f"{ratio}, by processor time", by_processor, "×", "≤ 1.5 ×", by_processor <= 1.5),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=600)
    wanted = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = asyncio.run(from_the_feed(wanted.events, wanted.seconds))
    found += from_the_stream(wanted.events, wanted.seconds)
    print_figures(found)


if __name__ == "__main__":
    main()
