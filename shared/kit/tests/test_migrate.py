"""Migrations are applied once, in order, by any number of processes, and never changed afterwards."""

from __future__ import annotations

import asyncio
import sys
import uuid

import asyncpg
import pytest

from optima_kit.migrate import MigrationError, migrate, migrations_of, missing_migrations
from optima_kit.testing import eventually

pytestmark = pytest.mark.servers


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "shelf" / "migrations"
    folder.mkdir(parents=True)
    (tmp_path / "shelf" / "__init__.py").write_text("")
    (folder / "0001_books.sql").write_text("CREATE TABLE books (id int);")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    sys.modules.pop("shelf", None)


@pytest.fixture
async def empty_database(database_for, package):
    """A database with the kit's tables and the first migration."""
    return await database_for("shelf")


async def test_it_is_applied_once(empty_database):
    assert await migrate(empty_database.owner_url, "shelf") == []


async def test_what_is_new_is_applied_by_one_of_many(empty_database, package):
    (package / "0002_more.sql").write_text("CREATE TABLE more (id int);")
    done = await asyncio.gather(*(migrate(empty_database.owner_url, "shelf") for _ in range(5)))
    assert sorted(done, key=len)[-1] == ["shelf/0002_more.sql"]
    assert sum(len(each) for each in done) == 1


async def test_a_process_of_the_new_version_knows_that_it_is_missing(empty_database, package):
    (package / "0002_more.sql").write_text("CREATE TABLE more (id int);")
    connection = await asyncpg.connect(empty_database.rw_url)
    try:
        assert await missing_migrations(connection, "shelf") == ["shelf/0002_more.sql"]
    finally:
        await connection.close()


async def test_a_changed_file_is_refused(empty_database, package):
    (package / "0001_books.sql").write_text("CREATE TABLE books (id bigint);")
    with pytest.raises(MigrationError, match=r"0001_books\.sql was changed"):
        await migrate(empty_database.owner_url, "shelf")


async def test_a_failing_file_leaves_nothing(empty_database, package):
    (package / "0002_half.sql").write_text("CREATE TABLE half (id int); SELECT 1/0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database.owner_url, "shelf")
    assert await empty_database.fetch("SELECT to_regclass('half') AS found") == [(None,)]


@pytest.mark.parametrize("name", ["books.sql", "1_books.sql", "0001_Books.sql", "0001_other.sql"])
def test_badly_named_files_are_refused(package, name):
    (package / name).write_text(f"-- {uuid.uuid4()}")
    with pytest.raises(MigrationError):
        migrations_of("shelf")


async def test_a_lock_that_others_hold_is_waited_for_without_holding_them_up(empty_database, package):
    """Whoever comes after a migration that waits would wait behind it."""
    (package / "0002_wider.sql").write_text("ALTER TABLE books ADD COLUMN title text;")
    busy = await asyncpg.connect(empty_database.owner_url)
    reader = await asyncpg.connect(empty_database.owner_url)
    try:
        transaction = busy.transaction()
        await transaction.start()
        await busy.fetch("SELECT id FROM books")
        migrating = asyncio.create_task(migrate(empty_database.owner_url, "shelf", lock_seconds=0.2))

        async def stands_in_the_way() -> bool:
            waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'books'::regclass"
            return bool(await empty_database.fetch(waiting))

        for _ in range(2):
            await eventually(stands_in_the_way)
            # Behind the migration, which gives way although the transaction before it goes on.
            await asyncio.wait_for(reader.fetch("SELECT id FROM books"), 20)
        assert not migrating.done()
        await transaction.rollback()
        assert await migrating == ["shelf/0002_wider.sql"]
    finally:
        await busy.close()
        await reader.close()


async def test_a_lock_that_never_comes_is_explained(empty_database, package):
    (package / "0002_wider.sql").write_text("ALTER TABLE books ADD COLUMN title text;")
    busy = await asyncpg.connect(empty_database.owner_url)
    try:
        async with busy.transaction():
            await busy.fetch("SELECT id FROM books")
            with pytest.raises(MigrationError, match=r"0002_wider\.sql had no lock within 0\.5 s .*open"):
                await migrate(empty_database.owner_url, "shelf", lock_seconds=0.1, patience=0.5)
    finally:
        await busy.close()


async def test_a_database_that_nobody_migrated_lacks_everything(empty_database):
    await empty_database.fetch("ALTER TABLE schema_migrations RENAME TO hidden")
    connection = await asyncpg.connect(empty_database.rw_url)
    try:
        assert "shelf/0001_books.sql" in await missing_migrations(connection, "shelf")
    finally:
        await connection.close()
