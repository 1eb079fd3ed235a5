"""Gathered writes keep their commands' order, and go out in as few runs as that allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from optima_kit.sql import Statement
from optima_kit.writes import in_runs

BRIEFS = Statement.parse("INSERT INTO briefs (id) VALUES (:id)", "briefs")
MOVES = Statement.parse("INSERT INTO moves (id) VALUES (:id)", "moves")
UPDATE = Statement.parse("UPDATE briefs SET state = :id", "update")


def test_drafts_of_a_group_are_two_runs():
    writes = [(command, statement, [command]) for command in range(16) for statement in (BRIEFS, MOVES)]
    assert in_runs(writes) == [
        (BRIEFS, [[command] for command in range(16)]),
        (MOVES, [[command] for command in range(16)]),
    ]


def test_what_needs_an_earlier_row_of_its_command_comes_after_it():
    writes = [(1, MOVES, ["m0"]), (2, BRIEFS, ["b2"]), (2, MOVES, ["m2"])]
    assert in_runs(writes) == [(MOVES, [["m0"]]), (BRIEFS, [["b2"]]), (MOVES, [["m2"]])]


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([BRIEFS, MOVES, UPDATE])), max_size=30))
def test_order_holds_within_a_command_and_around_changes(made):
    writes = [(command, statement, [number]) for number, (command, statement) in enumerate(made)]
    flat = [arguments[0] for _, rows in in_runs(writes) for arguments in rows]
    assert sorted(flat) == list(range(len(made)))
    place = {number: at for at, number in enumerate(flat)}
    for later, (command, statement) in enumerate(made):
        for earlier, (other, before) in enumerate(made[:later]):
            if command == other or UPDATE in (statement, before):
                assert place[earlier] < place[later]
