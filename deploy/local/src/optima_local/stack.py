"""Starts and stops a stack, one command at a time. The supervisor does the work."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any

from . import postgres, rabbitmq
from .accounts import delete_reachable, make_reachable, server_account
from .files import append_privately, open_privately, private_folder, read_json
from .layout import PROGRAMS, ROOT, Layout
from .processes import StartFailed, is_alive
from .progress import Progress
from .supervisor import STAY, end_leftovers

STOP_SECONDS = 90.0


class Busy(Exception):
    """Raised if another command is working on the stack."""


@contextmanager
def exclusively(layout: Layout, command: str) -> Iterator[None]:
    """Lock the stack for one command. Raises Busy that names the other command if it is locked."""
    private_folder(layout.state)
    with open_privately(layout.state / "command.lock", "a+") as lock:
        lock.seek(0)
        if not try_lock(lock):
            raise Busy(f"Another command is at work on this stack: {lock.read()}. Wait for it, or end it.")
        lock.truncate()
        lock.write(f"./optima {command}, process {os.getpid()}")
        lock.flush()
        yield


def status_of(layout: Layout) -> dict[str, Any] | None:
    """Return the supervisor's status, or None if it is not alive."""
    status: dict[str, Any] | None = read_json(layout.status)
    return status if status and is_alive(**status["supervisor"]) else None


def fetch_missing_servers(progress: Progress) -> None:
    """Fetch the server programs that this machine lacks. Raises StartFailed that says what to install."""
    fetches: list[tuple[str, Callable[[], None]]] = []
    if "OPTIMA_POSTGRES_URL" not in os.environ and postgres.find_postgres() is None:
        fetches.append(("PostgreSQL fetched", postgres.fetch_postgres))
    if "OPTIMA_AMQP_URL" not in os.environ and rabbitmq.find_rabbitmq() is None:
        fetches.append(("RabbitMQ fetched", rabbitmq.fetch_rabbitmq))
    if not fetches:
        return
    progress.note("Fetching what this machine lacks: " + ", ".join(name.split()[0] for name, _ in fetches))

    make_reachable(PROGRAMS, server_account())

    def fetch(name: str, work: Callable[[], None]) -> None:
        with progress.step(name):
            work()

    with ThreadPoolExecutor() as pool:
        for result in [pool.submit(fetch, name, work) for name, work in fetches]:
            result.result()


@contextmanager
def started(
    layout: Layout, progress: Progress, *, servers_only: bool = False
) -> Iterator[Callable[[], None]]:
    """Start the stack and yield the function `stay`. Unless the body calls it, the stack stops when the body
    ends."""
    private_folder(layout.logs)
    lock = lock_of_stopped(layout)
    command = [sys.executable, "-m", "optima_local.supervisor", str(layout.folder), f"--lock={lock.fileno()}"]
    read_end, write_end = os.pipe()
    stays = False

    def stay() -> None:
        nonlocal stays
        os.write(write_end, STAY)
        stays = True

    try:
        with append_privately(layout.logs / "supervisor.log") as log:
            supervisor = subprocess.Popen(
                [*command, "--servers-only"] if servers_only else command,
                cwd=ROOT,
                stdin=read_end,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
        lock.close()
        os.close(read_end)
        show_start(layout, progress, supervisor)
        yield stay
    finally:
        os.close(write_end)
        lock.close()
        if not stays:
            if not servers_only:
                print("Stopping what was started", flush=True)
            lock_of_stopped(layout).close()


def show_start(layout: Layout, progress: Progress, supervisor: "subprocess.Popen[bytes]") -> None:
    """Print the supervisor's steps as they finish, until the stack is ready. Raises StartFailed if it does
    not start."""
    shown = 0
    while True:
        status = status_of(layout)
        if status is None:
            if supervisor.poll() is not None:
                ended: dict[str, Any] = read_json(layout.status) or {}
                raise StartFailed(
                    ended.get("problem") or f"the supervisor ended; see {layout.logs / 'supervisor.log'}"
                )
        else:
            for step in status["steps"][shown:]:
                progress.done(**step)
            shown = len(status["steps"])
            if status["phase"] == "ready":
                return
            if status["phase"] == "stopping" and status["problem"]:
                raise StartFailed(status["problem"])
        time.sleep(0.03)


def stop(layout: Layout) -> bool:
    """Drain and stop everything. Return False if nothing ran."""
    status = status_of(layout)
    if status is None:
        end_leftovers(layout)
        return False
    os.kill(status["supervisor"]["pid"], signal.SIGTERM)
    lock_of_stopped(layout).close()
    return True


def lock_of_stopped(layout: Layout) -> IO[str]:
    """Wait until no supervisor is alive, and return its lock, which the next supervisor inherits.

    A supervisor that takes too long to stop is killed together with all its processes.
    """
    private_folder(layout.state)
    lock = open_privately(layout.state / "supervisor.lock", "a")
    deadline = time.monotonic() + STOP_SECONDS
    while not try_lock(lock):
        status = status_of(layout)
        if status and time.monotonic() > deadline:
            os.kill(status["supervisor"]["pid"], signal.SIGKILL)
        time.sleep(0.03)
    end_leftovers(layout)
    return lock


def try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def delete_data(layout: Layout) -> None:
    """Delete data, exchanged files, secrets, ports and logs. The installed programs stay."""
    delete_reachable(layout.servers)
    for folder in (layout.state, layout.logs, layout.drop_folder):
        shutil.rmtree(folder, ignore_errors=True)
    layout.addresses.unlink(missing_ok=True)
