"""The same work with few and with many rows stored, in turn: what else the machine does meets both."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from .stack import Figure, Samples, print_figures

D = TypeVar("D")

_UNTIMED = 20
"""First rounds, in which statements are prepared and pages are read."""


async def samples_of_both(
    few: D, many: D, ask: Callable[[D, float], Awaitable[None]], samples: int
) -> tuple[Samples, Samples]:
    """Times `ask(desk, share)` on both; the share goes from 0 to 1 over the rounds."""
    of_few, of_many = Samples(), Samples()
    for number in range(samples + _UNTIMED):
        for desk, took in ((few, of_few), (many, of_many)):
            began = time.perf_counter()
            await ask(desk, number / (samples + _UNTIMED))
            if number >= _UNTIMED:
                took.values.append(time.perf_counter() - began)
    return of_few, of_many


def compared(name: str, few: tuple[str, Samples], many: tuple[str, Samples]) -> Iterator[Figure]:
    """Each with what is stored there ("10,000 entries") and its samples."""
    for stored, took in (few, many):
        yield Figure(f"{name}, p99 with {stored}", took.percentile(0.99) * 1000, "ms")
    ratio = many[1].percentile(0.99) / few[1].percentile(0.99)
    yield Figure(f"{name}: ratio", ratio, "×", "≤ 1.5 ×", ratio <= 1.5)
    yield Figure(f"{name}: ratio of medians", many[1].percentile(0.5) / few[1].percentile(0.5), "×")


def report(measure: Callable[[int, int, int], Awaitable[list[Figure]]], described: str | None) -> None:
    """The whole of such a benchmark's `main`: `measure(few, many, samples)` by the command line's words."""
    parser = argparse.ArgumentParser(
        description=described, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=1_000)
    wanted = parser.parse_args()

    async def measured() -> list[Figure]:
        return await measure(wanted.few, wanted.many, wanted.samples)

    print_figures(asyncio.run(measured()))
