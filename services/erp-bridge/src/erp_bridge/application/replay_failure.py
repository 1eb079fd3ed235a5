"""Try a record again that had failed."""

from __future__ import annotations

from uuid import UUID

from optima_kit.refusals import WrongState

from ..domain.failure import CONNECTION, Failure
from ..domain.import_plan import Answer, RemoteRecord
from .apply_plan import apply_plan, plan_records
from .ports import Ports
from .schedules import owe_export, owe_recovery


async def replay_failure(ports: Ports, failure_id: UUID, answer: Answer | None) -> bool:
    """Returns whether the record has gone through already.

    An inbound record is planned anew, under the mapping and with the records of today, and with what a person
    answered where that was asked; a document is owed again and goes out shortly; an unreachable ERP is tried
    at once. Raises Absent, or WrongState for a file that was refused as a whole, for an answer that nobody
    asked for, and for none where one is needed.
    """
    failure = await ports.failures.lock_failure(failure_id)
    if failure.is_question != (answer is not None):
        raise WrongState("answer_missing" if answer is None else "answer_not_asked")
    if answer is None and not failure.can_be_replayed:
        raise WrongState("file_must_come_again", file=failure.record_key)
    if failure.entity == CONNECTION:
        owe_recovery(ports, failure.connection_id, ports.now)
        return False
    if failure.direction == "out":
        await _owe_document(ports, failure)
        return False
    return await _replay_record(ports, failure, answer)


async def _owe_document(ports: Ports, failure: Failure) -> None:
    assert failure.entity != CONNECTION
    entity, internal_id = failure.entity, UUID(failure.record_key)
    codes = {problem.code for problem in failure.problems}
    if "remote_record_changed" in codes:
        await ports.documents.update_link_version(failure.connection_id, entity, internal_id, None)
    if "remote_record_gone" in codes:
        await ports.documents.clear_link(failure.connection_id, entity, internal_id)
    await ports.failures.restart_failure(failure.failure_id)
    owe_export(ports, failure.connection_id, entity, internal_id)


async def _replay_record(ports: Ports, failure: Failure, answer: Answer | None) -> bool:
    assert failure.entity != CONNECTION
    connection = await ports.connections.get_connection_by_id(failure.connection_id)
    capability = ports.connectors.get(connection.connector).describe().capability(failure.entity)
    remote_id = failure.record_key if capability is not None and capability.identity == "id" else None
    record = RemoteRecord(failure.payload, remote_id=remote_id)
    plan = await plan_records(
        ports, connection, failure.entity, [record], source=failure.record_key, seen=set(), answer=answer
    )
    if answer is not None and plan.records:
        # What stood under this remote id, or this record under another, does so no more.
        await ports.records.detach_link(failure.connection_id, failure.entity, plan.records[0].remote_id)
    await apply_plan(ports, connection, failure.entity, plan)
    if plan.refused:
        return False
    await ports.failures.delete_failures(failure.connection_id, failure.entity, "in", [failure.record_key])
    return True
