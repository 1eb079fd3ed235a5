"""The prices that were approved with a brief: its order will have them."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.economics import BriefPricesApproved

from .ports import Ports


async def on_prices_approved(ports: Ports, event: BriefPricesApproved) -> None:
    """A brief is approved once, so that a duplicate says the same. One that is told after the order was made
    never comes: the order waits for it."""
    ports.prices.insert_approved({line.item_id: Decimal(line.unit_price) for line in event.lines})
