"""The supervisor: one detached process that owns every other process of a stack.

It starts the servers, provisions and migrates databases, starts the services, restarts processes that crash,
and on SIGTERM drains and stops everything in order. Its standard input is a pipe from the process that
started it. If this pipe ends before the word "stay" arrives, the starter is gone and everything stops, so
that nothing outlives an interrupted start."""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optima_kit import topology

from . import postgres, rabbitmq, tryton
from .access import load_access
from .accounts import make_reachable, server_account
from .broker_administration import ManagementApi, management_url
from .files import private_folder, read_json, write_json
from .fork_server import NAME as FORK_SERVER
from .fork_server import ForkServer
from .layout import Layout
from .logs import RotatingLog
from .ports import settle_ports
from .processes import Program, StartFailed, SupervisedProgram, end_group, is_alive, start_ticks
from .provisioning import create_databases, migrate_databases
from .secrets import settle_secrets
from .services import (
    MEASURED,
    Servers,
    ServiceCode,
    find_services,
    metrics_port,
    process_environment,
    service_address,
    service_environment,
    service_program,
    service_secrets,
)

START_SECONDS = 90.0
ADMINISTRATOR = "administrator"  # of the private broker: for status, tests and benchmarks
STAY = b"stay\n"
TRYTON = "tryton"
DIRECTORY = "identity"
"""The service whose people the other services copy."""


class Stopping(Exception):
    """Raised during the start if the supervisor is asked to stop."""


