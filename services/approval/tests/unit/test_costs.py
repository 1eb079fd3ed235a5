"""Whatever a condition goes through, what it takes is bounded before it runs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval.adapters.cel import CelConditions
from approval.domain.conditions import read_condition
from approval.domain.costs import MOST_WORK, declared_sizes, sizes_of, work_of
from approval.domain.subjects import MOST_VALUES, SubjectType

ROWS = SubjectType.model_validate(
    {
        "key": "o",
        "name": "O",
        "fields": {
            "righe": {
                "type": "list",
                "fields": {
                    "nome": {"type": "text"},
                    "costo": {"type": "money"},
                    "consegne": {"type": "list", "fields": {"pezzi": {"type": "number"}}},
                },
            },
            "note": {"type": "list", "of": "text"},
        },
    }
)


def subject(rows: int, inner: int, notes: int) -> dict[str, Any]:
    row = {"nome": "xyz", "costo": "1.00", "consegne": [{"pezzi": "2"}] * inner}
    return {"righe": [row] * rows, "note": ["abc"] * notes}


LISTS = {
    "o.righe": ("costo", "nome", "consegne"),
    "o.note": (),
}


@st.composite
def loops(draw: st.DrawFn, depth: int, rows_known: tuple[str, ...] = ()) -> str:
    """A yes or no over rows, and rows of rows."""
    name = "abcdef"[depth]
    over = draw(st.sampled_from((*LISTS, *(f"{each}.consegne" for each in rows_known))))
    inside = (*rows_known, name) if over == "o.righe" else rows_known
    leaves = [f'{name} == "z"' if over == "o.note" else f"size(o.note) + {depth} == 1", '"z" in o.note']
    if over == "o.righe":
        leaves += [f"{name}.costo > 5.0", f'{name}.nome + {name}.nome == "z"', f'{name}.nome.matches("^z+$")']
    body = (
        draw(st.sampled_from(leaves))
        if depth >= 2
        else draw(st.sampled_from(leaves) | loops(depth + 1, inside))
    )
    if depth < 2 and draw(st.booleans()):
        body = f"({body}) || ({draw(loops(depth + 1, inside))})"
    how = draw(st.sampled_from(("exists", "exists_one", "filter", "map")))
    found = f"{over}.{how}({name}, {body})"
    return f"size({found}) == 5000" if how in ("filter", "map") else found


@given(loops(0), st.integers(0, 12), st.integers(0, 6), st.integers(0, 30))
def test_what_is_declared_bounds_what_is_there(expression, rows, inner, notes):
    found = read_condition(expression, ROWS).loops
    assert work_of(found, sizes_of(subject(rows, inner, notes))) <= work_of(found, declared_sizes(ROWS))


@settings(max_examples=60)
@given(loops(0), st.integers(1, 200), st.integers(0, 30), st.integers(0, 200))
def test_work_bounds_time(expression, rows, inner, notes):
    """A microsecond for a unit, five times what one takes: this machine has other work to do."""
    content = subject(rows, inner, notes)
    condition = CelConditions().compile(expression, ROWS)
    work = work_of(read_condition(expression, ROWS).loops, sizes_of(content))
    began = time.process_time()
    try:
        condition(content)
    except ValueError:
        assert work > MOST_WORK
    converting = rows * (4 + 2 * inner) + notes
    assert time.process_time() - began <= 10e-3 + min(work, MOST_WORK) * 1e-6 + converting * 20e-6


def test_a_condition_of_before_ends_on_a_subject_of_today():
    """Published without bounds: what would take seconds can't be told."""
    expression = "".join(f"o.righe.all({name}, " for name in "abcdef") + "true" + ")" * 6
    condition = CelConditions().compile(expression, ROWS)
    assert condition(subject(3, 1, 1)) is True
    began = time.process_time()
    with pytest.raises(ValueError, match="too much work"):
        condition(subject(18, 1, 1))
    assert time.process_time() - began < 0.25


def test_the_largest_subject_is_read_in_time():
    rows = 200
    content = subject(rows, MOST_VALUES // rows // 2 - 3, rows)
    condition = CelConditions().compile("o.righe.exists(r, r.consegne.exists(d, d.pezzi > 5.0))", ROWS)
    began = time.process_time()
    assert condition(content) is False
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "start", ["!", "-", "(", "has(", "true ? ", "o.note.all(a, size(a) > ", "[", "o.note.size("]
)
def test_nesting_is_bounded(start):
    for count in (50, 1900):
        with pytest.raises(ValueError, match="condition_"):
            read_condition(start * count + "true", ROWS)
