"""Databases as an operator runs them: provisioned without a superuser, backed up and restored, behind a
pooler."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from optima_kit.db import Database
from optima_kit.ids import new_id
from optima_kit.sql import Statement
from optima_kit.testing import ServiceDatabase, eventually
from optima_local import debian, postgres, provisioning
from optima_local.accounts import server_account
from optima_local.ports import free_port
from optima_local.processes import StartFailed
from optima_local.provisioning import create_databases, passwords_in
from optima_local.services import Servers, ServiceCode, service_secrets

pytestmark = pytest.mark.servers


@pytest.fixture
def superuser_url() -> str:
    return os.environ["OPTIMA_TEST_POSTGRES_URL"]


def as_user(url: str, user: str, password: str, database: str) -> str:
    parts = urlsplit(url)
    netloc = f"{user}:{password}@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


@pytest.fixture
async def provisioner(superuser_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The URL of somebody who may create roles and databases, and nothing else; what they made is removed."""
    word = secrets.token_hex(4)
    monkeypatch.setattr(provisioning, "BACKUP", f"backup_{word}")
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute(
            f"CREATE ROLE provisioner_{word} LOGIN CREATEROLE CREATEDB NOSUPERUSER PASSWORD 'p'"
        )
        yield as_user(superuser_url, f"provisioner_{word}", "p", "postgres")
        service = f"probe_{word}"
        await connection.execute(f"DROP DATABASE IF EXISTS {service} WITH (FORCE)")
        for role in (*(f"{service}_{kind}" for kind in ("owner", "rw", "ro", "backbone")), f"backup_{word}"):
            await connection.execute(f"DROP ROLE IF EXISTS {role}")
        await connection.execute(f"DROP ROLE provisioner_{word}")
    finally:
        await connection.close()


async def test_provisioning_needs_no_superuser_and_may_be_repeated(provisioner: str) -> None:
    word = (urlsplit(provisioner).username or "").removeprefix("provisioner_")
    service = ServiceCode(f"probe-{word}", f"probe_{word}")
    servers = Servers(provisioner, "amqp://unused")
    for password in ("first-password", "second-password"):
        passwords = dict.fromkeys(service_secrets([service]), password)
        await create_databases(servers, [service], passwords, private=False)
    rw = await asyncpg.connect(servers.database_url(service.role("rw"), password, service.module))
    assert await rw.fetchval("SHOW jit") == "off"
    assert await rw.fetchval("SHOW max_parallel_workers_per_gather") == "0"
    await rw.close()
    with pytest.raises(StartFailed, match=r"superuser run: CREATE ROLE backup_\w+ LOGIN\s+BYPASSRLS"):
        await create_databases(servers, [service], passwords, private=False, backup_password="third-password")


