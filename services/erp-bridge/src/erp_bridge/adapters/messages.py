"""The bridge's reactions to events. The inbox drops duplicates; each reaction says what happens if an event
comes early or late. To wait for another event means to be tried again until that one has been handled."""

from __future__ import annotations

from optima_contracts.economics import OrderValued
from optima_contracts.logistics import (
    DdtIssued,
    DdtVoided,
    GoodsReturned,
    ShipmentPartlyRefused,
    ShipmentRefused,
)
from optima_contracts.production import OrderCancelled, OrderChanged, OrderConfirmed
from optima_kit.directory import directory_reactions
from optima_kit.reactions import Reactions, Received

from ..application.on_ddt import on_ddt_issued, on_ddt_voided, on_goods_back
from ..application.on_order_changed import on_order_cancelled, on_order_changed, on_order_valued
from ..application.on_order_confirmed import on_order_confirmed
from ..application.ports import Ports

reactions = Reactions()
reactions.include(directory_reactions(lambda ports: ports.directory))


@reactions.on(OrderConfirmed)
async def order_confirmed(ports: Ports, event: Received[OrderConfirmed]) -> None:
    """Store a confirmed order. All other events of the order wait for this one."""
    await on_order_confirmed(ports, event.data, correlation_id=event.correlation_id)


@reactions.on(OrderValued, newest_only=True)
async def order_valued(ports: Ports, event: Received[OrderValued]) -> None:
    """Store an order's prices. Waits for the order. The event holds all prices, so one that is older than the
    last is dropped."""
    await on_order_valued(ports, event.data)


@reactions.on(OrderChanged, newest_only=True)
async def order_changed(ports: Ports, event: Received[OrderChanged]) -> None:
    """Store an order's new terms. Waits for the order. The event holds all lines, so one that is older than
    the last is dropped."""
    await on_order_changed(ports, event.data)


@reactions.on(OrderCancelled)
async def order_cancelled(ports: Ports, event: Received[OrderCancelled]) -> None:
    """Cancel an order. Waits for the order. Prices that come later leave it cancelled."""
    await on_order_cancelled(ports, event.data.order_id)


@reactions.on(DdtIssued)
async def ddt_issued(ports: Ports, event: Received[DdtIssued]) -> None:
    """Store an issued DDT. It is the shipment's first event that concerns the ERP."""
    await on_ddt_issued(ports, event.data, correlation_id=event.correlation_id)


@reactions.on(DdtVoided)
async def ddt_voided(ports: Ports, event: Received[DdtVoided]) -> None:
    """Void a DDT. Waits for the event of its issue."""
    await on_ddt_voided(ports, event.data)


@reactions.on(ShipmentRefused)
async def shipment_refused(ports: Ports, event: Received[ShipmentRefused]) -> None:
    """Void the DDT of a refused shipment. Waits for the event of its issue."""
    await on_ddt_voided(ports, event.data)


@reactions.on(ShipmentPartlyRefused)
async def shipment_partly_refused(ports: Ports, event: Received[ShipmentPartlyRefused]) -> None:
    """Add the refused quantities to a DDT. Waits for the event of its issue. The event comes once per
    shipment; a duplicate would count twice, but the inbox drops duplicates."""
    await on_goods_back(ports, event.data)


@reactions.on(GoodsReturned)
async def goods_returned(ports: Ports, event: Received[GoodsReturned]) -> None:
    """Add returned quantities to a DDT. Waits for the event of its issue. Returns add up in any order."""
    await on_goods_back(ports, event.data)
