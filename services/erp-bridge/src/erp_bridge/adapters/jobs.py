"""Work between transactions: what leaves for the ERP, and the regular look at what it has left."""

from __future__ import annotations

import structlog

from optima_kit.jobs import JobKinds, JobRun

from ..application.export_document import export_document
from ..application.import_files import import_files
from ..application.ports import ConnectorFault, Ports
from ..application.schedules import EXPORT, POLL, ExportDocument, PollConnection, owe_poll

log = structlog.get_logger()

jobs = JobKinds()


@jobs.outside(EXPORT, ExportDocument)
async def export(run: JobRun[Ports], payload: ExportDocument) -> None:
    await export_document(run, payload)


@jobs.outside(POLL, PollConnection)
async def poll(run: JobRun[Ports], payload: PollConnection) -> None:
    """Owes itself again whatever it meets: a folder that can't be reached may be there the next time."""
    try:
        await import_files(run, payload.key)
    except ConnectorFault as fault:
        log.warning("import not possible", connection=payload.key, code=fault.code, **fault.facts)
    async with run.finish() as ports:
        owe_poll(ports, await ports.connections.get_connection(payload.key))
