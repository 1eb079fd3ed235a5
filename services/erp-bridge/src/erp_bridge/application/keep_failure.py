"""Keep a record that could not be exchanged, for a person or for another attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from optima_contracts.erp import RecordRefused
from optima_kit.ids import new_id
from optima_kit.refusals import Refusal

from ..domain.connection import Connection
from ..domain.failure import CONNECTION, Direction, ErrorClass, Failure, FailureEntity, Problem
from .ports import Fault, Ports


async def keep_failure(
    ports: Ports,
    connection: Connection,
    entity: FailureEntity,
    direction: Direction,
    record_key: str,
    problems: Sequence[Problem],
    error_class: ErrorClass,
    *,
    payload: Mapping[str, Any] | None = None,
    retry_at: datetime | None = None,
    correlation_id: UUID | None = None,
) -> None:
    """Store the failure; if the record has failed before, count another attempt. Publish `RecordRefused` if a
    person has to act, unless somebody has dismissed the same record with the same problems."""
    stored = await ports.failures.upsert_failure(
        Failure(
            failure_id=new_id(),
            connection_id=connection.connection_id,
            connection_key=connection.key,
            entity=entity,
            direction=direction,
            record_key=record_key,
            payload=payload or {},
            problems=tuple(problems),
            error_class=error_class,
            attempts=1,
            first_failed_at=ports.now,
            last_failed_at=ports.now,
            retry_at=retry_at,
        )
    )
    if error_class not in ("refused", "question") or stored.dismissed or entity == CONNECTION:
        return
    ports.exchanged.refused(connection.connector, entity)
    ports.outbox.add(
        RecordRefused(
            connection=connection.key,
            entity=entity,
            failure_id=stored.failure_id,
            reason=", ".join(f"{each.field}: {each.code}" if each.field else each.code for each in problems),
        ),
        subject=stored.failure_id,
        correlation=correlation_id or stored.failure_id,
    )


def problems_of(refusals: Sequence[Refusal]) -> list[Problem]:
    return [
        Problem(each.code, each.field, {name: str(fact) for name, fact in each.facts.items()})
        for each in refusals
    ]


def problem_of(fault: Fault) -> Problem:
    return Problem(fault.code, None, fault.facts)
