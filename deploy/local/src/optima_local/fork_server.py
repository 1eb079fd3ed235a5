"""The fork server: a process that has imported every service and forks them on request.

Services that begin as its forks share its memory and need not import anything again. The server has no
thread, event loop or connection, because a fork could use none of them. It is one of the supervisor's
programs and is restarted when it ends; the services that it forked live on, and the supervisor keeps watching
them.

A request is a message on the server's standard input: the module, words, environment and folder as JSON, with
two descriptors, one for the service's output and one for a socket. Over this socket the service answers with
its pid and its pidfd, and the server sends the service's exit code when it has ended."""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from .layout import ROOT
from .processes import Process, Program, StartRefused

NAME: Final = "fork-server"
ANSWER_SECONDS: Final = 20.0
"""How long a request waits for a fork server, which may be importing or about to be restarted."""
REQUEST_BYTES: Final = 1 << 20
EXIT_UNKNOWN: Final = 255
"""The exit code for a process whose fork server ended before it, so that its real exit code is not known."""
READY: Final = b"ready"


class ForkServer:
    """The supervisor's side of the fork server."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        # Both ends stay open, so that a request made while no server runs waits for the next server.
        self._requests, self._served = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._modules = modules
        self._environment = environment

    def program(self) -> Program:
        """Return the server as a program, which is ready when it has imported the services."""
        return Program(
            name=NAME,
            command=(sys.executable, "-m", __name__, *self._modules),
            environment=self._environment,
            folder=ROOT,
            ready=self._is_ready,
            input=self._served.fileno(),
        )

    def _is_ready(self) -> bool:
        try:
            return self._requests.recv(16, socket.MSG_DONTWAIT) == READY
        except BlockingIOError:
            return False

    def spawn(self, program: Program) -> Process:
        """Fork a program whose command is `python -m MODULE WORD…`. Raises StartRefused if that fails."""
        _, _, module, *words = program.command
        request = {
            "module": module,
            "words": words,
            "environment": dict(program.environment),
            "folder": str(program.folder),
        }
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        read_end, write_end = os.pipe()
        output = os.fdopen(read_end, "rb")
        try:
            with theirs:
                socket.send_fds(self._requests, [json.dumps(request).encode()], [write_end, theirs.fileno()])
            os.close(write_end)
            ours.settimeout(ANSWER_SECONDS)
            answer, descriptors, _, _ = socket.recv_fds(ours, 32, 1)
        except OSError as error:
            ours.close()
            output.close()
            raise StartRefused(f"the fork server did not answer: {error}") from error
        if not descriptors:
            ours.close()
            output.close()
            raise StartRefused("the fork server ended with the request in hand")
        return Forked(int(answer), descriptors[0], ours, output)


class Forked:
    """A process that the fork server has forked, as the supervisor handles it."""

    def __init__(self, pid: int, pidfd: int, control: socket.socket, output: Any) -> None:
        self.pid = pid
        self.stdout = output
        self._pidfd = pidfd
        self._control = control
        self._code: int | None = None
        self._asking = threading.Lock()

    def __del__(self) -> None:
        os.close(self._pidfd)

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process and return its exit code as subprocess does, or EXIT_UNKNOWN if the fork
        server ended before it."""
        ended, _, _ = select.select([self._pidfd], [], [], timeout)
        if not ended:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        with self._asking:
            if self._code is None:
                with self._control:
                    self._code = self._ask()
            return self._code

    def _ask(self) -> int:
        try:
            return int(self._control.recv(16) or EXIT_UNKNOWN)
        except OSError:
            return EXIT_UNKNOWN

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)


@dataclass(frozen=True, slots=True)
class Request:
    module: str
    words: list[str]
    environment: dict[str, str]
    folder: str


