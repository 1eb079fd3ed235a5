"""Applies migrations: numbered SQL files with checksums, each of which is applied once, under an advisory
lock.

Every file runs in its own transaction, and the previous release must be able to run with its result: expand
in one release, contract in the next. A migration waits only briefly for a lock, since all later statements
queue behind it, and then begins again a little later.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import asyncpg
import structlog

from .postgres import Connection

_LOG = structlog.get_logger(__name__)

_NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")
_LOCK = 0x0971_4A

LOCK_SECONDS: Final = 2.0
"""How long a statement of a migration may wait for a lock, and thereby block others."""
_FIRST_PAUSE_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 600.0


class MigrationError(Exception):
    """Raised if a migration was changed after it was applied, is badly named, or can't get its lock."""


@dataclass(frozen=True, slots=True)
class Migration:
    package: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(package: str) -> list[Migration]:
    """Return the files of `package`/migrations in order. Raises MigrationError for a wrong name or a number
    that occurs twice."""
    folder = files(package).joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    for name in names:
        if not _NAME.match(name):
            raise MigrationError(f"{package}: migration {name!r} is not named like 0001_what.sql")
    numbers = [name[:4] for name in names]
    if len(set(numbers)) != len(numbers):
        raise MigrationError(f"{package}: two migrations share a number")
    return [Migration(package, name, folder.joinpath(name).read_text(encoding="utf-8")) for name in names]


def all_migrations(package: str) -> list[Migration]:
    """Return the kit's own migrations, then the service's."""
    return [*migrations_of("optima_kit"), *migrations_of(package)]


async def migrate(
    owner_url: str, package: str, *, lock_seconds: float = LOCK_SECONDS, patience: float = _PATIENCE_SECONDS
) -> list[str]:
    """Apply the missing migrations and return their names. Any number of processes may call this at the same
    time.

    Raises MigrationError if a migration did not get its lock within `patience` seconds. The URL must lead to
    PostgreSQL itself, not to a pooler, which does not support locks of a session.
    """
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            " package text NOT NULL, name text NOT NULL, checksum text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (package, name))"
        )
        await connection.execute("GRANT SELECT ON schema_migrations TO PUBLIC")
        applied = {
            (row["package"], row["name"]): row["checksum"]
            for row in await connection.fetch("SELECT package, name, checksum FROM schema_migrations")
        }
        done = []
        for migration in all_migrations(package):
            known = applied.get((migration.package, migration.name))
            if known == migration.checksum:
                continue
            if known is not None:
                raise MigrationError(
                    f"{migration.package}/{migration.name} was changed after it had been applied; "
                    "restore it and write a new migration"
                )
            await _apply(connection, migration, lock_seconds, patience)
            done.append(f"{migration.package}/{migration.name}")
        # Retention creates these partitions every day. Create them here too, so that a new database has them
        # at once.
        with contextlib.suppress(asyncpg.LockNotAvailableError):
            await connection.execute("SELECT optima_add_days(optima_day(now()))")
        return done
    finally:
        await connection.close()


async def _apply(connection: Connection, migration: Migration, lock_seconds: float, patience: float) -> None:
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            async with connection.transaction():
                await connection.execute(
                    # nosemgrep: sql-built-in-code - a number
                    f"SET LOCAL lock_timeout = {round(lock_seconds * 1000)}"
                )
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (package, name, checksum) VALUES ($1, $2, $3)",
                    migration.package,
                    migration.name,
                    migration.checksum,
                )
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            name = f"{migration.package}/{migration.name}"
            if time.monotonic() + pause > deadline:
                raise MigrationError(
                    f"{name} had no lock within {patience:g} s ({error}): somebody's transaction stays open;"
                    " pg_stat_activity shows whose. End it and migrate again"
                ) from error
            _LOG.warning("migration waits for a lock", migration=name, error=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, 15.0)


async def missing_migrations(connection: asyncpg.Connection[asyncpg.Record], package: str) -> list[str]:
    """Return the names of the migrations that this code needs and the database lacks."""
    try:
        rows = await connection.fetch("SELECT package, name FROM schema_migrations")
    except asyncpg.UndefinedTableError:
        rows = []
    applied = {(row["package"], row["name"]) for row in rows}
    return [
        f"{migration.package}/{migration.name}"
        for migration in all_migrations(package)
        if (migration.package, migration.name) not in applied
    ]
