"""Changing a process node by node keeps everything else, and conditions are rows and expressions alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval.domain.conditions import read_condition as understood
from approval.domain.process import Definition
from approval.domain.subjects import SubjectType
from portal.adapters.process_tree import (
    Comparison,
    NoSuchPlace,
    added,
    find,
    flaws_by_place,
    moved,
    read_condition,
    read_conditions,
    removed,
    replaced,
    terms_of,
    walk,
    write_condition,
)

EMPTY: dict[str, Any] = {
    "key": "prova",
    "name": "Prova",
    "subject": "brief",
    "steps": [{"key": "uno", "approvers": [{"role": "admin"}]}],
}
FIELDS = {
    "budget": {"type": "money"},
    "revision": {"type": "whole"},
    "category": {"type": "text"},
    "deadline": {"type": "date"},
    "form": {
        "type": "record",
        "fields": {
            "formato": {"type": "text", "optional": True},
            "peso": {"type": "number", "optional": True},
            "consegna": {"type": "date", "optional": True},
        },
    },
    "items": {"type": "list", "fields": {"quantity": {"type": "number"}, "kind": {"type": "text"}}},
}
TERMS = terms_of("brief", FIELDS)
COMPARE = (">", ">=", "<", "<=", "==", "!=")
NUMBERS = st.decimals("0.01", "999999", places=2).map(lambda number: format(number.normalize(), "f"))
ROWS = st.lists(
    st.one_of(
        st.builds(Comparison, st.just("budget"), st.sampled_from(COMPARE), NUMBERS),
        st.builds(Comparison, st.just("revision"), st.sampled_from(COMPARE), st.integers(0, 99).map(str)),
        st.builds(Comparison, st.just("category"), st.sampled_from(("==", "!=")), st.text(max_size=20)),
        st.builds(Comparison, st.just("form.formato"), st.sampled_from(("==", "!=")), st.text(max_size=20)),
        st.builds(Comparison, st.just("form.peso"), st.sampled_from(COMPARE), NUMBERS),
        st.builds(
            Comparison, st.just("days:form.consegna"), st.sampled_from(COMPARE), st.integers(0, 9).map(str)
        ),
        st.builds(
            Comparison,
            st.just("category"),
            st.sampled_from(("like", "unlike")),
            st.text(max_size=20).map(str.lower).filter(lambda text: text == text.lower()),
        ),
        st.builds(
            Comparison, st.just("days:deadline"), st.sampled_from(COMPARE), st.integers(-99, 99).map(str)
        ),
        st.builds(Comparison, st.just("size:items"), st.sampled_from(COMPARE), st.integers(0, 99).map(str)),
        st.builds(Comparison, st.just("sum:items.quantity"), st.sampled_from(COMPARE), NUMBERS),
    ),
    min_size=1,
    max_size=4,
)
SEQUENCE_OF = {"parallel": ("parallel", "branch"), "choose": ("choose", "case"), "steps": ("steps", "step")}


def keys_of(definition: dict[str, Any]) -> set[str]:
    return {node["key"] for _, node in walk(definition)}


@given(st.data())
def test_whatever_is_added_moved_and_removed_stays_a_process(data: st.DataObject) -> None:
    definition = EMPTY
    for _ in range(data.draw(st.integers(1, 8))):
        sequences = ["steps"] + [
            f"{place}.{name}" for place, node in walk(definition) for name in SEQUENCE_OF if name in node
        ]
        sequence = data.draw(st.sampled_from(sequences))
        name, kind = SEQUENCE_OF[sequence.rpartition(".")[2]]
        kind = data.draw(st.sampled_from(("step", "parallel", "choice"))) if name == "steps" else kind
        definition, place = added(definition, sequence, kind, "admin")
        Definition.model_validate(definition)
        assert len(keys_of(definition)) == len(list(walk(definition)))
        node = find(definition, place)
        assert replaced(definition, place, node) == definition
        up = moved(definition, place, -1)
        assert keys_of(up) == keys_of(definition)
        assert find(removed(definition, place), "steps[0]") is not None


@given(ROWS)
def test_a_condition_reads_as_it_was_written(rows: list[Comparison]) -> None:
    assert read_condition(write_condition(rows, TERMS), TERMS) == rows


@given(ROWS)
def test_what_rows_write_is_understood(rows: list[Comparison]) -> None:
    fields = {name: field | {"at_most": 10} if name == "items" else field for name, field in FIELDS.items()}
    subject = SubjectType.model_validate({"key": "brief", "name": "Brief", "fields": fields})
    reading = understood(write_condition(rows, TERMS), subject)
    assert (reading.faults, reading.unguarded) == ([], set())


@pytest.mark.parametrize(
    "text",
    [
        "brief.budget > 5000.0 || brief.revision > 1",
        "brief.items.size() > 1",
        "has(brief.budget)",
        "brief.unknown > 1.0",
        'brief.budget > "a"',
        "brief.budget > 5000.0 && ",
        "true",
        'lower(brief.category) > "a"',
        'lower(brief.category) == "A"',
        "brief.deadline < 5",
        "brief.budget < today + days(5)",
    ],
)
def test_what_rows_cannot_say_stays_an_expression(text: str) -> None:
    assert read_condition(text, TERMS) is None


def test_conditions_are_read_wherever_they_stand() -> None:
    branch = {
        "key": "b",
        "when": "brief.revision > 1",
        "steps": [{"key": "s", "when": "brief.items.size() > 1"}],
    }
    definition = {"steps": [{"key": "a", "choose": [branch]}]}
    assert read_conditions(definition, TERMS) == {"brief.revision > 1": [Comparison("revision", ">", "1")]}


@pytest.mark.parametrize(
    "place", ["", "steps", "steps[9]", "steps[0].approvers[0]", "name[0]", "steps[0].x[0]"]
)
def test_what_is_not_there_is_not_found(place: str) -> None:
    with pytest.raises(NoSuchPlace):
        find(EMPTY, place)


def test_a_flaw_stands_on_the_node_that_has_it() -> None:
    definition, place = added(EMPTY, "steps", "parallel", "admin")
    deep = f"{place}.parallel[1].steps[0]"
    flaws = [
        {"field": f"{deep}.when", "detail": "a"},
        {"field": f"{place}.join", "detail": "b"},
        {"field": "limits.admin", "detail": "c"},
        {"detail": "d"},
    ]
    assert flaws_by_place(definition, flaws) == {deep: ["a"], place: ["b"], "": ["c", "d"]}
