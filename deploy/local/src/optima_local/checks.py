"""The commands `test`, which checks the code and runs pytest on servers of its own, and `bench`, which runs
benchmarks on the running stack."""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from .files import read_json
from .layout import ROOT, STACK, TEST_SERVERS
from .progress import Progress
from .stack import exclusively, fetch_missing_servers, started

TOOLS = Path(sys.executable).parent
Check: TypeAlias = tuple[str, list[Path | str]]
"""A name and a command."""
CHECKS: tuple[Check, ...] = (
    ("mypy", [TOOLS / "mypy", "--no-error-summary"]),
    ("ruff check", [TOOLS / "ruff", "check", "--quiet", "."]),
    ("ruff format", [TOOLS / "ruff", "format", "--check", "--quiet", "."]),
    ("import rules", [TOOLS / "lint-imports", "--no-cache"]),
)
"""Checks that run in parallel, so the longest come first."""
THOROUGH_CHECKS: tuple[Check, ...] = (("semgrep", [sys.executable, "-m", "optima_local.semgrep"]),)
"""Checks that take longer. `test --fast` leaves them out."""
EVERYTHING = ["shared", "services", "tests"]
WORKERS = 2
"""How many checks run in parallel, and afterwards how many processes of pytest."""
QUICK = [
    "services/*/tests/unit",
    "shared/kit/tests/unit",
    "shared/kit/tests/http",
    "tests/architecture",
    "tests/contracts",
]


def run_tests(options: argparse.Namespace) -> int:
    """Run checks and tests. Return exit status 0 if all passed. The last line printed is pytest's summary."""
    missing = [path for path in options.paths if not (ROOT / path.partition("::")[0]).exists()]
    if missing:
        sys.exit(f"No such path below {ROOT}: {', '.join(missing)}")
    progress = Progress()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with ThreadPoolExecutor(WORKERS) as beside_each_other:
        # They compute while the servers are fetched and start, which is mostly waiting.
        checks = {
            name: beside_each_other.submit(passes, name, command, progress)
            for name, command in checks_for(options)
        }
        if "OPTIMA_TEST_POSTGRES_URL" in environment and "OPTIMA_TEST_AMQP_URL" in environment:
            return run_pytest(options, environment, checks)
        with exclusively(TEST_SERVERS, "test"):
            fetch_missing_servers(progress)
            with started(TEST_SERVERS, progress, servers_only=True):
                addresses = read_json(TEST_SERVERS.addresses)
                if "OPTIMA_POSTGRES_URL" not in environment:
                    _shorten_hashing(addresses["postgres"])
                environment.setdefault("OPTIMA_TEST_POSTGRES_URL", addresses["postgres"])
                environment.setdefault("OPTIMA_TEST_AMQP_URL", addresses["amqp"])
                return run_pytest(options, environment, checks)


def _shorten_hashing(url: str) -> None:
    from optima_kit.testing.databases import shorten_hashing  # imports pytest, which only this command needs

    asyncio.run(shorten_hashing(url))


def checks_for(options: argparse.Namespace) -> tuple[Check, ...]:
    if options.paths:
        return ()
    return CHECKS if options.fast else CHECKS + THOROUGH_CHECKS


def run_pytest(
    options: argparse.Namespace, environment: dict[str, str], checks: dict[str, Future[bool]]
) -> int:
    """Run pytest once the checks have ended: both would take both processors."""
    failed = [name for name, check in checks.items() if not check.result()]
    if failed:
        print(f"Failed before the tests: {', '.join(failed)}", flush=True)
    command: list[str | Path] = [TOOLS / "pytest", "-n", str(WORKERS), "--dist", "loadgroup"]
    if options.fast:
        command += ["-m", "not faults and not journey"]
        environment["OPTIMA_TEST_FAST"] = "1"
    if options.bare_machine:
        environment["OPTIMA_BARE_MACHINE"] = "1"
    places = [
        place for wanted in (QUICK if options.fast else EVERYTHING) for place in sorted(ROOT.glob(wanted))
    ]
    command += options.paths or places
    if not options.paths:
        environment["OPTIMA_TEST_EVERYTHING"] = "1"
    tested = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    return tested or len(failed)


def passes(name: str, command: list[Path | str], progress: Progress) -> bool:
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        progress.done(name, time.monotonic() - began)
        return True
    print(f"✗ {name}\n{done.stdout}{done.stderr}", flush=True)
    return False


def run_benchmarks(arguments: list[str]) -> int:
    environment = os.environ | {"OPTIMA_ADDRESSES": str(STACK.addresses)}
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
