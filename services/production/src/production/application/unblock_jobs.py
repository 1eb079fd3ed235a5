"""Jobs that waited for their kind go on with its phases."""

from __future__ import annotations

from uuid import UUID

from optima_kit.ids import new_id

from ..domain.job import JobState, unblocked
from ..domain.kinds import Kind
from .ports import Ports


async def unblock_jobs(ports: Ports, order_id: UUID, kinds: dict[str, Kind]) -> None:
    """Gives phases to those blocked jobs of the order whose kind is among `kinds`. The order is locked."""
    for job in await ports.orders.jobs(order_id):
        if job.state is JobState.BLOCKED and (kind := kinds.get(job.item.kind)):
            await ports.orders.save_job(job, unblocked(job, kind, new_id))
