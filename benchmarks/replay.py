"""Measures how long a new consumer needs for all that was before it: from the pull feed, from the stream.

    python benchmarks/replay.py                       1,000,000 events
    python benchmarks/replay.py --events 50000        a look in a minute

The feed is the trail's over HTTP, page by page, with the consumer in the same process. The stream is one with
the arguments of `optima.events.history`, read by pika, with signatures checked. Of each way the last tenth is
held against the first: what was read already must not make the rest slower. It works on the servers that
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


async def from_the_feed(events: int, seconds: float) -> list[Figure]:
    async with desk(events) as filled:
        made = service(settings_for(filled.stored, TrailSettings, key_secret=SECRET))
        async with ServiceHarness.serve(made, filled.stored, tenant_id=TENANT) as app:
            consumer = app.sign_in("auditor")
            marks, read, after = [(0, time.perf_counter())], 0, {}
            while time.perf_counter() - marks[0][1] < seconds:
                _, page = await consumer.get(f"/v1/events?{urlencode({'limit': PAGE} | after)}")
                if not page["items"]:
                    break
                read += len(page["items"])
                after = {"after": page["after"]}
                marks.append((read, time.perf_counter()))
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
        connection.process_data_events()
        keys = EventKeys(EVENT_KEYS.split(","))
        channel.basic_qos(prefetch_count=1000)
        marks = [(0, time.perf_counter())]
        for read, (tag, body) in enumerate(messages(channel, queue, seconds), start=1):
            event = json.loads(body)
            keys.check(body, event["source"], event["type"])
            if read % PAGE == 0:
                channel.basic_ack(tag, multiple=True)
                marks.append((read, time.perf_counter()))
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


def figures(way: str, events: int, marks: list[tuple[int, float]]) -> list[Figure]:
    read, tenth = marks[-1][0], max(1, len(marks) // 10)
    rates = [
        (there[0] - here[0]) / (there[1] - here[1])
        for here, there in ((marks[0], marks[-1]), (marks[0], marks[tenth]), (marks[-1 - tenth], marks[-1]))
    ]
    ratio = rates[1] / rates[2]
    whole = "" if read == events else f" of {events:,}, broken off"
    return [
        Figure(f"{way}: {read:,} events{whole}", marks[-1][1] - marks[0][1], "s"),
        Figure(f"{way}: events", rates[0], "/s"),
        Figure(f"{way}: first tenth ÷ last tenth, by rate", ratio, "×", "≤ 1.5 ×", ratio <= 1.5),
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
