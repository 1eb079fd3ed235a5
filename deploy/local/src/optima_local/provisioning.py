"""Databases and roles, each service shut into its own; the broker's users where the broker is not ours."""

import asyncio
import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

import asyncpg

from optima_kit.migrate import migrate

from .processes import StartFailed
from .services import Servers, ServiceCode


async def provision_databases(
    servers: Servers, services: list[ServiceCode], secrets: Mapping[str, str]
) -> list[str]:
    """Create what is missing of roles and databases, then migrate. Returns the applied migrations' names."""
    try:
        connection = await asyncpg.connect(servers.postgres_url)
    except (OSError, asyncpg.PostgresError) as error:
        raise StartFailed(f"PostgreSQL does not let us in: {error}") from error
    try:
        version = connection.get_server_version()
        if version.major < 15:
            raise StartFailed(f"PostgreSQL 15 or later is needed; this server is {version.major}")
        roles = {record["rolname"] for record in await connection.fetch("SELECT rolname FROM pg_roles")}
        databases = {
            record["datname"] for record in await connection.fetch("SELECT datname FROM pg_database")
        }
        for service in services:
            for role in service.roles:
                verb = "ALTER" if role in roles else "CREATE"
                await connection.execute(
                    f"{verb} ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
                    f" PASSWORD '{secrets[role]}'"
                )
        await connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await connection.close()
    limit = asyncio.Semaphore(4)
    done = await asyncio.gather(
        *(provision_database(servers, service, databases, secrets, limit) for service in services)
    )
    return [name for names in done for name in names]


async def provision_database(
    servers: Servers,
    service: ServiceCode,
    existing: set[str],
    secrets: Mapping[str, str],
    limit: asyncio.Semaphore,
) -> list[str]:
    """One service's database: created, closed to everyone else, migrated."""
    database, owner = service.module, f"{service.module}_owner"
    async with limit:
        if database not in existing:
            connection = await asyncpg.connect(servers.postgres_url)
            try:
                # Copying the template's files waits for a checkpoint; through the log it does not.
                await connection.execute(f"CREATE DATABASE {database} OWNER {owner} STRATEGY wal_log")
                await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
                await connection.execute(
                    f"GRANT CONNECT ON DATABASE {database} TO {', '.join(service.roles)}"
                )
            finally:
                await connection.close()
        return await migrate(servers.database_url(owner, secrets[owner], database), service.module)


def load_definitions(management_url: str, definitions: Mapping[str, Any]) -> None:
    """Bring users, permissions and queues into somebody else's broker, through its management API.

    The URL names a user that may do so: http://user:password@host:15672. Raises StartFailed when it fails.
    """
    parts = urllib.parse.urlsplit(management_url)
    credentials = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    address = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}/api/definitions"
    request = urllib.request.Request(  # noqa: S310 (an address that the caller's configuration names)
        address,
        data=json.dumps(definitions).encode(),
        headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        raise StartFailed(
            f"RabbitMQ's management API at {address} refused the definitions: {error}"
        ) from error
    except OSError as error:
        raise StartFailed(
            f"RabbitMQ's management API at {address} can't be reached ({error}). The users and queues of the"
            " broker in OPTIMA_AMQP_URL are made through it: enable the plugin rabbitmq_management and set"
            " OPTIMA_AMQP_MANAGEMENT_URL."
        ) from error
