"""Try a record again that had failed."""

from __future__ import annotations

from uuid import UUID

from optima_kit.refusals import WrongState

from ..domain.import_plan import Row
from .ports import Ports, RemoteRows
from .schedules import owe_export
from .take_in_customers import apply_plan, plan_customers


async def replay_failure(ports: Ports, failure_id: UUID) -> bool:
    """Returns whether the record has gone through already.

    An inbound row is planned anew, under the mapping and with the customers of today; a document is owed
    again and goes out shortly. Raises Absent, or WrongState for a file that was refused as a whole.
    """
    failure = await ports.failures.lock_failure(failure_id)
    if failure.direction == "out":
        await ports.failures.restart_failure(failure_id)
        owe_export(ports, failure.connection_id, failure.entity, UUID(failure.record_key))
        return False
    if not failure.payload:
        raise WrongState("file_must_come_again", file=failure.record_key)
    connection = await ports.connections.get_connection_by_id(failure.connection_id)
    content = RemoteRows(header=list(failure.payload), rows=[Row(0, failure.payload)])
    plan = await plan_customers(ports, connection, content, failure.record_key)
    await apply_plan(ports, connection, plan)
    if plan.refused:
        return False
    await ports.failures.delete_failures(failure.connection_id, "customer", "in", [failure.record_key])
    return True
