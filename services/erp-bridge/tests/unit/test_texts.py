"""Every refusal has its text in both languages, and tables hold what the law says."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import erp_bridge
from erp_bridge.adapters.lookup_tables import TABLES, lookup_table
from optima_kit.http.problems import load_catalogue

SOURCE = Path(erp_bridge.__file__).parent


def test_every_fault_of_a_connector_has_its_text() -> None:
    codes = {
        node.args[0].value
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"Fault", "Unreachable", "Unauthorised", "Rejected"}
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(codes) > 3
    assert codes <= load_catalogue("erp_bridge").texts.keys()


def test_codes_end_when_the_law_ended_them() -> None:
    table = {row.code: row for row in lookup_table("vat-codes")}
    before, after = date(2020, 12, 31), date(2021, 1, 1)
    for bare in ("N2", "N3", "N6"):
        assert table[bare].valid_on(before)
        assert not table[bare].valid_on(after)
    assert table["N6.9"].valid_on(after)


def test_all_payment_methods_are_there() -> None:
    assert [row.code for row in lookup_table("payment-methods")] == [f"MP{n:02}" for n in range(1, 24)]


def test_every_table_is_in_order_without_doubles() -> None:
    for name in TABLES:
        codes = [row.code for row in lookup_table(name)]
        assert codes == sorted(set(codes))
