"""A loop that somebody holds is seen to be late."""

from __future__ import annotations

import time

from optima_kit.metrics import LOOP_LAG_SECONDS
from optima_kit.saturation import loop_lag_observed
from optima_kit.testing import eventually


def late(than: str) -> float:
    """How many times the loop was later than that."""
    (family,) = LOOP_LAG_SECONDS.collect()
    found = {sample.labels.get("le", sample.name): sample.value for sample in family.samples}
    return found["optima_event_loop_lag_seconds_count"] - found[than]


async def test_a_loop_that_is_held_is_measured_late() -> None:
    before = late("0.1")
    async with loop_lag_observed(every=0.01):

        def held() -> bool:
            time.sleep(0.15)  # as a computation would that leaves the loop to nobody
            return late("0.1") > before

        await eventually(held)
