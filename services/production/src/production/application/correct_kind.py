"""Backoffice corrects a mistyped kind of item, for which a job would wait forever."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.production import JobKindCorrected
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid

from ..domain.job_changes import kind_may_be_corrected, with_kind_corrected
from .access import order_of_job_to_change
from .ports import Ports


async def correct_kind(ports: Ports, job_id: UUID, key: str) -> None:
    """Give the job the phases of another kind. The brief keeps the kind that it asked for."""
    before = await order_of_job_to_change(ports, job_id)
    job = before.job(job_id)
    kind_may_be_corrected(before.order.state, job)
    kind = (await ports.kinds.list_named([key])).get(key)
    if kind is None:
        raise Invalid("kind_unknown", field="kind", kind=key)
    schedule = ports.schedule(before.order.deadline)
    after = with_kind_corrected(before.order.state, job, kind, schedule, new_id)
    ports.orders.update_order(before, before.with_jobs(after))
    corrected = JobKindCorrected(
        job_id=job_id,
        order_id=job.order_id,
        brief_id=before.order.brief_id,
        kind=key,
        former_kind=job.item.kind,
    )
    ports.outbox.add(corrected, subject=job_id, correlation=before.order.correlation_id)
