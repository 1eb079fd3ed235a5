"""What stands on RabbitMQ: exchanges, queues, who may do what. Right for 3.10 to 4.x.

    optima.events (topic) ── type ──► <service>.events (quorum) ── delivery limit ──► <service>.events.dead
          │  └──── optima.# ──► optima.events.history (stream)
          └ no queue wants it ──► optima.unrouted (fanout) ──► optima.unrouted (quorum)

All of it is made by whoever provisions the broker, with `definitions`. A service may make, bind and delete
nothing: with a queue of its own making it could publish anything, by way of a dead-letter exchange.
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
"""Deliveries of one message before it is dead-lettered: only a message that kills its consumers gets there,
since whatever else fails is put aside and acknowledged."""

HISTORY_AGE: Final = "7D"
"""Within a week what was erased is in the stream no more. Whoever needs older events asks the trail."""

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
    """Of a queue of hints."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_jobs_queue(queue),
    }


def dead_jobs_queue(queue: str) -> str:
    """Where hints go that killed their workers: to be looked at, for the job's row is hinted at anew."""
    return f"{queue}.XQ"


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
"""Messages in the queue of one of them, after which it loses the oldest: one that nobody reads must neither
fill the broker's disk nor refuse, which would hold up everyone's events."""

_CONSUMERS_BYTES: Final = 4_000_000_000
"""The same for their bodies. What is delivered and not acknowledged counts again once RabbitMQ takes it
back, after its `consumer_timeout` of half an hour."""

_CONSUMERS_DEAD: Final = 10_000

_CONSUMERS_LIMITS: Final = {"max-connections": 32, "max-channels": 256}
"""Of one of their users: one that opens connections without end would take the broker's from everybody."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A service beside ours, of the same operator: it reads all tenants' events. Patterns as in `Access`."""

    name: str
    reads: tuple[str, ...]
    history: bool = False
    """Whether it may read the stream of all that was published, prices included."""

    @property
    def user(self) -> str:
        """The AMQP user; its queues begin so."""
        return f"{CONSUMERS}{self.name}"


def consumer_definitions(consumer: Consumer, password: str, *, vhost: str = "/") -> dict[str, Any]:
    """A document for RabbitMQ's definitions: the user, its queue, bound to what it reads, and the queue of
    what it has put by.

    Like a service it makes and binds nothing and publishes nowhere: a queue of its own making could refuse
    when it is full, leak into somebody else's, or be one of thousands.
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
    """A document that gives the user this password and changes nothing else."""
    return {"users": [_user(consumer.user, password, tags=[]) | {"limits": _CONSUMERS_LIMITS}]}


def definitions(
    services: Sequence[Access],
    passwords: Mapping[str, str],
    *,
    administrator: tuple[str, str] | None = None,
    vhost: str = "/",
) -> dict[str, Any]:
    """A document for RabbitMQ's `load_definitions`: everything shared, each service's queues and its user.

    `passwords` are by AMQP user; only their salted hashes are written. A service may consume its own queues,
    publish what its `Access` says, hint at its own jobs, and nothing else.
    """
    users = [_user(access.user, passwords[access.user], tags=[]) for access in services]
    permissions = [
        {
            "user": access.user,
            "vhost": vhost,
            # Neither make nor delete anything: a queue that dead-letters into an exchange
            # publishes there past its owner's topic permissions.
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
