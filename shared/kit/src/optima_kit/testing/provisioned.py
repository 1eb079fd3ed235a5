"""What provisioning makes on a broker (`topology.definitions`), made by a test for a service of its own."""

from __future__ import annotations

from collections.abc import Iterable

from ..broker import Channel
from ..topology import (
    DEAD_ARGUMENTS,
    DEAD_JOBS_ARGUMENTS,
    EVENTS,
    HISTORY,
    HISTORY_ARGUMENTS,
    UNROUTED,
    UNROUTED_ARGUMENTS,
    dead_jobs_queue,
    dead_queue,
    events_arguments,
    events_queue,
    jobs_arguments,
    jobs_queue,
)


async def declare_shared(channel: Channel) -> None:
    """What all services share. Repeatable."""
    raw = channel.raw
    await channel.call(raw.exchange_declare, exchange=UNROUTED, exchange_type="fanout", durable=True)
    await channel.call(raw.queue_declare, queue=UNROUTED, durable=True, arguments=dict(UNROUTED_ARGUMENTS))
    await channel.call(raw.queue_bind, queue=UNROUTED, exchange=UNROUTED, routing_key="")
    await channel.call(
        raw.exchange_declare,
        exchange=EVENTS,
        exchange_type="topic",
        durable=True,
        arguments={"alternate-exchange": UNROUTED},
    )
    await channel.call(raw.queue_declare, queue=HISTORY, durable=True, arguments=dict(HISTORY_ARGUMENTS))
    await channel.call(raw.queue_bind, queue=HISTORY, exchange=EVENTS, routing_key="optima.#")


async def declare_service(channel: Channel, service: str, bindings: Iterable[str]) -> None:
    """A service's event queue, bound to the types that it answers, and its dead-letter queue. Repeatable."""
    raw = channel.raw
    await channel.call(
        raw.queue_declare, queue=dead_queue(service), durable=True, arguments=dict(DEAD_ARGUMENTS)
    )
    await channel.call(
        raw.queue_declare, queue=events_queue(service), durable=True, arguments=events_arguments(service)
    )
    for key in bindings:
        await channel.call(raw.queue_bind, queue=events_queue(service), exchange=EVENTS, routing_key=key)


async def declare_jobs(channel: Channel, service: str) -> None:
    """The queue that hints at a service's due jobs, the exchange before it, the queue of its dead.
    Repeatable."""
    raw, name = channel.raw, jobs_queue(service)
    await channel.call(
        raw.queue_declare, queue=dead_jobs_queue(name), durable=True, arguments=dict(DEAD_JOBS_ARGUMENTS)
    )
    await channel.call(raw.exchange_declare, exchange=name, exchange_type="direct", durable=True)
    await channel.call(raw.queue_declare, queue=name, durable=True, arguments=jobs_arguments(name))
    await channel.call(raw.queue_bind, queue=name, exchange=name, routing_key=name)
