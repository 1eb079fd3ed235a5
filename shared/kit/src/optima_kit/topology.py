"""What stands on RabbitMQ: exchanges, queues, who may do what. Right for 3.10 to 4.x.

    optima.events (topic) ── type ──► <service>.events (quorum) ── delivery limit ──► <service>.events.dead
          │  └──── optima.# ──► optima.events.history (stream)
          └ no queue wants it ──► optima.unrouted (fanout) ──► optima.unrouted (quorum)

Shared things are made by whoever provisions the broker (`declare_shared`, or `definitions` loaded at its
start); a service declares its own queues each time it begins to consume.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .broker import Broker, BrokerRefused, Channel

EVENTS: Final = "optima.events"
UNROUTED: Final = "optima.unrouted"
HISTORY: Final = "optima.events.history"

DELIVERY_LIMIT: Final = 20
"""Deliveries of one message before it is dead-lettered: only a message that kills its consumers gets there,
since whatever else fails is put aside and acknowledged."""

_HISTORY_ARGUMENTS: Final[dict[str, Any]] = {
    "x-queue-type": "stream",
    "x-max-age": "90D",
    "x-max-length-bytes": 20_000_000_000,
    "x-stream-max-segment-size-bytes": 100_000_000,
}
_UNROUTED_ARGUMENTS: Final[dict[str, Any]] = {"x-queue-type": "quorum", "x-max-length": 100_000}
_DEAD_ARGUMENTS: Final[dict[str, Any]] = {"x-queue-type": "quorum"}
_DEAD_JOBS_ARGUMENTS: Final[dict[str, Any]] = {"x-queue-type": "quorum", "x-max-length": 1000}


def events_queue(service: str) -> str:
    return f"{service}.events"


def dead_queue(service: str) -> str:
    return f"{service}.events.dead"


def jobs_queue(service: str) -> str:
    return f"{service}.jobs"


def _events_arguments(service: str) -> dict[str, Any]:
    # At-least-once dead-lettering needs overflow reject-publish; without a length limit it never rejects.
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_queue(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def jobs_arguments(queue: str) -> dict[str, Any]:
    """Of a queue of hints, which Dramatiq declares as well."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_jobs_queue(queue),
    }


def dead_jobs_queue(queue: str) -> str:
    """Where hints go that killed their workers: to be looked at, for the job's row is hinted at anew."""
    return f"{queue}.XQ"


async def declare_shared(channel: Channel) -> None:
    """Makes what all services share. Repeatable; needs the right to configure `optima.*`."""
    raw = channel.raw
    await channel.call(raw.exchange_declare, exchange=UNROUTED, exchange_type="fanout", durable=True)
    await channel.call(raw.queue_declare, queue=UNROUTED, durable=True, arguments=dict(_UNROUTED_ARGUMENTS))
    await channel.call(raw.queue_bind, queue=UNROUTED, exchange=UNROUTED, routing_key="")
    await channel.call(
        raw.exchange_declare,
        exchange=EVENTS,
        exchange_type="topic",
        durable=True,
        arguments={"alternate-exchange": UNROUTED},
    )
    await channel.call(raw.queue_declare, queue=HISTORY, durable=True, arguments=dict(_HISTORY_ARGUMENTS))
    await channel.call(raw.queue_bind, queue=HISTORY, exchange=EVENTS, routing_key="optima.#")


async def declare_service(channel: Channel, service: str, bindings: Iterable[str]) -> None:
    """Makes a service's event queue and its dead-letter queue, and binds the types that it answers.

    A binding that the service no longer wants stays until someone removes it: during a rollout the previous
    release still needs it.
    """
    raw = channel.raw
    await channel.call(
        raw.queue_declare, queue=dead_queue(service), durable=True, arguments=dict(_DEAD_ARGUMENTS)
    )
    await channel.call(
        raw.queue_declare, queue=events_queue(service), durable=True, arguments=_events_arguments(service)
    )
    for key in bindings:
        await channel.call(raw.queue_bind, queue=events_queue(service), exchange=EVENTS, routing_key=key)


