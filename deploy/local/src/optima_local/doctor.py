"""The command `doctor`, which says what this machine and the stack lack, with a remedy for each finding."""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from . import postgres, rabbitmq
from .files import read_json
from .layout import STACK
from .processes import is_alive
from .services import find_services, is_ready
from .stack import status_of

LEAST_MEMORY_BYTES = 2_000_000_000
LEAST_DISK_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    good: bool
    what: str
    remedy: str = ""


def run(_: argparse.Namespace) -> int:
    """Print the findings. Return exit status 1 if something needs a remedy."""
    findings = [*machine(), *stack()]
    for finding in findings:
        print(
            f"{'✓' if finding.good else '✗'} {finding.what}"
            + ("" if finding.good else f"\n    {finding.remedy}")
        )
    return 0 if all(finding.good for finding in findings) else 1


def machine() -> Iterator[Finding]:
    yield Finding(
        sys.version_info >= (3, 11), f"Python {platform.python_version()}", "Install Python 3.11 or later"
    )
    free = shutil.disk_usage(STACK.folder).free
    yield Finding(
        free > LEAST_DISK_BYTES,
        f"{free / 1e9:.1f} GB free on the disk",
        "Free some space: the stack wants 2 GB",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield Finding(
        memory > LEAST_MEMORY_BYTES, f"{memory / 1e9:.1f} GB of memory", "The stack wants 2 GB of memory"
    )
    if "OPTIMA_POSTGRES_URL" not in os.environ:
        programs = postgres.find_postgres()
        fetchable = "./optima up fetches it; or install PostgreSQL 15 or later"
        yield Finding(programs is not None, f"PostgreSQL's programs: {programs or 'none yet'}", fetchable)
    if "OPTIMA_AMQP_URL" not in os.environ:
        broker = rabbitmq.find_rabbitmq()
        can_fetch = shutil.which("apt-get") is not None
        remedy = "./optima up fetches it through apt" if can_fetch else rabbitmq.INSTALL_BY_HAND
        yield Finding(
            broker is not None, f"RabbitMQ's programs: {broker.scripts if broker else 'none yet'}", remedy
        )


def stack() -> Iterator[Finding]:
    status = status_of(STACK)
    if status is None:
        problem = (read_json(STACK.status) or {}).get("problem")
        yield Finding(
            problem is None,
            "The stack is down" + (f"; the last start failed: {problem}" if problem else ""),
            "./optima up",
        )
        return
    yield Finding(
        status["phase"] == "ready", f"The stack is {status['phase']}", "./optima down, then ./optima up"
    )
    for name, program in sorted(status["programs"].items()):
        alive = is_alive(program["pid"], program["started_at"])
        yield Finding(alive, f"{name} runs", f"./optima logs {name}")
        if program["restarts"]:
            yield Finding(False, f"{name} was restarted {program['restarts']} times", f"./optima logs {name}")
    for service in find_services():
        program = status["programs"].get(service.name)
        if program is None:
            yield Finding(
                False, f"{service.name} is not part of the running stack", "./optima down, then ./optima up"
            )
        else:
            remedy = f"./optima logs {service.name}; /readyz says what it waits for"
            yield Finding(is_ready(program["port"]), f"{service.name} answers /readyz", remedy)
