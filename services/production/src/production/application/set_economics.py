"""An admin sets the technical-economic details of a job."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from optima_contracts.economics import JobEconomicsSet, OrderLineValue, OrderValued
from optima_kit.refusals import Stale

from ..domain.economics import Economics, margin, price, total_is_within_bounds
from ..domain.job import Job, with_economics
from ..domain.order import Order
from .access import order_of_job_to_change
from .ports import Ports


async def set_economics(ports: Ports, job_id: UUID, expected_version: int, economics: Economics) -> Job:
    """The order is valued as soon as each of its jobs is, and anew with each correction."""
    before = await order_of_job_to_change(ports, job_id)
    job = before.job(job_id)
    if job.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    priced = with_economics(before.order.state, job, economics)
    after, order = before.with_jobs(priced), before.order
    ports.orders.update_order(before, after)
    ports.outbox.add(_economics_set(priced, economics), subject=job_id, correlation=order.correlation_id)
    if all(each.economics for each in after.jobs):
        total = _order_valued(order, after.jobs)
        ports.outbox.add(total, subject=order.id, correlation=order.correlation_id)
    return priced


def _economics_set(job: Job, economics: Economics) -> JobEconomicsSet:
    return JobEconomicsSet(
        job_id=job.id,
        order_id=job.order_id,
        cost=str(economics.cost),
        price=str(price(economics, job.item.quantity)),
        margin=str(margin(economics, job.item.quantity)),
        supplier=economics.supplier,
        materials=economics.materials,
    )


def _order_valued(order: Order, jobs: Sequence[Job]) -> OrderValued:
    lines = []
    total = Decimal("0.00")
    for job in jobs:
        assert job.economics is not None
        amount = price(job.economics, job.item.quantity)
        total += amount
        lines.append(
            OrderLineValue(
                job_id=job.id,
                unit_price=str(job.economics.unit_price),
                amount=str(amount),
                vat_code=job.economics.vat_code,
            )
        )
    total_is_within_bounds(total)
    return OrderValued(order_id=order.id, brief_id=order.brief_id, lines=lines, total=str(total))
