"""Real Tryton servers, from Tryton's packages: one that `up` keeps running, and those that tests start.

Their database is SQLite. It is prepared once for each machine and copied for each server. The connector talks
only to the server, and SQLite's limit of one writer at a time does not matter for what is tested."""

import json
import os
import shutil
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .environments import environment_for
from .layout import ROOT, Layout
from .processes import Program

DATABASE = "tryton"
USER = "admin"
PASSWORD = "admin12345"  # noqa: S105 - of a server that listens on 127.0.0.1 alone, with data of no one's


@dataclass(frozen=True, slots=True)
class Release:
    """One of Tryton's series, in an environment of its own."""

    name: str
    """Name of the environment and of its lock file."""
    calls_at: str
    """Path of the calls, relative to a database's address."""

    @property
    def lock(self) -> Path:
        return ROOT / "requirements" / f"{self.name}.txt"

    def command(self, name: str) -> str:
        """Return the path of one of the release's programs, which are installed at their first use."""
        return str(environment_for(self.name, self.lock) / name)


CURRENT = Release("tryton", "rpc/")
LONG_TERM = Release("tryton-7.0", "")


def folder_of(layout: Layout) -> Path:
    """Return the folder of a stack's own Tryton, if it has one."""
    return layout.servers / "tryton"


def is_there(layout: Layout) -> bool:
    return database_in(folder_of(layout)).exists()


def database_in(folder: Path) -> Path:
    return folder / f"{DATABASE}.sqlite"


def copy_template(template: Path, folder: Path) -> None:
    """Copy the prepared database into a server's folder, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template, folder / "copying")
    (folder / "copying").replace(database_in(folder))


def program(folder: Path, port: int, release: Release = CURRENT) -> Program:
    """Return the program of a server with the folder's database."""
    return Program(
        name="tryton",
        command=(release.command("trytond"), *arguments(folder, port)),
        environment=dict(os.environ),
        folder=folder,
        ready=lambda: answers(port, release),
        port=port,
        # A short grace period is enough, because the server holds nothing that would be lost if it is killed.
        grace_seconds=2.0,
    )


def arguments(folder: Path, port: int) -> tuple[str, ...]:
    """Return the arguments of Tryton's programs. Without the database's name, a server's first sign-in would
    fail."""
    file = folder / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n[queue]\nworker = False\n"
    )
    return ("-c", str(file), "-d", DATABASE)


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def answers(port: int, release: Release = CURRENT) -> bool:
    """Tell whether one can sign in to the server."""
    call = {"id": 1, "method": "common.db.login", "params": [USER, {"password": PASSWORD}, "en"]}
    request = urllib.request.Request(  # noqa: S310 (our own server's)
        f"{address(port)}/{DATABASE}/{release.calls_at}",
        json.dumps(call).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return bool(json.load(answer).get("result"))
    except (OSError, ValueError):
        return False
