"""What must hold after any fault: every accepted command has exactly one effect, and nothing is left over."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import asyncpg

from optima_kit.testing import eventually
from optima_local.access import load_access
from tests.stack import Stack


async def everything_settles(stack: Stack) -> None:
    """Outboxes drained, every event handled by each service that wants it, nothing parked, no job failed.

    A job whose worker was killed is done once its lease has ended (45 s at most) and it is hinted at again
    (60 s).
    """
    connections = {name: await asyncpg.connect(stack.database_url(name)) for name in load_access()}
    try:
        errors = errors_logged(stack)
        assert not errors, errors
        unsettled: list[str] = []

        async def settled() -> bool:
            unsettled[:] = await _unsettled(connections)
            return not unsettled

        await eventually(settled, within=300, describe=lambda: f"settled: {unsettled[:5]}")
        for name, connection in connections.items():
            assert await _gaps_in_sequences(connection) == [], name
        await _trail_is_whole(connections)
        await _documents_are_gapless(connections["logistics"])
        await _one_effect_each(connections)
    finally:
        for connection in connections.values():
            await connection.close()


def errors_logged(stack: Stack) -> list[str]:
    """What services logged as errors: a fault around them is no fault of theirs."""
    found = []
    for name in load_access():
        for log in stack.layout.logs.glob(f"{name}*.log"):
            for line in log.read_text(encoding="utf-8").splitlines():
                if '"level":"error"' in line:
                    entry = json.loads(line)
                    found.append(f"{log.name}: {entry['event']}: {entry.get('exception', '')[-600:]}")
    return found


async def _unsettled(connections: dict[str, asyncpg.Connection]) -> list[str]:
    published: dict[str, str] = {}
    problems = []
    for name, connection in connections.items():
        for row in await connection.fetch("SELECT id::text, type, sent_at IS NULL AS waits FROM outbox"):
            published[row["id"]] = row["type"]
            if row["waits"]:
                problems.append(f"{name}: {row['type']} {row['id']} is not sent")
        for row in await connection.fetch("SELECT type, reason, error FROM parking"):
            problems.append(f"{name}: {row['type']} waits or is parked: {row['reason']}: {row['error']}")
        for row in await connection.fetch("SELECT kind, last_error FROM jobs WHERE state = 'failed'"):
            problems.append(f"{name}: a job {row['kind']} failed: {row['last_error']}")
        for row in await connection.fetch(
            "SELECT kind, last_error FROM jobs WHERE state = 'due' AND due_at < now()"
        ):
            problems.append(f"{name}: a job {row['kind']} is overdue: {row['last_error']}")
    for name, access in load_access().items():
        wanted = [re.compile(key.replace(".", r"\.").replace(r"\.#", r"\..*") + "$") for key in access.reads]
        handled = {row[0] for row in await connections[name].fetch("SELECT event_id::text FROM inbox")}
        for event_id, type_ in published.items():
            if event_id not in handled and any(key.match(type_) for key in wanted):
                problems.append(f"{name} has not handled {type_} {event_id}")
    return problems


async def _gaps_in_sequences(connection: asyncpg.Connection) -> list[Any]:
    return list(
        await connection.fetch(
            "SELECT subject, count(*), max(sequence), count(DISTINCT sequence) FROM outbox GROUP BY subject"
            " HAVING count(*) <> max(sequence) OR count(DISTINCT sequence) <> count(*)"
        )
    )


async def _trail_is_whole(connections: dict[str, asyncpg.Connection]) -> None:
    """The trail has each published event once, numbered 1..n per tenant."""
    published: Counter[str] = Counter()
    for connection in connections.values():
        published.update(row[0] for row in await connection.fetch("SELECT id::text FROM outbox"))
    recorded = Counter(
        row[0] for row in await connections["trail"].fetch("SELECT event_id::text FROM entries")
    )
    assert recorded == published
    broken = await connections["trail"].fetch(
        "SELECT tenant_id FROM entries GROUP BY tenant_id HAVING min(number) <> 1 OR max(number) <> count(*)"
    )
    assert not broken


async def _documents_are_gapless(logistics: asyncpg.Connection) -> None:
    """DDT numbers run 1..n per tenant, year and series, each once."""
    issued = await logistics.fetch(
        "SELECT tenantid, year, series, array_agg(progressive ORDER BY progressive) AS numbers FROM ("
        " SELECT envelope::jsonb ->> 'tenantid' AS tenantid, (envelope::jsonb -> 'data' ->> 'year') AS year,"
        " envelope::jsonb -> 'data' ->> 'series' AS series,"
        " (envelope::jsonb -> 'data' ->> 'progressive')::int AS progressive"
        " FROM outbox WHERE type = 'optima.logistics.ddt_issued.v1') AS ddt GROUP BY 1, 2, 3"
    )
    assert issued, "no DDT was issued: the load did not come this far"
    for series in issued:
        assert series["numbers"] == list(range(1, len(series["numbers"]) + 1)), dict(series)


async def _one_effect_each(connections: dict[str, asyncpg.Connection]) -> None:
    """One order a brief, one approval a revision, one receipt a job, each destination served once."""
    events = {
        name: [json.loads(row[0]) for row in await connections[name].fetch("SELECT envelope FROM outbox")]
        for name in ("brief", "approval", "production", "logistics")
    }

    def counted(service: str, type_: str, *keys: str) -> Counter[tuple[str, ...]]:
        return Counter(
            tuple(str(event["data"][key]) for key in keys)
            for event in events[service]
            if event["type"] == type_
            and all(event["data"][key] is not None for key in keys)
            # Articles come into stock and leave it as often as somebody wants.
            and not (event["data"].get("article_code") or event["data"].get("from_stock"))
        )

    for service, type_, keys in (
        ("brief", "optima.brief.approved.v1", ("brief_id",)),
        ("brief", "optima.brief.closed.v1", ("brief_id",)),
        ("approval", "optima.approval.opened.v1", ("subject_id", "subject_revision")),
        ("production", "optima.production.order_confirmed.v1", ("brief_id",)),
        ("production", "optima.production.order_delivered.v1", ("brief_id",)),
        ("production", "optima.production.job_completed.v1", ("job_id",)),
        ("logistics", "optima.logistics.goods_received.v1", ("job_id",)),
        ("logistics", "optima.logistics.ddt_issued.v1", ("order_id", "destination")),
        ("logistics", "optima.logistics.shipment_delivered.v1", ("shipment_id",)),
    ):
        twice = {key: count for key, count in counted(service, type_, *keys).items() if count > 1}
        assert not twice, f"{type_}: {twice}"
    completed = counted("production", "optima.production.phase_completed.v1", "phase_id")
    completed.subtract(counted("production", "optima.production.phase_rejected.v1", "phase_id"))
    assert all(count <= 1 for count in completed.values()), "a phase was completed twice"
