"""An admin sets the technical-economic details of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from optima_contracts.economics import JobEconomicsSet, OrderLineValue, OrderValued
from optima_contracts.money import money_text
from optima_kit.actor import Actor
from optima_kit.refusals import Stale

from ..domain.economics import (
    STRICT,
    CostLine,
    Economics,
    cost_lines_fit,
    cost_to_set,
    margin,
    price,
    price_to_set,
    total_is_within_bounds,
    with_charges,
)
from ..domain.job import Job
from ..domain.job_changes import with_economics, work_done
from ..domain.order import FullOrder, Order
from ..domain.sheets import SheetEntry, filled_in
from .access import order_of_job_to_change
from .end_amendments import end_lapsed_amendments
from .ports import EconomicsEntry, Ports


async def set_economics(
    ports: Ports,
    actor: Actor,
    job_id: UUID,
    expected_version: int,
    *,
    cost: Decimal | None,
    cost_lines: tuple[CostLine, ...],
    unit_price: Decimal | None,
    sheet: Mapping[str, str],
    **details: Any,
) -> Job:
    """Set a job's economics. Without a `unit_price`, the approved one is used; `details` are the other fields
    of `Economics`. Lines with terms of delivery cost what their phases have yielded. The order's value is
    published once each of its jobs has economics, and again with each correction."""
    before = await order_of_job_to_change(ports, job_id)
    job = before.job(job_id)
    if job.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    cost_lines_fit(cost_lines, {phase.id: phase.name for phase in job.phases})
    lines = with_charges(cost_lines, work_done(job))
    economics = Economics(
        cost=cost_to_set(cost, lines),
        cost_lines=lines,
        unit_price=price_to_set(job.item.approved_unit_price, unit_price),
        sheet=await _sheet(ports, job, sheet),
        **details,
    )
    approved = job.item.approved_unit_price
    differs = approved is not None and economics.unit_price != approved
    policy = await ports.prices.find_policy() if differs else STRICT
    priced = with_economics(before.order.state, job, economics, policy)
    after, order = before.with_jobs(priced), before.order
    end_lapsed_amendments(ports, after)
    ports.orders.update_order(before, after)
    note_economics(ports, priced, actor.person_id)
    tell_economics_set(ports, order, priced)
    tell_order_valued(ports, after)
    return priced


async def _sheet(ports: Ports, job: Job, given: Mapping[str, str]) -> tuple[SheetEntry, ...]:
    """Fill in the sheet of the job's kind as it is now. A line from stock and a line of an unknown kind have
    none."""
    kinds = {} if job.item.article_id else await ports.kinds.list_named([job.item.kind])
    kind = kinds.get(job.item.kind)
    return filled_in(kind.sheet if kind else (), given)


def note_economics(ports: Ports, job: Job, by: UUID | None) -> None:
    """Add the job's economics to their history, with the person who set them."""
    assert job.economics is not None
    ports.orders.insert_economics_entry(EconomicsEntry(job.id, ports.now, by, job.economics))


def tell_changed_costs(ports: Ports, before: FullOrder, after: FullOrder, by: UUID | None = None) -> None:
    """Record and publish the economics of jobs that differ from before, such as a cost changed by work that
    is over."""
    known = {job.id: job.economics for job in before.jobs}
    for job in after.jobs:
        if job.economics is not None and job.economics != known[job.id]:
            note_economics(ports, job, by)
            tell_economics_set(ports, after.order, job)


def tell_economics_set(ports: Ports, order: Order, job: Job) -> None:
    ports.outbox.add(_economics_set(job), subject=job.id, correlation=order.correlation_id)


def tell_order_valued(ports: Ports, order: FullOrder) -> None:
    """Publish the order's value, once each of its jobs has its economics."""
    if all(job.economics for job in order.jobs):
        total = _order_valued(order.order, order.jobs)
        ports.outbox.add(total, subject=order.order.id, correlation=order.order.correlation_id)


def _economics_set(job: Job) -> JobEconomicsSet:
    economics, approved = job.economics, job.item.approved_unit_price
    assert economics is not None
    return JobEconomicsSet(
        job_id=job.id,
        order_id=job.order_id,
        cost=str(economics.cost),
        price=str(price(economics, job.item.quantity)),
        margin=str(margin(economics, job.item.quantity)),
        supplier=economics.supplier,
        materials=economics.materials,
        approved_unit_price=None if approved is None else money_text(approved),
        price_reason=economics.price_reason,
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
                unit_price=money_text(job.economics.unit_price),
                amount=str(amount),
                vat_code=job.economics.vat_code,
            )
        )
    total_is_within_bounds(total)
    return OrderValued(order_id=order.id, brief_id=order.brief_id, lines=lines, total=str(total))
