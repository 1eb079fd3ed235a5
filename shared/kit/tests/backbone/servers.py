"""Servers that a test may kill: a private PostgreSQL and RabbitMQ on free ports, gone when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest


def _missing(what: str) -> None:
    message = f"{what} is not installed here, so none can be started to be killed"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def _free_port() -> int:
    """Below the ports that clients get: one of those could be in use by the time that a server restarts,
    even by a client that connects to itself."""
    while True:
        port = random.randint(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise TimeoutError("the server does not answer")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class OwnPostgres:
    """A cluster of its own. `crash` is `pg_ctl -m immediate`: no shutdown, recovery at the next start."""

    def __init__(self) -> None:
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        found = shutil.which("postgres")
        if found is None and not folders:
            _missing("PostgreSQL")
        self._programs = Path(found).resolve().parent if found else folders[-1]
        # The server refuses to run as root.
        self._as = {"user": "postgres"} if os.getuid() == 0 else {}
        self._folder = Path(tempfile.mkdtemp(prefix="optima-pg-"))
        if self._as:
            account = pwd.getpwnam("postgres")
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self.port = _free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        subprocess.run(
            [self._programs / "initdb", "-D", self._folder / "data", "-U", "postgres", "-A", "trust", "-N"],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            **self._as,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                self._programs / "postgres",
                "-D",
                self._folder / "data",
                "-p",
                str(self.port),
                "-c",
                "unix_socket_directories=",
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "max_connections=200",
            ],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )
        _wait_until(self._is_ready, self._process)

    def _is_ready(self) -> bool:
        try:
            return (self._folder / "data/postmaster.pid").read_text().split()[-1] == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def crash(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def remove(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)


class OwnRabbit:
    """A node of its own, with its own name server; `crash` kills the virtual machine without a word."""

    def __init__(self) -> None:
        folder = Path("/usr/lib/rabbitmq/bin")
        if not (folder / "rabbitmq-server").exists():
            _missing("RabbitMQ")
        self._server = folder / "rabbitmq-server"
        self._control = folder / "rabbitmqctl"
        self.folder = Path(tempfile.mkdtemp(prefix="optima-rabbit-"))
        self.port, distribution, names = _free_port(), _free_port(), _free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndisk_free_limit.absolute = 50MB\n"
        )
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"test-{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._names: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def load(self, definitions: Path) -> None:
        """Has these definitions loaded at the next start."""
        with (self.folder / "rabbitmq.conf").open("a") as configuration:
            configuration.write(f"load_definitions = {definitions}\n")

    def start(self) -> None:
        if self._names is None:
            self._names = subprocess.Popen(["epmd"], env=self._environment)
        self._process = subprocess.Popen(
            [self._server],
            env=self._environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _wait_until(lambda: _answers(self.port), self._process)

    def would_remember(self, *queues: str) -> bool:
        """Whether it would still serve these queues after a crash: it writes the register of its replicated
        queues with a delay of seconds, and a queue that is missing there stays without a leader."""
        registers = [file.read_bytes() for file in (self.folder / "mnesia").glob("*/*/*/names.dets")]
        return all(any(queue.encode() in register for register in registers) for queue in queues)

    async def control(self, *words: str) -> None:
        """rabbitmqctl."""
        process = await asyncio.create_subprocess_exec(
            self._control, *words, env=self._environment, stdout=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 0

    def crash(self) -> None:
        assert self._process is not None
        assert self._names is not None
        # The script starts the virtual machine in a session of its own; both are killed.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # Until its name is free, a new node of that name would refuse to start.
        while (
            b"name test-"
            in subprocess.run(
                ["epmd", "-names"], env=self._environment, stdout=subprocess.PIPE, check=True
            ).stdout
        ):
            time.sleep(0.02)

    def remove(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.crash()
        if self._names is not None:
            self._names.kill()
            self._names.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
