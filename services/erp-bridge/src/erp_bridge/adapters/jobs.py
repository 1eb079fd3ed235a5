"""The bridge's jobs: exports, scheduled imports and comparisons, and attempts to end an outage."""

from __future__ import annotations

from datetime import timedelta

import structlog

from optima_kit.jobs import JobKinds, JobRun
from optima_kit.refusals import Refusal

from ..application.export_document import export_document
from ..application.import_entity import import_entity
from ..application.outage import note_outage, recover_connection
from ..application.ports import EntityPaused, Fault, Ports, Throttled
from ..application.reconcile import reconcile
from ..application.replay_failures import replay_page
from ..application.schedules import (
    EXPORT,
    POLL,
    RECONCILE,
    RECOVER,
    REPLAY,
    ExportDocument,
    PollConnection,
    ReconcileEntity,
    RecoverConnection,
    ReplayFailures,
    schedule_poll,
    schedule_reconciliation,
)

log = structlog.get_logger()

jobs = JobKinds()


@jobs.outside(EXPORT, ExportDocument)
async def export(run: JobRun[Ports], payload: ExportDocument) -> None:
    await export_document(run, payload)


@jobs.outside(RECOVER, RecoverConnection, again_after=timedelta(minutes=15))
async def recover(run: JobRun[Ports], payload: RecoverConnection) -> None:
    await recover_connection(run, payload)


@jobs.on(REPLAY, ReplayFailures)
async def replay(ports: Ports, payload: ReplayFailures) -> None:
    await replay_page(ports, payload)


@jobs.outside(RECONCILE, ReconcileEntity, timeout=timedelta(minutes=30), again_after=timedelta(days=1))
async def reconcile_daily(run: JobRun[Ports], payload: ReconcileEntity) -> None:
    """Compare both sides and schedule the next comparison, whatever goes wrong. A comparison that fails is
    not repeated on the same day."""
    try:
        await reconcile(run, payload.key, payload.entity, delete_missing=False)
    except (Fault, Refusal) as met:
        log.warning("comparison not possible", connection=payload.key, entity=payload.entity, code=met.code)
    async with run.finish() as ports:
        connection = await ports.connections.get_connection(payload.key)
        schedule_reconciliation(ports, connection, payload.entity)


@jobs.outside(POLL, PollConnection, timeout=timedelta(minutes=30), again_after=timedelta(hours=1))
async def poll(run: JobRun[Ports], payload: PollConnection) -> None:
    """Import an entity and schedule the next import, whatever goes wrong. During an outage nothing is
    imported; the recovery job notices its end."""
    async with run.transaction() as ports:
        connection = await ports.connections.get_connection(payload.key)
        out = await ports.failures.find_outage(connection.connection_id) is not None
    fault: Fault | None = None
    if not out:
        try:
            await import_entity(run, payload.key, payload.entity, "scheduled")
        except EntityPaused:
            pass  # a failure tells people about the pause
        except Fault as met:
            fault = met
            log.warning("import not possible", connection=payload.key, entity=payload.entity, code=fault.code)
    async with run.finish() as ports:
        connection = await ports.connections.get_connection(payload.key)
        if isinstance(fault, Throttled):
            schedule_poll(ports, connection, payload.entity, not_before=ports.now + fault.retry_after)
            return
        if fault is not None:
            await note_outage(ports, connection, fault)
        schedule_poll(ports, connection, payload.entity)
