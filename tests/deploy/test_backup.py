"""A night's check: all databases come back as of one moment, the broker is filled again from them, and the
trail verifies.

Two ways: a copy of the whole server while people work, as a volume's snapshot or recovery to a time is one;
and a dump of each database while no role runs, since dumps are taken one after the other. RabbitMQ is lost
in both: what waited in it is published again.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from tests.faults.invariants import everything_settles
from tests.stack import Stack

from optima_kit.testing import eventually
from optima_kit.testing.nights import NIGHTLY
from optima_local import postgres
from optima_local.access import load_access
from optima_local.accounts import make_reachable, server_account
from optima_local.demonstration.load import run_load
from optima_local.demonstration.show import customer_of, run_demonstration
from optima_local.files import private_folder
from optima_local.layout import ROOT, Layout
from optima_local.progress import Progress
from optima_local.provisioning import BACKUP, create_databases
from optima_local.secrets import settle_secrets
from optima_local.services import Servers, find_services, service_secrets
from optima_local.stack import started

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(1800),
    NIGHTLY,
]
PEOPLE, BRIEFS = 3, 6
PASSWORD = "the-password-of-backups"
SERVICES = find_services()


async def run(program: str, *words: str | Path) -> None:
    """A program of PostgreSQL's, as the account that owns the servers' files."""
    folder = postgres.find_postgres()
    assert folder is not None
    account = postgres.as_account(server_account())
    done = await asyncio.to_thread(
        subprocess.run, [folder / program, *words], capture_output=True, text=True, **account
    )
    assert done.returncode == 0, done.stderr


async def events_of(stack: Stack) -> set[str]:
    """Ids of all that was published or waits for it."""
    found: set[str] = set()
    for name in load_access():
        connection = await asyncpg.connect(stack.database_url(name))
        found |= {row["id"] for row in await connection.fetch("SELECT id::text FROM outbox")}
        await connection.close()
    return found


@asynccontextmanager
async def people_at_work(stack: Stack) -> AsyncIterator[asyncio.Task[object]]:
    """In the middle of their journeys."""
    begun = asyncio.Event()
    async with customer_of(stack.stage, patience=60) as customer:
        load = asyncio.create_task(run_load(customer, PEOPLE, BRIEFS, lambda *_: begun.set()))
        await asyncio.wait_for(begun.wait(), 300)
        yield load


def new_machine(folder: Path, lost: Stack) -> Layout:
    """With what is kept apart from backups: the passwords and keys."""
    layout = Layout(folder)
    private_folder(layout.state)
    for name in ("secrets.json", "demonstration.json"):
        shutil.copy2(lost.layout.state / name, layout.state / name)
    make_reachable(layout.servers, server_account())
    return layout


async def comes_back(layout: Layout, known: set[str]) -> None:
    """The services start on what is there, with an empty broker; republished to, they settle and go on."""
    environment = os.environ | {"OPTIMA_HOME": str(layout.folder)}
    optima = [sys.executable, "-m", "optima_local"]

    async def run_optima(*words: str) -> None:
        done = await asyncio.to_thread(
            subprocess.run, [*optima, *words], env=environment, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    await run_optima("up", "--no-demo")
    try:
        restored = Stack(layout)
        since = datetime.now(UTC) - timedelta(hours=1)
        for name in load_access():
            await asyncio.to_thread(restored.run, name, "republish", since.isoformat())
        await everything_settles(restored)
        assert known - await events_of(restored) == set()
        steps = await run_demonstration(restored.stage)
        assert "The trail verifies" in {step.title for step in steps}
        await everything_settles(restored)
    finally:
        await run_optima("reset")


async def test_a_copy_of_the_server_taken_while_people_work(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with people_at_work(stack) as load:
        known = await events_of(stack)
        machine = new_machine(tmp_path_factory.mktemp("machine"), stack)
        data = machine.servers.resolve() / "postgres"
        await run(
            "pg_basebackup", "--checkpoint=fast", "--pgdata", data, "--dbname", stack.addresses["postgres"]
        )
        await load
    await comes_back(machine, known)


async def test_a_dump_of_each_database_while_no_role_runs(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    machine = new_machine(tmp_path_factory.mktemp("machine"), stack)
    files = {service.name: machine.servers.resolve() / f"{service.module}.dump" for service in SERVICES}
    secrets = settle_secrets(machine, service_secrets(SERVICES))
    servers = Servers(stack.addresses["postgres"], stack.addresses["amqp"])
    await create_databases(servers, SERVICES, secrets, private=True, backup_password=PASSWORD)
    async with people_at_work(stack) as load:
        load.cancel()
        with suppress(asyncio.CancelledError):
            await load
    with stack.supervisor_aside():
        await stack.end_services()
        known = await events_of(stack)
        for service in SERVICES:
            url = servers.database_url(BACKUP, PASSWORD, service.module)
            await run("pg_dump", "--format=custom", "--file", files[service.name], "--dbname", url)
    with started(machine, Progress(), servers_only=True):
        addresses = json.loads(machine.addresses.read_text(encoding="utf-8"))
        servers = Servers(addresses["postgres"], addresses["amqp"])
        await create_databases(servers, SERVICES, secrets, private=True)
        for service in SERVICES:
            owner = service.role("owner")
            url = servers.database_url(owner, secrets[owner], service.module)
            options = ("--no-owner", "--exit-on-error", "--dbname", url)
            await run("pg_restore", *options, files[service.name])
    await comes_back(machine, known)
    await eventually(
        lambda: all(stack.program(name)["state"] == "ready" for name in load_access()), within=180
    )
