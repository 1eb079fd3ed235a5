"""An admin asks for another price than the approved one: it is approved anew, by the tenant's process."""

from __future__ import annotations

import secrets
from decimal import Decimal
from uuid import UUID

from optima_contracts.economics import AmendmentRequested
from optima_contracts.money import money_text
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid

from ..domain.amendments import Amendment, content_hash_of
from ..domain.economics import MAX_AMOUNT
from ..domain.job import Job, amendment_may_be_requested
from ..domain.order import Order
from .access import order_of_job_to_change
from .ports import Ports


async def request_amendment(
    ports: Ports, actor: Actor, job_id: UUID, unit_price: Decimal, reason: str
) -> Amendment:
    """Until it is approved, the price stays what it is. Whether the process exists is approval's to say: an
    amendment that can't enter it ends without a verdict."""
    found = await order_of_job_to_change(ports, job_id)
    job = found.job(job_id)
    amendment_may_be_requested(found.order.state, job)
    before = job.item.approved_unit_price
    assert before is not None
    if unit_price == before:
        raise Invalid("nothing_changed", field="unit_price")
    policy = await ports.prices.find_policy()
    amendment = Amendment(
        id=new_id(),
        job_id=job_id,
        quantity=job.item.quantity,
        unit_price_before=before,
        unit_price=unit_price,
        content_hash=content_hash_of(
            job_id, job.item.quantity, before, unit_price, nonce=secrets.token_hex(16)
        ),
        reason=reason,
        process=policy.process,
        requested_at=ports.now,
        requested_by=actor.person_id,
    )
    if amendment.amount > MAX_AMOUNT:
        raise Invalid("price_too_large", field="unit_price", price=amendment.amount, most=MAX_AMOUNT)
    ports.prices.insert_amendment(amendment)
    event = _requested(found.order, job, amendment)
    ports.outbox.add(event, subject=amendment.id, correlation=found.order.correlation_id)
    return amendment


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
        quantity=f"{amendment.quantity.normalize():f}",
        unit_price_before=money_text(amendment.unit_price_before),
        unit_price=money_text(amendment.unit_price),
        amount_before=str(amendment.amount_before),
        amount=str(amendment.amount),
        reason=amendment.reason,
        process=amendment.process,
        requester_id=amendment.requested_by,
        content_hash=amendment.content_hash,
    )
