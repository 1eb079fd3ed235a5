"""Row-level security, table by table, in every service's database: no tenant, no rows."""

from __future__ import annotations

import uuid

import asyncpg
import pytest

from optima_local.services import find_services

pytestmark = pytest.mark.servers

SERVICES = tuple(service.module for service in find_services())

WITHOUT_TENANT = {
    "inbox": "identifiers of handled events, nothing else",
    "newest_applied": "identifiers and sequences, nothing else",
    "outbox_partitions": "sixteen numbers",
    "schema_migrations": "names of migrations",
}
"""Tables that hold no tenant's data, and why. Some services add their own below."""

WITHOUT_TENANT_OF = {
    "identity": {"tenants": "found by its short name before there is a tenant to set"},
    "trail": {"anchor_keys": "the service's own: public, but for a half that is encrypted"},
}

_READABLE_PARTITIONS = """
SELECT relname FROM pg_class
WHERE relispartition AND relkind IN ('r', 'p') AND has_table_privilege(oid, 'SELECT')
"""

_VALUES = {
    "uuid": lambda: uuid.uuid4(),
    "text": lambda: "x",
    "jsonb": lambda: "{}",
    "json": lambda: "{}",
    "bytea": lambda: b"x",
    "bool": lambda: True,
    "int2": lambda: 1,
    "int4": lambda: 1,
    "int8": lambda: 1,
    "numeric": lambda: 1,
}


async def _tables(connection) -> dict[str, bool]:
    rows = await connection.fetch(
        "SELECT c.relname, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid"
        " AND a.attname = 'tenant_id') AS owned FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
    )
    return {row["relname"]: row["owned"] for row in rows}


async def without_checks(connection) -> None:
    """Lets the connection of a superuser write rows that no service would."""
    await connection.execute("SET session_replication_role = replica")
    for check in await connection.fetch(
        "SELECT conrelid::regclass::text AS of, conname FROM pg_constraint WHERE contype = 'c'"
        " AND connamespace = 'public'::regnamespace AND conparentid = 0 AND coninhcount = 0"
    ):
        await connection.execute(f'ALTER TABLE {check["of"]} DROP CONSTRAINT "{check["conname"]}"')


async def plant(connection, table: str, tenant_id: uuid.UUID, also: str = "") -> None:
    """Inserts one row of that tenant, past every constraint but the columns' types: with what must be there,
    and the column `also`."""
    columns = await connection.fetch(
        "SELECT attname, typname, a.attidentity <> '' AS numbered FROM pg_attribute a JOIN pg_type t"
        " ON t.oid = a.atttypid WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' AND (attname IN ('tenant_id', $2) OR (attnotnull AND NOT atthasdef))",
        f'"{table}"',
        also,
    )
    names, values = [], []
    for column in columns:
        if column["numbered"]:
            continue
        names.append(f'"{column["attname"]}"')
        if column["attname"] == "tenant_id":
            values.append(f"'{tenant_id}'")
        elif column["typname"].startswith("_"):
            values.append("'{}'")
        elif column["typname"] in ("date", "time", "timestamptz", "timestamp"):
            values.append("now()")
        elif column["typname"] == "interval":
            values.append("'1 hour'")
        elif column["typname"] == "bytea":
            values.append("'\\x00'")
        else:
            values.append(f"'{_VALUES[column['typname']]()}'")
    await connection.execute(f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({", ".join(values)})')


@pytest.mark.parametrize("service", SERVICES)
async def test_without_its_tenant_no_table_shows_or_takes_a_row(database_for, service):
    database = await database_for(service)
    ours, theirs = uuid.uuid4(), uuid.uuid4()
    root = await asyncpg.connect(database.superuser_url)
    await without_checks(root)
    tables = await _tables(root)
    allowed = WITHOUT_TENANT.keys() | WITHOUT_TENANT_OF.get(service, {}).keys()
    strays = {name for name, owned in tables.items() if not owned} - allowed
    assert not strays, f"{service}: these tables belong to no tenant: {strays}"

    rw = await asyncpg.connect(database.rw_url)
    ro = await asyncpg.connect(database.ro_url)
    for person in (rw, ro):
        # Policies are the parent's: past it, a partition would show everything.
        assert await person.fetch(_READABLE_PARTITIONS) == []
    try:
        for table in (name for name, owned in tables.items() if owned):
            await plant(root, table, ours)
            for person in (rw, ro):
                seen = {}
                for context in (None, theirs, ours):
                    async with person.transaction():
                        if context is not None:
                            await person.execute(f"SET LOCAL optima.tenant = '{context}'")
                        seen[context] = await person.fetchval(f'SELECT count(*) FROM "{table}"')
                assert seen == {None: 0, theirs: 0, ours: 1}, f"{service}.{table}"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await rw.execute(f'INSERT INTO "{table}" (tenant_id) VALUES ($1)', ours)
    finally:
        for connection in (root, rw, ro):
            await connection.close()
