"""The whole stack through ./optima: interrupted, resumed, stopped, and closed to the outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from optima_kit.testing import eventually
from optima_kit.testing.nights import NIGHTLY, sampled
from optima_local.demonstration.show import Stage, customer_of
from optima_local.files import read_json
from optima_local.layout import Layout
from optima_local.processes import is_alive

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.journey,
    pytest.mark.servers,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]


class Stack:
    """A stack of its own beside the one of the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = Layout(folder)
        own = ("OPTIMA_POSTGRES_URL", "OPTIMA_AMQP_URL")
        self.environment = {name: value for name, value in os.environ.items() if name not in own}
        self.environment["OPTIMA_HOME"] = str(folder)

    def run(self, *words: str, expect: int = 0) -> str:
        command = [sys.executable, "-m", "optima_local", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "optima_local", *words]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = read_json(self.layout.status) or {}
        return found

    def processes(self) -> list[str]:
        """Command lines of whatever runs on this stack's behalf, the supervisor included."""
        folders = {str(self.folder), str(self.layout.servers.resolve())}
        marks = [f"OPTIMA_HOME={self.folder}".encode(), *(folder.encode() for folder in folders)]
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                told = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
            except OSError:
                continue
            if any(mark in told for mark in marks) and int(process.name) != os.getpid():
                found.append(told.split(b"\0\0")[0].replace(b"\0", b" ").decode(errors="replace")[:120])
        return found


@pytest.fixture
def stack() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="linea-optima-test-"))
    folder.chmod(0o755)
    stack = Stack(folder)
    yield stack
    stack.run("reset")
    shutil.rmtree(folder)
    assert stack.processes() == []


def until(
    check: Callable[[], object], seconds: float = 60.0, describe: Callable[[], object] = lambda: ""
) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, describe()
        time.sleep(0.02)


def steps_done(stack: Stack) -> list[str]:
    return [step["name"] for step in stack.status.get("steps", [])]


MOMENTS: dict[str, Callable[[Stack], bool]] = {
    "before the supervisor has said anything": lambda stack: (
        stack.layout.state / "supervisor.lock"
    ).exists(),
    "while PostgreSQL is made": lambda stack: "postgres" in stack.status.get("programs", {}),
    "while the databases are migrated": lambda stack: "PostgreSQL" in steps_done(stack),
    "while the services start": lambda stack: "Databases and migrations" in steps_done(stack),
}


@NIGHTLY  # by day one that is killed leaves nothing either
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupted_start_leaves_nothing_running(stack: Stack, moment: str) -> None:
    starting = stack.begin("up", "--no-demo")
    until(lambda: MOMENTS[moment](stack), describe=starting.poll)
    starting.send_signal(signal.SIGINT)
    told, _ = starting.communicate(timeout=60)
    assert starting.returncode == 130, told
    assert stack.processes() == []


def test_a_start_that_is_killed_or_disturbed_leaves_nothing_running(stack: Stack) -> None:
    starting = stack.begin("up", "--no-demo")
    until(lambda: "PostgreSQL" in steps_done(stack), describe=starting.poll)
    # All at once: one after the other, the last could come when the start is over.
    others = [stack.begin(word) for word in ("up", "down", "reset")]
    for other in others:
        assert f"./optima up, process {starting.pid}" in other.communicate(timeout=60)[0]
        assert other.returncode == 1
    starting.kill()
    starting.communicate()
    # Nobody is left to wait for it: the supervisor notices by itself.
    until(lambda: stack.processes() == [], describe=stack.processes)


