"""Runs many mixed journeys at the same time, by several requesters, and reports the results."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from .client import Person, StepFailed
from .customer import Customer
from .journey import Journey


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of a load run. `seconds` is the time of the whole run, `journeys` holds the time of each
    brief, and `failures` says what went wrong."""

    seconds: float
    journeys: list[float]
    requests: int
    failures: list[str]

    @property
    def journeys_per_second(self) -> float:
        return len(self.journeys) / self.seconds

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Return the seconds within which this share of the journeys ended."""
        if len(self.journeys) < 2:
            return self.journeys[0] if self.journeys else 0.0
        return statistics.quantiles(self.journeys, n=100, method="inclusive")[int(share * 100) - 1]


async def requesters(customer: Customer, count: int) -> list[Person]:
    """Return `count` people who write briefs: the demonstration's own, and others who join for this run."""
    template = next(p for p in customer.data.customer["people"] if p["key"] == "marketing")
    people = [customer.people["marketing"]]
    gate = asyncio.Semaphore(4)

    async def join(number: int) -> Person:
        user, _, domain = template["email"].partition("@")
        wanted = {
            **template,
            "key": f"marketing-{number}",
            "name": f"{template['name']} {number}",
            "email": f"{user}.{number}@{domain}",
        }
        async with gate:
            return await customer.join(wanted)

    people += await asyncio.gather(*(join(number) for number in range(2, count + 1)))
    return people


async def run_load(
    customer: Customer, people: int, briefs: int, tick: Callable[[int, int], None]
) -> LoadResult:
    """Run `briefs` journeys with `people` requesters, each of whom does one journey after the other.

    `tick(done, all)` is called whenever a journey ends.
    """
    writers = await requesters(customer, people)
    for person in [*writers, *customer.people.values()]:
        await customer.api.sign_in(person)
    # Leave out the cost centre, so that no brief waits for its budget, which people would have to resolve.
    kinds = itertools.cycle(
        {name: value for name, value in brief.items() if name != "cost_centre"}
        for brief in customer.data.briefs["briefs"]
    )
    waiting = [next(kinds) for _ in range(briefs)]
    took: list[float] = []
    failures: list[str] = []
    requests = customer.api.requests
    began = time.perf_counter()

    async def write(person: Person) -> None:
        while waiting:
            wanted = waiting.pop(0)
            at = time.perf_counter()
            try:
                await Journey(customer, wanted, person, lambda _: None).run()
            except StepFailed as error:
                failures.append(f"{wanted['title']}: {error}")
            else:
                took.append(time.perf_counter() - at)
            tick(len(took) + len(failures), briefs)

    await asyncio.gather(*(write(person) for person in writers))
    return LoadResult(time.perf_counter() - began, took, customer.api.requests - requests, failures)
