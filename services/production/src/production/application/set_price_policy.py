"""An admin says how far prices may differ from the approved ones."""

from __future__ import annotations

from decimal import Decimal

from optima_kit.refusals import Stale

from ..domain.economics import PricePolicy
from .ports import Ports


async def set_price_policy(
    ports: Ports, expected_version: int, tolerance_percent: Decimal, process: str | None
) -> PricePolicy:
    """Prices that are set stay; the tolerance counts for the next that is, and the process (without one, the
    present one) for the next amendment."""
    known = await ports.prices.lock_policy()
    if known.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    policy = PricePolicy(tolerance_percent, known.version + 1, process or known.process)
    ports.prices.update_policy(policy)
    return policy
