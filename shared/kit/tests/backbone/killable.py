"""Servers as `./optima up` runs them, that a test may kill: on free ports, gone when it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from optima_kit.topology import definitions
from optima_local.accounts import server_account
from optima_local.broker_administration import Rabbitmqctl
from optima_local.ports import free_port
from optima_local.postgres import SETTINGS, PrivatePostgres, find_postgres
from optima_local.processes import Program, end_group, spawn
from optima_local.rabbitmq import PrivateRabbit, find_rabbitmq


class Running:
    """A program between its start and its end."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = process = spawn(self._program, subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self._program.ready():
            assert process.poll() is None, f"{self._program.name} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{self._program.name} does not answer"
            time.sleep(0.05)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends it and what it started, and waits for that."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            if number == signal.SIGKILL:
                end_group(process.pid)
            process.wait()


@contextlib.contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """A folder that the servers' account may use."""
    folder = Path(tempfile.mkdtemp(prefix=f"optima-{name}-"))
    if account := server_account():
        os.chown(folder, account.uid, account.gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class OwnPostgres:
    """A cluster of its own. `crash` is `pg_ctl -m immediate`: no shutdown, recovery at the next start."""

    def __init__(self, folder: Path) -> None:
        programs = find_postgres()
        assert programs is not None, "./optima test fetches PostgreSQL"
        server = PrivatePostgres(programs, folder / "data", free_port(), "secret", server_account(), SETTINGS)
        server.initialise()
        self.url = server.url
        self._running = Running(server.program())

    def start(self) -> None:
        self._running.start()

    def crash(self) -> None:
        self._running.kill(signal.SIGQUIT)


class OwnRabbit:
    """A node of its own, with its own name server; `crash` kills the virtual machine without a word."""

    def __init__(self, folder: Path) -> None:
        programs = find_rabbitmq()
        assert programs is not None, "./optima test fetches RabbitMQ"
        self.rabbit = PrivateRabbit(
            programs, folder / "data", free_port(), free_port(), free_port(), server_account()
        )
        self.rabbit.configure(definitions([], {}, administrator=("root", "secret-root")))
        self.port = self.rabbit.port
        self.url = f"amqp://root:secret-root@127.0.0.1:{self.port}/%2F"
        self.control = Rabbitmqctl(self.rabbit)
        names, node = self.rabbit.programs()
        self._names, self._node = Running(names), Running(node)
        self._names.start()

    def start(self) -> None:
        self._node.start()

    def would_remember(self, *queues: str) -> bool:
        """Whether it would still serve these queues after a crash: it writes the register of its replicated
        queues with a delay of seconds, and a queue that is missing there stays without a leader."""
        registers = [file.read_bytes() for file in (self.rabbit.data / "mnesia").glob("*/*/*/names.dets")]
        return all(any(queue.encode() in register for register in registers) for queue in queues)

    def crash(self) -> None:
        self._node.kill()
        # Until its name is free, a new node of that name would refuse to start.
        environment = self.rabbit.environment()
        names = shutil.which("epmd", path=environment["PATH"])
        assert names is not None
        while b"name optima-" in subprocess.check_output([names, "-names"], env=environment):
            time.sleep(0.02)

    def stop(self) -> None:
        self._node.kill()
        self._names.kill()
