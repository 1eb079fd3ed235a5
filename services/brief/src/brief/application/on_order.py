"""React to events of production and logistics, which make and deliver what an approved brief asks for.

Their events may overtake each other: a brief skips states whose events arrive too late, and never goes back.
None of these events can be true before the brief is approved, so an event that arrives earlier waits
(NotYet). Events of orders without a brief are ignored."""

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
    """Store the id of the brief's order. A duplicate, or an event after the order's start, changes
    nothing."""
    if event.brief_id is None:
        return
    brief = await known_brief(ports, event.brief_id)
    if brief.order_confirmed(event.order_id, context.at):
        await ports.briefs.update_brief(brief)


async def on_order_started(ports: Ports, event: OrderStarted, context: AuditContext) -> None:
    """Put the brief into production. A duplicate, or an event after goods have left or the brief was
    cancelled, changes nothing."""
    if event.brief_id is None:
        return
    brief = await known_brief(ports, event.brief_id)
    if brief.production_started(event.order_id, context):
        await ports.briefs.update_brief(brief)
        started = BriefProductionStarted(brief_id=brief.brief_id, order_id=event.order_id)
        ports.outbox.add(started, subject=brief.brief_id, correlation=brief.brief_id)


async def on_goods_left(ports: Ports, event: DdtIssued | ShipmentDeparted, context: AuditContext) -> None:
    """Put the brief into delivery at its first transport document or departure. Later ones change nothing. A
    cancelled brief stays as it is, because logistics will refuse its cancellation. Goods that only move to
    another warehouse, or that a supplier works on, do not count."""
    if event.brief_id is None or not event.closes_order_line:
        return
    brief = await known_brief(ports, event.brief_id)
    if brief.goods_left(event.order_id, context):
        await ports.briefs.update_brief(brief)
        _say_that_delivery_started(ports, brief.brief_id, event.order_id)


async def on_order_delivered(ports: Ports, event: OrderDelivered, context: AuditContext) -> None:
    """Deliver and close the brief. A duplicate changes nothing. If the brief is cancelled, the event waits
    (NotYet): delivered goods must have left, so the refusal of the cancellation is on its way."""
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
    """Cancel the brief, with the reason, because backoffice cancelled its order. Nothing changes at a
    duplicate, if production cancelled the order because the brief was cancelled, or if goods have left and
    are not back."""
    if event.brief_id is None:
        return
    brief = await known_brief(ports, event.brief_id)
    left = brief.order_cancelled(event.reason, context, goods_came_back=event.goods_came_back is True)
    if left is not None:
        await ports.briefs.update_brief(brief)
        await tell_cancelled(ports, brief, event.reason, left, context)


async def on_cancellation_refused(ports: Ports, event: CancellationRefused, context: AuditContext) -> None:
    """Put the brief into delivery. If it is cancelled, its cancellation is revoked; a cancellation that is
    still on its way will not count. A duplicate, or an event after delivery, changes nothing."""
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
