"""Connections to PostgreSQL: how they are opened, what their errors mean, how a transaction ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import orjson

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    OSError,
    TimeoutError,
)
"""What says that the database can't be reached just now: nothing is wrong with the work itself."""

CUT_OFF = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What only an ailing database raises, while some of UNAVAILABLE could come from elsewhere as well."""

CONFLICTS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,
)
"""Collisions with other transactions, and with a migration: the same work, done again, succeeds."""


class NotCommitted(Exception):
    """An error of the database was swallowed inside the transaction, which was therefore undone."""


async def open_pool(url: str, name: str, size: int, *, pooled: bool = False) -> Pool:
    """A pool of at most `size` connections, which PostgreSQL's views show by this name.

    `pooled`: a PgBouncer in transaction mode is in between. It keeps no prepared statements, and takes none
    of the settings of a session: provisioning has given them to the roles.
    """
    if pooled:
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            command_timeout=30,
            init=_prepare_pooled_connection,
            reset=_leave_no_transaction,
            statement_cache_size=0,
            server_settings={"application_name": name, "timezone": "UTC"},
        )
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=30,
        init=_prepare_connection,
        reset=_leave_no_transaction,
        server_settings={
            "application_name": name,
            "jit": "off",
            # Another process takes longer to begin than most statements, and nobody is to have several cores.
            "max_parallel_workers_per_gather": "0",
            "timezone": "UTC",
            # Planned once a connection. What needs its values to be planned says `plan: custom`.
            "plan_cache_mode": "force_generic_plan",
        },
    )


async def _prepare_connection(connection: Connection) -> None:
    """JSON travels as Python objects."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value, default=str).decode(),
            decoder=orjson.loads,
        )


async def _prepare_pooled_connection(connection: Connection) -> None:
    # What is asked in two steps stays with one server inside a transaction alone.
    async with connection.transaction():
        await _prepare_connection(connection)


async def _leave_no_transaction(connection: Connection) -> None:
    # In place of asyncpg's RESET ALL, which costs a round trip: settings are only ever made LOCAL.
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


async def commit(connection: Connection) -> None:
    """Commits. Raises NotCommitted where PostgreSQL would answer COMMIT with a silent rollback."""
    if await connection.execute("COMMIT") != "COMMIT":
        raise NotCommitted("a statement had failed earlier in the transaction")


async def roll_back(connection: Connection) -> bool:
    """Undoes the open transaction. False when the connection is lost: it is then closed for good.

    Never raises, so that what went wrong before is what is told.
    """
    if connection.is_closed():
        return False
    try:
        await connection.execute("ROLLBACK")
    except Exception:
        # A server that died in the middle of a statement leaves the connection neither open nor closed.
        connection.terminate()
        return False
    return True
