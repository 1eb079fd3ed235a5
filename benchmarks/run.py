"""Measures the running stack and prints each figure beside its budget: `./optima bench [--seconds N]`.

The load is made on the same machine as the stack, and takes its share of it. JSON goes to `--json FILE`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import asyncpg
import uvloop
from measure.flow import Flow, closed_loop, open_loop
from measure.raw import confirmed_publishes, single_row_commits
from measure.stack import Figure, addresses, at_most, stage, status

from optima_local.demonstration.load import requesters
from optima_local.demonstration.show import customer_of, run_many
from optima_local.layout import HOME, ROOT


REQUESTERS = 12
"""People who draft in turn, so that nobody meets the limit of requests a second."""


async def measure(seconds: float, people: int, briefs: int) -> list[Figure]:
    """All figures but the start-up's."""
    known = addresses()
    figures = [
        await single_row_commits(known["postgres"], seconds),
        await confirmed_publishes(known["amqp"], seconds),
    ]
    figures += await measure_flow(seconds)
    print(f"Journeys: {briefs} briefs by {people} people at a time", flush=True)
    load = await run_many(stage(), people, briefs)
    figures += [
        Figure(
            "whole journeys, request to delivery",
            load.journeys_per_second,
            "/s",
            "≥ 100 /s",
            load.journeys_per_second >= 100,
            f"{load.requests / max(1, len(load.journeys)):.0f} requests each; {len(load.failures)} failed",
        ),
        Figure("requests during the journeys", load.requests_per_second, "/s"),
        Figure("one journey under that load, median", load.percentile(0.5), "s"),
    ]
    for failure in load.failures[:3]:
        print(f"  failed: {failure}", file=sys.stderr)
    return [*figures, *memory()]


async def measure_flow(seconds: float) -> list[Figure]:
    """Closed loop, then idle, then open loop at half of what the closed one reached."""
    known = addresses()
    trail_url = urlunsplit(urlsplit(known["postgres"])._replace(path="/trail"))
    trail = await asyncpg.connect(trail_url)
    connector = aiohttp.TCPConnector(limit=0)
    async with customer_of(stage()) as customer, aiohttp.ClientSession(connector=connector) as session:
        people = await requesters(customer, REQUESTERS)
        await asyncio.gather(*(customer.api.sign_in(person) for person in people))
        flow = Flow(session, known["services"]["brief"] + "/v1/briefs", people, trail)
        watcher = asyncio.create_task(flow.watch())
        try:
            await closed_loop(flow, 16, min(2.0, seconds))
            closed = await closed_loop(flow, 32, seconds)
            idle = await open_loop(flow, 10, seconds)
            half = await open_loop(flow, closed.per_second / 2, seconds)
        finally:
            watcher.cancel()
            await trail.close()
    return [
        Figure("POST → event → second service, closed loop of 32", closed.per_second, "/s"),
        at_most("answer → handled in the second service, idle, median", idle.handled.percentile(0.5), 10),
        at_most("answer → handled in the second service, idle, p99", idle.handled.percentile(0.99), 10),
        at_most("answer → handled in the second service, half load, p99", half.handled.percentile(0.99), 50),
        at_most("command over HTTP, half load, p99", half.answer.percentile(0.99), 25),
        Figure("command over HTTP, half load, median", half.answer.percentile(0.5) * 1000, "ms"),
    ]


def memory() -> list[Figure]:
    """Resident memory of every service's process."""
    figures = []
    for name in addresses()["services"]:
        program = status()["programs"][name]
        text = Path(f"/proc/{program['pid']}/status").read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
        megabytes = int(line.split()[1]) / 1024
        figures.append(Figure(f"memory of {name} (all roles)", megabytes, "MB", "≤ 90 MB", megabytes <= 90))
    return figures


def start_up() -> Figure:
    """Seconds from `./optima up` on a stopped stack with its data until a brief is delivered."""
    optima = str(ROOT / "optima")
    environment = {**os.environ, "OPTIMA_HOME": str(HOME)}
    subprocess.run([optima, "down"], check=True, env=environment, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    subprocess.run([optima, "up"], check=True, env=environment, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - began
    return Figure("./optima up, warm, to a delivered brief", took, "s", "≤ 10 s", took <= 10)


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | measured | budget | |", "|---|---|---|---|"]
    for figure in figures:
        mark = {True: "met", False: "**missed**", None: ""}[figure.met]
        value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.1f}"
        remark = f"{mark} {figure.note}".strip()
        lines.append(f"| {figure.name} | {value} {figure.unit} | {figure.budget} | {remark} |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(prog="./optima bench", description=__doc__)
    options.add_argument("--seconds", type=float, default=8.0, help="length of each measurement")
    options.add_argument("--people", type=int, default=8, help="journeys at a time")
    options.add_argument("--briefs", type=int, default=60, help="journeys in all")
    options.add_argument("--no-restart", action="store_true", help="leave the start-up out")
    options.add_argument("--json", type=Path, help="write the figures here too")
    given = options.parse_args()
    if given.seconds <= 0 or given.people < 1 or given.briefs < 1:
        options.error("--seconds, --people and --briefs must be above zero")
    figures = uvloop.run(measure(given.seconds, given.people, given.briefs))
    if not given.no_restart:
        figures.append(start_up())
    print(table(figures))
    if given.json:
        document = {"cores": os.cpu_count(), "figures": [asdict(figure) for figure in figures]}
        given.json.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
