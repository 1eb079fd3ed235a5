"""The table that `status` shows: each process with its memory, each service with readiness and waiting
messages."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pika
import pika.exceptions

from .fork_server import NAME as FORK_SERVER
from .processes import is_alive
from .services import is_ready

NO_SERVICES = {"postgres", "rabbitmq", "epmd", "tryton", FORK_SERVER}


def overview(status: Mapping[str, Any], addresses: Mapping[str, Any] | None) -> list[tuple[str, ...]]:
    """Return a row for each process: name, state, pid, port, ready, memory, restarts, messages waiting in its
    queue."""
    services = [name for name in status["programs"] if name not in NO_SERVICES]
    waiting = queue_depths(addresses["amqp"], [f"{name}.events" for name in services]) if addresses else {}
    apart = frozenset(program["pid"] for program in status["programs"].values())
    rows: list[tuple[str, ...]] = []
    for name, program in sorted(status["programs"].items()):
        alive = is_alive(program["pid"], program["started_at"])
        ready = is_ready(program["port"]) if name in services else program["state"] == "ready" and alive
        memory = f"{memory_bytes(program['pid'], apart) / 1_000_000:.0f} MB" if alive else "-"
        depth = waiting.get(f"{name}.events")
        rows.append(
            (
                name,
                program["state"] if alive else "ended",
                str(program["pid"]),
                str(program["port"] or ""),
                "yes" if ready else "no",
                memory,
                str(program["restarts"]),
                "" if depth is None else str(depth),
            )
        )
    return rows


def memory_bytes(pid: int, apart: Collection[int] = ()) -> int:
    """Return the memory of the process and its descendants. Memory that processes share is divided between
    them.

    Descendants in `apart` are left out, because they are programs of their own.
    """
    total = 0
    for member in (pid, *descendants(pid, apart)):
        try:
            rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(
            (int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0
        )
    return total


def descendants(pid: int, apart: Collection[int] = ()) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in path.read_text().split()]
        except OSError:
            continue
        for child in children:
            if child not in apart:
                found += [child, *descendants(child, apart)]
    return found


def queue_depths(amqp_url: str, queues: list[str]) -> dict[str, int]:
    """Return the number of ready messages of each queue that exists. Empty if the broker does not answer."""
    depths = {}
    try:
        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        for queue in queues:
            channel = connection.channel()
            try:
                depths[queue] = channel.queue_declare(queue, passive=True).method.message_count
                channel.close()
            except pika.exceptions.ChannelClosedByBroker:
                continue
        connection.close()
    except (pika.exceptions.AMQPError, OSError):
        return depths
    return depths
