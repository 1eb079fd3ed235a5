"""Backoffice changes the deadline, a quantity or the destinations of an order after its confirmation."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Stale

from ..domain.changes import OrderChange, with_deadline, with_line
from ..domain.deliveries import Delivery
from .access import order_of_job_to_change, order_to_change
from .ports import Ports
from .save_order_change import save_order_change
from .set_economics import tell_order_valued


async def change_deadline(
    ports: Ports, actor: Actor, order_id: UUID, expected_version: int, deadline: date, reason: str
) -> None:
    before = await order_to_change(ports, order_id)
    if before.order.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    kinds = await ports.kinds.list_named([job.item.kind for job in before.jobs])
    after = with_deadline(before, deadline, kinds, ports.schedule(deadline), ports.now)
    change = OrderChange(
        id=new_id(),
        order_id=order_id,
        changed_at=ports.now,
        changed_by=actor.person_id,
        reason=reason,
        deadline_before=before.order.deadline,
    )
    save_order_change(ports, before, after, change)


async def change_line(
    ports: Ports,
    actor: Actor,
    job_id: UUID,
    expected_version: int,
    quantity: Decimal,
    deliveries: tuple[Delivery, ...],
    reason: str,
) -> None:
    """Change a line. Its prices stay, so the value of the order follows its quantities."""
    before = await order_of_job_to_change(ports, job_id)
    job = before.job(job_id)
    if job.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    kinds = await ports.kinds.list_named([job.item.kind])
    after = with_line(
        before,
        job,
        quantity,
        deliveries,
        kind=kinds.get(job.item.kind),
        schedule=ports.schedule(before.order.deadline),
        policy=await ports.prices.find_policy(),
    )
    change = OrderChange(
        id=new_id(),
        order_id=job.order_id,
        changed_at=ports.now,
        changed_by=actor.person_id,
        reason=reason,
        job_id=job_id,
        quantity_before=job.item.quantity,
        deliveries_before=job.item.deliveries,
    )
    save_order_change(ports, before, after, change)
    if quantity != job.item.quantity:
        tell_order_valued(ports, after)
