"""Row-level security holds whatever the code above it does."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from identity.adapters.postgres import QUERIES

from ..conftest import Identity

OPEN = {"tenants"}
"""Read by everybody who signs in: it holds names and legal identities, which are public."""
MACHINERY = {"schema_migrations", "inbox", "newest_applied", "outbox_partitions"}
"""Holds identifiers only."""


async def test_without_a_tenant_there_are_no_rows(identity: Identity) -> None:
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    await admin.put("/v1/units/marketing", {"name": "Marketing"})
    await admin.post("/v1/service-accounts", {"name": "x", "scopes": ["order.read"]})
    tables = {
        row["relname"]
        for row in await identity.database.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
        )
    } - MACHINERY
    connection = await asyncpg.connect(identity.database.rw_url)
    try:
        filled = 0
        for table in sorted(tables):
            rows = await identity.database.fetch(f"SELECT count(*) AS n FROM {table}")
            filled += rows[0]["n"] > 0
            seen = await connection.fetchval(f"SELECT count(*) FROM {table}")
            assert seen == (rows[0]["n"] if table in OPEN else 0), table
            await connection.execute(f"SET optima.tenant = '{uuid4()}'")
            seen = await connection.fetchval(f"SELECT count(*) FROM {table}")
            assert seen == (rows[0]["n"] if table in OPEN else 0), table
            await connection.execute("RESET optima.tenant")
        assert filled >= 10, "the walk meets tables that have rows"
    finally:
        await connection.close()


async def test_no_tenant_writes_anothers_row(identity: Identity) -> None:
    await identity.register()
    (aurora,) = await identity.database.fetch("SELECT id FROM tenants")
    connection = await asyncpg.connect(identity.database.rw_url)
    try:
        await connection.execute(f"SET optima.tenant = '{uuid4()}'")
        assert await connection.execute("UPDATE tenants SET slug = 'mine'") == "UPDATE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM tenants")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "INSERT INTO roles (id, tenant_id, key, name, privileges, built_in, version)"
                " VALUES ($1, $2, 'x', 'x', '{}', false, 1)",
                uuid4(),
                aurora["id"],
            )
    finally:
        await connection.close()


async def test_listing_people_walks_an_index(identity: Identity) -> None:
    await identity.register()
    (aurora,) = await identity.database.fetch("SELECT id FROM tenants")
    statement = QUERIES.list_people
    values = {"after_name": "a", "after_id": uuid4(), "limit": 50}
    connection = await asyncpg.connect(identity.database.rw_url)
    try:
        await connection.execute(f"SET optima.tenant = '{aurora['id']}'")
        await connection.execute("SET enable_seqscan = off; SET enable_sort = off")
        plan = await connection.fetch(f"EXPLAIN {statement.sql}", *statement.arguments(values))
    finally:
        await connection.close()
    text = "\n".join(row[0] for row in plan)
    assert "people_by_name" in text
    assert "Sort" not in text
