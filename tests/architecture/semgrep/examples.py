"""What the rules beside it find, and what they let pass. Read by semgrep, never run."""
# ruff: noqa
# mypy: ignore-errors

import asyncpg

# ruleid: publish-outside-the-outbox
import pika

# ruleid: publish-outside-the-outbox
from optima_kit.broker import Broker

# ok: publish-outside-the-outbox
from optima_kit.ports import Outbox

FIND_BRIEF = "SELECT * FROM briefs WHERE brief_id = $1"


async def find(work, brief_id, table):
    # ruleid: sql-built-in-code
    await work.connection.fetchrow(f"SELECT * FROM briefs WHERE brief_id = '{brief_id}'")
    # ruleid: sql-built-in-code
    await work.connection.fetch("SELECT * FROM " + table)
    # ruleid: sql-built-in-code
    await work.connection.execute("DELETE FROM briefs WHERE brief_id = '%s'" % brief_id)
    # ruleid: sql-built-in-code
    await work.connection.fetchval("SELECT count(*) FROM {}".format(table))
    where = f"brief_id = '{brief_id}'"
    sql = "SELECT * FROM briefs WHERE " + where
    # ruleid: sql-built-in-code
    await work.connection.fetchrow(sql)
    # ok: sql-built-in-code
    await work.connection.fetchrow(FIND_BRIEF, brief_id)
    # ok: sql-built-in-code
    await work.connection.fetch(QUERIES.briefs_page, f"%{table}%")


async def count(database, settings, tenant_id):
    # ruleid: query-outside-a-tenant-transaction
    connection = await asyncpg.connect(settings.database_url)
    # ruleid: query-outside-a-tenant-transaction
    await database.pool.fetch("SELECT count(*) FROM briefs")
    # ruleid: query-outside-a-tenant-transaction
    async with database.connection() as connection:
        await connection.fetch("SELECT count(*) FROM briefs")
    # ok: query-outside-a-tenant-transaction
    async with database.reading(tenant_id) as work:
        await work.connection.fetch("SELECT count(*) FROM briefs")


async def tell(channel, ports, fact, job, key, mailer):
    # ruleid: publish-outside-the-outbox
    channel.basic_publish("optima.events", "optima.brief.drafted.v1", b"{}")
    # ruleid: publish-outside-the-outbox
    job.send(key)
    # ok: publish-outside-the-outbox
    ports.outbox.add(fact, subject=key, correlation=key)
    # ok: publish-outside-the-outbox
    ports.jobs.schedule("brief.send", fact, key=key)
    # ok: publish-outside-the-outbox
    await mailer.send(fact)
