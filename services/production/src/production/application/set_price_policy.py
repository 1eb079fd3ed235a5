"""An admin sets how far prices may differ from the approved ones."""

from __future__ import annotations

from decimal import Decimal

from optima_kit.refusals import Stale

from ..domain.economics import PricePolicy
from .ports import Ports


async def set_price_policy(
    ports: Ports, expected_version: int, tolerance_percent: Decimal, process: str | None
) -> PricePolicy:
    """Set the policy. Existing prices stay: the tolerance applies to the next price that is set, and the
    process to the next amendment. Without a `process`, the present one stays."""
    known = await ports.prices.lock_policy()
    if known.version != expected_version:
        raise Stale("stale_version", field="If-Match")
    policy = PricePolicy(tolerance_percent, known.version + 1, process or known.process)
    ports.prices.update_policy(policy)
    return policy
