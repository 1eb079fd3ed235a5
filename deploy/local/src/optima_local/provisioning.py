"""Databases and roles, each service shut into its own; the broker's users where the broker is not ours."""

import asyncio
import os
from collections.abc import Mapping

import asyncpg

from optima_kit import topology
from optima_kit.migrate import migrate

from .access import load_access
from .broker_administration import ManagementApi
from .processes import StartFailed
from .services import Servers, ServiceCode, service_secrets

OLDEST_VERSION = 15


async def create_databases(
    servers: Servers, services: list[ServiceCode], secrets: Mapping[str, str], *, private: bool
) -> None:
    """Create what is missing of roles and databases, and close each database to everyone else.

    `private`: the server is ours alone, so nobody keeps the right to enter its maintenance databases either.
    Raises StartFailed when the server does not let us in or is too old.
    """
    try:
        connection = await asyncpg.connect(servers.postgres_url)
    except (OSError, asyncpg.PostgresError) as error:
        raise StartFailed(f"PostgreSQL does not let us in: {error}") from error
    try:
        version = connection.get_server_version().major
        if version < OLDEST_VERSION:
            raise StartFailed(f"PostgreSQL {OLDEST_VERSION} or later is needed; this server is {version}")
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
        if private:
            await connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await connection.close()
    at_once = asyncio.Semaphore(4)
    await asyncio.gather(
        *(
            create_database(servers, service, at_once, missing=service.module not in databases)
            for service in services
        )
    )


async def create_database(
    servers: Servers, service: ServiceCode, at_once: asyncio.Semaphore, *, missing: bool
) -> None:
    database = service.module
    async with at_once:
        connection = await asyncpg.connect(servers.postgres_url)
        try:
            if missing:
                # Copying the template's files waits for a checkpoint; through the log it does not.
                await connection.execute(
                    f"CREATE DATABASE {database} OWNER {service.role('owner')} STRATEGY wal_log"
                )
            await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
            await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {', '.join(service.roles)}")
        finally:
            await connection.close()


async def migrate_databases(
    servers: Servers, services: list[ServiceCode], secrets: Mapping[str, str]
) -> list[str]:
    """Bring every service's database to its newest migration, all at once. Returns what was applied."""
    owners = [(service, service.role("owner")) for service in services]
    done = await asyncio.gather(
        *(
            migrate(servers.database_url(owner, secrets[owner], service.module), service.module)
            for service, owner in owners
        )
    )
    return [name for names in done for name in names]


def main() -> None:
    """Provision servers that somebody else runs, as deploy/compose.yaml does before the services start.

    OPTIMA_POSTGRES_URL, OPTIMA_AMQP_URL and OPTIMA_AMQP_MANAGEMENT_URL name them, as users who may do so;
    OPTIMA_SERVICE_PASSWORD becomes the password of every service's roles and user.
    """
    servers = Servers(os.environ["OPTIMA_POSTGRES_URL"], os.environ["OPTIMA_AMQP_URL"])
    access = load_access()
    services = [ServiceCode.named(name) for name in access]
    secrets = dict.fromkeys(service_secrets(services), os.environ["OPTIMA_SERVICE_PASSWORD"])
    passwords = {service.amqp_user: secrets[f"amqp_{service.amqp_user}"] for service in services}
    asyncio.run(create_databases(servers, services, secrets, private=False))
    definitions = topology.definitions(list(access.values()), passwords, vhost=servers.vhost)
    ManagementApi(os.environ["OPTIMA_AMQP_MANAGEMENT_URL"]).load(definitions)


if __name__ == "__main__":
    main()
