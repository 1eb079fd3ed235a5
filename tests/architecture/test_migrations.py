"""Migrations see the rows that they change: row-level security binds their role, the owner, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from optima_local.layout import ROOT

FOLDERS = sorted(ROOT.glob("*/*/src/*/migrations"))
BODIES = re.compile(r"--[^\n]*|\$\$.*?\$\$|\bBEGIN ATOMIC\b.*?\bEND;|'[^']*'", re.DOTALL)
PROTECTED = re.compile(r"optima_protect\('(\w+)'\)")
LIFTED = re.compile(r"ALTER TABLE (\w+) NO FORCE ROW LEVEL SECURITY")
RESTORED = re.compile(r"ALTER TABLE (\w+) FORCE ROW LEVEL SECURITY")
DROPPED = re.compile(r"DROP TABLE ([\w, ]+);")
NAMED = re.compile(r"\b(?:UPDATE|FROM|JOIN|INTO)\s+(\w+)")
MENDED_LATER = {
    "logistics/0004_document_types.sql": "no database is as old as that",
    "brief/0011_purchases.sql": "0012 does it again",
    "production/0014_order_changes.sql": "statements tell what is missing from the changes of the order",
}
"""Those that were applied before anybody looked, and what became of what they left undone."""


def overlooked(sql: str, protected: set[str], lifted: frozenset[str] = frozenset()) -> set[str]:
    """Tables of tenants whose rows its statements are about, and do not see. `lifted`: by files before."""
    seen = lifted | set(LIFTED.findall(sql))
    statements = BODIES.sub(" ", sql).split(";")
    about = {
        table
        for statement in statements
        if re.match(r"\s*(UPDATE|DELETE|INSERT|WITH|MERGE)\b", statement)
        for table in NAMED.findall(statement)
    }
    return about & protected - seen


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_file_overlooks_rows_of_tenants(folder: Path) -> None:
    protected: set[str] = set()
    lifted: frozenset[str] = frozenset()
    for file in sorted(folder.glob("*.sql")):
        sql = file.read_text(encoding="utf-8")
        name = f"{folder.parent.name}/{file.name}"
        # What is protected in this very file is so after its rows came in, or has none yet.
        missed = overlooked(sql, protected, lifted)
        assert bool(missed) == (name in MENDED_LATER), f"{name}: NO FORCE ROW LEVEL SECURITY for {missed}"
        protected |= set(PROTECTED.findall(sql))
        dropped = {table for tables in DROPPED.findall(sql) for table in tables.split(", ")}
        lifted = (lifted | frozenset(LIFTED.findall(sql))) - dropped - set(RESTORED.findall(sql))
    assert not lifted, "who reads a table of tenants reads one's own alone"


def test_a_file_that_overlooks_them_is_noticed() -> None:
    assert overlooked("UPDATE things SET size = 1;", {"things"}) == {"things"}
    assert overlooked("INSERT INTO sums SELECT size FROM things;", {"things"}) == {"things"}
    lifted = "ALTER TABLE things NO FORCE ROW LEVEL SECURITY; UPDATE things SET size = 1;"
    assert overlooked(lifted, {"things"}) == set()
    assert overlooked("UPDATE things SET size = 1;", {"things"}, frozenset({"things"})) == set()
    assert (
        overlooked("CREATE FUNCTION f() AS $$ BEGIN UPDATE things SET size = 1; END $$;", {"things"}) == set()
    )