async def test_what_is_backed_up_is_every_tenants_and_can_be_restored(
    provisioner: str, superuser_url: str, tmp_path: Path
) -> None:
    word = (urlsplit(provisioner).username or "").removeprefix("provisioner_")
    service = ServiceCode(f"probe-{word}", f"probe_{word}")
    servers = Servers(superuser_url, "amqp://unused")
    passwords = dict.fromkeys(service_secrets([service]), "a-password")
    await create_databases(servers, [service], passwords, private=False, backup_password="a-password")
    owner = await asyncpg.connect(servers.database_url(service.role("owner"), "a-password", service.module))
    await owner.execute("CREATE TABLE things (tenant_id uuid NOT NULL, name text)")
    for name in ("one", "two"):
        await owner.execute("INSERT INTO things VALUES (gen_random_uuid(), $1)", name)
    await owner.execute("ALTER TABLE things ENABLE ROW LEVEL SECURITY")
    await owner.execute("ALTER TABLE things FORCE ROW LEVEL SECURITY")
    assert await owner.fetchval("SELECT count(*) FROM things") == 0, "the owner sees no tenant's rows"
    programs = postgres.find_postgres()
    assert programs is not None
    dump = tmp_path / "dump"
    url = servers.database_url(provisioning.BACKUP, "a-password", service.module)
    backup = await asyncpg.connect(url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await backup.execute("DELETE FROM things")
    await backup.close()
    await run(programs / "pg_dump", "--format", "custom", "--file", dump, "--dbname", url)
    await owner.execute("DROP TABLE things")
    owner_url = servers.database_url(service.role("owner"), "a-password", service.module)
    await run(programs / "pg_restore", "--no-owner", "--exit-on-error", "--dbname", owner_url, dump)
    await owner.close()
    everything = await asyncpg.connect(as_user(superuser_url, *credentials(superuser_url), service.module))
    assert {row["name"] for row in await everything.fetch("SELECT name FROM things")} == {"one", "two"}
    assert await everything.fetchval("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'things'")
    await everything.close()


def credentials(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.username or "", parts.password or ""


async def run(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, told = await process.communicate()
    assert process.returncode == 0, told.decode()


def test_passwords_are_read_as_kubernetes_mounts_them(tmp_path: Path) -> None:
    service = ServiceCode("erp-bridge", "erp_bridge")
    folder = tmp_path / "erp-bridge"
    folder.mkdir()
    for name in ("database-owner", "database-rw", "database-backbone", "broker"):
        (folder / name).write_text(f"{name}-password\n")
    found = passwords_in(tmp_path, [service])
    assert found["erp_bridge_owner"] == "database-owner-password"
    assert found["amqp_erp_bridge"] == "broker-password"
    assert found.keys() == set(service_secrets([service]))
    (folder / "broker").write_text("p@ss/word:with signs")
    with pytest.raises(StartFailed, match=r"erp-bridge/broker: at least 12 .*openssl rand -hex 32"):
        passwords_in(tmp_path, [service])
    (folder / "broker").unlink()
    with pytest.raises(StartFailed, match="erp-bridge/broker is needed"):
        passwords_in(tmp_path, [service])


@pytest.fixture
def pgbouncer(
    debian_folder: Callable[[str], Path], superuser_url: str
) -> Iterator[Callable[[ServiceDatabase], str]]:
    """`pgbouncer(database)`: its read-write URL through a PgBouncer in transaction mode with two servers."""
    root = debian_folder("pgbouncer")
    account = server_account()
    started: list[subprocess.Popen[bytes]] = []
    folders: list[Path] = []

    def start(database: ServiceDatabase) -> str:
        port = free_port()
        # Where the account can read it: pytest's own folders are for us alone.
        folder = Path(tempfile.mkdtemp(prefix="optima-pgbouncer-"))
        folders.append(folder)
        server, client = urlsplit(superuser_url), urlsplit(database.rw_url)
        (folder / "users").write_text(f'"{client.username}" "{client.password}"\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={server.hostname} port={server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = plain\nauth_file = {folder}/users\npool_mode = transaction\ndefault_pool_size = 2\n"
        )
        for file in (folder, *folder.iterdir()):
            file.chmod(0o755)
        started.append(
            subprocess.Popen(
                [root / "usr/sbin/pgbouncer", "-q", folder / "pgbouncer.ini"],
                env={"LD_LIBRARY_PATH": debian.libraries(root)},
                **({"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}),
            )
        )
        return urlunsplit(client._replace(netloc=f"{client.username}:{client.password}@127.0.0.1:{port}"))

    yield start
    for process in started:
        process.terminate()
        process.wait(10)
    for folder in folders:
        shutil.rmtree(folder)


_INSERT = Statement.parse(
    "INSERT INTO order_numbers AS known (year, last) VALUES (:year, 1)"
    " ON CONFLICT (tenant_id, year) DO UPDATE SET last = known.last + 1 RETURNING last"
)


async def test_a_pooler_in_transaction_mode_serves_many_transactions_at_once(
    database_for, pgbouncer: Callable[[ServiceDatabase], str]
) -> None:
    """Two servers for twenty transactions at a time: what one transaction prepares or sets is nobody
    else's."""
    where = await database_for("production")
    url = pgbouncer(where)

    async def opened() -> Database | None:
        try:
            return await Database.open(url, source="/optima/production", size=20, pooled=True)
        except OSError:
            return None

    database = await eventually(opened)
    tenants = [new_id() for _ in range(20)]

    async def count(tenant) -> int:
        for _ in range(5):
            async with database.transaction(tenant) as unit:
                last: int = await unit.fetchval(_INSERT, year=2026)
        return last

    try:
        assert await asyncio.gather(*map(count, tenants)) == [5] * 20
        async with database.reading(tenants[0]) as unit:
            seen = await unit.fetch(Statement.parse("SELECT last FROM order_numbers"))
        assert [row["last"] for row in seen] == [5]
    finally:
        await database.close()
    with pytest.raises(asyncpg.PostgresError, match="unsupported startup parameter"):
        await Database.open(url, source="/optima/production", size=1)
