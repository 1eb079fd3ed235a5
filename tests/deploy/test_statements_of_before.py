"""What services of the release before say to a database that this release has migrated, they may still say.

Every statement of its `queries.sql` is planned there with the rights of its role. What is refused then: a
column or table that is gone, a key that `ON CONFLICT` names, a right that was taken, a column that must be
filled and that it does not know. `test_upgrade.py` runs both releases side by side, by night; this takes a
second, each day.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest
from tests.deploy.releases import git, release_before

from optima_kit.sql import parse_queries
from optima_kit.testing import ServiceDatabase
from optima_local.deployment.entries import service_entries

pytestmark = pytest.mark.servers

MUST_BE_FILLED = """
SELECT attrelid::regclass::text AS name, attname::text AS filled FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    AND attnotnull AND NOT atthasdef AND attidentity = ''
"""
INSERTS = re.compile(r"\bINSERT\s+INTO\s+(\w+)\s*(?:AS\s+\w+\s*)?\(([^)]*)\)", re.IGNORECASE)
SERVICES = [(service.name, service.module) for service in service_entries()]


def unfilled(sql: str, must_be: dict[str, set[str]]) -> list[str]:
    """Columns of tables that the statement inserts into without filling them."""
    return [
        f"{table}.{column}"
        for table, columns in INSERTS.findall(sql)
        for column in sorted(must_be.get(table, set()) - {each.strip() for each in columns.split(",")})
    ]


async def refused_of(sql: str, connection: asyncpg.Connection[asyncpg.Record]) -> str | None:
    """Why PostgreSQL does not plan the statement."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        prepared = await connection.prepare(f"EXPLAIN {sql}")
        await prepared.fetch(*(None for _ in prepared.get_parameters()))
    except asyncpg.PostgresError as error:
        return str(error)
    finally:
        await transaction.rollback()
    return None


@pytest.mark.parametrize(("service", "module"), SERVICES, ids=[name for name, _ in SERVICES])
async def test_they_are_understood(
    service: str, module: str, database_for: Callable[[str], Awaitable[ServiceDatabase]]
) -> None:
    commit = release_before()
    text = git("show", f"{commit}:services/{service}/src/{module}/adapters/queries.sql")
    if not text:
        pytest.skip(f"{commit} is not in this clone, or has no {service}")
    database = await database_for(module)
    must_be: dict[str, set[str]] = {}
    for row in await database.fetch(MUST_BE_FILLED):
        must_be.setdefault(row["name"], set()).add(row["filled"])
    connection = await asyncpg.connect(database.rw_url)
    try:
        await connection.execute("SELECT set_config('optima.tenant', $1, false)", str(UUID(int=1)))
        refused = {}
        for name, statement in parse_queries(text, f"{service} of {commit}").items():
            if why := await refused_of(statement.sql, connection):
                refused[name] = why
            elif columns := unfilled(statement.sql, must_be):
                refused[name] = f"fills no {', '.join(columns)}"
        assert refused == {}
    finally:
        await connection.close()


async def test_what_they_do_not_know_is_noticed(
    database_for: Callable[[str], Awaitable[ServiceDatabase]],
) -> None:
    database = await database_for("trail")
    connection = await asyncpg.connect(database.rw_url)
    try:
        for sql, why in (
            ("SELECT gone FROM entries WHERE number = $1", "gone"),
            ("INSERT INTO heads (number, hash) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", "ON CONFLICT"),
            ("DELETE FROM entries", "permission denied"),
        ):
            assert why in (await refused_of(sql, connection) or ""), sql
        assert unfilled("INSERT INTO heads (number) VALUES (1)", {"heads": {"hash"}}) == ["heads.hash"]
    finally:
        await connection.close()
