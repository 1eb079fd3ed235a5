"""Background work of logistics."""

from __future__ import annotations

from datetime import timedelta

from optima_kit.jobs import JobKinds, JobRun

from ..application.issue_ddt import RENDER_DDT, RenderDdt
from ..application.ports import Ports
from ..application.tell_destinations import TELL_DESTINATIONS, DestinationsToTell
from ..application.tell_destinations import tell_destinations as tell_some

jobs = JobKinds()


@jobs.outside(RENDER_DDT, RenderDdt, timeout=timedelta(seconds=20))
async def render_ddt(run: JobRun[Ports], payload: RenderDdt) -> None:
    """Render and store the PDF of an issued document before anybody asks for it. Does nothing if it is stored
    already."""
    async with run.transaction() as ports:
        document = await ports.ddts.find_document(payload.shipment_id)
        stored = await ports.ddts.find_pdf(payload.shipment_id)
    assert document is not None, "a document and its rendering are committed in one transaction"
    pdf = stored or await run.resources.print(run.tenant_id, document)
    async with run.finish() as ports:
        ports.ddts.insert_pdf(payload.shipment_id, pdf, ports.now)


@jobs.on(TELL_DESTINATIONS, DestinationsToTell)
async def tell_destinations(ports: Ports, payload: DestinationsToTell) -> None:
    await tell_some(ports, payload)
