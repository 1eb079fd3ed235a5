"""Statements are found under their names."""

from __future__ import annotations

import sys

import pytest

from optima_kit.sql import Statement, load_queries


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "sqlpkg").mkdir()
    (tmp_path / "sqlpkg" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    load_queries.cache_clear()
    yield tmp_path / "sqlpkg" / "queries.sql"
    sys.modules.pop("sqlpkg", None)


def test_a_statement_goes_from_its_name_to_the_next(package):
    package.write_text(
        "-- What the board reads.\n\n-- name: one\n-- why\nSELECT 1;\n\n-- name: two\nSELECT 2\n"
    )
    queries = load_queries("sqlpkg")
    assert queries.one.sql == "SELECT 1"
    assert queries.two.sql == "SELECT 2"


def test_modules_share_the_statements_of_their_package(package):
    package.write_text("-- name: one\nSELECT 1;\n")
    assert load_queries("sqlpkg").one is load_queries("sqlpkg").one, "equal writes are sent together"


def test_parameters_are_numbered_by_their_first_place():
    statement = Statement.parse("SELECT :b::text, :a, :b || ':c' -- :d\n FROM \"e:f\" WHERE x = :a")
    assert statement.sql == "SELECT $1::text, $2, $1 || ':c'\n FROM \"e:f\" WHERE x = $2"
    assert statement.arguments({"a": 1, "b": 2}) == [2, 1]


@pytest.mark.parametrize("values", [{"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 2}])
def test_parameters_must_be_given_each_by_its_name(values):
    with pytest.raises(TypeError, match="missing"):
        Statement.parse("SELECT :a, :b").arguments(values)


@pytest.mark.parametrize(
    ("sql", "appends", "changes"),
    [
        ("INSERT INTO notes (id, text) VALUES (:id, :text)", True, True),
        ("INSERT INTO notes (id) VALUES (:id) ON CONFLICT DO NOTHING", False, True),
        ("INSERT INTO notes (id) SELECT id FROM old", False, True),
        ("INSERT INTO notes (id) VALUES (:id) RETURNING id", False, True),
        ("UPDATE notes SET text = :text", False, True),
        ("WITH gone AS (DELETE FROM notes RETURNING id) SELECT id FROM gone", False, True),
        ("SELECT id FROM notes FOR UPDATE", False, False),
        ("SELECT id FROM notes FOR NO KEY UPDATE OF notes SKIP LOCKED", False, False),
    ],
)
def test_what_a_statement_does_is_read_from_it(sql, appends, changes):
    statement = Statement.parse(sql)
    assert (statement.appends, statement.changes) == (appends, changes)


def test_an_unknown_name_is_an_error(package):
    package.write_text("-- name: one\nSELECT 1\n")
    with pytest.raises(AttributeError, match="two"):
        _ = load_queries("sqlpkg").two


@pytest.mark.parametrize("text", ["", "SELECT 1", "SELECT 0;\n-- name: one\nSELECT 1"])
def test_statements_without_a_name_are_refused(package, text):
    package.write_text(text)
    with pytest.raises(ValueError, match="-- name"):
        load_queries("sqlpkg")


def test_a_name_used_twice_is_refused(package):
    package.write_text("-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")
    with pytest.raises(ValueError, match="twice"):
        load_queries("sqlpkg")


def test_what_statements_have_in_common_stands_once(package):
    package.write_text(
        "-- fragment: columns\na, b\n-- name: one\nSELECT {columns}, '{c}' WHERE a <> '{}'\n"
        "-- name: two\nSELECT {columns} FROM t\n"
    )
    queries = load_queries("sqlpkg")
    assert queries.one.sql == "SELECT a, b, '{c}' WHERE a <> '{}'"
    assert queries.two.sql == "SELECT a, b FROM t"
    with pytest.raises(AttributeError):
        _ = queries.columns


@pytest.mark.parametrize("text", ["-- name: one\nSELECT {a}\n-- fragment: a\n1", "-- name: one\nSELECT {a}"])
def test_a_fragment_that_is_not_above_is_refused(package, text):
    package.write_text(text)
    with pytest.raises(ValueError, match="no fragment a"):
        load_queries("sqlpkg")
