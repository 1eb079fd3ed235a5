"""A person is chosen from a list, or named where the list would be too long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.adapters.choosing import People, meant_by, people_of

NAMES = st.lists(st.sampled_from(["Anna Rossi", "anna rossi", "Ada Rossini", "Mario Rossi"]), max_size=6)


def person(number: int, name: str, *, active: bool = True) -> dict[str, Any]:
    return {
        "id": str(number),
        "name": name,
        "email": f"persona{number}@caffeaurora.example",
        "active": active,
    }


def test_a_list_holds_the_active_people_but_the_reader() -> None:
    found = {
        "items": [person(1, "Anna Rossi"), person(2, "Ada Rossini", active=False), person(3, "Mario Rossi")]
    }
    assert people_of(found, but="1") == People([("3", "Mario Rossi")], more=False)
    assert people_of(found, keep=lambda each: each["id"] != "3").options == [("1", "Anna Rossi")]


def test_a_list_that_was_cut_says_so() -> None:
    assert people_of({"items": [], "next_cursor": "x"}).more


def test_what_is_no_answer_stays_as_it_is() -> None:
    assert people_of(None) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Anna Rossi", ["1"]),
        ("ANNA ROSSI", ["1"]),
        ("persona3@CaffeAurora.example", ["3"]),
        ("rossi", ["1", "2", "3"]),
    ],
)
def test_who_is_called_just_so_is_meant_before_others(typed: str, meant: list[str]) -> None:
    people = [person(1, "Anna Rossi"), person(2, "Ada Rossini"), person(3, "Mario Rossi")]
    people.append(person(4, "Anna Rossi", active=False))
    assert [each["id"] for each in meant_by(typed, people)] == meant


@given(NAMES, st.sampled_from(["Anna Rossi", "rossi", "persona2@caffeaurora.example"]))
def test_nobody_is_taken_for_another(names: list[str], typed: str) -> None:
    """One person remains only where no other active one is called as well as they are."""
    people = [person(number, name) for number, name in enumerate(names)]
    meant = meant_by(typed, people)
    assert bool(meant) == bool(people)
    if len(meant) == 1 and len(people) > 1:
        assert typed.casefold() in (meant[0]["name"].casefold(), meant[0]["email"])
