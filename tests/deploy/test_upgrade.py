"""A night's check: the release before and this one side by side under load, on the same databases and broker.

The release before stands with its own demonstration's data. This one's migrations are applied and its queues
provisioned while people work; then processes of both serve, publish, consume and work at once, and each
connection reaches either. At last this release is alone and delivers a brief. No request fails, no event is
lost, and the trail verifies.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.balancer import Balancer
from tests.deploy.releases import git, release_before
from tests.faults.invariants import everything_settles
from tests.stack import Stack

from optima_kit import topology
from optima_kit.testing.nights import NIGHTLY
from optima_local.access import load_access
from optima_local.broker_administration import Rabbitmqctl
from optima_local.layout import PROGRAMS, ROOT, Layout
from optima_local.provisioning import create_databases, migrate_databases
from optima_local.rabbitmq import find_rabbitmq, private_rabbit
from optima_local.secrets import settle_secrets
from optima_local.services import Servers, find_services, service_secrets

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(1800),
    NIGHTLY,
]

PEOPLE, BRIEFS = "2", "4"


class Release:
    """A release in a folder of its own, with what its locks name and a stack that `./optima up` starts."""

    def __init__(self, commit: str, folder: Path) -> None:
        self._folder = folder
        self.began = datetime.now(UTC)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        (folder / ".optima").mkdir()
        (folder / ".optima" / "programs").symlink_to(PROGRAMS.resolve())
        self.stack = Stack(Layout(folder / ".optima"))

    async def run(self, *words: str) -> str:
        """What `./optima` of that release prints to these words."""
        ours = ("OPTIMA_HOME", "OPTIMA_POSTGRES_URL", "OPTIMA_AMQP_URL", "VIRTUAL_ENV", "PYTHONPATH")
        process = await asyncio.create_subprocess_exec(
            self._folder / "optima",
            *words,
            cwd=self._folder,
            env={name: value for name, value in os.environ.items() if name not in ours},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told = (await process.communicate())[0].decode()
        assert process.returncode == 0, told
        return told

    @contextmanager
    def asked_at(self, addresses: Mapping[str, str]) -> Iterator[None]:
        """Its demonstration asks the services there."""
        file = self.stack.layout.addresses
        before = file.read_text(encoding="utf-8")
        file.write_text(json.dumps(json.loads(before) | {"services": dict(addresses)}), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(before, encoding="utf-8")


@pytest.fixture
async def before(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Release]:
    commit = release_before()
    if not git("rev-parse", "--verify", f"{commit}^{{commit}}"):
        pytest.fail(f"{commit} is not in this clone: git fetch --unshallow --tags")
    release = Release(commit, tmp_path_factory.mktemp("release"))
    try:
        await release.run("up")
        yield release
    finally:
        await release.run("reset")


async def upgrade_servers(stack: Stack) -> None:
    """What provisioning and the migration Jobs of this release do, on the servers of the release before."""
    services = find_services()
    secrets = settle_secrets(stack.layout, service_secrets(services))
    servers = Servers(stack.addresses["postgres"], stack.addresses["amqp"])
    await create_databases(servers, services, secrets, private=True)
    passwords = {service.amqp_user: secrets[f"amqp_{service.amqp_user}"] for service in services}
    found = find_rabbitmq()
    assert found is not None
    ports = json.loads(stack.layout.ports.read_text(encoding="utf-8"))
    administration = Rabbitmqctl(private_rabbit(found, stack.layout, ports))
    wanted = topology.definitions(list(load_access().values()), passwords)
    await asyncio.to_thread(administration.load, wanted)
    assert await migrate_databases(servers, services, secrets), "there is nothing to upgrade"


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


async def test_the_release_before_and_this_one_work_side_by_side(before: Release) -> None:
    stack = before.stack
    load = asyncio.create_task(before.run("demo", "--people", PEOPLE, "--briefs", BRIEFS))
    await upgrade_servers(stack)
    await load
    old = stack.addresses["services"]
    async with AsyncExitStack() as opened:
        balancers = {name: Balancer([port_of(url)]) for name, url in old.items()}
        balanced = {
            name: address(await opened.enter_async_context(balancer.served()))
            for name, balancer in balancers.items()
        }
        keys = f"{balanced['identity']}/.well-known/jwks.json"
        new = {}
        for name, balancer in balancers.items():
            process = stack.one_more(name, "all", OPTIMA_JWKS_URL=keys)
            (port,) = await opened.enter_async_context(process)
            balancer.ports.append(port)
            new[name] = address(port)
        with before.asked_at(balanced):
            await before.run("demo", "--people", PEOPLE, "--briefs", BRIEFS)
        mixed = {name for name, balancer in balancers.items() if len(balancer.reached) == 2}
        # A service that a single connection was enough for was reached in one release alone.
        assert len(mixed) >= 4, mixed
        with stack.supervisor_aside():
            await stack.end_services()
            with before.asked_at(new):
                assert "The trail verifies" in await before.run("demo")
            # What the release before told of, and nobody read then, comes to whoever reads it now.
            for name in load_access():
                await asyncio.to_thread(stack.run, name, "republish", before.began.isoformat())
            await everything_settles(stack)
