"""Runs the demonstration on a running stack, and prints each step as it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from ..layout import Layout
from ..secrets import settle_secrets
from .afterwards import show_budget, show_erp, show_short_close, show_trail, show_warehouse
from .client import StepFailed
from .customer import Customer, DemoData, Progress
from .journey import Journey, Step
from .load import LoadResult, run_load
from .tryton_erp import show_tryton

_PATIENCE_SECONDS = 20.0
"""How long requests are repeated if a service does not answer or asks to come back later."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demonstration runs: the services' addresses, the platform's client, and the folders."""

    addresses: Mapping[str, str]
    platform_client: tuple[str, str]
    """Id and secret of the service account that registers tenants."""
    data: Path
    progress: Path
    """File with the set-up's progress and the people's passwords, which only its owner may read."""
    drop_folder: Path
    """Root of the ERP drop folders."""
    tryton: str | None = None
    """Address of the stack's Tryton, which then is the customer's ERP; None if the stack has none."""

    @classmethod
    def of(cls, layout: Layout, addresses: Mapping[str, Any], root: Path) -> Stage:
        """Return the stage of a stack. `addresses` is the content of its addresses file, `root` is the
        checkout."""
        secret = settle_secrets(layout, ["platform_client"])["platform_client"]
        return cls(
            addresses=addresses["services"],
            platform_client=("platform", secret),
            data=root / "deploy" / "demo",
            progress=layout.state / "demonstration.json",
            drop_folder=layout.drop_folder,
            tryton=addresses.get("tryton"),
        )


async def run_demonstration(stage: Stage) -> list[Step]:
    """Set up the customer, take the first brief of `briefs.yaml` to its delivery, and print each step.

    Raises StepFailed at the first step that does not succeed.
    """
    async with customer_of(stage, patience=_PATIENCE_SECONDS) as customer:
        wanted = customer.data.briefs["briefs"][0]
        journey = Journey(customer, wanted, customer.people["marketing"], _print_step)
        await journey.run()
        if stage.tryton is not None:
            await show_tryton(journey, stage.tryton)
        else:
            await show_erp(journey, stage.drop_folder)
        await show_budget(journey)
        await show_warehouse(journey)
        await show_short_close(journey)
        await show_trail(journey)
        return journey.steps


async def run_many(stage: Stage, people: int, briefs: int) -> LoadResult:
    """Set up the customer and run a load of mixed journeys."""
    async with customer_of(stage) as customer:
        shown = time.monotonic()

        def tick(done: int, of: int) -> None:
            nonlocal shown
            if done == of or time.monotonic() - shown > 1:
                shown = time.monotonic()
                print(f"  {done} of {of} briefs", flush=True)

        return await run_load(customer, people, briefs, tick)


@asynccontextmanager
async def customer_of(stage: Stage, *, patience: float = 0.0) -> AsyncIterator[Customer]:
    """Set up the demonstration's customer, sign everybody in, and yield the customer.

    `patience` is for how many seconds a request is repeated if a service does not answer.
    """
    timeout = aiohttp.ClientTimeout(total=60)
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        customer = Customer(
            session,
            dict(stage.addresses),
            stage.platform_client,
            DemoData(stage.data),
            Progress(stage.progress),
            patience,
            stage.tryton,
        )
        began = time.perf_counter()
        await customer.set_up(lambda part: print(f"  set up: {part}", flush=True))
        if time.perf_counter() - began > 0.1:
            print(f"  the customer stands after {time.perf_counter() - began:.1f} s", flush=True)
        await asyncio.gather(*(customer.api.sign_in(person) for person in customer.people.values()))
        yield customer


def _print_step(step: Step) -> None:
    print(f"  {step.seconds * 1000:6.0f} ms  {step.title} ({step.person}) {step.detail}", flush=True)


def table(steps: list[Step]) -> str:
    """Return the steps as a table: number, time, title, people, and result."""
    titles = max(len(step.title) for step in steps)
    people = max(len(step.person) for step in steps)
    lines = [
        f"{number:3}  {step.seconds:6.2f} s  {step.title:{titles}}  {step.person:{people}}  {step.detail}"
        for number, step in enumerate(steps, 1)
    ]
    total = sum(step.seconds for step in steps)
    return "\n".join([*lines, f"     {total:6.2f} s  in all"])


__all__ = ["Stage", "StepFailed", "run_demonstration", "run_many", "table"]
