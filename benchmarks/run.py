"""Measures the running stack and prints each figure beside its budget: `./optima bench [--seconds N]`.

The load is made on the same machine as the stack, and takes its share of it. JSON goes to `--json FILE`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import asyncpg
import uvloop
from measure.contenders import contenders
from measure.flow import Flow, Path, closed_loop, open_loop
from measure.raw import confirmed_publishes, single_row_commits
from measure.stack import Figure, Samples, addresses, at_most, stage, status

from optima_local.demonstration.load import requesters
from optima_local.demonstration.show import customer_of, run_many
from optima_local.layout import HOME, ROOT
from optima_local.watch import memory_bytes

CLIENTS = 32
REQUESTERS = 12
"""People who draft in turn, so that nobody meets the limit of requests a second."""


async def measure(seconds: float, rounds: int, people: int, briefs: int) -> list[Figure]:
    """All figures but the start-up's. Memory is read last, after the load."""
    known = addresses()
    say("Raw limits")
    figures = [
        await single_row_commits(known["postgres"], seconds),
        await confirmed_publishes(known["amqp"], seconds),
    ]
    async with customer_of(stage()) as customer:
        say("People who write")
        writers = await requesters(customer, REQUESTERS)
        await asyncio.gather(*(customer.api.sign_in(person) for person in writers))
        tokens = [person.token for person in writers]
        figures += await measure_throughput(tokens, seconds, rounds)
        figures += await measure_latency(tokens, seconds, rounds)
    say(f"Journeys: {briefs} briefs by {people} people at a time")
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


async def measure_throughput(tokens: list[str], seconds: float, rounds: int) -> list[Figure]:
    """Closed loops of the product, the kit's pair and the peers in turn; of each the median round."""
    rates: dict[str, list[float]] = {}
    async with contenders() as others:
        for number in range(1, rounds + 1):
            for path in [brief_to_trail(), *others]:
                async with flow_on(path, tokens) as flow:
                    await closed_loop(flow, CLIENTS, min(1.5, seconds))
                    rate = (await closed_loop(flow, CLIENTS, seconds)).per_second
                rates.setdefault(path.name, []).append(rate)
                say(f"Round {number} of {rounds}: {path.name}, {rate:,.0f} a second")
    pair, *peers = (path.name for path in others)
    best = max(peers, key=lambda peer: statistics.median(rates[peer]))
    ratios = [ours / theirs for ours, theirs in zip(rates[pair], rates[best], strict=True)]
    ratio = statistics.median(ratios)
    named = f"POST → event → second service, closed loop of {CLIENTS}: "
    return [
        *(Figure(named + name, statistics.median(measured), "/s") for name, measured in rates.items()),
        Figure(f"the kit's pair ÷ the best peer ({best})", ratio, "×", "≥ 2.5 ×", ratio >= 2.5),
    ]


async def measure_latency(tokens: list[str], seconds: float, rounds: int) -> list[Figure]:
    """Open loops on the product: idle, and at half of the closed loop's rate; of each the median round."""
    idle, half = [], []
    async with flow_on(brief_to_trail(), tokens) as flow:
        for number in range(1, rounds + 1):
            say(f"Round {number} of {rounds}: latency")
            closed = await closed_loop(flow, CLIENTS, min(3.0, seconds))
            idle.append(await open_loop(flow, 10, seconds))
            half.append(await open_loop(flow, closed.per_second / 2, seconds))

    def median(share: float, samples: list[Samples]) -> float:
        return statistics.median(each.percentile(share) for each in samples)

    idle_handled, half_handled = [each.handled for each in idle], [each.handled for each in half]
    answers = [each.answer for each in half]
    return [
        at_most("answer → handled in the second service, idle, median", median(0.5, idle_handled), 10),
        at_most("answer → handled in the second service, idle, p99", median(0.99, idle_handled), 10),
        at_most("answer → handled in the second service, half load, p99", median(0.99, half_handled), 50),
        at_most("command over HTTP, half load, p99", median(0.99, answers), 25),
        Figure("command over HTTP, half load, median", median(0.5, answers) * 1000, "ms"),
    ]


def brief_to_trail() -> Path:
    """The product's own way: a brief is drafted, the trail has its entry."""
    known = addresses()
    return Path(
        "brief → trail",
        known["services"]["brief"] + "/v1/briefs",
        {"title": "Misura"},
        "brief_id",
        urlunsplit(urlsplit(known["postgres"])._replace(path="/trail")),
        "SELECT correlation_id FROM entries WHERE correlation_id = ANY($1::uuid[])",
    )


@asynccontextmanager
async def flow_on(path: Path, tokens: list[str]) -> AsyncIterator[Flow]:
    """Ready to post, and watching."""
    watched = await asyncpg.connect(path.database_url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        flow = Flow(path, session, tokens, watched)
        watcher = asyncio.create_task(flow.watch())
        try:
            yield flow
        finally:
            watcher.cancel()
            await watched.close()


def say(text: str) -> None:
    print(text, flush=True)


def memory() -> list[Figure]:
    """Memory of every service's process, as `./optima status` shows it: what is shared is split."""
    figures = []
    for name in addresses()["services"]:
        megabytes = memory_bytes(status()["programs"][name]["pid"]) / 1_000_000
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
    options.add_argument("--rounds", type=int, default=3, help="how often; the medians are shown")
    options.add_argument("--people", type=int, default=8, help="journeys at a time")
    options.add_argument("--briefs", type=int, default=60, help="journeys in all")
    options.add_argument("--no-restart", action="store_true", help="leave the start-up out")
    options.add_argument("--json", type=pathlib.Path, help="write the figures here too")
    given = options.parse_args()
    if given.seconds <= 0 or min(given.rounds, given.people, given.briefs) < 1:
        options.error("--seconds, --rounds, --people and --briefs must be above zero")
    before = os.getloadavg()
    figures = uvloop.run(measure(given.seconds, given.rounds, given.people, given.briefs))
    if not given.no_restart:
        figures.append(start_up())
    print(f"Load average before {before[0]:.1f}, after {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores")
    print(table(figures))
    if given.json:
        document = {
            "cores": os.cpu_count(),
            "load_average": [before[0], os.getloadavg()[0]],
            "figures": [asdict(figure) for figure in figures],
        }
        given.json.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
