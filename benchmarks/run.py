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
from collections import defaultdict
from dataclasses import asdict, dataclass

import uvloop
from measure.contenders import ALONE, RECORDED, REGISTERS, Contender, brief_to_trail, contenders
from measure.cpu import cpu_seconds
from measure.flow import answered_turn, closed_loop, flow_on, open_loop, visible_turn
from measure.raw import confirmed_publishes, single_row_commits
from measure.stack import Figure, Samples, addresses, at_most, stage, status

from optima_local.demonstration.load import requesters
from optima_local.demonstration.show import customer_of, run_many
from optima_local.layout import HOME, ROOT
from optima_local.watch import memory_bytes

CLIENTS = 32
CLIENTS_THAT_WAIT = 128
MEASURES = {
    f"{CLIENTS_THAT_WAIT} clients until visible": (visible_turn, CLIENTS_THAT_WAIT),
    f"{CLIENTS} clients until answered": (answered_turn, CLIENTS),
}
WARM_UP_SECONDS = 1.0
REQUESTERS = 12
"""People who draft in turn, so that nobody meets the limit of requests a second."""
LEAST_RATIOS = {ALONE: 3.0, RECORDED: 2.5}
"""How many times the best peer's rate the kit's pair is to reach."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of one loop, by who spent them."""

    measure: str
    contender: str
    seconds: dict[str, float]


async def measure(options: argparse.Namespace) -> tuple[list[Figure], list[Cost]]:
    """All figures but the start-up's. Memory is read last, after the load."""
    known = addresses()
    figures: list[Figure] = []
    if not options.loops_only:
        say("Raw limits")
        figures.append(await single_row_commits(known["postgres"], options.seconds))
        figures.append(await confirmed_publishes(known["amqp"], options.seconds))
    async with customer_of(stage()) as customer:
        say("People who write")
        writers = await requesters(customer, REQUESTERS)
        await asyncio.gather(*(customer.api.sign_in(person) for person in writers))
        tokens = [person.token for person in writers]
        loops, costs = await measure_throughput(tokens, options.turn, options.rounds)
        figures += loops
        if not options.loops_only:
            figures += await measure_latency(tokens, options.seconds, options.rounds)
    if not options.loops_only:
        figures += await measure_journeys(options.people, options.briefs)
        figures += memory()
    return figures, costs


async def measure_journeys(people: int, briefs: int) -> list[Figure]:
    """Whole journeys of the demonstration, several people at a time."""
    say(f"Journeys: {briefs} briefs by {people} people at a time")
    load = await run_many(stage(), people, briefs)
    for failure in load.failures[:3]:
        print(f"  failed: {failure}", file=sys.stderr)
    return [
        Figure(
            "whole journeys, request to delivery",
            load.journeys_per_second,
            "/s",
            "≥ 8 /s",
            load.journeys_per_second >= 8,
            f"{load.requests / max(1, len(load.journeys)):.0f} requests each; {len(load.failures)} failed",
        ),
        Figure("requests during the journeys", load.requests_per_second, "/s"),
        Figure("one journey under that load, median", load.percentile(0.5), "s"),
    ]


async def measure_throughput(
    tokens: list[str], seconds: float, rounds: int
) -> tuple[list[Figure], list[Cost]]:
    """The product, the kit's pair and the peers take short turns; of each the median over the rounds."""
    rates: dict[tuple[str, str], list[float]] = defaultdict(list)
    costs: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    async with contenders() as taking_turns:
        for contender in taking_turns:
            async with contender.turn(), flow_on(contender.path, tokens) as flow:
                await visible_turn(flow, CLIENTS_THAT_WAIT, WARM_UP_SECONDS)
        for number in range(1, rounds + 1):
            for contender in taking_turns:
                for measure, (turn, clients) in MEASURES.items():
                    async with contender.turn(), flow_on(contender.path, tokens) as flow:
                        before = cpu_seconds(taking_part(contender))
                        done = await turn(flow, clients, seconds)
                        after = cpu_seconds(taking_part(contender))
                    spent = {part: (after[part] - before[part]) / done.loops for part in before}
                    rates[measure, contender.name].append(done.per_second)
                    costs[measure, contender.name].append(spent)
                    say(f"Round {number} of {rounds}: {contender.name}, {measure}: {done.per_second:,.0f} /s")
    figures = []
    for measure in MEASURES:
        peers = [each.name for each in taking_turns if each.name in REGISTERS]
        best = max(peers, key=lambda peer: statistics.median(rates[measure, peer]))
        figures += [
            Figure(f"{measure}: {each.name}", statistics.median(rates[measure, each.name]), "loops/s")
            for each in taking_turns
        ]
        for name, least in LEAST_RATIOS.items():
            turns = zip(rates[measure, name], rates[measure, best], strict=True)
            ratio = statistics.median(ours / theirs for ours, theirs in turns)
            budget = f"≥ {least:g} ×"
            figures.append(Figure(f"{measure}: {name} ÷ {best}", ratio, "×", budget, ratio >= least))
    return figures, [
        Cost(measure, name, {part: statistics.median(turn[part] for turn in turns) for part in turns[0]})
        for (measure, name), turns in costs.items()
    ]


