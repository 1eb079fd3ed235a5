"""Who does the same small work: a pair of services on the kit, and the same pair on each peer.

All of it runs on the stack's own servers, in databases and queues that are dropped at the end. Every
contender has two processes: one that takes requests and publishes, one that consumes and writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from optima_kit.broker import Broker
from optima_kit.reactions import EVERYTHING
from optima_kit.testing.provisioned import declare_service
from optima_kit.topology import EVENTS, HISTORY, dead_queue, events_queue
from optima_local.environments import environment_for
from optima_local.layout import PROGRAMS, ROOT, STACK
from optima_local.ports import free_port
from optima_local.provisioning import create_databases, migrate_databases
from optima_local.secrets import settle_secrets
from optima_local.services import MEASURED, Servers, ServiceCode, event_keys

from .flow import Count, Path
from .stack import addresses, status

PEERS = ROOT / "benchmarks" / "peers"
PAIR = ROOT / "benchmarks" / "pair"
PEERS_VENV = PROGRAMS.parent / "peers-venv"
ALONE = "the kit's pair"
RECORDED = "the kit's pair, with trail and history"
RECORDERS = (events_queue("trail"), HISTORY)
VISIBLE = "SELECT id FROM written WHERE id = ANY($1::uuid[])"
WRITTEN = "SELECT count(*) FROM written"
# The trail's indexes begin with the tenant; heads has a row for each.
ENTRIES = "FROM heads JOIN entries USING (tenant_id)"
TAKEN = f"SELECT count(*) {ENTRIES} WHERE type = 'optima.intake.taken.v1'"
DRAFTED = f"SELECT count(*) {ENTRIES} WHERE type = 'optima.brief.drafted.v1'"

REGISTERS = {
    "faststream": ["faststream_register.py"],
    "dramatiq": ["-m", "dramatiq", "dramatiq_register", "--processes", "1", "--skip-logging"],
    "celery": ["-m", "celery", "-A", "celery_register", "worker", "--concurrency", "2", "-l", "ERROR"],
    "taskiq": ["-m", "taskiq", "worker", "taskiq_register:broker", "--workers", "1", "--log-level", "ERROR"],
    "dbos": ["dbos_register.py"],
}
"""How each peer's second service is run."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Who takes turns."""

    path: Path
    http: int
    """The process that takes requests, by its id."""
    second: int
    """The process that consumes and writes."""
    turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    """Entered for each of its turns."""

    @property
    def name(self) -> str:
        return self.path.name


@asynccontextmanager
async def contenders() -> AsyncIterator[list[Contender]]:
    """The product's own way, the kit's pair alone and as the stack has it, then each peer, all running."""
    environment_for("peers", PEERS / "requirements.txt")
    async with AsyncExitStack() as stack:
        pair = await stack.enter_async_context(_kit_pair())
        peers = [await stack.enter_async_context(_peer(*peer)) for peer in REGISTERS.items()]
        yield [brief_to_trail(), *pair, *peers]


def brief_to_trail() -> Contender:
    """The product's own way: a brief is drafted, the trail has its entry."""
    known, programs = addresses(), status()["programs"]
    trail = _with_database(known["postgres"], "trail")
    path = Path(
        "brief → trail",
        known["services"]["brief"] + "/v1/briefs",
        {"title": "Misura"},
        "id",
        Count(trail, DRAFTED),
        f"SELECT DISTINCT correlation_id {ENTRIES} WHERE correlation_id = ANY($1::uuid[])",
    )
    return Contender(path, programs["brief"]["pid"], programs["trail"]["pid"])


@asynccontextmanager
async def _kit_pair() -> AsyncIterator[list[Contender]]:
    known = addresses()
    servers = Servers(known["postgres"], known["amqp"])
    pair = [ServiceCode.named("intake"), ServiceCode.named("register")]
    passwords = {role: secrets.token_hex(16) for service in pair for role in service.roles}
    sys.path.insert(0, str(PAIR))  # where the migrations are read from
    port = free_port()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_drop_pair, pair)
        await create_databases(servers, pair, passwords, private=False)
        await migrate_databases(servers, pair, passwords)
        async with Broker(known["amqp"], "benchmark") as broker, broker.channel() as channel:
            await declare_service(channel, "register", ["optima.intake.taken.v1"])
        known_secrets = settle_secrets(STACK, [])
        pids: list[int] = []
        for service, at in zip(pair, (port, free_port()), strict=True):
            identity = known["services"]["identity"]
            environment = {
                "OPTIMA_DATABASE_URL": _database_of(servers, service, "rw", passwords),
                "OPTIMA_DATABASE_BACKBONE_URL": _database_of(servers, service, "backbone", passwords),
                "OPTIMA_BROKER_URL": known["amqp"],
                "OPTIMA_EVENT_SECRET": known_secrets[MEASURED["intake"]],
                "OPTIMA_EVENT_KEYS": event_keys(known_secrets),
                "OPTIMA_HTTP_PORT": str(at),
                "OPTIMA_ENVIRONMENT": "demonstration",
                "OPTIMA_ISSUER": identity,
                "OPTIMA_JWKS_URL": f"{identity}/.well-known/jwks.json",
                "OPTIMA_RATE_PER_SECOND": "1000000",  # the peers limit nobody
            }
            command = [sys.executable, "-m", service.module, "all"]
            pids.append(await stack.enter_async_context(_running(PAIR, command, environment, at)))
        alone = Path(
            ALONE,
            f"http://127.0.0.1:{port}/v1/notes",
            {"text": "Misura"},
            "id",
            Count(_with_database(known["postgres"], "register"), WRITTEN),
            VISIBLE,
        )
        trail = Count(_with_database(known["postgres"], "trail"), TAKEN)
        recorded = replace(alone, name=RECORDED, also=(trail,))
        http, second = pids
        yield [Contender(alone, http, second, _unrecorded), Contender(recorded, http, second)]


