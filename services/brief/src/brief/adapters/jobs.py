"""Background jobs: make pictures of the pages of proofs, and reconsider briefs that wait for their budget."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from optima_kit.jobs import JobKinds, JobRun

from ..application.charge_budget import GRANT, ReconsiderBrief
from ..application.grant_budget import grant_budget
from ..application.ports import Ports
from ..application.preview_proof import file_to_show, show_nothing, show_pages
from ..application.submit_proof import PREVIEW, RenderPreview
from .previews import FileRefused, pages_of

log = logging.getLogger(__name__)

jobs: Final = JobKinds()


@jobs.on(GRANT, ReconsiderBrief)
async def grant(ports: Ports, payload: ReconsiderBrief) -> None:
    await grant_budget(ports, payload)


@jobs.outside(PREVIEW, RenderPreview, timeout=timedelta(seconds=45), attempts=5)
async def preview(run: JobRun[Ports], payload: RenderPreview) -> None:
    """Make and store the pictures of a version's pages. A repetition after a crash makes the same pictures,
    and pictures that are already stored stay."""
    async with run.transaction() as ports:
        file, data = await file_to_show(ports, payload)
    try:
        pages = await pages_of(data, file.media_type)
    except FileRefused as refused:
        log.warning("version %s of proof %s can't be shown: %s", payload.version, payload.proof_id, refused)
        async with run.finish() as ports:
            await show_nothing(ports, payload)
        return
    async with run.finish() as ports:
        await show_pages(ports, payload, pages)
