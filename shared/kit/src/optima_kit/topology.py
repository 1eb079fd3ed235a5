"""Defines what exists on RabbitMQ: exchanges, queues and permissions. It is valid for versions 3.10 to 4.x.

optima.events (topic) ── type ──► <service>.events (quorum) ── delivery limit ──► <service>.events.dead │
└──── optima.# ──► optima.events.history (stream) └ no queue wants it ──► optima.unrouted (fanout) ──►
optima.unrouted (quorum)

Provisioning creates all of it with `definitions`. A service may create, bind and delete nothing: with a queue
that it has created it could publish anything through a dead-letter exchange.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

EVENTS: Final = "optima.events"
UNROUTED: Final = "optima.unrouted"
HISTORY: Final = "optima.events.history"

DELIVERY_LIMIT: Final = 20
"""How often a message is delivered before it is dead-lettered. Only a message that kills its consumers
reaches this limit, since all other failing messages are stored for later and acknowledged."""

HISTORY_AGE: Final = "7D"
"""How long the stream keeps events. So erased texts disappear from it within a week. The trail has older
events."""

HISTORY_ARGUMENTS: Final[dict[str, Any]] = {
    "x-queue-type": "stream",
    "x-max-age": "90D",  # of earlier releases; the policy's is shorter, and the shorter one counts
    "x-max-length-bytes": 20_000_000_000,
    "x-stream-max-segment-size-bytes": 100_000_000,
}
UNROUTED_ARGUMENTS: Final[dict[str, Any]] = {"x-queue-type": "quorum", "x-max-length": 100_000}
DEAD_ARGUMENTS: Final[dict[str, Any]] = {"x-queue-type": "quorum"}
DEAD_JOBS_ARGUMENTS: Final[dict[str, Any]] = {"x-queue-type": "quorum", "x-max-length": 1000}


def events_queue(service: str) -> str:
    return f"{service}.events"


def dead_queue(service: str) -> str:
    return f"{service}.events.dead"


def jobs_queue(service: str) -> str:
    return f"{service}.jobs"


def events_arguments(service: str) -> dict[str, Any]:
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
    """Return the arguments of a queue of hints."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_jobs_queue(queue),
    }


def dead_jobs_queue(queue: str) -> str:
    """Return the queue for hints that killed their workers. They are kept there for inspection; the jobs
    themselves are hinted at again."""
    return f"{queue}.XQ"


@dataclass(frozen=True, slots=True)
class Access:
    """The events that one service may publish and read, as patterns of routing keys. `*` stands for one word
    and `#` for any number of words ("optima.brief.#", "optima.economics.job_set.v1")."""

    service: str
    publishes: tuple[str, ...]
    reads: tuple[str, ...]

    @property
    def user(self) -> str:
        """The AMQP user: the service's module name."""
        return self.service.replace("-", "_")


CONSUMERS: Final = "consumer."
"""The prefix of the users and queues of foreign consumers, which only listen and are not services of this
system."""

_CONSUMERS_BACKLOG: Final = 1_000_000
"""The most messages in a foreign consumer's queue. Beyond that, the oldest are dropped: a queue that nobody
reads must not fill the broker's disk, and must not refuse messages either, which would block everybody's
events."""

_CONSUMERS_BYTES: Final = 4_000_000_000
"""The most bytes of the bodies in such a queue. Messages that were delivered but not acknowledged count again
once RabbitMQ takes them back, after its `consumer_timeout` of half an hour."""

_CONSUMERS_DEAD: Final = 10_000

_CONSUMERS_LIMITS: Final = {"max-connections": 32, "max-channels": 256}
"""The limits of a foreign consumer's user, so that one who opens ever more connections can't use up the
broker's."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A foreign consumer: another system of the same operator, which reads the events of all tenants. `reads`
    holds patterns as in `Access`."""

    name: str
    reads: tuple[str, ...]
    history: bool = False
    """Whether it may read the stream of all published events, including prices."""

    @property
    def user(self) -> str:
        """The AMQP user, whose name is also the prefix of its queues."""
        return f"{CONSUMERS}{self.name}"


