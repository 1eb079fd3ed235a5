"""Who does the same small work: a pair of services on the kit, and the same pair on each peer.

All of it runs on the stack's own servers, in databases and queues that are dropped at the end. Every
contender has two processes: one that takes requests and publishes, one that consumes and writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import random
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from optima_kit.broker import Broker
from optima_kit.topology import dead_queue, events_queue
from optima_local.environments import environment_for
from optima_local.layout import PROGRAMS, ROOT
from optima_local.ports import CANDIDATES, is_free
from optima_local.provisioning import create_databases, migrate_databases
from optima_local.services import Servers, ServiceCode

from .flow import Path
from .stack import addresses

PEERS = ROOT / "benchmarks" / "peers"
PAIR = ROOT / "benchmarks" / "pair"
PEERS_VENV = PROGRAMS.parent / "peers-venv"
WRITTEN = "SELECT id FROM written WHERE id = ANY($1::uuid[])"


@asynccontextmanager
async def contenders() -> AsyncIterator[list[Path]]:
    """The kit's pair first, then each peer, all running."""
    environment_for("peers", PEERS / "requirements.txt")
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(_kit_pair()),
            await stack.enter_async_context(_peer("faststream", ["faststream_register.py"])),
            await stack.enter_async_context(
                _peer(
                    "dramatiq", ["-m", "dramatiq", "dramatiq_register", "--processes", "1", "--skip-logging"]
                )
            ),
        ]


@asynccontextmanager
async def _kit_pair() -> AsyncIterator[Path]:
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
        for service, at in zip(pair, (port, free_port()), strict=True):
            identity = known["services"]["identity"]
            environment = {
                "OPTIMA_DATABASE_URL": _database_of(servers, service, "rw", passwords),
                "OPTIMA_DATABASE_BACKBONE_URL": _database_of(servers, service, "backbone", passwords),
                "OPTIMA_BROKER_URL": known["amqp"],
                "OPTIMA_HTTP_PORT": str(at),
                "OPTIMA_ISSUER": identity,
                "OPTIMA_JWKS_URL": f"{identity}/.well-known/jwks.json",
                "OPTIMA_RATE_PER_SECOND": "1000000",  # the peers limit nobody
            }
            await stack.enter_async_context(
                _running(PAIR, [sys.executable, "-m", service.module, "all"], environment, at)
            )
        yield Path(
            "the kit's pair",
            f"http://127.0.0.1:{port}/v1/notes",
            {"text": "Misura"},
            "id",
            _with_database(known["postgres"], "register"),
            WRITTEN,
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
async def _peer(name: str, register: list[str]) -> AsyncIterator[Path]:
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
        environment = {"BROKER_URL": known["amqp"]}
        await stack.enter_async_context(
            _running(PEERS, [python, *register], {**environment, "DATABASE_URL": urls["register"]}, None)
        )
        await stack.enter_async_context(
            _running(
                PEERS,
                [python, "intake.py", name, str(port)],
                {**environment, "DATABASE_URL": urls["intake"]},
                port,
            )
        )
        yield Path(
            name, f"http://127.0.0.1:{port}/v1/notes", {"text": "Misura"}, "id", urls["register"], WRITTEN
        )


def free_port() -> int:
    return next(port for port in random.sample(CANDIDATES, len(CANDIDATES)) if is_free(port))


async def _drop_peer(databases: list[str], queue: str) -> None:
    async with _postgres(addresses()["postgres"]) as root:
        for database in databases:
            await root.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    await _delete_queues(queue, f"{queue}.DQ", f"{queue}.XQ")


async def _delete_queues(*queues: str) -> None:
    async with Broker(addresses()["amqp"], "benchmark") as broker, broker.channel() as channel:
        for queue in queues:
            await channel.call(channel.raw.queue_delete, queue=queue)


@asynccontextmanager
async def _running(
    folder: pathlib.Path, command: list[str], environment: Mapping[str, str], port: int | None
) -> AsyncIterator[None]:
    """A process from its first answer on `port`, if it has one, to its orderly end."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        if port is not None:
            await _until_it_listens(port, process)
        yield
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
