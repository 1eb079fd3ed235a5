"""Create an order, from a brief, from backoffice or from an ERP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from optima_contracts.production import OrderConfirmed
from optima_kit.ids import new_id

from ..domain.job import Item, Job
from ..domain.job_changes import planned_job
from ..domain.kinds import Kind
from ..domain.machine import OrderState
from ..domain.order import Order, numbering_year, order_number
from .order_lines import lines_of
from .ports import Ports


async def confirm_order(
    ports: Ports,
    items: Sequence[Item],
    kinds: dict[str, Kind],
    *,
    brief_id: UUID | None,
    title: str,
    customer: str | None,
    deadline: date,
    order_id: UUID | None = None,
) -> Order:
    """Create the order, under `order_id` if it has one already, and a job for each item. A job whose kind is
    not in `kinds` is blocked, unless it is taken from stock."""
    year = numbering_year(ports.now)
    order = Order(
        id=order_id or new_id(),
        number=order_number(year, await ports.orders.next_order_number(year)),
        brief_id=brief_id,
        title=title,
        customer=customer,
        deadline=deadline,
        state=OrderState.CONFIRMED,
        confirmed_at=ports.now,
    )
    jobs = [
        planned_job(
            item,
            kinds.get(item.kind),
            ports.schedule(deadline),
            job_id=new_id(),
            order_id=order.id,
            position=position,
            new_id=new_id,
        )
        for position, item in enumerate(items, start=1)
    ]
    known = await ports.customers.find_customer(customer) if customer else None
    ports.orders.insert_order(order, jobs)
    confirmed = _confirmed(order, jobs, customer_id=known.id if known else None)
    ports.outbox.add(confirmed, subject=order.id, correlation=order.correlation_id)
    return order


def _confirmed(order: Order, jobs: Sequence[Job], *, customer_id: UUID | None) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order.id,
        number=order.number,
        brief_id=order.brief_id,
        customer=order.customer,
        customer_id=customer_id,
        deadline=order.deadline,
        lines=lines_of(jobs),
    )
