"""Production and logistics make and deliver what an approved brief asks for.

Their events may overtake each other: a brief skips states that it hears of too late, and never goes back.
Before the brief's approval none of them can be true: such an event waits (NotYet). Orders without a brief
are none of this service's business.
"""

from __future__ import annotations

from uuid import UUID

from optima_contracts.brief import (
    BriefCancellationRevoked,
    BriefClosed,
    BriefDelivered,
    BriefDeliveryStarted,
    BriefProductionStarted,
)
from optima_contracts.logistics import CancellationRefused, DdtIssued, ShipmentDeparted
from optima_contracts.production import OrderCancelled, OrderConfirmed, OrderDelivered, OrderStarted

from ..domain.budgets import EntryCause
from ..domain.lifecycle import AuditContext, State
from .access import known_brief
from .charge_budget import settle_charge
from .ports import Ports
from .tell_cancelled import tell_cancelled


async def on_order_confirmed(ports: Ports, event: OrderConfirmed, context: AuditContext) -> None:
    """Notes the order. Again, or after it has started: nothing."""
    if event.brief_id is None:
        return
    brief = await known_brief(ports, event.brief_id)
    if brief.order_confirmed(event.order_id, context.at):
        await ports.briefs.update_brief(brief)


async def on_order_started(ports: Ports, event: OrderStarted, context: AuditContext) -> None:
    """Again, or after goods have left or the brief was cancelled: nothing."""
    if event.brief_id is None:
        return
    brief = await known_brief(ports, event.brief_id)
    if brief.production_started(event.order_id, context):
        await ports.briefs.update_brief(brief)
        started = BriefProductionStarted(brief_id=brief.brief_id, order_id=event.order_id)
        ports.outbox.add(started, subject=brief.brief_id, correlation=brief.brief_id)


async def on_goods_left(ports: Ports, event: DdtIssued | ShipmentDeparted, context: AuditContext) -> None:
    """The first of a brief's documents and departures counts; again, or after delivery: nothing. In a
    cancelled brief: nothing, since logistics answers the cancellation with its refusal. Goods that only
    change their warehouse, or that a supplier works on, are on no delivery."""
    if event.brief_id is None or not event.closes_order_line:
        return
    brief = await known_brief(ports, event.brief_id)
    if brief.goods_left(event.order_id, context):
        await ports.briefs.update_brief(brief)
        _say_that_delivery_started(ports, brief.brief_id, event.order_id)


async def on_order_delivered(ports: Ports, event: OrderDelivered, context: AuditContext) -> None:
    """Delivered, and closed by itself. Again: nothing. In a cancelled brief it waits (NotYet): goods that
    were delivered had left, so that the refusal of the cancellation is on its way."""
    if event.brief_id is None:
        return
    brief = await known_brief(ports, event.brief_id)
    if brief.order_delivered(event.order_id, context):
        await ports.briefs.update_brief(brief)
        delivered = BriefDelivered(brief_id=brief.brief_id, order_id=event.order_id)
        ports.outbox.add(delivered, subject=brief.brief_id, correlation=brief.brief_id)
        closed = BriefClosed(brief_id=brief.brief_id)
        ports.outbox.add(closed, subject=brief.brief_id, correlation=brief.brief_id)
        await settle_charge(ports, brief.brief_id, EntryCause.ORDER_DELIVERED, context)


async def on_order_cancelled(ports: Ports, event: OrderCancelled, context: AuditContext) -> None:
    """Backoffice gave the order up: the brief is cancelled and says why. Again, as production's answer to the
    brief's own cancellation, or after goods have left and are not back: nothing."""
    if event.brief_id is None:
        return
    brief = await known_brief(ports, event.brief_id)
    left = brief.order_cancelled(event.reason, context, goods_came_back=event.goods_came_back is True)
    if left is not None:
        await ports.briefs.update_brief(brief)
        await tell_cancelled(ports, brief, event.reason, left, context)


async def on_cancellation_refused(ports: Ports, event: CancellationRefused, context: AuditContext) -> None:
    """The brief is in delivery: a cancellation is revoked; one that has yet to be heard of will not count.
    Again, or after delivery: nothing."""
    brief = await known_brief(ports, event.brief_id)
    was_cancelled = brief.state is State.CANCELLED
    if not brief.cancellation_refused(event.reason, context):
        return
    await ports.briefs.update_brief(brief)
    if was_cancelled:
        revoked = BriefCancellationRevoked(brief_id=brief.brief_id, reason=event.reason)
        ports.outbox.add(revoked, subject=brief.brief_id, correlation=brief.brief_id)
    _say_that_delivery_started(ports, brief.brief_id, event.order_id)
    await settle_charge(ports, brief.brief_id, EntryCause.CANCELLATION_REVOKED, context, event.reason)


def _say_that_delivery_started(ports: Ports, brief_id: UUID, order_id: UUID) -> None:
    started = BriefDeliveryStarted(brief_id=brief_id, order_id=order_id)
    ports.outbox.add(started, subject=brief_id, correlation=brief_id)