def consumer_definitions(consumer: Consumer, password: str, *, vhost: str = "/") -> dict[str, Any]:
    """Build a document for RabbitMQ's definitions with a foreign consumer's user, its queue, which is bound
    to what it reads, and its queue of dead letters.

    Like a service, a foreign consumer may create and bind nothing, and it may not publish. A queue that it
    created could refuse messages when it is full, pass messages into other queues, or be one of thousands.
    """
    queue, dead = events_queue(consumer.user), dead_queue(consumer.user)
    readable = [queue, dead, *((HISTORY,) if consumer.history else ())]
    bounds = {
        "x-queue-type": "quorum",
        "x-max-length": _CONSUMERS_BACKLOG,
        "x-max-length-bytes": _CONSUMERS_BYTES,
        "x-overflow": "drop-head",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead,
    }
    return {
        **consumer_password(consumer, password),
        "permissions": [
            {
                "user": consumer.user,
                "vhost": vhost,
                "configure": "^$",
                "write": "^$",
                "read": f"^({'|'.join(map(re.escape, readable))})$",
            }
        ],
        "queues": [
            _queue(dead, DEAD_ARGUMENTS | {"x-max-length": _CONSUMERS_DEAD}, vhost),
            _queue(queue, bounds, vhost),
        ],
        "bindings": [_binding(EVENTS, queue, key, vhost) for key in consumer.reads],
    }


def consumer_password(consumer: Consumer, password: str) -> dict[str, Any]:
    """Build a document that sets the user's password and changes nothing else."""
    return {"users": [_user(consumer.user, password, tags=[]) | {"limits": _CONSUMERS_LIMITS}]}


def definitions(
    services: Sequence[Access],
    passwords: Mapping[str, str],
    *,
    administrator: tuple[str, str] | None = None,
    vhost: str = "/",
) -> dict[str, Any]:
    """Build a document for RabbitMQ's `load_definitions` with everything that is shared and each service's
    queues and user.

    `passwords` are given by AMQP user; only their salted hashes are written. A service may consume its own
    queues, publish what its `Access` says, and send hints of its own jobs, but nothing else.
    """
    users = [_user(access.user, passwords[access.user], tags=[]) for access in services]
    permissions = [
        {
            "user": access.user,
            "vhost": vhost,
            # The user may create or delete nothing: a queue that dead-letters into an exchange publishes
            # there regardless of its owner's topic permissions.
            "configure": "^$",
            # Not the default exchange: through it anyone could put a message into any service's queue.
            "write": f"^({re.escape(EVENTS)}|{re.escape(jobs_queue(access.service))})$",
            "read": f"^{re.escape(access.service)}\\.(events|events\\.dead|jobs)$",
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
        _queue(UNROUTED, UNROUTED_ARGUMENTS, vhost),
        _queue(HISTORY, HISTORY_ARGUMENTS, vhost),
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
        queues.append(_queue(dead_queue(access.service), DEAD_ARGUMENTS, vhost))
        queues.append(_queue(events_queue(access.service), events_arguments(access.service), vhost))
        queues.append(_queue(jobs, jobs_arguments(jobs), vhost))
        queues.append(_queue(dead_jobs_queue(jobs), DEAD_JOBS_ARGUMENTS, vhost))
        bindings += [_binding(EVENTS, events_queue(access.service), key, vhost) for key in access.reads]
    return {
        "vhosts": [{"name": vhost}],
        "users": users,
        "permissions": permissions,
        "topic_permissions": topic_permissions,
        "exchanges": exchanges,
        "queues": queues,
        "bindings": bindings,
        "policies": [
            {
                "vhost": vhost,
                "name": "optima.history",
                "pattern": f"^{re.escape(HISTORY)}$",
                "apply-to": "queues",
                "priority": 0,
                "definition": {"max-age": HISTORY_AGE},
            }
        ],
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
    """Return the regular expression for topic permissions. It matches a binding key only if the key is not
    wider than one of the patterns. Without patterns, nothing matches."""
    if not patterns:
        return "^$"
    parts = []
    for pattern in patterns:
        words = (
            re.escape(pattern).replace(r"\.\#", r"(\..+)?").replace(r"\#", r".+").replace(r"\*", r"[^.#]+")
        )
        parts.append(words)
    return f"^({'|'.join(parts)})$"
