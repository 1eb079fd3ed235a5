"""Store what production and logistics report about the progress of a brief's items, for people who may see
the brief. A duplicate stores the same again. Events of orders without a brief are ignored."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from optima_contracts.economics import OrderValued
from optima_contracts.logistics import (
    DdtIssued,
    DdtVoided,
    ShipmentDelivered,
    ShipmentDeparted,
    ShipmentRefused,
)
from optima_contracts.production import JobClosed, JobCompleted, OrderChanged, OrderConfirmed

from ..domain.budgets import EntryCause
from ..domain.lifecycle import AuditContext
from ..domain.progress import Shipment, ShipmentState
from .charge_budget import settle_charge
from .ports import Ports

ShipmentFact = DdtIssued | ShipmentDeparted | ShipmentDelivered | ShipmentRefused | DdtVoided


async def on_lines_ordered(ports: Ports, event: OrderConfirmed, context: AuditContext) -> None:
    """Store the ordered quantities. What was stored about the jobs before stays."""
    if event.brief_id is not None:
        ordered = [(line.job_id, line.item_id, Decimal(line.quantity)) for line in event.lines]
        ports.progress.upsert_ordered(event.brief_id, ordered)
        await settle_charge(ports, event.brief_id, EntryCause.DELIVERED, context)


async def on_order_changed(ports: Ports, event: OrderChanged, context: AuditContext) -> None:
    """Store the changed quantities, even if the change arrives before the order's confirmation."""
    if event.brief_id is not None:
        ordered = [(line.job_id, line.item_id, Decimal(line.quantity)) for line in event.lines]
        ports.progress.upsert_ordered(event.brief_id, ordered, changed=True)
        await settle_charge(ports, event.brief_id, EntryCause.PRICE_CORRECTED, context)


async def on_job_completed(ports: Ports, event: JobCompleted) -> None:
    if event.brief_id is not None:
        ports.progress.upsert_produced(event.brief_id, event.job_id, Decimal(event.quantity))


async def on_job_closed(ports: Ports, event: JobClosed, context: AuditContext) -> None:
    if event.brief_id is not None:
        ports.progress.upsert_closed(event.brief_id, event.job_id, Decimal(event.shipped))
        await settle_charge(ports, event.brief_id, EntryCause.CLOSED_SHORT, context, event.reason)


async def on_order_valued(ports: Ports, event: OrderValued, context: AuditContext) -> None:
    """Store the order's prices, which count for the budget from now on. They mostly equal the approved
    ones."""
    if event.brief_id is not None:
        prices = {line.job_id: Decimal(line.unit_price) for line in event.lines}
        ports.progress.upsert_valued(event.brief_id, prices)
        await settle_charge(ports, event.brief_id, EntryCause.PRICE_CORRECTED, context)


async def on_shipment_changed(ports: Ports, event: ShipmentFact, state: ShipmentState, sequence: int) -> None:
    """Store a shipment's state. Each event carries all lines, so only the newest one counts, but a late event
    can still add the number and dates. Goods that only change their place, or are expected back, do not
    count."""
    if event.brief_id is None or not event.closes_order_line:
        return
    quantities: dict[UUID, Decimal] = defaultdict(Decimal)
    for line in event.lines:
        quantities[line.job_id] += Decimal(line.quantity)
    shipment = Shipment(
        shipment_id=event.shipment_id,
        state=state,
        quantities=quantities,
        ddt_number=event.number if isinstance(event, DdtIssued | DdtVoided) else None,
        issued_on=event.issue_date if isinstance(event, DdtIssued) else None,
        delivered_at=event.delivered_at if isinstance(event, ShipmentDelivered) else None,
    )
    ports.progress.upsert_shipment(event.brief_id, shipment, sequence)