async def declare_jobs(broker: Broker, service: str) -> None:
    """Makes the queue that hints at a service's due jobs, the exchange of the same name before it, and the
    queue of its dead, which replaces that of an earlier release: the loss of a node took it away."""
    name = jobs_queue(service)
    dead = dead_jobs_queue(name)
    try:
        async with broker.channel() as channel:
            await channel.call(
                channel.raw.queue_declare, queue=dead, durable=True, arguments=dict(_DEAD_JOBS_ARGUMENTS)
            )
    except BrokerRefused:
        async with broker.channel() as channel:
            await channel.call(channel.raw.queue_delete, queue=dead)
            await channel.call(
                channel.raw.queue_declare, queue=dead, durable=True, arguments=dict(_DEAD_JOBS_ARGUMENTS)
            )
    async with broker.channel() as channel:
        raw = channel.raw
        await channel.call(raw.exchange_declare, exchange=name, exchange_type="direct", durable=True)
        await channel.call(raw.queue_declare, queue=name, durable=True, arguments=jobs_arguments(name))
        await channel.call(raw.queue_bind, queue=name, exchange=name, routing_key=name)


@dataclass(frozen=True, slots=True)
class Access:
    """What one service may do with events. Patterns are routing keys in which `*` stands for one word and
    `#` for any number ("optima.brief.#", "optima.economics.job_set.v1")."""

    service: str
    publishes: tuple[str, ...]
    reads: tuple[str, ...]

    @property
    def user(self) -> str:
        """The AMQP user: the service's module name."""
        return self.service.replace("-", "_")


CONSUMERS: Final = "consumer."
"""How the users and queues of those begin that only listen, and are no services of ours."""

_CONSUMERS_BACKLOG: Final = 1_000_000
"""Messages in one queue of theirs, after which it loses the oldest: one that nobody reads must not fill the
broker's disk, which would stop everyone's events."""

_CONSUMERS_STREAM: Final = 2_000_000_000
"""Bytes in one stream of theirs, which knows no other bound; it drops whole segments."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A service beside ours, of the same operator: it reads all tenants' events. Patterns as in `Access`."""

    name: str
    reads: tuple[str, ...]
    history: bool = False
    """Whether it may read the stream of all that was published, prices included."""

    @property
    def user(self) -> str:
        """The AMQP user; its queues are this, a dot, and what it likes."""
        return f"{CONSUMERS}{self.name}"


def consumer_definitions(consumer: Consumer, password: str, *, vhost: str = "/") -> dict[str, Any]:
    """A document for RabbitMQ's definitions: the user with its rights, and the bounds on consumers' queues.

    It may make, bind, read and delete its own queues, and bind them to what it reads. It may publish nowhere.
    """
    own = rf"{re.escape(consumer.user)}\..+"
    readable = [re.escape(EVENTS), own] + ([re.escape(HISTORY)] if consumer.history else [])
    return {
        **consumer_password(consumer, password),
        "permissions": [
            {
                "user": consumer.user,
                "vhost": vhost,
                "configure": f"^{own}$",
                "write": f"^{own}$",  # to bind a queue is to write to it
                "read": f"^({'|'.join(readable)})$",
            }
        ],
        "topic_permissions": [
            {
                "user": consumer.user,
                "vhost": vhost,
                "exchange": EVENTS,
                "write": _expression(()),
                "read": _expression(consumer.reads),
            }
        ],
        "policies": [
            # A queue has the first policy that it supports all of: a stream passes over this one.
            _policy(
                "optima.consumers", 1, {"max-length": _CONSUMERS_BACKLOG, "overflow": "drop-head"}, vhost
            ),
            _policy("optima.consumers.streams", 0, {"max-length-bytes": _CONSUMERS_STREAM}, vhost),
        ],
    }


def _policy(name: str, priority: int, definition: Mapping[str, Any], vhost: str) -> dict[str, Any]:
    """On the queues of consumers."""
    return {
        "vhost": vhost,
        "name": name,
        "pattern": f"^{re.escape(CONSUMERS)}",
        "apply-to": "queues",
        "priority": priority,
        "definition": dict(definition),
    }


