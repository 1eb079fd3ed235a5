"""Store the prices that were approved with a brief, for its order."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.economics import BriefPricesApproved

from .ports import Ports


async def on_prices_approved(ports: Ports, event: BriefPricesApproved) -> None:
    """Store the prices. A brief is approved once, so a duplicate event has the same prices. They always
    arrive before the order is made, because the order waits for them."""
    ports.prices.insert_approved({line.item_id: Decimal(line.unit_price) for line in event.lines})
