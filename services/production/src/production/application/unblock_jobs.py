"""Give jobs that waited for their kind the phases of that kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from optima_kit.ids import new_id

from ..domain.job import Job
from ..domain.job_changes import with_kind_defined
from ..domain.kinds import Kind
from ..domain.machine import JobState
from ..domain.plan import Schedule


def unblock_jobs(jobs: Iterable[Job], kinds: Mapping[str, Kind], schedule: Schedule) -> list[Job]:
    """Return the blocked jobs whose kind is among `kinds`, with its phases."""
    return [
        with_kind_defined(job, kinds[job.item.kind], schedule, new_id)
        for job in jobs
        if job.state is JobState.BLOCKED and job.item.kind in kinds
    ]
