"""Statements are called with exactly the parameters that they name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from optima_kit.sql import Statement, load_queries
from optima_local.layout import ROOT

VERBS = {"fetch", "fetchrow", "fetchval", "execute", "write"}
FOLDERS = sorted(file.parent for file in ROOT.glob("services/*/src/*/adapters/queries.sql"))


def statements_of(folder: Path) -> dict[str, Statement]:
    return dict(vars(load_queries(f"{folder.parent.name}.adapters")))


def calls_in(folder: Path) -> Iterator[tuple[str, str, set[str]]]:
    """(where, statement, names of the parameters) of each call that spells its parameters out."""
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            statement = node.args[0]
            named = isinstance(statement, ast.Attribute) and getattr(statement.value, "id", "") == "QUERIES"
            if node.func.attr in VERBS and named and all(each.arg is not None for each in node.keywords):
                names = {each.arg for each in node.keywords if each.arg is not None}
                yield f"{file.relative_to(ROOT)}:{node.lineno}", statement.attr, names


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_calls_name_the_parameters_of_their_statement(folder):
    statements = statements_of(folder)
    calls = list(calls_in(folder))
    assert calls
    wrong = [
        f"{where}: {name} has {sorted(statements[name].parameters)}, the call {sorted(names)}"
        for where, name, names in calls
        if name not in statements or set(statements[name].parameters) != names
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_statement_is_left_over(folder):
    code = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    assert [name for name in statements_of(folder) if not re.search(rf"\b{name}\b", code)] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_statements_run_through_the_unit_of_work(folder):
    """Its connection knows nothing of what was gathered."""
    code = {file.name: file.read_text(encoding="utf-8") for file in folder.parent.rglob("*.py")}
    assert [name for name, text in code.items() if re.search(r"\bwork\.connection\b", text)] == []
