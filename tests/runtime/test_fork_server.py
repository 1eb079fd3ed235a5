"""Services as forks of one warmed process: alike to processes of their own, whatever ends around them."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from optima_kit.testing import eventually
from optima_local.fork_server import ForkServer
from optima_local.logs import RotatingLog, last_lines
from optima_local.processes import Program, StartFailed, StartRefused, SupervisedProgram, is_alive
from optima_local.services import process_environment

BOOTSTRAP = """
import os
from prometheus_client import Gauge
from optima_kit.metrics import MEASURED, REGISTRY

IMPORTED_IN = os.getpid()
LEVEL = Gauge("{name}_level", "Its own", registry=REGISTRY)
DEPTH = Gauge("{name}_depth", "Its own, measured", registry=MEASURED)
"""
MAIN = """
import json, os, pathlib, random, signal, sys
from prometheus_client import generate_latest
from optima_kit.ids import new_id
from optima_kit.metrics import MEASURED, REGISTRY
from .bootstrap import IMPORTED_IN

print(json.dumps({
    "event": "running", "words": sys.argv[1:], "pid": os.getpid(), "imported_in": IMPORTED_IN,
    "session": os.getsid(0), "folder": os.getcwd(), "environment": dict(os.environ),
    "input": sys.stdin.read(), "descriptors": len(os.listdir("/proc/self/fd")), "id": str(new_id()),
    "random": random.random(), "metrics": generate_latest(REGISTRY).decode(),
    "measured": list(MEASURED._names_to_collectors),
    "comm": pathlib.Path("/proc/self/comm").read_text().strip(),
}))
pathlib.Path(__spec__.parent + ".ready").touch()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
while True:
    signal.pause()
"""


class Forks:
    """A fork server under supervision, and services that it forks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.supervised: list[SupervisedProgram] = []
        for name in ("first", "second"):
            self.write(name, BOOTSTRAP.format(name=name))

    def write(self, name: str, bootstrap: str) -> None:
        package = self.folder / name
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        (package / "bootstrap.py").write_text(bootstrap, encoding="utf-8")
        (package / "__main__.py").write_text(MAIN, encoding="utf-8")

    def start(self) -> None:
        environment = process_environment() | {"PYTHONPATH": str(self.folder), "OF_THE_SERVER": "yes"}
        self.forks = ForkServer(["first", "second"], environment)
        self.server = self.supervise(self.forks.program())
        wait_until_ready(self.server)

    def program(self, name: str) -> Program:
        ready = self.folder / f"{name}.ready"
        return Program(
            name=name,
            command=(sys.executable, "-m", name, "all"),
            environment={"PATH": os.environ["PATH"], "OWN": name},
            folder=self.folder,
            ready=ready.exists,
            spawn=self.forks.spawn,
            grace_seconds=5.0,
        )

    def supervise(self, program: Program) -> SupervisedProgram:
        one = SupervisedProgram(program, RotatingLog(self.folder / f"{program.name}.log"), lambda: None)
        self.supervised.append(one)
        one.start()
        return one

    def service(self, name: str) -> SupervisedProgram:
        one = self.supervise(self.program(name))
        wait_until_ready(one)
        return one

    def log(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in last_lines(self.folder / f"{name}.log", 50)]

    def told(self, name: str) -> list[dict[str, Any]]:
        """What each process of the service has said of itself."""
        return [entry for entry in self.log(name) if entry["event"] == "running"]

    def ends(self, name: str) -> list[int]:
        return [entry["exit_code"] for entry in self.log(name) if "exit_code" in entry]


def wait_until_ready(one: SupervisedProgram) -> None:
    one.wait_until_ready(time.monotonic() + 30, threading.Event())


@pytest.fixture
def forks(tmp_path: Path) -> Iterator[Forks]:
    made = Forks(tmp_path)
    yield made
    for one in reversed(made.supervised):
        one.stop()
    assert [one.program.name for one in made.supervised if is_alive(one.pid, one.started_at)] == []


def is_back(one: SupervisedProgram, before: int | None) -> Callable[[], bool]:
    return lambda: one.state == "ready" and one.pid not in (None, before)


