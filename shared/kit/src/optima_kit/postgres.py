"""Connections to PostgreSQL: opens them, classifies their errors, and ends transactions."""

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
"""The errors which say that the database can't be reached at present. Nothing is wrong with the work
itself."""

CUT_OFF = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""The errors that only a failing database raises. Some of those in UNAVAILABLE could come from other systems
too."""

CONFLICTS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,
)
"""The errors of a collision with another transaction or a migration. The same work succeeds if it is
repeated."""


class NotCommitted(Exception):
    """Raised if an error of the database was ignored inside a transaction, which was therefore rolled
    back."""


async def open_pool(url: str, name: str, size: int, *, pooled: bool = False) -> Pool:
    """Open a pool of at most `size` connections, which PostgreSQL's views show under this name.

    `pooled` says that a PgBouncer in transaction mode is in between. It does not keep prepared statements and
    does not accept session settings, which provisioning has therefore set for the roles.
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
            # Starting another process takes longer than most statements, and no statement is to use several
            # cores.
            "max_parallel_workers_per_gather": "0",
            "timezone": "UTC",
            # Statements are planned once for each connection. Those that need their values for the plan say
            # `plan: custom`.
            "plan_cache_mode": "force_generic_plan",
        },
    )


async def _prepare_connection(connection: Connection) -> None:
    """Convert JSON to and from Python objects on this connection."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value, default=str).decode(),
            decoder=orjson.loads,
        )


async def _prepare_pooled_connection(connection: Connection) -> None:
    # PgBouncer keeps requests of two steps on one server only within a transaction.
    async with connection.transaction():
        await _prepare_connection(connection)


async def _leave_no_transaction(connection: Connection) -> None:
    # This replaces asyncpg's RESET ALL, which costs a round trip. It is not needed, as settings are always
    # LOCAL.
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


async def commit(connection: Connection) -> None:
    """Commit the transaction. Raises NotCommitted if PostgreSQL answered COMMIT with a silent rollback."""
    if await connection.execute("COMMIT") != "COMMIT":
        raise NotCommitted("a statement had failed earlier in the transaction")


async def roll_back(connection: Connection) -> bool:
    """Roll back the open transaction. Return False if the connection is lost, which is then closed for good.

    This never raises, so that it does not hide the error that led to the rollback.
    """
    if connection.is_closed():
        return False
    try:
        await connection.execute("ROLLBACK")
    except Exception:
        # If the server died during a statement, the connection is neither open nor closed.
        connection.terminate()
        return False
    return True
