"""Retry failed records: one, or all that match a filter."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from optima_kit.refusals import WrongState

from ..domain.entities import Entity
from ..domain.failure import CONNECTION, Failure, FailureFilter
from ..domain.import_plan import Answer, RemoteRecord
from .apply_plan import apply_plan, plan_records
from .ports import Ports
from .schedules import ReplayFailures, schedule_export, schedule_poll, schedule_recovery, schedule_replay

PAGE: Final = 200


async def replay_failure(ports: Ports, failure_id: UUID, answer: Answer | None) -> bool:
    """Retry one failure. Return whether it is already resolved.

    An incoming record is planned again with the present mapping and records, and with a person's answer if
    the failure is a question. A document is sent shortly, an unreachable ERP is called at once, and a paused
    entity is resumed. Raises Absent, or WrongState for a file that was refused as a whole, for an answer
    without a question and for a question without an answer.
    """
    failure = await ports.failures.lock_failure(failure_id)
    if failure.is_question != (answer is not None):
        raise WrongState("answer_missing" if answer is None else "answer_not_asked")
    if answer is None and not failure.can_be_replayed:
        raise WrongState("file_must_come_again", file=failure.record_key)
    return await _replay(ports, failure, answer)


async def replay_failures(ports: Ports, wanted: FailureFilter) -> int:
    """Schedule a retry of the wanted failures, each as `replay_failure` does it. Return how many. Failures
    that need an answer or a new file stay. Raises WrongState if none can be retried."""
    groups = await ports.failures.list_failure_groups(wanted)
    count = sum(each.failures for each in groups if each.can_be_replayed)
    if not count:
        raise WrongState("failures_not_replayable")
    schedule_replay(ports, wanted)
    return count


async def replay_page(ports: Ports, job: ReplayFailures) -> None:
    """Retry the job's next failures, and schedule another job for the rest."""
    found = await ports.failures.lock_failures(job.wanted(), after=job.after, limit=PAGE)
    for failure in found:
        if failure.can_be_replayed:
            await _replay(ports, failure, None)
    if len(found) == PAGE:
        schedule_replay(ports, job.wanted(), after=found[-1].failure_id)


async def _replay(ports: Ports, failure: Failure, answer: Answer | None) -> bool:
    if failure.entity == CONNECTION:
        schedule_recovery(ports, failure.connection_id, ports.now)
        return False
    if failure.error_class == "paused":
        await _go_on(ports, failure, failure.entity)
        return True
    if failure.direction == "in":
        return await _replay_record(ports, failure, failure.entity, answer)
    await _replay_document(ports, failure, failure.entity)
    return False


async def _go_on(ports: Ports, failure: Failure, entity: Entity) -> None:
    """Resume a paused entity. Its present remote schema is accepted, unless it still lacks fields that the
    exchange needs."""
    connection = await ports.connections.get_connection_by_id(failure.connection_id)
    await ports.schemas.delete_schema(connection.connection_id, entity)
    await ports.failures.delete_failures(
        connection.connection_id, entity, failure.direction, [failure.record_key]
    )
    if failure.direction == "in":
        schedule_poll(ports, connection, entity)
        return
    for waiting, internal_id in await ports.documents.list_awaited_exports(connection.connection_id):
        if waiting == entity:
            schedule_export(ports, connection.connection_id, entity, internal_id)


async def _replay_document(ports: Ports, failure: Failure, entity: Entity) -> None:
    internal_id = UUID(failure.record_key)
    codes = {problem.code for problem in failure.problems}
    if "remote_record_changed" in codes:
        await ports.documents.update_link_version(failure.connection_id, entity, internal_id, None)
    if "remote_record_gone" in codes:
        await ports.documents.clear_link(failure.connection_id, entity, internal_id)
    if failure.dismissal is not None:
        await ports.documents.upsert_awaited_export(failure.connection_id, entity, internal_id, ports.now)
    await ports.failures.restart_failure(failure.failure_id)
    schedule_export(ports, failure.connection_id, entity, internal_id)


async def _replay_record(ports: Ports, failure: Failure, entity: Entity, answer: Answer | None) -> bool:
    connection = await ports.connections.get_connection_by_id(failure.connection_id)
    capability = ports.connectors.get(connection.connector).describe().capability(entity)
    remote_id = failure.record_key if capability is not None and capability.identity == "id" else None
    record = RemoteRecord(failure.payload, remote_id=remote_id)
    plan = await plan_records(
        ports, connection, entity, [record], source=failure.record_key, seen=set(), answer=answer
    )
    if answer is not None and plan.records:
        # The answer may give this remote id to another record than the one it was linked to.
        await ports.records.detach_link(failure.connection_id, entity, plan.records[0].remote_id)
    await apply_plan(ports, connection, entity, plan)
    if plan.refused:
        return False
    await ports.failures.delete_failures(failure.connection_id, entity, "in", [failure.record_key])
    return True
