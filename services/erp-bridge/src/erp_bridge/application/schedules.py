"""The bridge's jobs and when they are due."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.ids import new_id

from ..domain.connection import Connection, next_hour
from ..domain.entities import Entity
from ..domain.failure import Direction, ErrorClass, FailureEntity, FailureFilter
from .ports import Ports

EXPORT: Final = "erp.export"
POLL: Final = "erp.poll"
RECONCILE: Final = "erp.reconcile"
RECOVER: Final = "erp.recover"
REPLAY: Final = "erp.replay"


class ExportDocument(BaseModel):
    connection_id: UUID
    entity: Entity
    internal_id: UUID


class PollConnection(BaseModel):
    key: str
    entity: Entity = "customer"
    """Jobs from the time when only customers were exchanged name no entity."""


class ReconcileEntity(BaseModel):
    key: str
    entity: Entity


class RecoverConnection(BaseModel):
    connection_id: UUID


class ReplayFailures(BaseModel):
    connection: str
    entity: FailureEntity | None = None
    direction: Direction | None = None
    error_class: ErrorClass | None = None
    code: str | None = None
    after: UUID | None = None
    """The last failure that was retried; the job continues behind it."""

    def wanted(self) -> FailureFilter:
        return FailureFilter(**self.model_dump(exclude={"after"}))


def schedule_export(
    ports: Ports, connection_id: UUID, entity: Entity, internal_id: UUID, *, after: timedelta = timedelta()
) -> None:
    ports.jobs.schedule(
        EXPORT,
        ExportDocument(connection_id=connection_id, entity=entity, internal_id=internal_id),
        key=f"{connection_id}:{entity}:{internal_id}",
        due_at=ports.now + after,
    )


def schedule_polls(ports: Ports, connection: Connection) -> None:
    """Schedule the import of each entity that is switched on, and the daily comparison of those that have
    one."""
    for capability in ports.connectors.get(connection.connector).describe().capabilities:
        if capability.reads:
            schedule_poll(ports, connection, capability.entity)
        if capability.may_be_compared_daily:
            schedule_reconciliation(ports, connection, capability.entity)


def schedule_poll(
    ports: Ports, connection: Connection, entity: Entity, *, not_before: datetime | None = None
) -> None:
    """Schedule the one import job of the connection and entity, or cancel it if the exchange is switched off.
    The job schedules itself again."""
    key = f"{connection.key}:{entity}"
    exchange = connection.exchange(entity)
    if not exchange.enabled:
        ports.jobs.cancel(POLL, key)
        return
    due_at = exchange.next_look(ports.now)
    if not_before is not None:
        due_at = max(due_at, not_before)
    ports.jobs.schedule(POLL, PollConnection(key=connection.key, entity=entity), key=key, due_at=due_at)


def schedule_reconciliation(ports: Ports, connection: Connection, entity: Entity) -> None:
    """Schedule the one comparison job of the connection and entity, or cancel it if no hour is set. The job
    schedules itself again."""
    key, hour = f"{connection.key}:{entity}", connection.exchange(entity).compare_at
    if hour is None:
        ports.jobs.cancel(RECONCILE, key)
        return
    due_at = next_hour([hour], ports.now)
    payload = ReconcileEntity(key=connection.key, entity=entity)
    ports.jobs.schedule(RECONCILE, payload, key=key, due_at=due_at)


def schedule_recovery(ports: Ports, connection_id: UUID, at: datetime) -> None:
    ports.jobs.schedule(
        RECOVER, RecoverConnection(connection_id=connection_id), key=str(connection_id), due_at=at
    )


def schedule_replay(ports: Ports, wanted: FailureFilter, *, after: UUID | None = None) -> None:
    told = {name: value for name, value in asdict(wanted).items() if name != "dismissed"}
    ports.jobs.schedule(REPLAY, ReplayFailures(**told, after=after), key=str(new_id()))