def consumer_password(consumer: Consumer, password: str) -> dict[str, Any]:
    """A document that gives the user this password and changes nothing else."""
    return {"users": [_user(consumer.user, password, tags=[])]}


def definitions(
    services: Sequence[Access],
    passwords: Mapping[str, str],
    *,
    administrator: tuple[str, str] | None = None,
    vhost: str = "/",
) -> dict[str, Any]:
    """A document for RabbitMQ's `load_definitions`: everything shared, each service's queues and its user.

    `passwords` are by AMQP user; only their salted hashes are written. A service may configure and consume
    its own queues, publish and bind what its `Access` says, and nothing else.
    """
    users = [_user(access.user, passwords[access.user], tags=[]) for access in services]
    permissions = [
        {
            "user": access.user,
            "vhost": vhost,
            "configure": f"^{re.escape(access.service)}\\.(events|jobs)(\\..+)?$",
            # Not the default exchange: through it anyone could put a message into any service's queue.
            "write": f"^({re.escape(EVENTS)}|{re.escape(access.service)}\\.(events|jobs)(\\..+)?)$",
            "read": f"^({re.escape(EVENTS)}|{re.escape(access.service)}\\.(events|jobs)(\\..+)?)$",
        }
        for access in services
    ]
    topic_permissions = [
        {
            "user": access.user,
            "vhost": vhost,
            "exchange": EVENTS,
            "write": _expression(access.publishes),
            "read": _expression(access.reads),
        }
        for access in services
    ]
    if administrator is not None:
        name, password = administrator
        users.append(_user(name, password, tags=["administrator"]))
        permissions.append({"user": name, "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"})
    queues = [
        _queue(UNROUTED, _UNROUTED_ARGUMENTS, vhost),
        _queue(HISTORY, _HISTORY_ARGUMENTS, vhost),
    ]
    bindings = [
        _binding(UNROUTED, UNROUTED, "", vhost),
        _binding(EVENTS, HISTORY, "optima.#", vhost),
    ]
    exchanges = [
        _exchange(UNROUTED, "fanout", {}, vhost),
        _exchange(EVENTS, "topic", {"alternate-exchange": UNROUTED}, vhost),
    ]
    for access in services:
        jobs = jobs_queue(access.service)
        exchanges.append(_exchange(jobs, "direct", {}, vhost))
        bindings.append(_binding(jobs, jobs, jobs, vhost))
        queues.append(_queue(dead_queue(access.service), _DEAD_ARGUMENTS, vhost))
        queues.append(_queue(events_queue(access.service), _events_arguments(access.service), vhost))
        queues.append(_queue(jobs, jobs_arguments(jobs), vhost))
        queues.append(_queue(dead_jobs_queue(jobs), _DEAD_JOBS_ARGUMENTS, vhost))
        bindings += [_binding(EVENTS, events_queue(access.service), key, vhost) for key in access.reads]
    return {
        "vhosts": [{"name": vhost}],
        "users": users,
        "permissions": permissions,
        "topic_permissions": topic_permissions,
        "exchanges": exchanges,
        "queues": queues,
        "bindings": bindings,
    }


def _user(name: str, password: str, *, tags: list[str]) -> dict[str, Any]:
    salt = secrets.token_bytes(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return {
        "name": name,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": tags,
    }


def _exchange(name: str, type_: str, arguments: Mapping[str, Any], vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "type": type_,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": dict(arguments),
    }


def _queue(name: str, arguments: Mapping[str, Any], vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "durable": True,
        "auto_delete": False,
        "arguments": dict(arguments),
    }


def _binding(exchange: str, queue: str, key: str, vhost: str) -> dict[str, Any]:
    return {
        "source": exchange,
        "vhost": vhost,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }


def _expression(patterns: Sequence[str]) -> str:
    """The regular expression that topic permissions want. It matches a binding key only if that key is no
    wider than one of the patterns. No pattern: nothing matches."""
    if not patterns:
        return "^$"
    parts = []
    for pattern in patterns:
        words = (
            re.escape(pattern).replace(r"\.\#", r"(\..+)?").replace(r"\#", r".+").replace(r"\*", r"[^.#]+")
        )
        parts.append(words)
    return f"^({'|'.join(parts)})$"
