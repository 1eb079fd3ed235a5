"""Statements read named columns: a column that the next release adds changes the result of none.

PostgreSQL refuses the cached statement of a running process when its result has changed.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import asyncpg
import pytest

import optima_kit
from optima_kit.sql import Queries, Statement
from optima_local.services import find_services

pytestmark = pytest.mark.servers

SERVICES = tuple(service.module for service in find_services())
SQL = re.compile(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE|TABLE)\s+\S(?!.*(%s|\{\w*\}))", re.DOTALL)
TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""
Result = tuple[tuple[str, str], ...]


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not re.search(r"\.(testing|__main__)\b", found.name):
            yield importlib.import_module(found.name)


def statements_of(package: ModuleType) -> dict[str, str]:
    """The SQL of the package by its name, of `queries.sql`, of constants, and of texts within functions."""
    found: dict[str, str] = {}
    for module in modules_of(package):
        for name, value in vars(module).items():
            if isinstance(value, Queries):
                found |= {each.name: each.sql for each in vars(value).values()}
            elif isinstance(value, Statement):
                found[f"{module.__name__}.{name}"] = value.sql
        code = Path(str(module.__file__)).read_text(encoding="utf-8")
        found |= {f"{module.__name__}:{line}": sql for line, sql in texts_in(code)}
    return found


def texts_in(code: str) -> Iterator[tuple[int, str]]:
    """The SQL that stands in Python code, by its line."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield node.lineno, Statement.parse(node.value).sql


async def results(url: str, statements: Mapping[str, str]) -> dict[str, Result]:
    """The names and types of what each statement returns. Parts of statements are left out, and statements of
    the kit about tables that this service does not have."""
    connection = await asyncpg.connect(url)
    found = {}
    try:
        for name, sql in statements.items():
            try:
                prepared = await connection.prepare(sql)
            except asyncpg.SyntaxOrAccessError:
                continue
            found[name] = tuple((each.name, each.type.kind) for each in prepared.get_attributes())
    finally:
        await connection.close()
    return found


async def that_change(database, statements: Mapping[str, str]) -> list[str]:
    """The statements whose result another column changes, or that return whole rows of a table."""
    before = await results(database.superuser_url, statements)
    for (table,) in await database.fetch(TABLES):
        await database.fetch(f"ALTER TABLE {table} ADD COLUMN added_by_the_next_release text")
    after = await results(database.superuser_url, statements)
    return [
        name
        for name, result in before.items()
        if after[name] != result or any(kind == "composite" for _, kind in result)
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_another_column_changes_no_result(database_for, service):
    statements = statements_of(importlib.import_module(service)) | statements_of(optima_kit)
    database = await database_for(service)
    own = {name for name in statements if not name.startswith("optima_kit.")}
    assert own <= (await results(database.superuser_url, statements)).keys(), "each is understood"
    assert await that_change(database, statements) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM briefs",
        "SELECT DISTINCT * FROM briefs",
        "SELECT 1, briefs.* FROM briefs",
        "WITH found AS (SELECT * FROM briefs) SELECT number, found.* FROM found",
        "UPDATE briefs SET number = number RETURNING version, *",
        "TABLE briefs",
        "SELECT briefs FROM briefs",
    ],
)
async def test_what_changes_is_noticed(database_for, sql):
    assert await that_change(await database_for("brief"), {"it": sql}) == ["it"]
    harmless = "WITH found AS (SELECT * FROM briefs) SELECT number FROM found"
    assert await that_change(await database_for("brief"), {"it": harmless}) == []


def test_sql_within_functions_is_found() -> None:
    code = 'class A:\n    def f(self):\n        return self.work.fetch("SELECT * FROM briefs")'
    assert list(texts_in(code)) == [(3, "SELECT * FROM briefs")]
