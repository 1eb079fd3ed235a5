"""Creates databases and roles, so that each service can enter only its own database. If somebody else runs
the servers, this creates the broker's users too."""

import asyncio
import os
import re
import secrets as random_secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from optima_kit import topology
from optima_kit.migrate import migrate
from optima_kit.postgres import Connection

from .access import load_access
from .broker_administration import ManagementApi
from .processes import StartFailed
from .services import ROLES, Servers, ServiceCode, service_secrets

OLDEST_VERSION = 15
BACKUP = "optima_backup"


async def create_databases(
    servers: Servers,
    services: list[ServiceCode],
    secrets: Mapping[str, str],
    *,
    private: bool,
    backup_password: str | None = None,
) -> set[str]:
    """Create missing roles and databases, and close each database to all others. Return the databases that
    were missing.

    The user of this connection needs CREATEROLE and CREATEDB. With `backup_password` it needs a superuser's
    rights the first time, because the role for backups bypasses row-level security. With `private`, the
    server is only ours, so everybody loses the right to enter its maintenance databases too. Raises
    StartFailed if the server does not let us in or is too old."""
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
                await set_up_role(connection, role, secrets[role], missing=role not in roles)
            # Only a member of a role may create a database for it and grant access to that database.
            await connection.execute(f"GRANT {service.role('owner')} TO CURRENT_USER")
        if backup_password is not None:
            await set_up_backup(connection, backup_password, missing=BACKUP not in roles)
        if private:
            await connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await connection.close()
    at_once = asyncio.Semaphore(4)
    await asyncio.gather(
        *(
            create_database(
                servers,
                service,
                at_once,
                missing=service.module not in databases,
                entered_by=[*service.roles, *([BACKUP] if backup_password is not None else [])],
            )
            for service in services
        )
    )
    return {service.module for service in services} - databases


async def set_up_role(connection: Connection, role: str, password: str, *, missing: bool) -> None:
    """Create or update a role with its password, and with settings that a session through a pooler cannot
    set."""
    await connection.execute(
        f"CREATE ROLE {role} LOGIN NOCREATEDB NOCREATEROLE" if missing else f"ALTER ROLE {role} LOGIN"
    )
    await connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")
    for setting in ("jit = off", "max_parallel_workers_per_gather = 0"):
        await connection.execute(f"ALTER ROLE {role} SET {setting}")


async def set_up_backup(connection: Connection, password: str, *, missing: bool) -> None:
    """Create or update the role for backups, which reads every row of every database, bypassing row-level
    security, and writes none.

    If we may not create it, raises StartFailed with the statements that a superuser has to run.
    """
    try:
        if missing:
            await connection.execute(f"CREATE ROLE {BACKUP} LOGIN BYPASSRLS")
            await connection.execute(f"GRANT pg_read_all_data TO {BACKUP}")
        await connection.execute(f"ALTER ROLE {BACKUP} PASSWORD '{password}'")
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartFailed(
            f"{BACKUP} may not be made by us ({error}). Have a superuser run: CREATE ROLE {BACKUP} LOGIN"
            f" BYPASSRLS PASSWORD '…'; GRANT pg_read_all_data TO {BACKUP};"
        ) from error


async def create_database(
    servers: Servers,
    service: ServiceCode,
    at_once: asyncio.Semaphore,
    *,
    missing: bool,
    entered_by: Sequence[str],
) -> None:
    database = service.module
    async with at_once:
        connection = await asyncpg.connect(servers.postgres_url)
        try:
            if missing:
                # Copying the template's files would wait for a checkpoint; copying through the log does not.
                await connection.execute(
                    f"CREATE DATABASE {database} OWNER {service.role('owner')} STRATEGY wal_log"
                )
            await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
            await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {', '.join(entered_by)}")
        finally:
            await connection.close()


async def migrate_databases(
    servers: Servers, services: list[ServiceCode], secrets: Mapping[str, str]
) -> list[str]:
    """Migrate all services' databases in parallel. Return the names of the applied migrations."""
    owners = [(service, service.role("owner")) for service in services]
    done = await asyncio.gather(
        *(
            migrate(servers.database_url(owner, secrets[owner], service.module), service.module)
            for service, owner in owners
        )
    )
    return [name for names in done for name in names]


def main() -> None:
    """Provision servers that somebody else runs, before the services start.

    OPTIMA_POSTGRES_URL, OPTIMA_AMQP_URL and OPTIMA_AMQP_MANAGEMENT_URL name the servers and users who may do
    this. OPTIMA_PASSWORDS names a folder that contains a folder for each service, with one file for each
    password, as Kubernetes mounts Secrets: database-owner, database-rw, database-ro, database-backbone,
    broker. If there is to be a role for backups, it also contains a file `backup`. Instead,
    OPTIMA_SERVICE_PASSWORD may hold one password for everything, for use on a laptop."""
    servers = Servers(os.environ["OPTIMA_POSTGRES_URL"], os.environ["OPTIMA_AMQP_URL"])
    access = load_access()
    services = [ServiceCode.named(name) for name in access]
    if folder := os.environ.get("OPTIMA_PASSWORDS"):
        secrets = passwords_in(Path(folder), services)
    else:
        secrets = dict.fromkeys(service_secrets(services), os.environ["OPTIMA_SERVICE_PASSWORD"])
    passwords = {service.amqp_user: secrets[f"amqp_{service.amqp_user}"] for service in services}
    backup = secrets.get(BACKUP)
    asyncio.run(create_databases(servers, services, secrets, private=False, backup_password=backup))
    definitions = topology.definitions(list(access.values()), passwords, vhost=servers.vhost)
    ManagementApi(os.environ["OPTIMA_AMQP_MANAGEMENT_URL"]).load(definitions)


def passwords_in(folder: Path, services: Sequence[ServiceCode]) -> dict[str, str]:
    """Return the passwords in the folder by the names of `service_secrets`. A read-only role without a file
    gets a random password that nobody knows."""
    found: dict[str, str] = {}
    for service in services:
        for kind in ROLES:
            file = folder / service.name / f"database-{kind}"
            if kind == "ro" and not file.exists():
                found[service.role(kind)] = random_secrets.token_urlsafe(32)
            else:
                found[service.role(kind)] = password_in(file)
        found[f"amqp_{service.amqp_user}"] = password_in(folder / service.name / "broker")
    if (folder / "backup").exists():
        found[BACKUP] = password_in(folder / "backup")
    return found


def password_in(file: Path) -> str:
    """Read a password. Raises StartFailed if the file is missing, or contains characters that a URL cannot
    hold unescaped."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StartFailed(f"{file} is needed: {error.strerror}") from error
    if not re.fullmatch(r"[A-Za-z0-9._~-]{12,}", text):
        raise StartFailed(
            f"{file}: at least 12 letters, digits and . _ ~ -, which a URL takes as they are:"
            " openssl rand -hex 32"
        )
    return text


if __name__ == "__main__":
    main()
