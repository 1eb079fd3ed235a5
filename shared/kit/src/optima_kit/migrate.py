"""Migrations: plain SQL files, numbered, checksummed, applied once each under an advisory lock.

Every file runs in a transaction of its own and must be runnable beneath the previous release: expand in
one release, contract in the next.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

_NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")
_LOCK = 0x0971_4A


class MigrationError(Exception):
    """A migration can't be trusted: changed after it was applied, badly named, or missing."""


@dataclass(frozen=True, slots=True)
class Migration:
    package: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(package: str) -> list[Migration]:
    """The files of `package`/migrations in order. Raises MigrationError for a bad or doubled number."""
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
    """The kit's own, then the service's."""
    return [*migrations_of("optima_kit"), *migrations_of(package)]


async def migrate(owner_url: str, package: str) -> list[str]:
    """Applies what is missing and returns its names. Any number of processes may call this at once."""
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
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (package, name, checksum) VALUES ($1, $2, $3)",
                    migration.package,
                    migration.name,
                    migration.checksum,
                )
            done.append(f"{migration.package}/{migration.name}")
        return done
    finally:
        await connection.close()


async def missing_migrations(connection: asyncpg.Connection[asyncpg.Record], package: str) -> list[str]:
    """Names of migrations that this code needs and the database lacks."""
    rows = await connection.fetch("SELECT package, name FROM schema_migrations")
    applied = {(row["package"], row["name"]) for row in rows}
    return [
        f"{migration.package}/{migration.name}"
        for migration in all_migrations(package)
        if (migration.package, migration.name) not in applied
    ]
