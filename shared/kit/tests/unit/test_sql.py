"""Statements are found under their names."""

from __future__ import annotations

import sys

import pytest

from optima_kit.sql import load_queries


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "sqlpkg").mkdir()
    (tmp_path / "sqlpkg" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "sqlpkg" / "queries.sql"
    sys.modules.pop("sqlpkg", None)


def test_a_statement_goes_from_its_name_to_the_next(package):
    package.write_text(
        "-- What the board reads.\n\n-- name: one\n-- why\nSELECT 1;\n\n-- name: two\nSELECT 2\n"
    )
    queries = load_queries("sqlpkg")
    assert queries.one == "-- why\nSELECT 1"
    assert queries.two == "SELECT 2"


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
