"""Calls keep their distance, whoever makes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from erp_bridge.adapters.pace import EvenPace


@dataclass
class Time:
    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def test_calls_are_made_at_even_distances() -> None:
    time = Time()
    pace = EvenPace(120, time=lambda: time.now, sleep=time.sleep)
    for _ in range(3):
        await pace.turn()
    assert time.slept == [0.5, 0.5]
    # Who comes late waits for nobody, and has saved nothing up.
    time.now += 10
    for _ in range(2):
        await pace.turn()
    assert time.slept == [0.5, 0.5, 0.5]