async def test_a_stack_is_closed_to_others_survives_crashes_and_resumes(stack: Stack) -> None:
    told = stack.run("up", "--no-demo")
    addresses = read_json(stack.layout.addresses)
    assert all(address in told for address in addresses["services"].values())
    assert "up already" in stack.run("up", "--no-demo")
    assert "no" not in {row.split()[4] for row in stack.run("status").splitlines()[2:]}
    assert "✗" not in stack.run("doctor")
    watched = stack.run("watch", "--once", "--every", "0.5")
    assert {row.split()[0] for row in watched.splitlines() if "/s" not in row and row} >= set(
        addresses["services"]
    )
    await nothing_is_open_to_the_outside_or_to_a_neighbour(stack)

    for name in sampled(("trail", "fork-server", "rabbitmq", "postgres"), 4):
        before = stack.status["programs"][name]
        os.kill(before["pid"], signal.SIGKILL)
        until(lambda name=name, before=before: is_back(stack.status["programs"][name], before))

    killed = stack.status
    os.kill(killed["supervisor"]["pid"], signal.SIGKILL)
    told = stack.run("up", "--no-demo")
    left = [name for name, one in killed["programs"].items() if is_alive(one["pid"], one["started_at"])]
    assert left == []
    assert "0 migrations applied" in told
    assert "People announced" not in told
    assert read_json(stack.layout.addresses) == addresses

    stack.run("down")
    assert stack.processes() == []
    assert "not up" in stack.run("down")
    assert stack.run("status", expect=1).startswith("The stack is down")


def is_back(now: dict[str, Any], before: dict[str, Any]) -> bool:
    return now["state"] == "ready" and now["pid"] != before["pid"]


async def nothing_is_open_to_the_outside_or_to_a_neighbour(stack: Stack) -> None:
    ports = read_json(stack.layout.ports)
    assert {address for address, port in listeners() if port in ports.values()} == {"127.0.0.1"}
    below = [path for path in stack.folder.rglob("*") if not path.is_symlink()]
    opened = [str(path) for path in below if path.exists() and path.stat().st_mode & 0o077]
    assert stack.layout.state / "secrets.json" in below
    assert opened == [], "files and folders are their owner's alone"
    secrets = read_json(stack.layout.state / "secrets.json")
    own = f"postgresql://brief_rw:{secrets['brief_rw']}@127.0.0.1:{ports['postgres']}"
    connection = await asyncpg.connect(f"{own}/brief")
    await connection.close()
    for database in ("approval", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(f"{own}/{database}")


def listeners() -> set[tuple[str, int]]:
    """IPv4 addresses and ports on which this machine listens."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if state == "0A":
            address, port = local.split(":")
            found.add((".".join(str(byte) for byte in reversed(bytes.fromhex(address))), int(port, 16)))
    return found


@NIGHTLY
async def test_a_service_that_is_new_to_old_data_learns_who_there_is(stack: Stack) -> None:
    """Its own copy of the directory is made by its migrations, after people were told of."""
    stack.run("up", "--no-demo")
    addresses = read_json(stack.layout.addresses)
    async with customer_of(Stage.of(stack.layout, addresses, ROOT)) as customer:
        people = {UUID(person.person_id) for person in customer.people.values()}

    async def everybody_is_known() -> bool:
        connection = await asyncpg.connect(addresses["postgres"].rpartition("/")[0] + "/logistics")
        try:
            known = {row["id"] for row in await connection.fetch("SELECT id FROM directory_people")}
        finally:
            await connection.close()
        return known >= people

    await eventually(everybody_is_known, within=60)
    os.kill(stack.status["supervisor"]["pid"], signal.SIGSTOP)  # else it would start the service again
    try:
        os.kill(stack.status["programs"]["logistics"]["pid"], signal.SIGKILL)
        connection = await asyncpg.connect(addresses["postgres"])
        await connection.execute("DROP DATABASE logistics WITH (FORCE)")
        await connection.close()
    finally:
        os.kill(stack.status["supervisor"]["pid"], signal.SIGCONT)
    stack.run("down")
    assert "People announced" in stack.run("up", "--no-demo")
    await eventually(everybody_is_known, within=60)


def test_logs_follow_a_service(stack: Stack) -> None:
    stack.layout.logs.mkdir(parents=True)
    log = stack.layout.logs / "brief.log"
    log.write_text(json.dumps({"event": "old"}) + "\n")
    following = stack.begin("logs", "brief", "-f")
    assert following.stdout is not None
    assert json.loads(following.stdout.readline())["event"] == "old"
    with log.open("a") as file:
        file.write(json.dumps({"event": "last"}) + "\n")
    log.replace(log.with_name("brief.log.1"))
    log.write_text(json.dumps({"event": "new"}) + "\n")
    assert json.loads(following.stdout.readline())["event"] == "last"
    assert json.loads(following.stdout.readline())["event"] == "new"
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=10)
    assert "No log of 'brif'. There are: brief" in stack.run("logs", "brif", expect=1)
