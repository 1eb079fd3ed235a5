"""A night's check: three RabbitMQ nodes, of which one after the other is killed while people work."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from optima_kit.testing import eventually
from optima_kit.testing.nights import NIGHTLY
from optima_local.broker_administration import Rabbitmqctl
from optima_local.demonstration.load import run_load
from optima_local.demonstration.show import customer_of
from optima_local.layout import ROOT, Layout
from optima_local.ports import free_port
from optima_local.processes import StartFailed, spawn
from optima_local.rabbitmq import PrivateRabbit, find_rabbitmq
from tests.balancer import Balancer
from tests.stack import Stack

from .invariants import errors_logged, everything_settles

pytestmark = [
    pytest.mark.servers,
    pytest.mark.faults,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(1200),
    NIGHTLY,
]

NODES, PEOPLE, BRIEFS = 3, 3, 6
CONFIGURATION = """\
[{{rabbit, [
  {{tcp_listeners, [{{"127.0.0.1", {port}}}]}},
  {{loopback_users, []}},
  {{cluster_nodes, {{[{nodes}], disc}}}},
  {{disk_free_limit, 100000000}},
  {{log, [{{file, [{{file, false}}]}}, {{console, [{{enabled, true}}, {{level, warning}}]}}]}}
]}}, {{rabbitmq_management, [{{listener, [{{ip, "127.0.0.1"}}, {{port, {management}}}]}}]}}].
"""


@dataclass
class Node:
    rabbit: PrivateRabbit
    management: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.rabbit.environment()["RABBITMQ_NODENAME"]

    def configure(self, others: list[str]) -> None:
        folder = self.rabbit.data
        folder.mkdir(parents=True)
        nodes = ", ".join(f"'{name}'" for name in others)
        (folder / "rabbitmq.config").write_text(
            CONFIGURATION.format(port=self.rabbit.port, management=self.management, nodes=nodes)
        )
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        cookie = folder / ".erlang.cookie"
        cookie.write_text("ofthiscluster")
        cookie.chmod(0o400)

    def start(self) -> None:
        _, broker = self.rabbit.programs()
        self.process = spawn(broker, subprocess.DEVNULL)

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Cluster:
    nodes: list[Node]

    def told(self, *words: str) -> list[dict[str, object]]:
        """By the first node."""
        rows: list[dict[str, object]] = json.loads(
            Rabbitmqctl(self.nodes[0].rabbit).run("--formatter", "json", *words)
        )
        return rows

    async def until_whole(self) -> None:
        """All nodes run, and every queue has a member that is up on each."""

        def whole() -> bool:
            try:
                queues = self.told("list_queues", "name", "type", "online")
            except StartFailed:
                return False
            return bool(queues) and all(len(each["online"] or ()) == NODES for each in queues)  # type: ignore[arg-type]

        await eventually(lambda: asyncio.to_thread(whole), within=120)


@pytest.fixture
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    found = find_rabbitmq()
    assert found is not None, "./optima up fetches RabbitMQ"
    folder, names = tmp_path_factory.mktemp("cluster"), free_port()
    nodes = [
        Node(PrivateRabbit(found, folder / str(n), free_port(), free_port(), names, None), free_port())
        for n in range(NODES)
    ]
    epmd = None
    try:
        for node in nodes:
            node.configure([each.name for each in nodes])
        epmd_program, _ = nodes[0].rabbit.programs()
        epmd = spawn(epmd_program, subprocess.DEVNULL)
        await eventually(epmd_program.ready, within=20)
        for node in nodes:
            node.start()
            await eventually(lambda node=node: running(node) >= nodes.index(node) + 1, within=90)
        Rabbitmqctl(nodes[0].rabbit).run("add_user", "operator", "secret")
        Rabbitmqctl(nodes[0].rabbit).run("set_user_tags", "operator", "administrator")
        Rabbitmqctl(nodes[0].rabbit).run("set_permissions", "operator", ".*", ".*", ".*")
        yield Cluster(nodes)
    finally:
        for node in nodes:
            if node.process is not None and node.process.poll() is None:
                node.kill()
        if epmd is not None:
            epmd.kill()
            epmd.wait()


def running(node: Node) -> int:
    """Of how many nodes it knows that they run."""
    try:
        told = json.loads(Rabbitmqctl(node.rabbit).run("--formatter", "json", "cluster_status"))
    except StartFailed:
        return 0
    return len(told["running_nodes"])


@pytest.fixture
async def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack whose broker is the cluster, by way of one address."""
    home = tmp_path_factory.mktemp("stack")
    balancer = Balancer([node.rabbit.port for node in cluster.nodes])
    async with balancer.served() as port:
        environment = os.environ | {
            "OPTIMA_HOME": str(home),
            "OPTIMA_AMQP_URL": f"amqp://operator:secret@127.0.0.1:{port}/%2F",
            "OPTIMA_AMQP_MANAGEMENT_URL": f"http://operator:secret@127.0.0.1:{cluster.nodes[0].management}",
        }
        environment.pop("OPTIMA_POSTGRES_URL", None)

        async def optima(*words: str) -> None:
            command = [sys.executable, "-m", "optima_local", *words]
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            told, _ = await process.communicate()
            assert process.returncode == 0, told.decode()

        try:
            await optima("up", "--no-demo")
            yield Stack(Layout(Path(home)))
        finally:
            await optima("reset")


async def test_each_node_is_killed_and_nothing_is_lost(stack: Stack, cluster: Cluster) -> None:
    await cluster.until_whole()
    kinds = {each["name"]: each["type"] for each in cluster.told("list_queues", "name", "type")}
    assert set(kinds.values()) == {"quorum", "stream"}
    assert kinds["brief.jobs.XQ"] == "quorum"
    async with customer_of(stack.stage, patience=60) as customer:
        for node in cluster.nodes:
            begun = asyncio.Event()
            load = asyncio.create_task(run_load(customer, PEOPLE, BRIEFS, lambda *_, is_=begun: is_.set()))
            await asyncio.wait_for(begun.wait(), 90)
            node.kill()
            result = await load
            assert result.failures == [], errors_logged(stack)
            assert len(result.journeys) == BRIEFS
            await everything_settles(stack)
            node.start()
            await cluster.until_whole()
