"""The same work with few and with many rows stored, in turn: what else the machine does meets both."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from optima_kit.db import Database
from optima_kit.testing import ServiceDatabase, temporary_database

from .stack import Figure, Samples, print_figures


class Fillable(Protocol):
    async def fill(self) -> None: ...


D = TypeVar("D")
F = TypeVar("F", bound=Fillable)

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


@asynccontextmanager
async def filled(
    service: str, rows: str, make: Callable[[ServiceDatabase, Database], F], *, size: int = 4
) -> AsyncIterator[F]:
    """What `make` makes of a database of that service, filled with `rows` ("10,000 briefs"), and dropped
    afterwards. The pool has at most `size` connections."""
    async with temporary_database(service) as stored:
        database = await Database.open(stored.rw_url, source=f"/optima/{service}", size=size)
        made = make(stored, database)
        print(f"  filling a database with {rows}", file=sys.stderr)
        began = time.perf_counter()
        await made.fill()
        print(f"  filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        yield made
        await database.close()


async def growth_of(
    questions: Mapping[str, Callable[[D, float], Awaitable[None]]],
    few: tuple[str, D],
    many: tuple[str, D],
    samples: int,
) -> list[Figure]:
    """Each question's figures on both, which come with what is stored there."""
    figures: list[Figure] = []
    for name, ask in questions.items():
        print(f"  {name}", file=sys.stderr)
        of_few, of_many = await samples_of_both(few[1], many[1], ask, samples)
        figures += compared(name, (few[0], of_few), (many[0], of_many))
    return figures


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
