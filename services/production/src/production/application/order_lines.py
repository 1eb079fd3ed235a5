"""The lines of an order, as its events describe them."""

from __future__ import annotations

from collections.abc import Iterable

from optima_contracts.production import OrderDelivery, OrderLine

from ..domain.job import Job


def lines_of(jobs: Iterable[Job]) -> list[OrderLine]:
    return [
        OrderLine(
            job_id=job.id,
            item_id=job.item.item_id,
            kind=job.item.kind,
            description=job.item.description,
            quantity=str(job.item.quantity),
            unit=job.item.unit,
            deliveries=[
                OrderDelivery(destination=d.destination, quantity=str(d.quantity))
                for d in job.item.deliveries
            ],
            article_id=job.item.article_id,
        )
        for job in jobs
    ]