class Supervisor:
    def __init__(
        self, layout: Layout, services: list[ServiceCode], postgres_settings: dict[str, str]
    ) -> None:
        self.layout = layout
        self.services = services
        self.postgres_settings = postgres_settings
        self.stopping = threading.Event()
        self.supervised: dict[str, SupervisedProgram] = {}
        self.steps: list[dict[str, Any]] = []
        self.phase = "starting"
        self.problem: str | None = None
        self._writing = threading.Lock()

    def run(self) -> None:
        """Start everything, wait until asked to stop, then stop everything."""
        end_leftovers(self.layout)
        try:
            self._bring_up()
            if not self.stopping.is_set():
                self.phase = "ready"
                self._write_status()
            self.stopping.wait()
        except Stopping:
            pass
        except StartFailed as error:
            self.problem = str(error)
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"
        self.phase = "stopping"
        self._write_status()
        self._bring_down()
        self.phase = "failed" if self.problem else "stopped"
        self._write_status()

    def _bring_up(self) -> None:
        erp = [TRYTON] if self.services and tryton.is_there(self.layout) else []
        ports = settle_ports(
            self.layout,
            [
                *("postgres", "amqp", "amqp_distribution", "amqp_names", *erp),
                *(name for service in self.services for name in (service.name, metrics_port(service))),
            ],
        )
        secrets = settle_secrets(
            self.layout,
            ["postgres_superuser", "amqp_administrator", *service_secrets(self.services), *MEASURED.values()],
        )
        servers = Servers(
            os.environ.get("OPTIMA_POSTGRES_URL")
            or f"postgresql://postgres:{secrets['postgres_superuser']}@127.0.0.1:{ports['postgres']}/postgres",
            os.environ.get("OPTIMA_AMQP_URL")
            or f"amqp://{ADMINISTRATOR}:{secrets['amqp_administrator']}@127.0.0.1:{ports['amqp']}/%2F",
        )
        with ThreadPoolExecutor(max_workers=3) as pool:
            parts = [
                pool.submit(self._start_broker, ports, secrets, servers),
                pool.submit(self._start_database_and_services, ports, secrets, servers),
                *(pool.submit(self._start_tryton, ports[name]) for name in erp),
            ]
            wait(parts, return_when=FIRST_EXCEPTION)
            if any(part.done() and part.exception() for part in parts):
                self.stopping.set()  # the other parts need not finish
            problems = [problem for part in parts if (problem := part.exception())]
            for problem in sorted(problems, key=lambda problem: isinstance(problem, Stopping)):
                raise problem
        write_addresses(self.layout, servers, ports, self.services)

    def _start_database_and_services(
        self, ports: dict[str, int], secrets: dict[str, str], servers: Servers
    ) -> None:
        if self.services:  # it imports the services while the servers start
            forks = ForkServer([service.module for service in self.services], process_environment())
            fork_server = self._start(forks.program())
        if "OPTIMA_POSTGRES_URL" not in os.environ:
            with self._step("PostgreSQL") as detail:
                programs = postgres.find_postgres()
                if programs is None:
                    raise StartFailed("PostgreSQL's programs are gone; run ./optima up again")
                server = postgres.PrivatePostgres(
                    programs=programs,
                    data=self.layout.servers.resolve() / "postgres",
                    port=ports["postgres"],
                    password=secrets["postgres_superuser"],
                    account=server_account(),
                    settings=self.postgres_settings,
                )
                server.initialise()
                self._start_and_wait(server.program())
                detail.append(f"127.0.0.1:{ports['postgres']}")
        if not self.services:
            return
        with self._step("Databases and migrations") as detail:
            private = "OPTIMA_POSTGRES_URL" not in os.environ
            created = asyncio.run(create_databases(servers, self.services, secrets, private=private))
            applied = asyncio.run(migrate_databases(servers, self.services, secrets))
            detail.append(f"{len(self.services)} databases, {len(applied)} migrations applied")
        # Starting is only computing: starting more services at once than there are cores would delay the
        # broker.
        with self._step("Services"), ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            self._wait_until_ready(fork_server)
            service_programs = [
                service_program(
                    service, service_environment(service, self.layout, servers, ports, secrets), forks.spawn
                )
                for service in self.services
            ]
            list(pool.map(self._start_and_wait, service_programs))
        if applied and DIRECTORY not in created:
            self._announce_people(service_programs)

    def _announce_people(self, programs: list[Program]) -> None:
        """Have identity publish all people again, because tables that migrations have just made contain none
        of them."""
        with self._step("People announced to services that are new or changed") as detail:
            environment = next(program.environment for program in programs if program.name == DIRECTORY)
            command = [sys.executable, "-m", DIRECTORY, "announce"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise StartFailed(f"{DIRECTORY} announce: {done.stderr.strip()}")
            detail.append(", ".join(done.stdout.splitlines()) or "nobody yet")

    def _start_broker(self, ports: dict[str, int], secrets: dict[str, str], servers: Servers) -> None:
        external = "OPTIMA_AMQP_URL" in os.environ
        access = load_access()
        definitions = topology.definitions(
            [access[service.name] for service in self.services],
            {service.amqp_user: secrets[f"amqp_{service.amqp_user}"] for service in self.services},
            administrator=None if external else (ADMINISTRATOR, secrets["amqp_administrator"]),
            vhost=servers.vhost,
        )
        if external:
            with self._step("RabbitMQ's users and queues"):
                ManagementApi(management_url()).load(definitions)
            return
        with self._step("RabbitMQ") as detail:
            broker = rabbitmq.find_rabbitmq()
            if broker is None:
                raise StartFailed("RabbitMQ's programs are gone; run ./optima up again")
            server = rabbitmq.private_rabbit(broker, self.layout, ports)
            server.configure(definitions)
            for program in server.programs():
                self._start_and_wait(program)
            detail.append(f"127.0.0.1:{ports['amqp']}")

    def _start_tryton(self, port: int) -> None:
        with self._step("Tryton") as detail:
            self._start_and_wait(tryton.program(tryton.folder_of(self.layout), port))
            detail.append(f"127.0.0.1:{port}")

    def _start_and_wait(self, program: Program) -> None:
        if not self.stopping.is_set():
            self._wait_until_ready(self._start(program))

    def _start(self, program: Program) -> SupervisedProgram:
        log = RotatingLog(self.layout.logs / f"{program.name}.log")
        supervised = SupervisedProgram(program, log, self._write_status)
        self.supervised[program.name] = supervised
        supervised.start()
        return supervised

    def _wait_until_ready(self, supervised: SupervisedProgram) -> None:
        supervised.wait_until_ready(time.monotonic() + START_SECONDS, self.stopping)

    def _bring_down(self) -> None:
        """Stop the services first, so that they drain while the servers still answer, and then the
        servers."""
        servers, last = ("rabbitmq", "postgres"), ("epmd", FORK_SERVER)
        self._stop([name for name in self.supervised if name not in (*servers, *last)])
        self._stop([name for name in servers if name in self.supervised])
        self._stop([name for name in last if name in self.supervised])

    def _stop(self, names: list[str]) -> None:
        stoppers = [threading.Thread(target=self.supervised[name].stop) for name in names]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()

    @contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Record a step of the start in the status once it is done. The body appends details to the list."""
        if self.stopping.is_set():
            raise Stopping
        began = time.monotonic()
        detail: list[str] = []
        yield detail
        if not self.stopping.is_set():
            self.steps.append(
                {"name": name, "seconds": time.monotonic() - began, "detail": ", ".join(detail)}
            )
            self._write_status()

    def _write_status(self) -> None:
        with self._writing:
            write_json(
                self.layout.status,
                {
                    "phase": self.phase,
                    "problem": self.problem,
                    "supervisor": {"pid": os.getpid(), "started_at": start_ticks(os.getpid())},
                    "steps": self.steps,
                    "programs": {name: describe(one) for name, one in self.supervised.items()},
                },
            )


def describe(one: SupervisedProgram) -> dict[str, Any]:
    return {
        "state": one.state,
        "pid": one.pid,
        "started_at": one.started_at,
        "port": one.program.port,
        "restarts": one.restarts,
        "ready_after": one.ready_after,
    }


def write_addresses(
    layout: Layout, servers: Servers, ports: dict[str, int], services: list[ServiceCode]
) -> None:
    """Write the machine-readable addresses. Only the owner may read them, because the servers' URLs hold
    passwords."""
    write_json(
        layout.addresses,
        {
            "services": {service.name: service_address(service, ports) for service in services},
            "metrics": {
                service.name: f"http://127.0.0.1:{ports[metrics_port(service)]}/metrics"
                for service in services
            },
            **({TRYTON: tryton.address(ports[TRYTON])} if TRYTON in ports else {}),
            "postgres": servers.postgres_url,
            "amqp": servers.amqp_url,
        },
    )


def end_leftovers(layout: Layout) -> None:
    """End the processes that a killed supervisor left running. They are identified by pid and start time, so
    that no other process is ended."""
    status = read_json(layout.status) or {}
    left = [one for one in status.get("programs", {}).values() if is_alive(one["pid"], one["started_at"])]
    for one in left:
        os.kill(one["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 10
    for one in left:
        while is_alive(one["pid"], one["started_at"]) and time.monotonic() < deadline:
            time.sleep(0.05)
        end_group(one["pid"])
    # PostgreSQL refuses to start while a process has the pid in its lock file, even if that process is
    # ending.
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{one['pid']}").exists() for one in left) and time.monotonic() < deadline:
        time.sleep(0.02)


def watch_starter(stopping: threading.Event) -> None:
    """Stop everything if the starter ends before it has said that the stack stays."""
    said = sys.stdin.buffer.readline()
    if said != STAY:
        stopping.set()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--servers-only", action="store_true")
    arguments.add_argument(
        "--lock", type=int, required=True, help="descriptor of the lock, held while we live"
    )
    options = arguments.parse_args()
    layout = Layout(options.folder)
    os.umask(0o077)  # only the owner may read what servers and services write below .optima
    private_folder(layout.state)
    make_reachable(layout.servers, server_account())
    settings = postgres.SETTINGS | (postgres.TEST_SETTINGS if options.servers_only else {})
    supervisor = Supervisor(layout, [] if options.servers_only else find_services(), settings)
    stop: Callable[..., None] = lambda *_: supervisor.stopping.set()  # noqa: E731
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    threading.Thread(target=watch_starter, args=(supervisor.stopping,), daemon=True).start()
    supervisor.run()


if __name__ == "__main__":
    main()
