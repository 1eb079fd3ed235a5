"""A broker that a test may change users on."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import ConnectionClosedByBroker

from optima_kit.topology import EVENTS, Access, definitions
from optima_local.broker_administration import ManagementApi
from optima_local.ports import free_port
from optima_local.processes import StartFailed, end_group, spawn
from optima_local.rabbitmq import PrivateRabbit, find_rabbitmq


def event(name: str) -> bytes:
    """As much of an event as a reader of these tests looks at."""
    return json.dumps({"id": name, "type": "optima.brief.submitted.v1"}).encode()


TWO = (Access("brief", ("optima.#",), ()), Access("trail", (), ("optima.#",)))


class OwnBroker:
    """The private broker as `./optima up` configures it, and the management plugin beside it."""

    def __init__(self, folder: Path, services: Sequence[Access] = TWO) -> None:
        found = find_rabbitmq()
        assert found is not None, "./optima up fetches RabbitMQ"
        self.rabbit = PrivateRabbit(found, folder, free_port(), free_port(), free_port(), account=None)
        self.management = f"http://root:secret@127.0.0.1:{free_port()}"
        passwords = {service.user: "secret" for service in services}
        made = definitions(services, passwords, administrator=("root", "secret"))
        self.rabbit.configure(made)
        port = self.management.rpartition(":")[2]
        configuration = (folder / "rabbitmq.config").read_text().strip()
        plugin = f'{{rabbitmq_management, [{{listener, [{{ip, "127.0.0.1"}}, {{port, {port}}}]}}]}}'
        (folder / "rabbitmq.config").write_text(f"[{plugin}, {configuration[1:]}\n")
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        self.url = self.url_of("root")
        self._processes: list[subprocess.Popen[bytes]] = []

    def url_of(self, user: str) -> str:
        return f"amqp://{user}:secret@127.0.0.1:{self.rabbit.port}/%2F"

    def start(self) -> None:
        for program in self.rabbit.programs():
            process = spawn(program, subprocess.DEVNULL)
            self._processes.append(process)
            wait_for(program.ready, process)
        administration = ManagementApi(self.management)
        wait_for(lambda: bool(quietly(administration.users)), self._processes[-1])
        # The queues' leaders come a moment after the port.
        wait_for(lambda: bool(quietly(self._publishes)), self._processes[-1])

    def _publishes(self) -> bool:
        with self.as_(self.url) as channel:
            channel.confirm_delivery()
            channel.basic_publish(EVENTS, "optima.brief.submitted.v1", event("first"), mandatory=True)
        return True

    @contextlib.contextmanager
    def as_(self, url: str) -> Iterator[BlockingChannel]:
        connection = BlockingConnection(pika.URLParameters(url))
        try:
            yield connection.channel()
        finally:
            # Closing, pika hands back what it has not shown us yet: a stream takes nothing back.
            if connection.is_open:
                with contextlib.suppress(ConnectionClosedByBroker):
                    connection.close()

    def publish(self, type_: str, body: bytes) -> None:
        with self.as_(self.url) as channel:
            channel.basic_publish(EVENTS, type_, body)

    def stop(self) -> None:
        # At once: nobody reads again what it kept, and in order it takes six seconds to end.
        for process in reversed(self._processes):
            end_group(process.pid)
            process.wait(timeout=30)


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while not ready():
        assert process.poll() is None, f"{process.args} ended"
        assert time.monotonic() < deadline, f"{process.args} did not come up"
        time.sleep(0.1)


def quietly(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (StartFailed, pika.exceptions.AMQPError):
        return None
