"""Handle an outage of a remote system: one failure for the connection, retried until the system answers."""

from __future__ import annotations

from ..domain.connection import Connection
from ..domain.failure import CONNECTION, next_attempt
from .keep_failure import keep_failure, problem_of
from .pace import paced
from .ports import Fault, JobWork, Ports, Throttled
from .schedules import RecoverConnection, schedule_export, schedule_polls, schedule_recovery


async def note_outage(ports: Ports, connection: Connection, fault: Fault) -> None:
    """Keep one failure for the connection, however many records wait, and schedule the next attempt."""
    known = await ports.failures.find_outage(connection.connection_id)
    if known is not None and known.retry_at is not None and known.retry_at > ports.now:
        return  # another task has just recorded the same outage
    attempts = known.attempts + 1 if known else 1
    retry_at = next_attempt(attempts, ports.now)
    if isinstance(fault, Throttled):
        retry_at = max(retry_at, ports.now + fault.retry_after)
    await keep_failure(
        ports,
        connection,
        CONNECTION,
        "both",
        connection.key,
        [problem_of(fault)],
        "unreachable",
        retry_at=retry_at,
    )
    schedule_recovery(ports, connection.connection_id, retry_at)


async def recover_connection(work: JobWork, job: RecoverConnection) -> None:
    """Check whether the remote system answers again. If so, schedule the exports that waited for it."""
    async with work.transaction() as ports:
        connection = await ports.connections.get_connection_by_id(job.connection_id)
        connector, endpoint = ports.connectors.get(connection.connector), ports.endpoint(connection)
    fault: Fault | None = None
    try:
        async with connector.open(paced(work, connection, endpoint)) as session:
            await session.probe()
    except Fault as met:
        fault = met
    async with work.finish() as ports:
        if fault is not None:
            await note_outage(ports, connection, fault)
            return
        await ports.failures.end_outage(connection.connection_id)
        for entity, internal_id in await ports.documents.list_awaited_exports(connection.connection_id):
            schedule_export(ports, connection.connection_id, entity, internal_id)
        schedule_polls(ports, connection)
