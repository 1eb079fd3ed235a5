"""Measures how much longer one customer waits while another does what costs most, on the running stack.

    ./optima up && python benchmarks/neighbours.py
    python benchmarks/neighbours.py --seconds 2    a look in a minute

A second customer is set up beside the demonstration's, and stays. Four clients do one thing in its name again
and again; meanwhile somebody of the first opens the list that they work from.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from measure.stack import Figure, Samples, print_figures, stage

from optima_local.demonstration.client import StepFailed
from optima_local.demonstration.customer import Customer
from optima_local.demonstration.journey import Journey
from optima_local.demonstration.show import customer_of

AT_ONCE = 4
LATER = 0.25
"""Budget in seconds: so much later at most, at the 99th percentile."""
LISTS = {
    "approval": ("direttore", "/v1/inbox"),
    "brief": ("marketing", "/v1/briefs"),
    "erp-bridge": ("admin", "/v1/connections"),
    "identity": ("admin", "/v1/people"),
    "logistics": ("backoffice", "/v1/shipments"),
    "production": ("backoffice", "/v1/orders"),
    "trail": ("auditor", "/v1/entries"),
}
"""What the first customer's people open meanwhile, by service."""

Noise = Callable[[], Awaitable[object]]


@contextlib.asynccontextmanager
async def noisy_customer() -> AsyncIterator[Customer]:
    """Another company with the demonstration's people and data."""
    known = stage()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "demo"
        shutil.copytree(known.data, data)
        name = f"vicini-{secrets.token_hex(4)}"
        for file in (data / "customer.yaml", data / "erp.yaml"):
            file.write_text(file.read_text("utf-8").replace("caffe-aurora", name), "utf-8")
        other = dataclasses.replace(known, data=data, progress=Path(folder) / "progress.json")
        async with customer_of(other, patience=30) as noisy:
            yield noisy


async def noises(customer: Customer) -> dict[tuple[str, str], Noise]:
    """What costs a service most, by the service and what it is."""

    def asks(who: str, method: str, service: str, path: str, **options: Any) -> tuple[str, Noise]:
        return service, lambda: customer.api.as_(customer.people[who], method, service, path, **options)

    journey = Journey(
        customer, customer.data.briefs["briefs"][0], customer.people["marketing"], lambda _: None
    )
    await journey.run()
    shipments = (
        await customer.api.as_(customer.people["backoffice"], "GET", "logistics", "/v1/shipments")
    ).body
    named = "&".join(f"shipment_id={each['id']}" for each in shipments["items"])
    steps = [
        {"key": f"s{n}", "when": f"brief.title != 'x{n}'", "approvers": [{"role": "admin"}]}
        for n in range(150)
    ]
    process = {"key": "grande", "name": "Grande", "subject": "brief", "steps": steps}
    items = [
        {
            "kind": "locandina",
            "description": f"Locandina {number}",
            "quantity": "100",
            "deliveries": [{"destination": "MI-DUOMO", "quantity": "100"}],
        }
        for number in range(100)
    ]
    people = "email,name,kind,roles\n" + "".join(
        f"p{n}@vicini.example,Persona {n},internal,marketing\n" for n in range(1000)
    )
    records = [{"codice": f"C{number}", "ragione_sociale": "Vicini S.p.A."} for number in range(20)]
    told = {
        "checks of 150 steps": asks("admin", "POST", "approval", "/v1/processes/grande/check", json=process),
        "briefs of 100 items": asks(
            "marketing", "POST", "brief", "/v1/briefs", json={"title": "Grande", "items": items}
        ),
        "searches": asks("marketing", "GET", "brief", "/v1/briefs?text=a"),
        "previews of mappings": asks(
            "admin",
            "POST",
            "erp-bridge",
            f"/v1/connections/{customer.data.erp['connection']['key']}/mapping-previews",
            json={"entity": "customer", "records": records},
        ),
        "tables of 1,000 people": asks(
            "admin",
            "POST",
            "identity",
            "/v1/people/imports?dry_run=true",
            data=people,
            headers={"Content-Type": "text/csv"},
        ),
        "packing lists": asks("backoffice", "GET", "logistics", f"/v1/papers.pdf?paper=packing_list&{named}"),
        "orders of 100 items": asks(
            "backoffice",
            "POST",
            "production",
            "/v1/orders",
            json={"title": "Grande", "deadline": "2099-12-31", "items": items},
        ),
        "figures of work": asks("admin", "GET", "production", "/v1/figures/work"),
        "exports as PDF": asks("auditor", "GET", "trail", "/v1/exports/pdf"),
        "verifications": asks("auditor", "GET", "trail", "/v1/verification"),
    }
    return {(service, what): noise for what, (service, noise) in told.items()}


async def waits(customer: Customer, service: str, seconds: float, noise: Noise | None) -> tuple[float, int]:
    """Seconds within which 99 of 100 of the customer's lists came, and how often the noise was made."""
    made = 0

    async def makes_noise(noise: Noise) -> None:
        nonlocal made
        while True:
            with contextlib.suppress(StepFailed):
                await noise()
                made += 1

    making = [asyncio.create_task(makes_noise(noise)) for _ in range(AT_ONCE)] if noise else []
    person, path = LISTS[service]
    took, ends = Samples(), time.perf_counter() + seconds
    while time.perf_counter() < ends:
        began = time.perf_counter()
        await customer.api.as_(customer.people[person], "GET", service, path)
        took.values.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    for each in making:
        each.cancel()
    await asyncio.gather(*making, return_exceptions=True)
    return took.percentile(0.99), made


async def measure(seconds: float) -> list[Figure]:
    shown = []
    async with customer_of(stage()) as quiet, noisy_customer() as noisy:
        for (service, what), noise in (await noises(noisy)).items():
            await noise()  # it fails here, should it be refused
            alone, _ = await waits(quiet, service, seconds, None)
            beside, made = await waits(quiet, service, seconds, noise)
            name = f"{service}: p99 beside {what}, later by"
            shown.append(
                Figure(
                    name,
                    (beside - alone) * 1000,
                    "ms",
                    "≤ 250 ms",
                    beside - alone <= LATER,
                    f"{made / seconds:.1f}/s",
                )
            )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement")
    print_figures(uvloop.run(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