@asynccontextmanager
async def _unrecorded() -> AsyncIterator[None]:
    """Meanwhile neither the trail nor the history stream gets any event."""
    async with Broker(addresses()["amqp"], "benchmark") as broker, broker.channel() as channel:
        for queue in RECORDERS:
            await channel.call(channel.raw.queue_unbind, queue=queue, exchange=EVENTS, routing_key=EVERYTHING)
        try:
            yield
        finally:
            for queue in RECORDERS:
                await channel.call(
                    channel.raw.queue_bind, queue=queue, exchange=EVENTS, routing_key=EVERYTHING
                )


def _database_of(servers: Servers, service: ServiceCode, kind: str, passwords: Mapping[str, str]) -> str:
    role = service.role(kind)
    return servers.database_url(role, passwords[role], service.module)


async def _drop_pair(pair: list[ServiceCode]) -> None:
    known = addresses()
    async with _postgres(known["postgres"]) as root:
        for service in pair:
            await root.execute(f"DROP DATABASE IF EXISTS {service.module} WITH (FORCE)")
            for role in service.roles:
                await root.execute(f"DROP ROLE IF EXISTS {role}")
    await _delete_queues(*(name(service.name) for service in pair for name in (events_queue, dead_queue)))


@asynccontextmanager
async def _peer(name: str, register: list[str]) -> AsyncIterator[Contender]:
    known = addresses()
    databases = {part: f"bench_{name}_{part}" for part in ("intake", "register")}
    python = str(PEERS_VENV / "bin" / "python")
    port = free_port()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_drop_peer, list(databases.values()), f"bench.{name}.taken")
        async with _postgres(known["postgres"]) as root:
            for database in databases.values():
                await root.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
                await root.execute(f"CREATE DATABASE {database} STRATEGY wal_log")
        urls = {part: _with_database(known["postgres"], database) for part, database in databases.items()}
        for url, table in ((urls["intake"], "notes"), (urls["register"], "written")):
            async with _postgres(url) as connection:
                await connection.execute(f"CREATE TABLE {table} (id uuid PRIMARY KEY, text text NOT NULL)")
        environment = {"BROKER_URL": known["amqp"], "REGISTER_URL": urls["register"]}
        for_register = {**environment, "DATABASE_URL": urls["register"]}
        second = await stack.enter_async_context(_running(PEERS, [python, *register], for_register, None))
        for_intake = {**environment, "DATABASE_URL": urls["intake"]}
        intake = [python, "intake.py", name, str(port)]
        http = await stack.enter_async_context(_running(PEERS, intake, for_intake, port))
        path = Path(
            name,
            f"http://127.0.0.1:{port}/v1/notes",
            {"text": "Misura"},
            "id",
            Count(urls["register"], WRITTEN),
            VISIBLE,
        )
        yield Contender(path, http, second)


async def _drop_peer(databases: list[str], queue: str) -> None:
    async with _postgres(addresses()["postgres"]) as root:
        for database in databases:
            await root.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    await _delete_queues(queue, f"{queue}.DQ", f"{queue}.XQ")
    async with Broker(addresses()["amqp"], "benchmark") as broker, broker.channel() as channel:
        await channel.call(channel.raw.exchange_delete, exchange=queue)


async def _delete_queues(*queues: str) -> None:
    async with Broker(addresses()["amqp"], "benchmark") as broker, broker.channel() as channel:
        for queue in queues:
            await channel.call(channel.raw.queue_delete, queue=queue)


@asynccontextmanager
async def _running(
    folder: pathlib.Path, command: list[str], environment: Mapping[str, str], port: int | None
) -> AsyncIterator[int]:
    """The id of a process, from its first answer on `port`, if it has one, to its orderly end."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        if port is not None:
            await _until_it_listens(port, process)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _until_it_listens(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(60):
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"a contender ended with status {process.returncode}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def _with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