def serve(requests: socket.socket, metrics: Mapping[str, list[Any]]) -> Request | None:
    """Handle requests until the supervisor is gone, then return None. In each fork, return the request that
    says which service it has become."""
    children: dict[int, tuple[int, socket.socket]] = {}
    events = select.poll()
    events.register(requests, select.POLLIN)
    while True:
        for ready, _ in events.poll():
            if ready != requests.fileno():
                pid, control = children.pop(ready)
                events.unregister(ready)
                os.close(ready)
                with control, suppress(OSError):
                    _, status = os.waitpid(pid, 0)
                    control.send(str(os.waitstatus_to_exitcode(status)).encode())
                continue
            try:
                message, descriptors, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 2)
            except ConnectionResetError:
                message = b""
            if not message:
                return None
            request = Request(**json.loads(message))
            output, control = descriptors[0], socket.socket(fileno=descriptors[1])
            pid = os.fork()
            if pid:
                os.close(output)
                pidfd = os.pidfd_open(pid)
                children[pidfd] = pid, control
                events.register(pidfd, select.POLLIN)
                continue
            for other_pidfd, (_, other_control) in children.items():
                os.close(other_pidfd)
                other_control.close()
            requests.close()
            become(request, output, control)
            for module, collectors in metrics.items():
                if module != request.module:
                    unregister(collectors)
            return request


def become(request: Request, output: int, control: socket.socket) -> None:
    """Give this fork its own session, folder, environment, descriptors and name, like a separately started
    process."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    Path("/proc/self/comm").write_text(request.module)
    pidfd = os.pidfd_open(os.getpid())
    with control:
        # From now on the supervisor may signal the whole group. If it no longer waits, sending fails and this
        # ends.
        socket.send_fds(control, [str(os.getpid()).encode()], [pidfd])
    os.close(pidfd)


_EVERY_ROLE: Final = (
    "optima_kit.run",
    "optima_kit.relay",
    "optima_kit.consumer",
    "optima_kit.work",
    "cryptography.hazmat.backends.openssl.backend",  # which the first signature would import
)

_KEPT: Final[list[object]] = []


def import_service(module: str) -> list[Any]:
    """Import the service's modules and return its metrics. A service that cannot be imported fails again when
    it is forked, and then says so in its own log."""
    from prometheus_client.metrics import MetricWrapperBase

    try:
        for name in (*_EVERY_ROLE, f"{module}.bootstrap"):
            importlib.import_module(name)
    except Exception as error:
        print(f"{module} cannot be imported: {error!r}", flush=True)
    named = {
        id(value): value
        for name, loaded in list(sys.modules.items())
        if name.partition(".")[0] == module
        for value in vars(loaded).values()
        if isinstance(value, MetricWrapperBase)
    }
    return [*named.values()]


def rehearse() -> None:
    """Do what a service does when it starts or first handles an event, so that forks share the memory that
    this takes."""
    from pydantic import ValidationError

    from optima_contracts.envelope import Fact
    from optima_contracts.signatures import EventSigner
    from optima_kit.operations import parking_routes
    from optima_kit.settings import Settings

    models: list[type[Fact]] = [Fact]
    for model in models:
        model.model_rebuild()
        models.extend(model.__subclasses__())
    kinds: list[type[Settings]] = [Settings, *Settings.__subclasses__()]
    for settings in kinds:
        with suppress(ValidationError):  # the variables of a service are missing here
            settings()
    EventSigner("rehearsal").signed([b"{}"])
    _KEPT.append(parking_routes())  # since pydantic forgets a generic model that nobody refers to


def unregister(collectors: list[Any]) -> None:
    from optima_kit.metrics import MEASURED, REGISTRY

    for registry, collector in product((REGISTRY, MEASURED), collectors):
        with suppress(KeyError):  # a metric is in one of the two registries
            registry.unregister(collector)


def main(modules: list[str]) -> None:
    requests = socket.socket(fileno=os.dup(0))
    gc.disable()
    metrics = {module: import_service(module) for module in modules}
    rehearse()
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        sys.exit(f"the services' imports start threads ({threads - 1}), which no copy of this process has")
    # Freeze without collecting: if forks allocated where garbage was freed, they would no longer share those
    # pages.
    gc.freeze()
    requests.send(READY)
    request = serve(requests, metrics)
    gc.enable()
    if request is not None:
        sys.argv = [request.module, *request.words]
        runpy.run_module(request.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
