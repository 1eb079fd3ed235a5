"""An admin requests another price or quantity than the approved one, which goes through the tenant's approval
process."""

from __future__ import annotations

import secrets
from decimal import Decimal
from uuid import UUID

from optima_contracts.economics import AmendmentRequested
from optima_contracts.money import money_text
from optima_contracts.production import OrderDelivery
from optima_contracts.quantities import quantity_text
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid

from ..domain.amendments import Amendment, OtherQuantity, content_hash_of
from ..domain.changes import (
    amended,
    other_quantity,
    price_may_be_amended,
    price_to_amend,
    quantity_may_be_amended,
)
from ..domain.deliveries import Delivery
from ..domain.economics import MAX_AMOUNT
from ..domain.job import Job
from ..domain.order import FullOrder, Order
from .access import order_of_job_to_change
from .ports import Ports


async def request_amendment(
    ports: Ports,
    actor: Actor,
    job_id: UUID,
    *,
    unit_price: Decimal | None,
    quantity: Decimal | None,
    deliveries: tuple[Delivery, ...] | None,
    reason: str,
) -> Amendment:
    """Request an amendment. Price and quantity stay as they are until it is approved; a value of None does
    not change even then. Approval decides whether the process exists: without one, the amendment ends without
    a verdict."""
    found = await order_of_job_to_change(ports, job_id)
    job = found.job(job_id)
    if unit_price is not None or quantity is None:
        price_may_be_amended(found, job)
    other = None
    if quantity is not None:
        quantity_may_be_amended(found, job)
        other = other_quantity(job, quantity, deliveries)
    before = price_to_amend(job)
    _something_changes(job, before, unit_price, other, deliveries)
    after = before if unit_price is None else unit_price
    policy = await ports.prices.find_policy()
    amendment = Amendment(
        id=new_id(),
        job_id=job_id,
        quantity=job.item.quantity,
        unit_price_before=before,
        unit_price=after,
        other=other,
        content_hash=content_hash_of(
            job_id, job.item.quantity, before, after, other, nonce=secrets.token_hex(16)
        ),
        reason=reason,
        process=policy.process,
        requested_at=ports.now,
        requested_by=actor.person_id,
    )
    if amendment.amount > MAX_AMOUNT:
        raise Invalid("price_too_large", field="unit_price", price=amendment.amount, most=MAX_AMOUNT)
    await _it_could_be_applied(ports, found, job, amendment)
    ports.prices.insert_amendment(amendment)
    event = _requested(found.order, job, amendment)
    ports.outbox.add(event, subject=amendment.id, correlation=found.order.correlation_id)
    return amendment


def _something_changes(
    job: Job,
    price: Decimal,
    unit_price: Decimal | None,
    other: OtherQuantity | None,
    deliveries: tuple[Delivery, ...] | None,
) -> None:
    """Refuse an amendment that changes neither price nor quantity. A change of destinations alone needs no
    approval."""
    if other is None and (unit_price is None or deliveries is not None):
        raise Invalid("amendment_empty", field="quantity")
    if unit_price == price and other is None:
        raise Invalid("nothing_changed", field="unit_price")
    if other is not None and other.quantity == job.item.quantity:
        raise Invalid("nothing_changed", field="quantity")


async def _it_could_be_applied(ports: Ports, found: FullOrder, job: Job, amendment: Amendment) -> None:
    kinds = await ports.kinds.list_named([job.item.kind])
    schedule = ports.schedule(found.order.deadline)
    amended(found, job, amendment, kind=kinds.get(job.item.kind), schedule=schedule)


def _requested(order: Order, job: Job, amendment: Amendment) -> AmendmentRequested:
    return AmendmentRequested(
        amendment_id=amendment.id,
        order_id=order.id,
        job_id=job.id,
        brief_id=order.brief_id,
        number=order.number,
        title=order.title,
        description=job.item.description,
        kind=job.item.kind,
        unit=job.item.unit,
        quantity=quantity_text(amendment.quantity),
        quantity_after=quantity_text(amendment.other.quantity) if amendment.other else None,
        deliveries_after=_deliveries(amendment.other) if amendment.other else None,
        unit_price_before=money_text(amendment.unit_price_before),
        unit_price=money_text(amendment.unit_price),
        amount_before=str(amendment.amount_before),
        amount=str(amendment.amount),
        reason=amendment.reason,
        process=amendment.process,
        requester_id=amendment.requested_by,
        content_hash=amendment.content_hash,
    )


def _deliveries(other: OtherQuantity) -> list[OrderDelivery]:
    return [
        OrderDelivery(destination=each.destination, quantity=quantity_text(each.quantity))
        for each in other.deliveries
    ]
