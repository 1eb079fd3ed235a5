"""Supervised processes. Each is started, watched, restarted after a crash, and stopped within its grace
period."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from .accounts import Account
from .logs import RotatingLog

FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 10.0
STEADY_SECONDS = 30.0  # after a process has lived this long, its next crash has the first backoff again
HOPELESS_STARTS = 3  # after so many crashes without ever being ready, the supervisor gives up


class Process(Protocol):
    """The part of `subprocess.Popen` that supervision needs."""

    pid: int

    @property
    def stdout(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...


class StartRefused(Exception):
    """Raised if a process could not be started. The next attempt may succeed."""


def spawn_supervised(program: "Program") -> Process:
    return spawn(program, subprocess.PIPE)


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    ready: Callable[[], bool]
    port: int | None = None
    account: Account | None = None
    input: int = subprocess.DEVNULL
    spawn: Callable[["Program"], Process] = spawn_supervised
    """Starts the program in a session of its own, with a pipe as output."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 20.0


class StartFailed(Exception):
    """Raised if something did not start. The message says what, with its last output."""


class SupervisedProgram:
    """A program that is kept running until `stop`."""

    def __init__(self, program: Program, log: RotatingLog, changed: Callable[[], None]) -> None:
        self.program = program
        self.log = log
        self.changed = changed
        self.pid: int | None = None
        self.started_at: int | None = None
        self.state = "starting"
        self.restarts = 0
        self.ready_after: float | None = None
        self._stopping = threading.Event()
        self._gave_up = threading.Event()
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"keep {program.name}", daemon=True)

    def start(self) -> None:
        self._keeper.start()

    def wait_until_ready(self, deadline: float, cancelled: threading.Event) -> None:
        """Wait until the program is ready. Raises StartFailed if it keeps crashing or is not ready at the
        deadline (in monotonic time)."""
        while not cancelled.is_set():
            if self.state == "ready":
                return
            if self._gave_up.is_set():
                raise StartFailed(f"{self.program.name} keeps crashing. It said last:\n{self.log.tail()}")
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"{self.program.name} is not ready in time. It said last:\n{self.log.tail()}"
                )
            cancelled.wait(0.02)

    def stop(self) -> None:
        """Ask the program to stop, wait for at most its grace period, then kill its whole process group."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            self._set_state("stopping")
            send(process, self.program.stop_signal)
            try:
                process.wait(self.program.grace_seconds)
            except subprocess.TimeoutExpired:
                self.log.say(
                    "error", "did not stop in time and was killed", grace_seconds=self.program.grace_seconds
                )
            end_group(process.pid)
        self._keeper.join(timeout=5)
        self._set_state("stopped")

    def _keep(self) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        starts = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            starts += 1
            try:
                process = self.program.spawn(self.program)
            except StartRefused as problem:
                self.log.say("error", str(problem))
            else:
                self._watch(process, began)
            if self._stopping.is_set():
                return
            if self.ready_after is None and starts >= HOPELESS_STARTS:
                self._set_state("crashed")
                self._gave_up.set()
                return
            self.restarts += 1
            self._set_state("restarting")
            if time.monotonic() - began > STEADY_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            self._stopping.wait(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)

    def _watch(self, process: Process, began: float) -> None:
        """Watch a process until it ends."""
        with self._lock:
            self._process = process
            too_late = self._stopping.is_set()
        if too_late:
            end_group(process.pid)
        self.pid, self.started_at = process.pid, start_ticks(process.pid)
        self._set_state("starting")
        threading.Thread(target=self.log.copy_from, args=(process.stdout,), daemon=True).start()
        self._watch_readiness(process, began)
        code = process.wait()
        if not self._stopping.is_set():
            end_group(process.pid)
            self.log.say("error", "ended unasked and is started again", exit_code=code)

    def _watch_readiness(self, process: Process, began: float) -> None:
        pause = 0.02
        while process.poll() is None and not self._stopping.is_set():
            if self.program.ready():
                if self.ready_after is None:
                    self.ready_after = time.monotonic() - began
                self._set_state("ready")
                return
            self._stopping.wait(pause)
            pause = min(pause * 1.3, 0.5)

    def _set_state(self, state: str) -> None:
        self.state = state
        self.changed()


def spawn(program: Program, output: int) -> "subprocess.Popen[bytes]":
    """Start a program under its account, in a session of its own. `output` is passed to subprocess as
    stdout."""
    account = program.account
    return subprocess.Popen(
        program.command,
        cwd=program.folder,
        env=dict(program.environment),
        stdin=program.input,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def send(process: Process, number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)


def end_group(pid: int) -> None:
    """Kill what is left of a process's group, such as children that outlived the process."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def start_ticks(pid: int) -> int | None:
    """Return when the process started, in ticks since boot. Together with the pid this identifies a process.

    Return None if there is no such process or it has ended.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def is_alive(pid: int | None, started_at: int | None) -> bool:
    return pid is not None and started_at is not None and start_ticks(pid) == started_at