async def test_a_fork_is_like_a_process_of_its_own(forks: Forks) -> None:
    forks.start()
    forks.service("second")
    one = forks.service("first")
    await eventually(lambda: len(forks.told("first")) == 1)
    (told,) = forks.told("first")
    assert told["imported_in"] == forks.server.pid
    assert told["pid"] == told["session"] == one.pid
    assert told["words"] == ["all"]
    assert told["folder"] == str(forks.folder)
    assert told["environment"] == {"PATH": os.environ["PATH"], "OWN": "first"}
    assert told["input"] == ""
    assert told["descriptors"] == 4  # three, and the one that counts
    assert told["comm"] == "first"
    assert "first_level" in told["metrics"]
    assert "second_level" not in told["metrics"]
    assert [name for name in told["measured"] if name.endswith("_depth")] == ["first_depth"]


async def test_a_killed_service_is_forked_again_and_makes_other_ids(forks: Forks) -> None:
    forks.start()
    one = forks.service("first")
    first, server = one.pid, forks.server.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(is_back(one, first))
    assert (one.restarts, forks.server.restarts, forks.server.pid) == (1, 0, server)
    assert forks.ends("first") == [-signal.SIGKILL]
    await eventually(lambda: len(forks.told("first")) == 2)
    before, after = forks.told("first")
    assert before["id"] != after["id"]
    assert before["random"] != after["random"]


async def test_a_signal_reaches_the_service_alone(forks: Forks) -> None:
    forks.start()
    one, other = forks.service("first"), forks.service("second")
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGTERM)
    await eventually(is_back(one, first))
    assert forks.ends("first") == [7]
    assert (other.restarts, forks.server.restarts) == (0, 0)


async def test_services_outlive_their_fork_server_and_stay_watched(forks: Forks) -> None:
    forks.start()
    one, other = forks.service("first"), forks.service("second")
    first, server = one.pid, forks.server.pid
    assert first is not None
    assert server is not None
    os.kill(server, signal.SIGKILL)
    # Asked while there is no server, the fork waits for the next one.
    os.kill(first, signal.SIGKILL)
    await eventually(is_back(forks.server, server), within=30)
    await eventually(is_back(one, first), within=30)
    assert (one.restarts, other.restarts, forks.server.restarts) == (1, 0, 1)
    await eventually(lambda: len(forks.told("first")) == 2)
    assert forks.told("first")[-1]["imported_in"] == forks.server.pid
    left = other.pid
    other.stop()
    assert left is not None
    assert not is_alive(left, other.started_at)


async def test_a_service_that_cannot_be_imported_says_so_itself(forks: Forks) -> None:
    forks.write("second", "raise RuntimeError('out of order')")
    forks.start()
    forks.service("first")
    with pytest.raises(StartFailed, match=r"second keeps crashing(.|\n)*out of order"):
        forks.service("second")


def test_a_server_with_threads_forks_nothing(forks: Forks) -> None:
    forks.write(
        "second", "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"
    )
    with pytest.raises(StartFailed, match="imports start threads"):
        forks.start()


async def test_nothing_is_forked_for_one_that_has_gone(forks: Forks, monkeypatch: pytest.MonkeyPatch) -> None:
    forks.start()
    assert forks.server.pid is not None
    os.kill(forks.server.pid, signal.SIGSTOP)
    monkeypatch.setattr("optima_local.fork_server.ANSWER_SECONDS", 0.1)
    with pytest.raises(StartRefused, match="did not answer"):
        forks.forks.spawn(forks.program("first"))
    os.kill(forks.server.pid, signal.SIGCONT)
    monkeypatch.undo()
    forks.service("second")  # the server has seen to the first by then
    children = Path(f"/proc/{forks.server.pid}/task/{forks.server.pid}/children")
    await eventually(lambda: len(children.read_text().split()) == 1)
    assert not (forks.folder / "first.ready").exists()


def test_the_server_ends_with_its_supervisor(forks: Forks) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = process_environment() | {"PYTHONPATH": str(forks.folder)}
    with theirs:
        command = [sys.executable, "-m", "optima_local.fork_server", "first"]
        server = subprocess.Popen(command, stdin=theirs, env=environment)
    assert select.select([ours], [], [], 30)[0]
    ours.close()
    assert server.wait(10) == 0


def test_events_are_built_before_a_service_is_forked() -> None:
    program = """
from optima_contracts.envelope import Fact
from optima_kit.run import main
from optima_local.fork_server import rehearse

def incomplete(model):
    return sum(incomplete(each) for each in model.__subclasses__()) + (not model.__pydantic_complete__)

print(incomplete(Fact) > 0)
rehearse()
print(incomplete(Fact))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "0"]
