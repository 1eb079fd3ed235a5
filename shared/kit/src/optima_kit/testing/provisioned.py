"""Creates on a broker what provisioning creates (`topology.definitions`), for services that tests invent."""

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
    """Create what all services share. This can be repeated."""
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
    """Create a service's event queue, bound to the types to which it reacts, and its dead-letter queue. This
    can be repeated."""
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
    """Create the queue for hints of a service's due jobs, its exchange, and its dead-letter queue. This can
    be repeated."""
    raw, name = channel.raw, jobs_queue(service)
    await channel.call(
        raw.queue_declare, queue=dead_jobs_queue(name), durable=True, arguments=dict(DEAD_JOBS_ARGUMENTS)
    )
    await channel.call(raw.exchange_declare, exchange=name, exchange_type="direct", durable=True)
    await channel.call(raw.queue_declare, queue=name, durable=True, arguments=jobs_arguments(name))
    await channel.call(raw.queue_bind, queue=name, exchange=name, routing_key=name)
