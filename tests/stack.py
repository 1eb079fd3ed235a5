"""A whole stack of its own, and the means to hurt it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from optima_contracts.signatures import EventSigner
from optima_kit.testing import eventually
from optima_local.demonstration.show import Stage
from optima_local.layout import ROOT, Layout
from optima_local.ports import free_port
from optima_local.processes import is_alive
from optima_local.secrets import settle_secrets
from optima_local.services import (
    EVENT_SECRET,
    Servers,
    ServiceCode,
    find_services,
    is_ready,
    service_environment,
)


@dataclass
class Stack:
    """The stack under test. Ends only processes that it started itself, by their id."""

    layout: Layout

    @property
    def addresses(self) -> dict[str, Any]:
        return json.loads(self.layout.addresses.read_text(encoding="utf-8"))

    @property
    def stage(self) -> Stage:
        return Stage.of(self.layout, self.addresses, ROOT)

    def program(self, name: str) -> dict[str, Any]:
        return json.loads(self.layout.status.read_text(encoding="utf-8"))["programs"][name]

    def signer(self, service: str) -> EventSigner:
        """Signs as that service's relay does."""
        code = next(found for found in find_services() if found.name == service)
        return EventSigner(settle_secrets(self.layout, [])[code.secrets[EVENT_SECRET]])

    def database_url(self, service: str) -> str:
        """As superuser."""
        return self.addresses["postgres"].rpartition("/")[0] + "/" + service.replace("-", "_")

    async def kill(self, name: str) -> None:
        """Ends a program without warning, and waits until the supervisor has it back."""
        before = self.program(name)
        os.killpg(os.getpgid(before["pid"]), signal.SIGKILL)
        await eventually(
            lambda: (
                self.program(name)["pid"] not in (None, before["pid"])
                and self.program(name)["state"] == "ready"
            ),
            within=180,
            describe=lambda: f"{name} to come back: {self.program(name)}",
        )

    @contextmanager
    def standing_still(self, name: str) -> Iterator[None]:
        """A program that neither answers nor ends."""
        group = os.getpgid(self.program(name)["pid"])
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    @contextmanager
    def supervisor_aside(self) -> Iterator[None]:
        """Whatever ends meanwhile is not started again."""
        supervisor = json.loads(self.layout.status.read_text(encoding="utf-8"))["supervisor"]["pid"]
        os.kill(supervisor, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(supervisor, signal.SIGCONT)

    async def end_services(self) -> None:
        """Those that the supervisor started drain and end."""
        running = [self.program(name) for name in self.addresses["services"]]
        for each in running:
            os.kill(each["pid"], signal.SIGTERM)
        await eventually(
            lambda: not any(is_alive(each["pid"], each["started_at"]) for each in running), within=180
        )

    @asynccontextmanager
    async def one_more(self, service: str, *roles: str, **environment: str) -> AsyncIterator[list[int]]:
        """Further processes of a service, one a role, ready, beside those that run already: their ports."""
        started = [self._start(service, role, environment) for role in roles]
        try:
            for _, port in started:
                await eventually(
                    partial(is_ready, port),
                    within=180,  # each starts beside all that run already
                    describe=lambda: f"{service} to be ready: {self._log_of_more(service).read_text()}",
                )
            yield [port for _, port in started]
        finally:
            for process, _ in started:
                process.send_signal(signal.SIGTERM)
            for process, _ in started:
                assert process.wait(timeout=120) == 0, f"{process.args} did not drain"

    def run(self, service: str, *words: str) -> None:
        """A command of the service's own, such as "republish"."""
        code, environment = self._process_of(service)
        subprocess.run([sys.executable, "-m", code.module, *words], env=environment, check=True)

    def _start(self, service: str, role: str, more: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], int]:
        """A process of the service in that role, and the port on which it tells whether it is ready."""
        code, environment = self._process_of(service)
        port = free_port()
        environment |= {"OPTIMA_HTTP_PORT": str(port), **more}
        with self._log_of_more(service).open("ab") as log:
            command = [sys.executable, "-m", code.module, role]
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log), port

    def _log_of_more(self, service: str) -> Path:
        """What further processes of the service print."""
        return self.layout.logs / f"{service}-more.log"

    def _process_of(self, service: str) -> tuple[ServiceCode, dict[str, str]]:
        """The service, and the environment of a process of it."""
        code = next(found for found in find_services() if found.name == service)
        ports = {name: int(url.rpartition(":")[2]) for name, url in self.addresses["services"].items()}
        servers = Servers(self.addresses["postgres"], self.addresses["amqp"])
        return code, service_environment(code, self.layout, servers, ports, settle_secrets(self.layout, []))
