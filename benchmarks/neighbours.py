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
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from measure.costly import COSTLY, LISTS, OF_TYPE, PROCESS, TYPE, Costly, Known
from measure.stack import Figure, Samples, addresses, print_figures, stage

from optima_local.browser import session_cookies
from optima_local.demonstration.client import StepFailed
from optima_local.demonstration.customer import Customer
from optima_local.demonstration.journey import Journey
from optima_local.demonstration.show import customer_of

AT_ONCE = 4
LATER = 0.25
"""Budget in seconds: so much later at most, at the 99th percentile."""

Ask = Callable[[], Awaitable[object]]


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


class Asking:
    """One customer's people, at the services and at the portal's pages."""

    def __init__(self, customer: Customer, pages: aiohttp.ClientSession) -> None:
        self.customer = customer
        self.tenant: str = customer.data.customer["tenant"]["slug"]
        self._pages = pages
        self._cookies: dict[str, str] = {}

    async def ask(self, who: str, method: str, service: str, path: str, **options: Any) -> Any:
        """What is answered. Raises StepFailed when it is refused."""
        if service == "portal":
            return await self._page(who, path)
        if not who:
            return (await self.customer.api.anonymous(method, service, path, **options)).body
        person = self.customer.people[who]
        return (await self.customer.api.as_(person, method, service, path, **options)).body

    async def _page(self, who: str, path: str) -> bytes:
        portal: str = addresses()["services"]["portal"]
        if who not in self._cookies:
            person = self.customer.people[who]
            set_ = await asyncio.to_thread(
                session_cookies, portal, self.tenant, person.email, person.password
            )
            self._cookies[who] = "; ".join(each.partition(";")[0] for each in set_)
        headers = {"Cookie": self._cookies[who]}
        async with self._pages.get(portal + path, headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise StepFailed(f"GET {path}: {response.status}")
            return await response.read()

    async def known(self) -> Known:
        """Sets up what the costly things are about."""
        customer = self.customer
        journey = Journey(
            customer, customer.data.briefs["briefs"][0], customer.people["marketing"], lambda _: None
        )
        await journey.run()
        for path, document in (
            ("/v1/processes/grande", PROCESS),
            ("/v1/subject-types/tabella", TYPE),
            ("/v1/processes/tabelle", OF_TYPE),
        ):
            await self.ask("admin", "PUT", "approval", path, json=document)
        for key in ("grande", "tabelle"):
            await self.ask("admin", "POST", "approval", f"/v1/processes/{key}/publication", json={})
        approvals = await self.ask("admin", "GET", "approval", "/v1/approvals")
        brief = await self.ask("marketing", "POST", "brief", "/v1/briefs", json={"title": "Con allegati"})
        shipments = await self.ask("backoffice", "GET", "logistics", "/v1/shipments")
        return {
            "approval": "grande",
            "erp-bridge": customer.data.erp["connection"]["key"],
            "requester_id": customer.people["marketing"].person_id,
            "approval_id": approvals["items"][0]["id"],
            "brief_id": brief["id"],
            "shipments": "&".join(f"shipment_id={each['id']}" for each in shipments["items"]),
            "tenant": self.tenant,
        }

    def asks(self, costly: Costly, known: Known) -> Ask:
        def ask() -> Awaitable[object]:
            address = costly.address(known)
            return self.ask(costly.who, costly.method, costly.service, address, **costly.sends(known))

        return ask


async def waits(quiet: Asking, service: str, seconds: float, noise: Ask | None) -> tuple[float, int]:
    """Seconds within which 99 of 100 of the customer's lists came, and how often the noise was made."""
    made = 0

    async def makes_noise(noise: Ask) -> None:
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
        await quiet.ask(person, "GET", service, path)
        took.values.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    for each in making:
        each.cancel()
    await asyncio.gather(*making, return_exceptions=True)
    return took.percentile(0.99), made


async def measure(seconds: float, only: str) -> list[Figure]:
    shown = []
    async with (
        aiohttp.ClientSession() as pages,
        customer_of(stage()) as first,
        noisy_customer() as second,
    ):
        quiet, noisy = Asking(first, pages), Asking(second, pages)
        known = await noisy.known()
        for costly in COSTLY:
            if only not in f"{costly.service}: {costly.what}":
                continue
            noise = noisy.asks(costly, known)
            with contextlib.suppress(StepFailed) if costly.refused else contextlib.nullcontext():
                await noise()  # it fails here, should it be refused
            alone, _ = await waits(quiet, costly.service, seconds, None)
            beside, made = await waits(quiet, costly.service, seconds, noise)
            name = f"{costly.service}: p99 beside {costly.what}, later by"
            later = beside - alone
            rate = f"{made / seconds:.1f}/s"
            shown.append(Figure(name, later * 1000, "ms", "≤ 250 ms", later <= LATER, rate))
            print_figures(shown[-1:])
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement")
    parser.add_argument("--only", default="", help="services or things with this in their names alone")
    chosen = parser.parse_args()
    figures = uvloop.run(measure(chosen.seconds, chosen.only))
    sys.exit(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    main()