def taking_part(contender: Contender) -> dict[str, int]:
    """The processes whose CPU time counts; servers that somebody else runs are not seen."""
    programs = status()["programs"]
    parts = {"HTTP process": contender.http, "second service": contender.second}
    servers = {"PostgreSQL": "postgres", "RabbitMQ": "rabbitmq"}
    if contender.path.also:
        servers["trail"] = "trail"
    return parts | {part: programs[name]["pid"] for part, name in servers.items() if name in programs}


async def measure_latency(tokens: list[str], seconds: float, rounds: int) -> list[Figure]:
    """Open loops on the product: idle, and at half of the closed loop's rate; of each the median round."""
    idle, half = [], []
    for number in range(1, rounds + 1):
        say(f"Round {number} of {rounds}: latency")
        async with flow_on(brief_to_trail().path, tokens) as flow:
            closed = await closed_loop(flow, CLIENTS, min(3.0, seconds))
            idle.append(await open_loop(flow, 10, seconds))
            half.append(await open_loop(flow, closed.per_second / 2, seconds))

    def median(share: float, samples: list[Samples]) -> float:
        return statistics.median(each.percentile(share) for each in samples)

    idle_handled, half_handled = [each.handled for each in idle], [each.handled for each in half]
    answers = [each.answer for each in half]
    return [
        at_most("answer → handled in the second service, idle, median", median(0.5, idle_handled), 8),
        at_most("answer → handled in the second service, idle, p99", median(0.99, idle_handled), 8),
        at_most("answer → handled in the second service, half load, p99", median(0.99, half_handled), 25),
        at_most("command over HTTP, half load, p99", median(0.99, answers), 15),
        Figure("command over HTTP, half load, median", median(0.5, answers) * 1000, "ms"),
    ]


def say(text: str) -> None:
    print(text, flush=True)


def memory() -> list[Figure]:
    """Memory of every service's process, as `./optima status` shows it: what is shared is split."""
    figures = []
    for name in addresses()["services"]:
        megabytes = memory_bytes(status()["programs"][name]["pid"]) / 1_000_000
        figures.append(Figure(f"memory of {name} (all roles)", megabytes, "MB", "≤ 35 MB", megabytes <= 35))
    return figures


def start_up() -> Figure:
    """Seconds from `./optima up` on a stopped stack with its data until a brief is delivered."""
    optima = str(ROOT / "optima")
    environment = {**os.environ, "OPTIMA_HOME": str(HOME)}
    subprocess.run([optima, "down"], check=True, env=environment, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    subprocess.run([optima, "up"], check=True, env=environment, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - began
    return Figure("./optima up, warm, to a delivered brief", took, "s", "≤ 8 s", took <= 8)


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | measured | budget | |", "|---|---|---|---|"]
    for figure in figures:
        mark = {True: "met", False: "**missed**", None: ""}[figure.met]
        value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.1f}"
        remark = f"{mark} {figure.note}".strip()
        lines.append(f"| {figure.name} | {value} {figure.unit} | {figure.budget} | {remark} |")
    return "\n".join(lines)


def cost_table(costs: list[Cost]) -> str:
    """CPU microseconds of one loop as a Markdown table."""
    parts = list(dict.fromkeys(part for cost in costs for part in cost.seconds))
    lines = [f"| CPU µs a loop | {' | '.join(parts)} | together |", "|---|" + "---|" * (len(parts) + 1)]
    for cost in sorted(costs, key=lambda each: each.measure):
        spent = [f"{cost.seconds[part] * 1e6:,.0f}" if part in cost.seconds else "" for part in parts]
        total = f"{sum(cost.seconds.values()) * 1e6:,.0f}"
        lines.append(f"| {cost.measure}: {cost.contender} | {' | '.join(spent)} | {total} |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(prog="./optima bench", description=__doc__)
    options.add_argument("--seconds", type=float, default=8.0, help="length of each other measurement")
    options.add_argument("--turn", type=float, default=3.0, help="length of a contender's turn")
    options.add_argument("--rounds", type=int, default=5, help="how often; the medians are shown")
    options.add_argument("--people", type=int, default=8, help="journeys at a time")
    options.add_argument("--briefs", type=int, default=60, help="journeys in all")
    options.add_argument("--no-restart", action="store_true", help="leave the start-up out")
    options.add_argument("--loops-only", action="store_true", help="compare the contenders, nothing else")
    options.add_argument("--json", type=pathlib.Path, help="write the figures here too")
    given = options.parse_args()
    if min(given.seconds, given.turn) <= 0 or min(given.rounds, given.people, given.briefs) < 1:
        options.error("--seconds, --turn, --rounds, --people and --briefs must be above zero")
    before = os.getloadavg()
    figures, costs = uvloop.run(measure(given))
    if not (given.no_restart or given.loops_only):
        figures.append(start_up())
    print(f"Load average before {before[0]:.1f}, after {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores")
    print(table(figures), cost_table(costs), sep="\n\n")
    if given.json:
        document = {
            "cores": os.cpu_count(),
            "load_average": [before[0], os.getloadavg()[0]],
            "figures": [asdict(figure) for figure in figures],
            "cpu": [asdict(cost) for cost in costs],
        }
        given.json.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
