"""What becomes of a remote schema: news, or the end of an exchange until a person has looked."""

from __future__ import annotations

import pytest

from erp_bridge.domain.schema import RemoteSchema, drift

BEFORE = {"code": True, "name": True, "city": False}
READ = frozenset({"code", "name"})


def codes(before: dict[str, bool] | None, now: RemoteSchema) -> tuple[list[str], list[str]]:
    found = drift(before, now)
    return (
        [f"{each.code} {each.field}" for each in found.notices],
        [f"{each.code} {each.field}" for each in found.breaking],
    )


@pytest.mark.parametrize("before", [BEFORE, None])
def test_what_stays_is_no_news(before: dict[str, bool] | None) -> None:
    assert codes(before, RemoteSchema(BEFORE, read=READ)) == ([], [])


def test_a_new_field_is_news() -> None:
    assert codes(BEFORE, RemoteSchema({**BEFORE, "pec": True}, read=READ)) == (["schema_field_added pec"], [])


@pytest.mark.parametrize("before", [BEFORE, None])
def test_a_field_that_is_read_and_gone_breaks_the_exchange(before: dict[str, bool] | None) -> None:
    assert codes(before, RemoteSchema({"code": True}, read=READ)) == ([], ["schema_field_gone name"])


def test_a_field_that_nobody_reads_may_go() -> None:
    assert codes(BEFORE, RemoteSchema({"code": True, "name": True}, read=READ)) == ([], [])


def test_a_model_that_is_not_there_breaks_the_exchange() -> None:
    _, breaking = codes(None, RemoteSchema({}, read=READ))
    assert breaking == ["schema_field_gone code", "schema_field_gone name"]


def test_what_came_to_be_needed_breaks_the_writing_unless_it_is_given() -> None:
    needed = {**BEFORE, "city": True}
    written = RemoteSchema(needed, written=READ)
    assert codes(BEFORE, written) == ([], ["schema_field_needed city"])
    assert codes(BEFORE, RemoteSchema(needed, written=READ | {"city"})) == ([], [])
    assert codes(BEFORE, RemoteSchema(needed, read=READ)) == ([], [])
    # What it needed from the start has a default there, or nothing would have been written.
    assert codes(None, written) == ([], [])


def test_a_file_may_do_without_a_column_and_says_so() -> None:
    header = RemoteSchema({"code": False, "pec": False}, read=READ, strict=False)
    assert codes(BEFORE, header) == (["schema_field_added pec", "schema_field_gone name"], [])
